"""The live run: its loop, and the order in which its parts stop.

The capture thread reads the source, two threads cut frames and compose outputs, and the calling thread lets
outputs through the airlock to the sinks and sees to it that all goes on. Where frames come in and outputs go out,
the newest wins; a frame that is cut is composed, with its own matte. What hangs or fails is replaced by whoever
is named for it: a camera by `Capture`, a pipeline by `Works`, a sink by its `Courier`; meanwhile the airlock
shows the card.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from rimlight.airlock import Airlock
from rimlight.capture import Capture
from rimlight.delivery import Delivery
from rimlight.errors import SinkError
from rimlight.journal import Journal
from rimlight.lasting import WhileRecording, Wish
from rimlight.meter import Meter, Snapshot
from rimlight.orders import Orders
from rimlight.protocols import Answer, Order, Sink, Source
from rimlight.status import Status
from rimlight.types import Output
from rimlight.watchdog import SleepWatch
from rimlight.works import OpenLine, Works

Ending = Literal["source", "stop", "quit", "duration"]
"""Why a run ended: the source gave no more, `stop` was set, the user quit, or the time was up."""

_TICK = 0.02
"""Seconds between two looks at keys and `stop` while no output comes."""
_STATUS_EVERY = 0.5
_NOTICE = 2.5
"""Seconds for which a line about what a key did stays in the window."""
_STOP_LIMIT = 1.5
"""Seconds after which a thread that does not end is left behind."""


class Reporter(Protocol):
    """Where a run is told: `StatusLine`."""

    def show(self, status: Status) -> None: ...

    def say(self, line: str) -> None: ...


class Heard(Protocol):
    """The microphone of the recordings: `Hearing`."""

    @property
    def note(self) -> str: ...

    def line(self) -> str | None: ...


class Remote(Protocol):
    """Who is asked from outside: `Control`."""

    def asked(self) -> Sequence[tuple[Order, Callable[[Answer], None]]]:
        """What was asked for since the last call, and who takes what became of it. Never waits."""

    def show(self, status: Status) -> None:
        """How the run is doing."""


@dataclass(frozen=True, slots=True)
class LiveReport:
    """How a run went."""

    ended: Ending
    captured: int
    """Frames that the source gave."""
    numbers: Snapshot
    lost: tuple[SinkError, ...]
    """Sinks that gave up before the end, by their errors."""
    incidents: Mapping[str, int] = field(default_factory=dict)
    """What went wrong and what became of it, by `journal.Kind`: how often."""


def run_live(
    source: Source,
    open_line: OpenLine,
    sinks: Sequence[Sink],
    *,
    meter: Meter,
    stop: threading.Event,
    wish: Wish | None = None,
    reporter: Reporter | None = None,
    open_recording: Callable[[], Sink] | None = None,
    hearing: Heard | None = None,
    remote: Remote | None = None,
    duration: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> LiveReport:
    """Runs until the source ends, `stop` is set, the user quits or `duration` seconds of outputs were sent.

    `open_line` opens the pipeline, and others in its place. `wish` tells whether the camera is wanted at all.
    Sinks that are windows are asked for keys, and `remote` for what was asked from outside; what `hearing` says is
    told. A sink that `repeats` gets the last output again whenever none comes for longer than an
    interval. A sink that is lost for good is left out, closed and told; the run goes on while another one lives.
    Closes nothing else but what it opened itself; no thread is left when it returns, save one that hangs in a
    driver or a model, which is told too.

    `clock` must be that of `Frame.at`. Raises what the source or the last sink raised, and what the pipeline raised
    where there is no other, or others failed as well.
    """
    run = _Run(source, open_line, sinks, meter, wish, reporter, open_recording, hearing, remote, clock)
    return run.until(stop, duration)


class _Run:
    def __init__(
        self,
        source: Source,
        open_line: OpenLine,
        sinks: Sequence[Sink],
        meter: Meter,
        wish: Wish | None,
        reporter: Reporter | None,
        open_recording: Callable[[], Sink] | None,
        hearing: Heard | None,
        remote: Remote | None,
        clock: Callable[[], float],
    ) -> None:
        self._interval = float(1 / source.format.fps)
        self._journal = Journal()
        self._airlock = Airlock(source.format, clock())
        self._sleep = SleepWatch()
        self._wish = WhileRecording(wish, lambda: self._delivery.recording) if wish is not None else None
        self._capture = Capture(source, self._journal, self._wish, clock)
        self._works = Works(open_line, self._capture.frames, self._journal)
        self._delivery = Delivery(sinks, meter, self._interval, clock, self._journal)
        self._meter = meter
        self._reporter = reporter
        self._hearing = hearing
        self._remote = remote
        self._orders = Orders(self._delivery, self._works.asked, self._journal, open_recording)
        self._clock = clock
        self._background = ""
        self._forgetting = False
        self._status_at = clock()
        self._notice = ("", 0.0)

    def until(self, stop: threading.Event, duration: float | None) -> LiveReport:
        self._capture.start()
        try:
            ended = self._loop(stop, duration)
        finally:
            limit = time.monotonic() + _STOP_LIMIT
            left = [*self._capture.stop(limit), *self._works.stop(limit)]
            for name in (*left, *self._delivery.stop(limit)):
                self._journal.say(f"the {name} thread does not end and was left behind")
            self._say_all()
        if self._capture.error is not None:
            raise self._capture.error
        self._meter.dropped(self._dropped)
        return LiveReport(
            ended, self._capture.captured, self._meter.snapshot(), tuple(self._delivery.lost), self._journal.counts
        )

    @property
    def _dropped(self) -> int:
        return self._capture.frames.dropped + self._works.dropped + self._delivery.dropped

    def _loop(self, stop: threading.Event, duration: float | None) -> Ending:
        while not stop.is_set():
            output = self._works.take(self._delivery.patience(_TICK))
            if output is None and self._works.ended:
                return "source"
            # Half an interval early: the times of frames are never quite regular.
            if duration is not None and self._delivery.lasted(output) > max(0, duration - self._interval / 2):
                return "duration"
            self._pass_on(output)
            self._tend()
            if self._listen():
                return "quit"
            self._tell()
        return "stop"

    def _pass_on(self, output: Output | None) -> None:
        """Lets it through the airlock, or what the airlock gives in its place."""
        passed = self._airlock.passed(output, self._clock(), lost=self._capture.trouble != "")
        if passed is None:
            self._delivery.repeat()
        else:
            self._delivery.send(passed, card=passed is not output)
        if output is not None:
            if passed is not output:
                self._journal.happened("output refused")
            self._meter.dropped(self._dropped)

    def _tend(self) -> None:
        """Sees to it that all goes on."""
        if slept := self._sleep.slept():
            self._journal.happened("slept", f"the machine slept for {slept:.0f} s")
            self._works.reset()
            self._delivery.send(self._airlock.shut(self._clock()), card=True)
        if self._delivery.forgetting is not self._forgetting:
            self._forgetting = self._delivery.forgetting
            if self._forgetting:
                self._works.reset()
        now = time.monotonic()
        self._capture.watch(now)
        self._works.tend(now)

    def _listen(self) -> bool:
        """Passes on what the user asked for in the windows; True to quit."""
        for window in self._delivery.windows:
            for key in window.keys():  # noqa: SIM118  not a mapping
                self._orders.obey(key)
        for order, answer in self._remote.asked() if self._remote else ():
            answer(self._orders.obey(order))
        return self._orders.quit

    def _tell(self) -> None:
        self._say_all()
        now = self._clock()
        if now < self._status_at:
            return
        self._status_at = now + _STATUS_EVERY
        self._meter.dropped(self._dropped)
        line = self._works.line
        if line is not None:
            self._background = line.pipeline.background.name
        status = Status(
            self._meter.snapshot(now),
            self._background,
            self._delivery.recording,
            line.governor.note if line is not None and line.governor is not None else "",
            self._capture.trouble,
            self._wish.note if self._wish is not None else "",
            self._delivery.paused,
            self._hearing.note if self._hearing is not None else "",
        )
        if self._reporter:
            self._reporter.show(status)
        if self._remote:
            self._remote.show(status)
        notice, until = self._notice
        for window in self._delivery.windows:
            window.caption = status.line("  ·  ") + (f"\n{notice}" if now < until else "")
            window.recording, window.paused = status.recording, status.paused

    def _say_all(self) -> None:
        while self._hearing is not None and (heard := self._hearing.line()) is not None:
            self._journal.say(heard)
        while (line := self._journal.line()) is not None:
            self._notice = (line, self._clock() + _NOTICE)
            self._status_at = self._clock()
            if self._reporter:
                self._reporter.say(line)
