"""What flows through a live run: order, drops, repetition, keys, recordings."""

import threading
import time
from collections.abc import Sequence

import pytest

import rimlight.capture
from live_scene import Notes, forever, run
from rimlight.errors import SinkError
from rimlight.protocols import Key, Sink
from rimlight.types import Frame, Output
from standins import WAIT, Clock, Collector, ScriptedPipeline, ScriptedSource, ScriptedWindow, Turns, frame


@pytest.fixture(autouse=True)
def _quick_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rimlight.capture, "_PATIENCE", 0.01)


def test_every_frame_that_nothing_superseded_is_delivered_in_order() -> None:
    turns = Turns()
    sink = Collector(seen=turns.seen)
    source = ScriptedSource((frame(index) for index in range(20)), turns)
    report = run(source, ScriptedPipeline(), sink)
    assert sink.indices == list(range(20))
    assert (report.ended, report.captured) == ("source", 20)
    assert (report.numbers.delivered, report.numbers.dropped) == (20, 0)
    assert sink.closed == 0, "closing is its owner's"
    assert not source.closed.is_set()


def test_a_slow_pipeline_gets_the_newest_frame_and_the_others_count_as_dropped() -> None:
    captured, taken = threading.Event(), threading.Event()
    processed: list[int] = []

    def before(frame: Frame) -> None:
        if frame.index == 1:
            assert taken.wait(WAIT)

    def process(frame: Frame) -> None:
        processed.append(frame.index)
        taken.set()
        assert captured.wait(WAIT)

    sink = Collector()
    source = ScriptedSource((frame(index) for index in range(10)), before=before, finish=captured.set)
    report = run(source, ScriptedPipeline(process), sink)
    assert processed == [0, 9]
    assert sink.indices[-1] == 9, "the last frame is never lost"
    assert report.captured == 10 == report.numbers.dropped + report.numbers.delivered


def test_a_slow_pipeline_never_works_on_a_frame_older_than_its_last_call() -> None:
    """Latency stays at most one call and one frame, however long the run: nothing queues."""
    newest = -1
    begun_at: list[int] = []
    processed: list[int] = []

    def before(frame: Frame) -> None:
        nonlocal newest
        time.sleep(0.005)
        newest = frame.index

    def process(frame: Frame) -> None:
        begun_at.append(newest)
        processed.append(frame.index)
        time.sleep(0.04)

    frames = [frame(index) for index in range(120)]
    report = run(ScriptedSource(frames, before=before), ScriptedPipeline(process), Collector())
    # What a call works on was captured after the call before it had begun; one capture may lie in between.
    assert all(index >= earlier for index, earlier in zip(processed[1:], begun_at, strict=False))
    assert report.captured == 120
    assert len(processed) < 120


def test_a_slow_sink_drops_outputs_and_they_are_counted_too() -> None:
    processed = threading.Event()
    turns = Turns()

    def seen(output: Output) -> None:
        if output.index == 0:
            for _ in range(5):
                turns.seen()
            assert processed.wait(WAIT)

    def process(frame: Frame) -> None:
        # When the last one is processed, all before it lie in the slot or were dropped from it.
        if 0 < frame.index < 5:
            turns.seen()
        if frame.index == 5:
            processed.set()

    turns_of_process = [frame(index) for index in range(6)]
    sink = Collector(seen=seen)
    report = run(ScriptedSource(turns_of_process, turns), ScriptedPipeline(process), sink)
    assert sink.indices[0] == 0
    assert sink.indices[-1] == 5
    assert report.numbers.dropped == 6 - len(sink.indices) > 0


def test_keys_are_carried_out_between_frames_on_the_thread_that_composes_and_answered_everywhere() -> None:
    turns, notes = Turns(), Notes()
    window = ScriptedWindow({1: ["mirror", "next-background"], 9: ["quit"]}, seen=turns.seen)
    run(ScriptedSource(forever(), turns), ScriptedPipeline(), window, notes=notes)
    assert notes.lines == ["mirror on compose", "office.jpg is gone"]
    status, notice = window.captions[-1].splitlines()
    assert status.endswith("plain")
    assert notice == "office.jpg is gone"


def test_record_starts_and_stops_recordings_and_the_end_closes_the_last() -> None:
    turns = Turns()
    presses: dict[int, list[Key]] = {1: ["record"], 3: ["record"], 5: ["record"], 7: ["quit"]}
    recordings: list[Collector] = []

    def seen(output: Output) -> None:
        # A recording is opened beside the run, here before the next output.
        while any(thread.name == "recording" for thread in threading.enumerate()):
            time.sleep(0.001)
        turns.seen(output)

    window = ScriptedWindow(presses, seen=seen)

    def open_recording() -> Sink:
        recordings.append(Collector(f"{len(recordings)}.mp4"))
        return recordings[-1]

    run(ScriptedSource(forever(), turns), ScriptedPipeline(), window, open_recording=open_recording)
    assert [recording.indices for recording in recordings] == [[3], [7]]
    assert [recording.closed for recording in recordings] == [1, 1]


def test_a_run_outlives_a_sink_but_not_its_last() -> None:
    turns = Turns()
    good, bad = Collector("good", seen=turns.seen), Collector("bad", fails_at=2)
    frames: Sequence[Frame] = [frame(index) for index in range(5)]
    report = run(ScriptedSource(frames, turns), ScriptedPipeline(), bad, good)
    assert good.indices == [0, 1, 2, 3, 4]
    assert [error.what for error in report.lost] == ["bad is full"]
    with pytest.raises(SinkError, match="bad is full"):
        run(ScriptedSource(forever(), Turns()), ScriptedPipeline(), Collector("bad", fails_at=0))


def test_a_stalled_pipeline_makes_the_last_output_be_sent_again() -> None:
    repeated = threading.Event()

    def stall(frame: Frame) -> None:
        if frame.index == 1:
            assert repeated.wait(WAIT)

    def seen(_: Output) -> None:
        if camera.indices.count(0) >= 3:
            repeated.set()

    turns = Turns()
    camera = Collector("camera", repeats=True, seen=seen)
    file = Collector("file", seen=turns.seen)
    report = run(ScriptedSource([frame(0), frame(1)], turns), ScriptedPipeline(stall), camera, file)
    assert camera.indices[:3] == [0, 0, 0]
    assert camera.indices[-1] == 1
    assert file.indices == [0, 1]
    assert report.numbers.held == len(camera.indices) - 2


def test_status_is_told_about_twice_a_second() -> None:
    clock, turns, notes = Clock(), Turns(), Notes()

    def seen(output: Output) -> None:
        clock.now = output.at
        turns.seen(output)

    frames = (frame(index) for index in range(90))
    run(ScriptedSource(frames, turns), ScriptedPipeline(), Collector(seen=seen), notes=notes, clock=clock)
    assert 5 <= len(notes.statuses) <= 7
    assert {status.background for status in notes.statuses} == {"plain"}
    assert notes.statuses[-1].numbers.fps == pytest.approx(30)
