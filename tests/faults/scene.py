"""A live run in the coded room, where everything that can fail meets the faults of one schedule."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import rimlight.capture
import rimlight.courier
import rimlight.lasting
import rimlight.live
import rimlight.shift
import rimlight.works
from faults.coded_room import FORMAT, CodedSource, TruthSegmenter, Walk
from faults.faulty import (
    FaultyBackground,
    FaultyControls,
    FaultyGovernor,
    FaultySegmenter,
    FaultySink,
    FaultySource,
    FaultyWindow,
)
from faults.leaks import LeakSink
from faults.schedule import End, Schedule
from rimlight.assemble import open_background
from rimlight.controls import PipelineControls
from rimlight.framing import fitted
from rimlight.live import LiveReport, run_live
from rimlight.meter import Meter
from rimlight.pipeline import Pipeline
from rimlight.protocols import Key, Source
from rimlight.settings import Settings, Tuning
from rimlight.shift import Line
from rimlight.types import StreamFormat
from rimlight.works import OpenLine

TUNING = Tuning(views=1, rest=0.2)
"""As a live run has it."""

TOO_LONG = 20.0
"""Seconds after which a run is stopped that does not end by itself: something is broken."""

HASTY = 0.2
"""Seconds after which what hangs is given up in a hasty run: longer than anything takes that does not."""


@contextmanager
def hasty(limit: float = HASTY) -> Iterator[None]:
    """Gives up what hangs, and tries anew, after fractions of a second: many runs have to fit into a minute."""
    constants = {
        (rimlight.capture, "LIMIT"): limit,
        (rimlight.capture, "_PATIENCE"): 0.02,
        (rimlight.courier, "LIMIT"): limit,
        (rimlight.courier, "RETRY"): 0.005,
        (rimlight.lasting, "RETRY"): 0.005,
        (rimlight.live, "_STOP_LIMIT"): 0.1,
        (rimlight.shift, "LIMIT"): limit,
        (rimlight.works, "OPENING"): limit,
    }
    kept = {(room, name): getattr(room, name) for room, name in constants}
    for (room, name), value in constants.items():
        setattr(room, name, value)
    try:
        yield
    finally:
        for (room, name), value in kept.items():
            setattr(room, name, value)


@dataclass
class Result:
    """What came of a run."""

    witness: LeakSink
    """Saw everything; never fails."""
    sink: LeakSink
    """Is what fails: the sink with a thread of its own."""
    window: LeakSink
    report: LiveReport | None = None
    error: BaseException | None = None
    stuck: bool = False
    """Whether it had to be stopped."""
    left: list[str] = field(default_factory=list)
    """Threads that go on after all that hung was let go of."""


def run(
    schedule: Schedule,
    *,
    background: str = "blur",
    frames: int = 10,
    speed: float = 0.01,
    keys: Sequence[Key] = (),
    format: StreamFormat = FORMAT,  # noqa: A002
    interval: float = 0.002,
) -> Result:
    """A run of so many frames, of somebody who moves by `speed` widths each; the window presses one key a look."""
    before = set(threading.enumerate())
    strict = background != "blur" and "next-background" not in keys
    witness, sink = (LeakSink(format.size, strict=strict) for _ in range(2))
    window = LeakSink(format.size, strict=strict, beside=witness)
    result = Result(witness, sink, window)
    pressed = iter(keys)

    def press() -> Sequence[Key]:
        key = next(pressed, None)
        return () if key is None else (key,)

    sinks = (witness, FaultySink(sink, schedule), FaultyWindow(window, schedule, press))
    stop = threading.Event()

    def give_up() -> None:
        result.stuck = True
        stop.set()

    alarm = threading.Timer(TOO_LONG, give_up)
    alarm.start()
    try:
        source = _camera(schedule, format, frames, speed, interval)
        result.report = run_live(source, _lines(schedule, background, format), sinks, meter=Meter(), stop=stop)
    except Exception as error:  # noqa: BLE001  the tests judge it
        result.error = error
    finally:
        alarm.cancel()
        schedule.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(TOO_LONG)
        if thread.is_alive():
            result.left.append(thread.name)
    return result


def _camera(schedule: Schedule, format: StreamFormat, frames: int, speed: float, interval: float) -> Source:  # noqa: A002
    numbers = iter(range(frames))
    walk = Walk(speed)

    def opened() -> Source:
        return CodedSource(format, walk, numbers=numbers, interval=interval)

    return FaultySource(opened(), schedule, opened)


def _lines(schedule: Schedule, background: str, format: StreamFormat) -> OpenLine:  # noqa: A002
    settings = Settings(background=background, tuning=TUNING)
    controls = PipelineControls(settings, format)

    def open_line(_: int) -> Line | None:
        if isinstance(schedule.meet("open"), End):
            return None
        now = controls.settings
        plate = open_background(now.background, now.blur_strength, format, live=True)
        pipeline = Pipeline(
            FaultySegmenter(TruthSegmenter(), schedule),
            FaultyBackground(plate, schedule),
            fitted,
            now.tuning,
            mirror=now.mirror,
            light_wrap=now.light_wrap,
            wary=True,
        )
        controls.steer(pipeline)
        return Line(pipeline, FaultyControls(controls, schedule), FaultyGovernor(schedule), pipeline.close)

    return open_line
