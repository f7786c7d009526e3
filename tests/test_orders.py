"""What users ask for, by keys or from outside, is done or told why not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from queue import SimpleQueue

import pytest

from rimlight.delivery import Delivery
from rimlight.errors import SinkError
from rimlight.journal import Journal
from rimlight.meter import Meter
from rimlight.orders import Orders
from rimlight.protocols import Key, Order, Replays, Sink
from standins import WAIT, Clock, Collector, Recording, output


class Remembering(Collector, Replays):
    """Says that it saved, or cannot."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__("the last 30 s")
        self._fails = fails

    def save(self) -> str:
        if self._fails:
            raise SinkError("nothing was shown yet that could be saved")
        return "saved the last 28 s into replay.mp4"


class Scene:
    """Orders to a delivery at 5 s, and what became of them."""

    def __init__(self, *sinks: Sink) -> None:
        self.asked: SimpleQueue[Key] = SimpleQueue()
        self.clock = Clock(5.0)
        self._journal = Journal(self.clock)
        self.delivery = Delivery(sinks or [Collector()], Meter(), 0.1, self.clock, self._journal)
        self.recordings: list[Recording] = []
        self.orders = Orders(self.delivery, self.asked, self._journal, self._open)

    def obey(self, *orders: Order) -> list[str]:
        """What is answered; recordings are open and closed when it returns."""
        answers = []
        for order in orders:
            answers.append(self.orders.obey(order).line)
            if self.delivery._opening is not None:
                assert self.delivery._opening.wait(WAIT)
            self.delivery.tend()
        return answers

    @property
    def said(self) -> Sequence[str]:
        for closing in self.delivery._closing:
            assert closing.wait(WAIT)
        return list(iter(self._journal.line, None))

    def _open(self) -> Sink:
        self.recordings.append(Recording(f"{len(self.recordings)}.mp4"))
        return self.recordings[-1]


def test_a_recording_is_begun_paused_resumed_and_ended() -> None:
    scene = Scene()
    assert scene.obey("start", "start", "hold", "hold", "resume", "stop", "stop") == [
        "the recording begins",
        "it records already",
        "the recording pauses",
        "the recording pauses",
        "the recording goes on",
        "the recording ends",
        "nothing records",
    ]
    (recording,) = scene.recordings
    assert recording.told == [("pause", 5.0), ("pause", 5.0), ("resume", 5.0)]
    assert recording.closed == 1
    assert scene.said == [
        "recording into 0.mp4",
        "the recording pauses",
        "the recording pauses",
        "the recording goes on",
        "recorded 0.mp4",
    ]


def test_what_cannot_be_done_is_answered_as_not_done() -> None:
    scene = Scene(Collector(), Recording())
    assert not scene.orders.obey("replay").done
    assert scene.orders.obey("stop") == ("talk.mp4 ends with the run", False)
    assert scene.orders.obey("hold").done
    assert not Scene().orders.obey("hold").done
    assert not Scene().orders.obey("stop").done


def test_the_last_moments_are_saved_once_at_a_time() -> None:
    class Slow(Remembering):
        def save(self) -> str:
            assert ready.wait(WAIT)
            return super().save()

    ready, scene = threading.Event(), Scene(Collector(), Slow())
    assert scene.orders.obey("replay").done
    assert scene.orders.obey("replay") == ("the last moments are being saved already", False)
    ready.set()
    assert scene.said[-1] == "saved the last 28 s into replay.mp4"
    assert scene.orders.obey("replay").done


def test_the_keys_turn_it_over() -> None:
    scene = Scene()
    answers = scene.obey("pause", "record", "pause", "pause", "record")
    assert answers[0] == "nothing records"
    assert answers[2:] == ["the recording pauses", "the recording goes on", "the recording ends"]


def test_a_pause_is_every_recordings() -> None:
    named = Recording()
    scene = Scene(Collector(), named)
    assert scene.delivery.recording
    scene.obey("start", "hold")
    assert scene.delivery.paused
    assert named.paused
    assert scene.recordings[0].paused
    scene.obey("stop")
    assert scene.delivery.recording, "the one that was named goes on"


def test_a_recording_that_is_still_being_opened_can_be_ended() -> None:
    scene = Scene()
    scene.orders.obey("start")
    assert scene.orders.obey("stop") == ("no recording was begun", True)
    assert scene.delivery.stop(0.0) == []
    assert [recording.closed for recording in scene.recordings] in ([1], [])
    assert not scene.delivery.recording


@pytest.mark.parametrize(
    ("fails", "line"),
    [(False, "saved the last 28 s into replay.mp4"), (True, "nothing was shown yet that could be saved")],
)
def test_the_last_moments_are_saved_beside_the_run(fails: bool, line: str) -> None:
    scene = Scene(Collector(), Remembering(fails=fails))
    assert scene.obey("replay") == ["saving the last moments"]
    assert scene.said[-1] == line
    assert not scene.delivery.recording


def test_without_a_memory_it_is_said_how_to_have_one() -> None:
    assert Scene().obey("replay") == ["nothing is remembered: start Rimlight with --replay 30"]


def test_what_is_the_pipelines_is_passed_on_and_quit_is_noted() -> None:
    scene = Scene()
    assert scene.obey("blur", "mirror") == ["asked for"] * 2
    assert [scene.asked.get(), scene.asked.get()] == ["blur", "mirror"]
    assert not scene.orders.quit
    scene.obey("quit")
    assert scene.orders.quit


def test_pictures_that_were_dropped_are_told_at_the_end() -> None:
    scene = Scene()
    scene.obey("start")
    scene.delivery.send(output(0))
    scene.recordings[0].dropped = 7
    scene.obey("stop")
    assert scene.said[-1] == "recorded 0.mp4, 7 pictures dropped"
