"""How a live run ends: in order, with every thread gone, and with the error that ended it."""

import threading
from collections.abc import Iterator

import pytest

import rimlight.capture
import rimlight.live
from live_scene import Notes, forever, run
from rimlight.errors import SegmenterError, SourceError
from rimlight.types import Frame
from standins import WAIT, Clock, Collector, ScriptedPipeline, ScriptedSource, ScriptedWindow, Turns, frame


@pytest.fixture(autouse=True)
def _no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(rimlight.capture, "_PATIENCE", 0.05)
    yield
    assert {thread.name for thread in threading.enumerate()} & {"capture", "cut", "compose"} == set()


@pytest.mark.parametrize("error", [SourceError("the cable fell out"), ZeroDivisionError("a bug")])
def test_what_the_source_raises_surfaces_after_what_was_captured_is_delivered(error: Exception) -> None:
    def fail() -> None:
        raise error

    turns = Turns()
    sink = Collector(seen=turns.seen)
    source = ScriptedSource([frame(0), frame(1), frame(2)], turns, finish=fail)
    with pytest.raises(type(error)) as raised:
        run(source, ScriptedPipeline(), sink)
    assert raised.value is error
    assert sink.indices[-1] == 2


def test_what_the_pipeline_raises_surfaces_although_the_source_waits() -> None:
    error = SegmenterError("the model answered nonsense")

    def fail(frame: Frame) -> None:
        if frame.index == 1:
            raise error

    turns = Turns()
    source = ScriptedSource(forever(), turns)
    sink = Collector(seen=turns.seen)
    with pytest.raises(SegmenterError) as raised:
        run(source, ScriptedPipeline(fail), sink)
    assert raised.value is error
    assert sink.indices == [0]
    assert source.closed.is_set(), "a source that waits is closed under its reader"


def test_stop_ends_the_run_although_the_source_waits_and_its_complaint_is_not_an_error() -> None:
    stop = threading.Event()

    def wait_and_complain() -> None:
        stop.set()
        assert source.closed.wait(WAIT)
        raise SourceError("closed while reading")

    source = ScriptedSource([frame(0)], finish=wait_and_complain)
    report = run(source, ScriptedPipeline(), Collector(), stop=stop)
    assert report.ended == "stop"


def test_a_thread_that_does_not_end_is_left_behind_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rimlight.live, "_STOP_LIMIT", 0.1)
    stop, answers = threading.Event(), threading.Event()

    def hang() -> None:
        stop.set()
        answers.wait(WAIT)

    notes = Notes()
    report = run(ScriptedSource([frame(0)], finish=hang), ScriptedPipeline(), Collector(), stop=stop, notes=notes)
    assert report.ended == "stop"
    assert notes.lines == ["the capture thread does not end and was left behind"]
    left = [thread for thread in threading.enumerate() if thread.name == "capture"]
    answers.set()
    for thread in left:
        thread.join(WAIT)


def test_an_interrupt_stops_everything_on_its_way_out() -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    source = ScriptedSource(forever(), Turns())
    with pytest.raises(KeyboardInterrupt):
        run(source, ScriptedPipeline(), Collector(seen=interrupt))


@pytest.mark.parametrize(("duration", "frames"), [(1.0, 30), (0.5, 15), (0.01, 1)])
def test_duration_is_counted_in_the_times_of_frames(duration: float, frames: int) -> None:
    turns = Turns()
    sink = Collector(seen=turns.seen)
    report = run(ScriptedSource(forever(), turns), ScriptedPipeline(), sink, duration=duration, clock=Clock())
    assert report.ended == "duration"
    assert sink.indices == list(range(frames))


def test_duration_ends_a_run_whose_source_went_silent() -> None:
    clock = Clock()

    def silent() -> None:
        clock.now = 2.0
        source.closed.wait(WAIT)

    turns = Turns()
    sink = Collector(seen=turns.seen)
    source = ScriptedSource([frame(0), frame(1)], turns, finish=silent)
    report = run(source, ScriptedPipeline(), sink, duration=1.0, clock=clock)
    assert report.ended == "duration"
    assert sink.indices[0] == 0


def test_quit_in_a_window_ends_the_run() -> None:
    turns = Turns()
    window = ScriptedWindow({3: ["quit"]}, seen=turns.seen)
    report = run(ScriptedSource(forever(), turns), ScriptedPipeline(), window)
    assert report.ended == "quit"
    assert window.indices == [0, 1, 2, 3]
