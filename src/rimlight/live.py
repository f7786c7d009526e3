"""The live run: its loops and the order in which they stop.

The capture thread reads the source, two threads cut frames and compose outputs, and the calling thread hands these
to the sinks, since windows want the main thread. Where frames come in and outputs go out, the newest wins; a frame
that is cut is composed, with its own matte.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rimlight.delivery import Delivery
from rimlight.errors import SinkError
from rimlight.meter import Meter, Snapshot
from rimlight.protocols import Sink, Source
from rimlight.status import Status
from rimlight.threads import Controls, Governs, Processor, Threads

Ending = Literal["source", "stop", "quit", "duration"]
"""Why a run ended: the source gave no more, `stop` was set, the user quit, or the time was up."""

_TICK = 0.02
"""Seconds between two looks at keys and `stop` while no output comes."""
_STATUS_EVERY = 0.5
_NOTICE = 2.5
"""Seconds for which a line about what a key did stays in the window."""


class Reporter(Protocol):
    """Where a run is told: `StatusLine`."""

    def show(self, status: Status) -> None: ...

    def say(self, line: str) -> None: ...


@dataclass(frozen=True, slots=True)
class LiveReport:
    """How a run went."""

    ended: Ending
    captured: int
    """Frames that the source gave."""
    numbers: Snapshot
    lost: tuple[SinkError, ...]
    """Sinks that gave up before the end, by their errors."""


def run_live(
    source: Source,
    pipeline: Processor,
    sinks: Sequence[Sink],
    *,
    meter: Meter,
    stop: threading.Event,
    controls: Controls | None = None,
    governor: Governs | None = None,
    reporter: Reporter | None = None,
    open_recording: Callable[[], Sink] | None = None,
    duration: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> LiveReport:
    """Runs until the source ends, `stop` is set, the user quits or `duration` seconds of outputs were sent.

    Sinks that are windows are asked for keys. A sink with a true attribute `repeats` gets the last output again
    whenever none comes for longer than an interval. A sink that fails is left out and told; the run goes on
    while another one lives. Closes nothing but what it opened with `open_recording`; no thread is left when it
    returns, save one that hangs in a driver or a model, which is told too.

    `clock` must be that of `Frame.at`. Raises what the source, the pipeline or the last sink raised.
    """
    run = _Run(source, pipeline, sinks, meter, controls, governor, reporter, open_recording, clock)
    return run.until(stop, duration)


class _Run:
    def __init__(
        self,
        source: Source,
        pipeline: Processor,
        sinks: Sequence[Sink],
        meter: Meter,
        controls: Controls | None,
        governor: Governs | None,
        reporter: Reporter | None,
        open_recording: Callable[[], Sink] | None,
        clock: Callable[[], float],
    ) -> None:
        self._threads = Threads(source, pipeline, controls, governor)
        self._interval = float(1 / source.format.fps)
        self._delivery = Delivery(sinks, meter, self._interval, clock, self._say)
        self._pipeline = pipeline
        self._governor = governor
        self._meter = meter
        self._reporter = reporter
        self._open_recording = open_recording
        self._clock = clock
        self._status_at = clock()
        self._notice = ("", 0.0)

    def until(self, stop: threading.Event, duration: float | None) -> LiveReport:
        self._threads.start()
        try:
            ended = self._loop(stop, duration)
        finally:
            for name in self._threads.stop():
                self._say(f"the {name} thread does not end and was left behind")
            self._delivery.end_recording()
        self._threads.raise_error()
        self._meter.dropped(self._threads.dropped)
        return LiveReport(ended, self._threads.captured, self._meter.snapshot(), tuple(self._delivery.lost))

    def _loop(self, stop: threading.Event, duration: float | None) -> Ending:
        while not stop.is_set():
            output = self._threads.outputs.take(self._delivery.patience(_TICK))
            if output is None and self._threads.outputs.closed:
                return "source"
            # Half an interval early: the times of frames are never quite regular.
            if duration is not None and self._delivery.lasted(output) > max(0, duration - self._interval / 2):
                return "duration"
            if output is not None:
                self._meter.dropped(self._threads.dropped)
                self._delivery.send(output)
            else:
                self._delivery.repeat()
            if self._listen():
                return "quit"
            self._tell()
        return "stop"

    def _listen(self) -> bool:
        """Passes on what the user asked for in the windows; True to quit."""
        for window in self._delivery.windows:
            for key in window.keys():  # noqa: SIM118  not a mapping
                if key == "quit":
                    return True
                if key != "record":
                    self._threads.asked.put(key)
                elif self._open_recording is not None:
                    self._delivery.toggle_recording(self._open_recording)
        return False

    def _tell(self) -> None:
        while (line := self._threads.said()) is not None:
            self._say(line)
        now = self._clock()
        if now < self._status_at:
            return
        self._status_at = now + _STATUS_EVERY
        self._meter.dropped(self._threads.dropped)
        note = self._governor.note if self._governor else ""
        status = Status(self._meter.snapshot(now), self._pipeline.background.name, self._delivery.recording, note)
        if self._reporter:
            self._reporter.show(status)
        notice, until = self._notice
        for window in self._delivery.windows:
            window.caption = status.line("  ·  ") + (f"\n{notice}" if now < until else "")
            window.recording = status.recording

    def _say(self, line: str) -> None:
        self._notice = (line, self._clock() + _NOTICE)
        self._status_at = self._clock()
        if self._reporter:
            self._reporter.say(line)
