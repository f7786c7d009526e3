"""What takes turns: the pipeline with one background and model, or MediaPipe's sample, on the sitter's pictures."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from fractions import Fraction
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Protocol

from rimlight.assemble import open_pipeline
from rimlight.benches.rows import SAMPLE, Row, Way
from rimlight.meter import Durations
from rimlight.passes import composed
from rimlight.picture import to_bgr
from rimlight.pipeline import Pipeline
from rimlight.sample import Sample
from rimlight.segmenters.selfie import GENERAL
from rimlight.settings import Settings, Tuning, parse_size
from rimlight.sinks.video_file import Track, open_video_file
from rimlight.sources.sitter import open_sitter
from rimlight.tags import tags_of
from rimlight.types import Frame, Picture, Size, StreamFormat

FPS = Fraction(30)
"""At which the frames' times run, however fast they are handed over."""
PICTURES = 8
"""Different ones, shown to and fro, so that nothing jumps."""
_WARM_UP = 0.25
"""Seconds of each way that do not count."""
BACKGROUNDS = {"blur": "blur", "picture": "studio", "colour": "#00b140", "transparent": "transparent"}
"""What `Row.background` calls them, and what `Settings.background` does. 'clip' is a file that is made here."""


class Runner(Protocol):
    """Does frames as fast as it can."""

    least: int
    """Frames without which there is nothing to tell."""

    def run(self, count: int) -> list[float]:
        """Does so many frames; seconds a frame, one value or many, to take the median of."""

    def stages(self) -> Mapping[str, Durations]:
        """What the pipeline's stages took so far."""


class Turns:
    """One way, taking turns with others: how long its frames took so far."""

    def __init__(self, way: Way, runner: Runner) -> None:
        self._way = way
        self._runner = runner
        self._walls: list[float] = []
        self._cpu = 0.0
        self._count = 0
        # The first frames of a model take several times as long as the others.
        runner.run(2)
        self._pace = median(runner.run(2))
        runner.run(self._fitting(_WARM_UP))
        self._looked = self._looks()

    def turn(self, seconds: float) -> None:
        """As many frames as fit into about so long."""
        count = self._fitting(seconds)
        cpu = time.process_time()
        walls = self._runner.run(count)
        self._cpu += time.process_time() - cpu
        self._walls += walls
        self._count += count
        self._pace = median(walls)

    def _fitting(self, seconds: float) -> int:
        return max(self._runner.least, round(seconds / self._pace))

    def row(self) -> Row:
        """Raises StatisticsError before the first turn."""
        stages = {name: round(took.p50 * 1e3, 3) for name, took in self._runner.stages().items()}
        return Row(
            *self._way,
            fps=round(1 / median(self._walls), 2),
            cpu_ms=round(1e3 * self._cpu / self._count, 3),
            stages_ms=stages,
            looks=round((self._looks() - self._looked) / self._count, 3) if stages else None,
        )

    def _looks(self) -> int:
        """Calls of the model so far: the stage is entered for nothing else."""
        return self._runner.stages().get("segment", Durations()).count


@contextmanager
def open_ways(ways: Sequence[Way]) -> Iterator[list[Turns]]:
    """Opens ways and warms them up.

    Raises RimlightError in its several kinds if one cannot be opened.
    """
    pictures = {size: sitting(parse_size(size)) for size in {way.size for way in ways}}
    with ExitStack() as opened:
        yield [Turns(way, opened.enter_context(_open(way, pictures[way.size]))) for way in ways]


def sitting(size: Size, count: int = PICTURES) -> list[Picture]:
    """Some of the sitter's pictures, one after the other."""
    with open_sitter(size, paced=False) as sitter:
        return [sitter.render(index) for index in range(count)]


@contextmanager
def _open(way: Way, pictures: Sequence[Picture]) -> Iterator[Runner]:
    if way.model == SAMPLE:
        with Sample(GENERAL) as sample:
            yield _SampleRunner(sample, pictures)
        return
    with ExitStack() as opened:
        background = BACKGROUNDS.get(way.background)
        if background is None:
            folder = opened.enter_context(TemporaryDirectory())
            background = str(clip(Path(folder) / "clip.mp4", pictures, len(pictures)))
        ours = way.model in {"standard", "fast"}
        # Each frame is to have its call of the model, still or not.
        settings = Settings(
            background=background,
            model=way.model,
            runtime=way.runtime if ours else "auto",
            tuning=Tuning(rest=0),
        )
        format_ = StreamFormat(pictures[0].size, FPS)
        pipeline = opened.enter_context(open_pipeline(settings, format_, live=True))
        yield _PumpRunner(pipeline, pictures) if way.threads > 1 else _PipelineRunner(pipeline, pictures)


class _PipelineRunner:
    """A pipeline on the thread that asks, a frame after the other."""

    least = 1

    def __init__(self, pipeline: Pipeline, pictures: Sequence[Picture]) -> None:
        self._pipeline = pipeline
        self._frames = frames(pictures)

    def run(self, count: int) -> list[float]:
        walls = []
        for frame in itertools.islice(self._frames, count):
            start = time.perf_counter()
            self._pipeline.process(frame)
            walls.append(time.perf_counter() - start)
        return walls

    def stages(self) -> Mapping[str, Durations]:
        return self._pipeline.meter.snapshot().stages


class _PumpRunner(_PipelineRunner):
    """A pipeline on all cores; only the time of a whole turn means anything."""

    least = 2

    def run(self, count: int) -> list[float]:
        return [pumped(self._pipeline, itertools.islice(self._frames, count))]


class _SampleRunner:
    """The sample starts from RGB in memory: getting there is not measured."""

    least = 1

    def __init__(self, sample: Sample, pictures: Sequence[Picture]) -> None:
        self._sample = sample
        # It keeps nothing between pictures: two are as good as many.
        self._pictures = itertools.cycle([to_bgr(picture)[:, :, ::-1].copy() for picture in pictures[:2]])

    def run(self, count: int) -> list[float]:
        walls = []
        for rgb in itertools.islice(self._pictures, count):
            start = time.perf_counter()
            self._sample.process(rgb)
            walls.append(time.perf_counter() - start)
        return walls

    def stages(self) -> Mapping[str, Durations]:
        return {}


def frames(pictures: Sequence[Picture]) -> Iterator[Frame]:
    """The pictures to and fro without end, `FPS` of them a second by their times."""
    there_and_back = [*pictures, *pictures[-2:0:-1]]
    for index, picture in enumerate(itertools.cycle(there_and_back)):
        yield Frame(picture, float(index / FPS), index)


def pumped(pipeline: Pipeline, given: Iterable[Frame]) -> float:
    """Seconds from one output to the next, on average, with frames (two at least) given as fast as they are taken.

    Counted from the first output on: what fills up before it is latency.
    """
    first = last = 0.0
    count = 0
    following = iter(given)
    with closing(composed(lambda: next(following, None), pipeline)) as outputs:
        for _ in outputs:
            last = time.perf_counter()
            first = first or last
            count += 1
    return (last - first) / (count - 1)


def clip(path: Path, pictures: Sequence[Picture], count: int) -> Path:
    """Writes so many frames, the pictures to and fro, as H.264."""
    track = Track(pictures[0].size, 1 / FPS, FPS, tags_of(pictures[0].color))
    with open_video_file(path, track) as file:
        for frame in itertools.islice(frames(pictures), count):
            file.write(frame.picture.i420, frame.index, 1)
        file.finish()
        file.publish()
    return path
