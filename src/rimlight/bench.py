"""`rimlight bench`: frame in memory to composite ready, by stage, beside MediaPipe's own sample in the same run.

Machines differ and are noisy, so every measured way takes turns with the others, a few frames each, in one process;
the medians are comparable, their ratios are what to quote. `python -m rimlight.bench JOB` is that process.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Generic, TypeVar

from rich.console import Console
from rich.table import Column, Table

from rimlight.assemble import open_pipeline, open_segmenter
from rimlight.errors import RimlightError
from rimlight.meter import Meter
from rimlight.picture import to_bgr
from rimlight.sample import Sample
from rimlight.segmenters.litert import has_litert
from rimlight.segmenters.selfie import GENERAL
from rimlight.settings import Settings
from rimlight.sources.sitter import open_sitter
from rimlight.types import Frame, Picture, Size, StreamFormat

Input = TypeVar("Input")

SIZES = (Size(1280, 720), Size(1920, 1080))
BACKGROUNDS = ("blur", "picture")
TURN = 8
"""Frames that one way does before the next has its turn."""

PATIENCE = 300
"""Seconds until a measuring process counts as hung (MediaPipe was once seen not to return on one CPU)."""


@dataclass(frozen=True)
class Row:
    """One way of doing it. `threads` is 1 (bound to one core) or the number of cores."""

    size: str
    background: str
    model: str
    runtime: str
    """What ran the model."""
    threads: int
    fps: float
    """Pictures a second at the median time of a frame."""
    cpu_ms: float
    """Milliseconds of processor time a frame, all threads."""
    stages_ms: dict[str, float] = field(default_factory=dict)
    """Median of each stage; empty for the sample."""


def bench(seconds: float, say: Callable[[str], None]) -> list[Row]:
    """Measures every row, on one core and on all, each way for about `seconds`. `say` gets a line a step.

    Raises RimlightError if a measuring process fails or hangs.
    """
    rows = []
    for threads in sorted({1, _cores()}):
        say(f"measuring on {threads} of {_cores()} cores ...")
        rows += [Row(**row) for row in _in_own_process(threads, seconds)]
    return rows


def ratios(rows: list[Row]) -> dict[str, float]:
    """By size: how many times the sample's frames a second blur with the standard model does, on one core each.

    Of several runtimes it is the first, the one that `--runtime auto` picks here.
    """
    fps = {(row.size, row.background, row.model, row.threads): row.fps for row in reversed(rows)}
    sizes = dict.fromkeys(row.size for row in rows)
    return {s: fps[s, "blur", "standard", 1] / fps[s, "blur", "sample", 1] for s in sizes}


def machine() -> str:
    """Processor, cores, Python and the versions that matter, in one line."""
    packages = ["numpy", "opencv-contrib-python", "mediapipe", *(["ai-edge-litert"] if has_litert() else [])]
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{_processor()}, {_cores()} cores, Python {platform.python_version()}, {versions}"


def print_table(rows: list[Row], console: Console | None = None) -> None:
    """For people: the machine, a row a way, where one core's time goes, and what the bars are held against."""
    console = console or Console(highlight=False)
    console.print(machine(), soft_wrap=True)
    table = Table("size", "background", "model", "runtime", "cores", "fps", "cpu ms")
    for row in rows:
        way = (row.size, row.background, row.model, row.runtime, str(row.threads))
        table.add_row(*way, f"{row.fps:.1f}", f"{row.cpu_ms:.1f}")
    console.print(table)
    staged = [row for row in rows if row.stages_ms and row.threads == 1]
    headings = (Column(_heading(row), no_wrap=True, justify="right") for row in staged)
    stages = Table(Column("median ms,\none core", no_wrap=True), *headings, box=None, padding=(0, 1, 0, 0))
    for name in dict.fromkeys(name for row in staged for name in row.stages_ms):
        stages.add_row(name, *(f"{row.stages_ms.get(name, 0):.1f}" for row in staged))
    console.print(stages)
    for size, ratio in ratios(rows).items():
        console.print(f"{size}, blur, one core: {ratio:.1f} times the sample")


def _heading(row: Row) -> str:
    height = row.size.partition("x")[2]
    return "\n".join((f"{height}p", row.background, row.model, row.runtime))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _in_own_process(threads: int, seconds: float) -> list[dict[str, Any]]:
    """A fresh process, because runtimes size their thread pools once, when they are loaded."""
    job = json.dumps({"threads": threads, "seconds": seconds})
    command = [sys.executable, "-m", "rimlight.bench", job]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603 our own
    except subprocess.TimeoutExpired as error:
        raise RimlightError(
            f"measuring on {threads} core(s) did not end within {PATIENCE} s", "Try again on a quieter machine."
        ) from error
    if done.returncode != 0:
        raise RimlightError(f"measuring on {threads} core(s) failed: {done.stderr.strip()[-500:]}")
    rows: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return rows


class _Way(Generic[Input]):
    """One thing to measure: takes the inputs in turns, remembers how long each took."""

    def __init__(
        self,
        background: str,
        model: str,
        runtime: str,
        inputs: Sequence[Input],
        process: Callable[[Input, int], object],
    ) -> None:
        """`process` is given an input and how many it had before."""
        self.background = background
        self.model = model
        self.runtime = runtime
        self.meter = Meter()
        self._inputs = inputs
        self._process = process
        self._walls: list[float] = []
        self._cpu = 0.0
        self._count = 0

    @property
    def spent(self) -> float:
        """Seconds that the counted turns took."""
        return sum(self._walls)

    def turn(self, counted: bool = True) -> None:
        """Every input once."""
        walls = []
        cpu = time.process_time()
        for item in self._inputs:
            start = time.perf_counter()
            self._process(item, self._count)
            walls.append(time.perf_counter() - start)
            self._count += 1
        if counted:
            self._cpu += time.process_time() - cpu
            self._walls += walls

    def row(self, size: Size, threads: int) -> Row:
        stages = {name: round(stage.p50 * 1e3, 3) for name, stage in self.meter.snapshot().stages.items()}
        fps, cpu = 1 / median(self._walls), self._cpu / len(self._walls)
        way = (self.background, self.model, self.runtime)
        return Row(str(size), *way, threads, round(fps, 1), round(cpu * 1e3, 2), stages)


def _measure(threads: int, seconds: float) -> list[Row]:
    """Runs in the measuring process."""
    if threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import cv2

    cv2.setNumThreads(threads)
    return [row for size in SIZES for row in _measure_size(size, threads, seconds)]


def _measure_size(size: Size, threads: int, seconds: float) -> list[Row]:
    with open_sitter(size, paced=False) as sitter:
        pictures = [frame.picture for frame in (sitter.read() for _ in range(TURN)) if frame]
    with ExitStack() as opened:
        runtime = _default_runtime()
        ways = [opened.enter_context(_pipeline(b, "standard", runtime, pictures)) for b in BACKGROUNDS]
        ways.append(opened.enter_context(_pipeline("blur", "fast", runtime, pictures)))
        if threads == 1 and runtime == "litert":
            ways.append(opened.enter_context(_pipeline("blur", "standard", "mediapipe", pictures)))
        if threads == 1:
            ways.append(opened.enter_context(_sample(pictures)))
        for way in ways:
            way.turn(counted=False)
        while min(way.spent for way in ways) < seconds:
            for way in ways:
                way.turn()
        return [way.row(size, threads) for way in ways]


def _default_runtime() -> str:
    """What `--runtime auto` picks here."""
    with open_segmenter("standard") as segmenter:
        return segmenter.name.split()[0]


@contextmanager
def _pipeline(background: str, model: str, runtime: str, pictures: Sequence[Picture]) -> Iterator[_Way[Any]]:
    settings = Settings(
        background="studio" if background == "picture" else background, model=model, runtime=runtime
    )
    with open_pipeline(settings, StreamFormat(pictures[0].size, Fraction(30)), live=True) as pipeline:
        way = _Way(background, model, runtime, pictures, lambda p, n: pipeline.process(Frame(p, n / 30, n)))
        way.meter = pipeline.meter
        yield way


@contextmanager
def _sample(pictures: Sequence[Picture]) -> Iterator[_Way[Any]]:
    """The sample starts from RGB in memory: getting there is not measured."""
    with Sample(GENERAL) as sample:
        yield _Way(
            "blur",
            "sample",
            "mediapipe",
            [bgr[:, :, ::-1].copy() for bgr in map(to_bgr, pictures)],
            lambda p, _: sample.process(p),
        )


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    print(json.dumps([asdict(row) for row in _measure(job["threads"], job["seconds"])]))
