"""A live run with stand-ins for everything around it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import count

from rimlight.errors import BackgroundError
from rimlight.live import LiveReport, run_live
from rimlight.meter import Meter
from rimlight.protocols import Key, Sink, Source
from rimlight.shift import Line
from rimlight.status import Status
from rimlight.types import Frame
from rimlight.works import only
from standins import ScriptedPipeline, frame


class Notes:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []
        self.lines: list[str] = []

    def show(self, status: Status) -> None:
        self.statuses.append(status)

    def say(self, line: str) -> None:
        self.lines.append(line)


class Recorder:
    """Controls that only say what they were asked, and by which thread; there is no next background."""

    def apply(self, key: Key) -> str:
        if key == "next-background":
            raise BackgroundError("office.jpg is gone")
        return f"{key} on {threading.current_thread().name}"


def forever() -> Iterator[Frame]:
    """Frames without end, at 30 a second by their times."""
    return (frame(index) for index in count())


def since_now() -> Callable[[], float]:
    """A clock that is at 0 now."""
    start = time.monotonic()
    return lambda: time.monotonic() - start


def run(
    source: Source,
    pipeline: ScriptedPipeline,
    *sinks: Sink,
    stop: threading.Event | None = None,
    notes: Notes | None = None,
    duration: float | None = None,
    clock: Callable[[], float] | None = None,
    open_recording: Callable[[], Sink] | None = None,
) -> LiveReport:
    """`run_live` with a new meter and with `Recorder` for controls; the clock begins at 0, as frames' times do."""
    return run_live(
        source,
        only(Line(pipeline, Recorder())),
        sinks,
        meter=Meter(),
        stop=stop or threading.Event(),
        reporter=notes,
        open_recording=open_recording,
        duration=duration,
        clock=clock or since_now(),
    )
