import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from rimlight.delivery import Delivery
from rimlight.errors import DiskError, SinkError
from rimlight.journal import Journal
from rimlight.meter import Meter
from rimlight.protocols import Sink
from rimlight.types import Alpha
from standins import WAIT, Clock, Collector, Recording, output


class Scene:
    """A delivery at ten outputs a second on a simulated clock, and what it said."""

    def __init__(self, *sinks: Sink) -> None:
        self.clock = Clock()
        self.meter = Meter()
        self._journal = Journal(self.clock)
        self._said: list[str] = []
        self.delivery = Delivery(sinks, self.meter, 0.1, self.clock, self._journal)

    def begin(self, open_recording: Callable[[], Sink]) -> None:
        """Begins a recording and waits until it is open."""
        self.delivery.toggle_recording(open_recording)
        assert self.delivery._opening is not None
        assert self.delivery._opening.wait(WAIT)
        self.delivery.tend()

    @property
    def said(self) -> list[str]:
        """All lines so far, those about recordings that are being closed too."""
        for closing in self.delivery._closing:
            assert closing.wait(WAIT)
        return self.lines()

    def lines(self) -> list[str]:
        """All lines so far."""
        while (line := self._journal.line()) is not None:
            self._said.append(line)
        return self._said


def test_every_sink_gets_the_output_and_the_latency_is_counted_once() -> None:
    one, two = Collector("one"), Collector("two")
    scene = Scene(one, two)
    scene.clock.now = 5.25
    scene.delivery.send(output(0, at=5.0))
    assert one.indices == two.indices == [0]
    numbers = scene.meter.snapshot()
    assert (numbers.delivered, numbers.latency.total) == (1, 0.25)


def test_only_sinks_that_want_it_get_the_last_output_again_at_the_nominal_rate() -> None:
    camera, file = Collector("camera", repeats=True), Collector("file")
    scene = Scene(camera, file)
    scene.delivery.send(output(3))
    times = []
    for step in range(1, 101):
        scene.clock.now = step / 100
        before = len(camera.indices)
        scene.delivery.repeat()
        if len(camera.indices) > before:
            times.append(scene.clock.now)
    assert times == pytest.approx([0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95], abs=0.0101)
    assert set(camera.indices) == {3}
    assert file.indices == [3]
    numbers = scene.meter.snapshot()
    assert (numbers.delivered, numbers.held) == (1, 9)


def test_a_new_output_puts_repetition_off_and_a_late_call_does_not_catch_up() -> None:
    camera = Collector(repeats=True)
    scene = Scene(camera)
    scene.delivery.send(output(0))
    scene.clock.now = 0.12
    scene.delivery.send(output(1))
    scene.clock.now = 0.2
    scene.delivery.repeat()
    assert camera.indices == [0, 1]
    scene.clock.now = 2.0
    scene.delivery.repeat()
    scene.delivery.repeat()
    assert camera.indices == [0, 1, 1], "one, and not twenty"
    scene.clock.now = 2.1
    scene.delivery.repeat()
    assert camera.indices == [0, 1, 1, 1]


def test_nothing_is_repeated_or_counted_before_there_is_an_output() -> None:
    camera = Collector(repeats=True)
    scene = Scene(camera)
    scene.clock.now = 10
    scene.delivery.repeat()
    assert camera.indices == []
    assert scene.meter.snapshot().held == 0
    assert scene.delivery.patience(0.5) == 0.5


def test_patience_ends_when_a_sink_will_miss_an_output() -> None:
    scene = Scene(Collector(repeats=True))
    scene.delivery.send(output(0))
    scene.clock.now = 0.1
    assert scene.delivery.patience(1.0) == pytest.approx(0.05)
    assert scene.delivery.patience(0.01) == 0.01
    scene.clock.now = 9
    assert scene.delivery.patience(1.0) == 0


def test_a_sink_that_fails_is_left_out_and_told_in_one_line() -> None:
    good, bad = Collector("good"), Collector("bad", fails_at=1)
    scene = Scene(bad, good)
    for number in range(3):
        scene.delivery.send(output(number))
    assert good.indices == [0, 1, 2]
    assert bad.indices == [0]
    assert scene.said == ["bad is off, the rest goes on: bad is full"]
    assert [str(error) for error in scene.delivery.lost] == ["bad is full\nEmpty it."]
    assert bad.closed == 1, "nothing of it should stay"


def test_the_last_sink_that_fails_is_an_error() -> None:
    scene = Scene(Collector("only", fails_at=0))
    with pytest.raises(SinkError, match="only is full"):
        scene.delivery.send(output(0))


def test_a_recording_begins_ends_and_is_closed_by_who_began_it() -> None:
    scene, recording = Scene(Collector()), Collector("talk.mp4")
    scene.delivery.send(output(0))
    scene.begin(lambda: recording)
    assert scene.delivery.recording
    scene.delivery.send(output(1))
    scene.delivery.toggle_recording(lambda: recording)
    assert not scene.delivery.recording
    scene.delivery.send(output(2))
    assert (recording.indices, recording.closed) == ([1], 1)
    assert scene.said == ["recording into talk.mp4", "recorded talk.mp4"]
    scene.delivery.end_recording()
    assert recording.closed == 1


def test_a_recording_that_cannot_begin_is_told_and_the_rest_goes_on() -> None:
    def open_recording() -> Sink:
        raise DiskError("the disk is full")

    good = Collector()
    scene = Scene(good)
    scene.begin(open_recording)
    scene.delivery.send(output(0))
    assert not scene.delivery.recording
    assert scene.said == ["the disk is full"]
    assert good.indices == [0]


def test_a_recording_that_fails_is_closed_and_the_rest_goes_on() -> None:
    class Unfinished(Collector):
        def close(self) -> None:
            super().close()
            raise DiskError("the file has no end")

    good, recording = Collector("good"), Unfinished("talk.mp4", fails_at=1)
    scene = Scene(good)
    scene.begin(lambda: recording)
    for number in range(3):
        scene.delivery.send(output(number))
    assert good.indices == [0, 1, 2]
    assert recording.closed == 1
    assert not scene.delivery.recording
    assert scene.said[1:] == ["talk.mp4 is off, the rest goes on: talk.mp4 is full", "the file has no end"]


def test_a_bug_in_a_sink_does_not_end_the_run_while_another_lives() -> None:
    class Broken(Collector):
        def send(self, output: object) -> None:  # noqa: ARG002
            raise ZeroDivisionError("a bug")

    good = Collector("good")
    scene = Scene(Broken("bad"), good)
    scene.delivery.send(output(0))
    assert good.indices == [0]
    assert scene.said == ["bad is off, the rest goes on: bad failed: ZeroDivisionError: a bug"]


def test_a_recording_that_takes_its_time_to_close_holds_up_nobody() -> None:
    go = threading.Event()

    class Slow(Collector):
        def close(self) -> None:
            assert go.wait(WAIT)

    good = Collector("good")
    scene = Scene(good)
    scene.begin(lambda: Slow("talk.mp4"))
    scene.delivery.end_recording()
    scene.delivery.send(output(0))
    assert good.indices == [0]
    assert scene.lines() == ["recording into talk.mp4"]
    go.set()
    assert scene.delivery.stop(0.0) == []
    assert scene.said == ["recording into talk.mp4", "recorded talk.mp4"]


def test_recordings_get_the_card_once_a_second_at_its_time_and_it_is_not_counted() -> None:
    scene = Scene(Recording(), Collector("window"))
    (recording, window) = (courier.sink for courier in scene.delivery._couriers)
    assert isinstance(recording, Recording)
    assert isinstance(window, Collector)
    scene.delivery.send(output(0))
    scene.delivery.send(replace(output(1), alpha=Alpha(np.zeros_like(output(1).alpha))), card=True)
    for step in range(1, 36):
        scene.clock.now = step / 10
        scene.delivery.repeat()
    assert recording.times == pytest.approx([0.0, 0.0, 1.0, 2.0, 3.0], abs=0.11)
    assert window.cards == 1, "it stands still"
    assert scene.meter.snapshot().delivered == 1


def test_a_run_does_not_go_on_for_what_is_there_beside_others() -> None:
    class Memory(Collector):
        beside = True

    scene = Scene(Collector("file", fails_at=1), Memory("the last 30 s"))
    scene.delivery.send(output(0))
    with pytest.raises(SinkError, match="file is full"):
        scene.delivery.send(output(1))


def test_a_recording_without_a_picture_is_not_said_to_be_there() -> None:
    scene = Scene(Collector())
    scene.begin(lambda: Recording(written=0))
    scene.delivery.end_recording()
    assert scene.said[-1] == "talk.mp4: nothing was shown meanwhile, so there is no such file"


def test_a_recording_that_is_still_being_opened_can_be_paused() -> None:
    scene, recording, ready = Scene(Collector()), Recording(), threading.Event()

    def open_it() -> Sink:
        assert ready.wait(WAIT)
        return recording

    scene.delivery.begin_recording(open_it)
    assert scene.delivery.pause(on=True) == ("the recording pauses", True)
    ready.set()
    assert scene.delivery._opening is not None
    assert scene.delivery._opening.wait(WAIT)
    scene.delivery.tend()
    assert recording.paused


def test_whatever_fails_in_opening_a_recording_the_run_goes_on() -> None:
    def fail() -> Sink:
        raise PermissionError("no way there")

    scene = Scene(Collector())
    scene.begin(fail)
    assert "PermissionError: no way there" in scene.said[-1]
    assert not scene.delivery.recording


def test_what_a_named_recording_left_out_is_told_at_the_end() -> None:
    recording = Recording()
    recording.dropped = 3
    scene = Scene(recording)
    assert scene.delivery.dropped == 3
    scene.delivery.stop(0.0)
    assert scene.said == ["talk.mp4: 3 pictures dropped"]
