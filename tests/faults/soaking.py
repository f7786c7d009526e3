"""A long live run in the coded room, with faults of every kind at random times, one after the other."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from faults.coded_room import CodedSource, TruthSegmenter, Walk
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
from faults.observer import Observer
from faults.schedule import Schedule
from faults.strategies import KEYS
from rimlight.assemble import open_background
from rimlight.benches.machine import resident
from rimlight.controls import PipelineControls
from rimlight.errors import CameraMissingError, SinkError
from rimlight.framing import fitted
from rimlight.live import LiveReport, run_live
from rimlight.meter import Meter
from rimlight.pipeline import Pipeline
from rimlight.protocols import Key, Segmenter, Sink, Source
from rimlight.settings import Settings, Tuning
from rimlight.shift import Line
from rimlight.types import Frame, Mask, Output, Rgb, Size, StreamFormat

FORMAT = StreamFormat(Size(112, 64), CodedSource().format.fps)
_SPEED = 0.004
"""Widths of the picture a frame: frames come five times as fast as a camera's."""
_TURN = 0.03
"""Seconds that a camera waits for the run to be ready for a frame; a real one waits as long for its own."""
_PRESSES = 0.01
"""Part of the window's looks at which a key is pressed."""


@dataclass(frozen=True)
class Sample:
    """What the process holds at a moment."""

    frames: int
    memory: float
    """Resident, in 1e6 bytes."""
    threads: int
    handles: int


@dataclass
class Soaked:
    """What came of it."""

    processes: int = 1
    frames: int = 0
    seconds: float = 0.0
    leaks: int = 0
    leaked_after: Counter[str] = field(default_factory=Counter)
    """Leaks by the last fault before."""
    slowest: float = 0.0
    """Seconds from a frame to a sink, at most."""
    faults: Counter[str] = field(default_factory=Counter)
    """By 'method kind'."""
    keys: int = 0
    """Settings changed."""
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds of each recovery, by what recovered."""
    hangs: Counter[str] = field(default_factory=Counter)
    """What did not recover at all."""
    samples: list[Sample] = field(default_factory=list)
    incidents: Counter[str] = field(default_factory=Counter)
    """What the run counted itself."""
    error: str = ""
    """What ended it early."""


class Turning(Source):
    """A camera that gives a frame when the run is ready for one."""

    def __init__(self, source: Source, observer: Observer) -> None:
        self._source = source
        self._observer = observer

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def format(self) -> StreamFormat:
        return self._source.format

    def read(self) -> Frame | None:
        self._observer.turn(_TURN)
        return self._source.read()

    def close(self) -> None:
        self._source.close()


class Accompanied(Segmenter):
    """The true masks, while a real model looks as well, for its memory, threads and handles."""

    def __init__(self, model: Segmenter) -> None:
        self._model = model
        self._truth = TruthSegmenter(model.size)

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def size(self) -> Size:
        return self._model.size

    def segment(self, rgb: Rgb) -> Mask:
        self._model.segment(rgb)
        return self._truth.segment(rgb)

    def close(self) -> None:
        self._model.close()


class Stage:
    """The run, and what may be done to it while it goes on."""

    def __init__(self, seed: int, open_model: Callable[[], Segmenter], every: int) -> None:
        """`open_model` opens the segmenter of each pipeline; a sample is taken every so many frames."""
        self.schedule = Schedule()
        self.observer, self.sink_observer = Observer(), Observer()
        self.camera_gone_until = self.sink_gone_until = 0.0
        """On the monotonic clock: before that they cannot be opened anew."""
        self.soaked = Soaked()
        self._witness = LeakSink(FORMAT.size, seen=self._watched)
        self._open_model = open_model
        self._every = every
        self._random = random.Random(seed)
        self._numbers: Iterator[int] = count()
        self._controls = PipelineControls(Settings(background="blur", tuning=Tuning(views=1, rest=0.2)), FORMAT)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set, or an error ends it."""
        began = time.monotonic()
        witness = self._witness
        lossy = LeakSink(FORMAT.size, seen=self.sink_observer.seen)
        shown = LeakSink(FORMAT.size, beside=witness)
        sinks = (witness, _Lossy(lossy, self), FaultyWindow(shown, self.schedule, self._press))
        try:
            report = run_live(self._camera(), self._line, sinks, meter=Meter(), stop=stop)
            self._note(report)
        except Exception as error:  # noqa: BLE001  what ended it is what the table says
            self.soaked.error = f"{type(error).__name__}: {error}"
        self.soaked.seconds = time.monotonic() - began
        self.soaked.frames = witness.live
        self.soaked.faults = self.schedule.met
        for sink in (witness, lossy, shown):
            self.soaked.leaks += sink.leaks
            self.soaked.slowest = max(self.soaked.slowest, sink.slowest)

    def _note(self, report: LiveReport) -> None:
        self.soaked.incidents = Counter(dict(report.incidents))
        if report.lost:
            self.soaked.error = f"lost for good: {report.lost[0].what}"

    def _watched(self, output: Output) -> None:
        self.observer.seen(output)
        if self._witness.leaks > self.soaked.leaked_after.total():
            self.soaked.leaked_after[self.schedule.last] += 1
        if self.observer.live % self._every == 0:
            self.soaked.samples.append(
                Sample(self.observer.live, (resident() or 0) / 1e6, threading.active_count(), handles())
            )

    def _press(self) -> Sequence[Key]:
        if self._random.random() > _PRESSES:
            return ()
        self.soaked.keys += 1
        return (self._random.choice(KEYS),)

    def _camera(self) -> Source:
        def opened() -> Source:
            if time.monotonic() < self.camera_gone_until:
                raise CameraMissingError("the camera is not there")
            return Turning(CodedSource(FORMAT, Walk(_SPEED), numbers=self._numbers), self.observer)

        return FaultySource(opened(), self.schedule, opened)

    def _line(self, _: int) -> Line:
        now = self._controls.settings
        plate = open_background(now.background, now.blur_strength, FORMAT, live=True)
        pipeline = Pipeline(
            FaultySegmenter(self._open_model(), self.schedule),
            FaultyBackground(plate, self.schedule),
            fitted,
            now.tuning,
            mirror=now.mirror,
            light_wrap=now.light_wrap,
            wary=True,
        )
        self._controls.steer(pipeline)
        controls = FaultyControls(self._controls, self.schedule)
        return Line(pipeline, controls, FaultyGovernor(self.schedule), pipeline.close)


class _Lossy(FaultySink):
    """A sink that cannot be opened anew while it is gone."""

    def __init__(self, sink: Sink, stage: Stage) -> None:
        super().__init__(sink, stage.schedule)
        self._stage = stage

    def reopened(self) -> Sink | None:
        if time.monotonic() < self._stage.sink_gone_until:
            raise SinkError("the device is not there")
        return _Lossy(self._sink, self._stage)


def handles() -> int:
    """Open handles of this process; 0 where that cannot be told."""
    table = Path("/proc/self/fd")
    return len(list(table.iterdir())) if table.exists() else 0


def soak(frames: int, seed: int, open_model: Callable[[], Segmenter], say: Callable[[str], None]) -> Soaked:
    """Runs until so many frames were shown live; `say` gets a line now and then."""
    from faults.nemesis import Nemesis

    stage = Stage(seed, open_model, max(100, frames // 100))
    stop = threading.Event()
    nemesis = Nemesis(stage, seed, stop)
    driver = threading.Thread(target=partial(nemesis.haunt, frames, say), name="nemesis", daemon=True)
    driver.start()
    try:
        stage.run(stop)
    finally:
        stop.set()
        stage.schedule.close()
        driver.join()
    return stage.soaked
