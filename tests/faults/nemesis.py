"""Brings faults over a long run, one at a time, and takes the time until it has got over each."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from faults.schedule import Corrupt, Delay, Everything, Fault, Hang, Raise, Repeat, Shrink, Unreal
from faults.strategies import FOREIGN
from rimlight.errors import BackgroundError, SinkError, SourceError

if TYPE_CHECKING:
    from faults.soaking import Stage

CARD_AFTER_LOSS = "camera lost or hanging, to the card"
LIVE_AFTER_LOSS = "camera there again, to live"
LIVE_AFTER_CAMERA_HANG = "camera hangs, to live again"
CARD_AFTER_HANG = "model or background hangs, to the card"
LIVE_AFTER_HANG = "model or background hangs, to live again"
LIVE_AFTER_FAILURE = "model or background fails, to live again"
LIVE_AFTER_GARBAGE = "garbage from camera, model or background, to live"
SINK_AFTER_LOSS = "sink there again, to its next output"
SINK_AFTER_HANG = "sink hangs, to its next output"

BARS = {
    CARD_AFTER_LOSS: 0.5,
    LIVE_AFTER_LOSS: 1.5,
    LIVE_AFTER_CAMERA_HANG: 5.0,
    CARD_AFTER_HANG: 1.0,
    LIVE_AFTER_HANG: 5.0,
    LIVE_AFTER_FAILURE: 5.0,
    LIVE_AFTER_GARBAGE: 1.5,
    SINK_AFTER_LOSS: 1.5,
    SINK_AFTER_HANG: 5.0,
}
"""Seconds, by what recovers."""

_BETWEEN = 0.5, 3.5
"""Seconds from when a fault was got over to the next one: most of the time all goes well."""
_NEVER = 20.0
"""Seconds after which it is said to hang for good."""
_MET = 3.0
"""Seconds within which a planned fault happens, if its method is called at all."""
_COOLING = 21.0
"""Seconds between two failures of the works: the run takes more than three a minute for hopeless."""


class Nemesis:
    """Used by a thread of its own."""

    def __init__(self, stage: Stage, seed: int, stop: threading.Event) -> None:
        self._stage = stage
        self._random = random.Random(seed + 1)
        self._stop = stop
        self._works_free_at = 0.0
        self._light: list[Callable[[], None]] = [
            *[self._camera_lost] * 3,
            self._camera_hangs,
            *[self._garbage_from_camera] * 3,
            *[self._garbage_from_model] * 2,
            *[self._sink_lost] * 2,
            self._sink_hangs,
            *[self._delay] * 3,
        ]
        self._heavy: list[Callable[[], None]] = [self._works_fail, self._works_hang]

    def haunt(self, frames: int, say: Callable[[str], None]) -> None:
        """Until so many frames were shown live, or the run has ended; then stops it."""
        told = 0
        while not self._stop.wait(self._random.uniform(*_BETWEEN)):
            live = self._stage.observer.live
            if live >= frames:
                break
            if live - told >= frames // 20:
                told = live
                say(f"{live} frames, {self._stage.schedule.met.total()} faults, {dict(self._stage.soaked.hangs)}")
            if time.monotonic() >= self._works_free_at:
                self._random.choice(self._heavy)()
                self._works_free_at = time.monotonic() + _COOLING
            else:
                self._random.choice(self._light)()
        self._stop.set()

    def _camera_lost(self) -> None:
        gone = self._random.uniform(0.7, 2.5)
        self._stage.camera_gone_until = time.monotonic() + gone
        if (since := self._met("read", Raise(partial(SourceError, "the cable fell out")))) is not None:
            self._time(CARD_AFTER_LOSS, self._stage.observer.card_after(since, _NEVER))
            back = self._stage.camera_gone_until
            self._time(LIVE_AFTER_LOSS, self._stage.observer.live_after(back, _NEVER))

    def _camera_hangs(self) -> None:
        if (since := self._met("read", Hang(self._random.uniform(4, 8)))) is not None:
            self._time(CARD_AFTER_LOSS, self._stage.observer.card_after(since, _NEVER))
            self._time(LIVE_AFTER_CAMERA_HANG, self._stage.observer.live_after(since, _NEVER))

    def _garbage_from_camera(self) -> None:
        faults: list[Fault] = [Corrupt("noise"), Corrupt("zeros"), Repeat(), Shrink(0.5), Shrink(2)]
        self._garbage("read", self._random.choice(faults))

    def _garbage_from_model(self) -> None:
        faults: list[Fault] = [Corrupt("noise"), Corrupt("zeros"), Everything(), Repeat()]
        self._garbage("segment", self._random.choice(faults))

    def _garbage(self, method: str, fault: Fault) -> None:
        if (since := self._met(method, fault, self._random.choice([1, 1, 2, 5]))) is not None:
            self._time(LIVE_AFTER_GARBAGE, self._stage.observer.live_after(since, _NEVER))

    def _sink_lost(self) -> None:
        gone = self._random.uniform(0.2, 2.0)
        self._stage.sink_gone_until = time.monotonic() + gone
        if self._met("send", Raise(partial(SinkError, "the device is gone"))) is not None:
            back = self._stage.sink_gone_until
            self._time(SINK_AFTER_LOSS, self._stage.sink_observer.live_after(back, _NEVER))

    def _sink_hangs(self) -> None:
        if (since := self._met("send", Hang(self._random.uniform(3, 6)))) is not None:
            self._time(SINK_AFTER_HANG, self._stage.sink_observer.live_after(since, _NEVER))

    def _delay(self) -> None:
        method = self._random.choice(["read", "segment", "paint", "send", "keys", "tend"])
        self._met(method, Delay(self._random.uniform(0.02, 0.25)))

    def _works_fail(self) -> None:
        foreign = Raise(self._random.choice(FOREIGN))
        if self._random.random() < 0.5:
            masks: list[Fault] = [Unreal(float("nan")), Unreal(-2), Corrupt("dtype"), Shrink(0.5), foreign]
            method, fault = "segment", self._random.choice(masks)
        else:
            own = Raise(partial(BackgroundError, "office.jpg is gone"))
            method, fault = self._random.choice([("segment", foreign), ("paint", own), ("paint", foreign)])
        if (since := self._met(method, fault)) is not None:
            self._time(LIVE_AFTER_FAILURE, self._stage.observer.live_after(since, _NEVER))

    def _works_hang(self) -> None:
        method = self._random.choice(["segment", "paint", "tend"])
        if (since := self._met(method, Hang(self._random.uniform(3, 8)))) is not None:
            self._time(CARD_AFTER_HANG, self._stage.observer.card_after(since, _NEVER))
            self._time(LIVE_AFTER_HANG, self._stage.observer.live_after(since, _NEVER))

    def _met(self, method: str, fault: Fault, times: int = 1) -> float | None:
        """Has the next calls of the method meet the fault; when they do, or None if it is not called."""
        schedule = self._stage.schedule
        met = schedule.met.total()
        schedule.soon(method, fault, times)
        give_up = time.monotonic() + _MET
        while schedule.met.total() == met:
            if self._stop.wait(0.002) or time.monotonic() > give_up:
                schedule.drop(method)
                return None
        return schedule.last_at

    def _time(self, what: str, seconds: float | None) -> None:
        if self._stop.is_set():
            return
        if seconds is None:
            self._stage.soaked.hangs[what] += 1
        else:
            self._stage.soaked.times[what].append(seconds)
