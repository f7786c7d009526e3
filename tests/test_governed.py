"""What is measured of a run, what its pipeline is given, and how models are exchanged meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import pytest

from rimlight.effort import Effort
from rimlight.errors import SegmenterError
from rimlight.governed import Governed, LatencyMeter, open_governed
from rimlight.governor import Budget, Governor
from rimlight.protocols import Segmenter
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.settings import settings_from
from rimlight.types import Size, StreamFormat
from standins import WAIT, Clock

FPS = 30
LOW, MIDDLE, HIGH = Effort(guide_size=256), Effort(), Effort(views=2)
BEST = Effort(model="best")


class Watched(EllipseSegmenter):
    """Tells when it is closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


class StandIn:
    """A pipeline that only keeps what it is given."""

    def __init__(self) -> None:
        self.effort = Effort(guide_size=1)
        self.segmenter: Segmenter = Watched()


class Run:
    """Frames, 30 a second, whose stages take what they are told to."""

    def __init__(
        self,
        ladder: Sequence[Effort] = (LOW, MIDDLE, HIGH),
        budget: Budget = Budget(),
        open_model: Callable[[str], Segmenter] = lambda _: Watched(),
    ) -> None:
        self.clock, self.worked = Clock(), Clock()
        self.meter = LatencyMeter(clock=self.worked)
        self.pipeline, self.first = StandIn(), Watched()
        self.pipeline.segmenter = self.first
        governor = Governor(ladder, MIDDLE, budget, 1 / FPS)
        self.governed = Governed(
            self.pipeline, self.meter, governor, open_model, clock=self.clock, cpu=lambda: self.worked.now
        )
        self.dropped = 0

    def frames(self, count: int, call: float, refine: float, rest: float, every: int = 1) -> list[str]:
        """What the governor says of so many frames; one in `every` has a call."""
        said = []
        for number in range(count):
            for name, taken in (("segment", call), ("refine", refine), ("enlarge", rest)):
                if name != "segment" or number % every == 0:
                    with self.meter.stage(name):
                        self.worked.now += taken
            self.clock.now += 1 / FPS
            self.meter.delivered(self.clock.now, call + refine + rest)
            said.append(self.governed.tend())
        return list(filter(None, said))


def test_the_governor_is_told_what_frames_cost_of_late() -> None:
    run = Run()
    run.frames(60, call=0.010, refine=0.002, rest=0.003, every=2)
    assert run.governed.note == "1 view, guide 384, model every frame (10 of 30 ms; next step needs 49 % CPU more)"


def test_the_pipeline_gets_the_governors_effort_from_the_first_frame_on() -> None:
    run = Run()
    assert run.pipeline.effort == MIDDLE
    assert run.governed.note == "1 view, guide 384, model every frame"


def test_an_overload_is_answered_soon_and_told_in_a_line() -> None:
    run = Run()
    run.frames(60, call=0.005, refine=0.004, rest=0.003)
    (line,) = run.frames(18, call=0.018, refine=0.012, rest=0.008)
    assert run.pipeline.effort == LOW
    assert line.startswith("effort: 1 view, guide 256, model every frame (")


def test_time_to_spare_is_spent_after_seconds_of_proof() -> None:
    run = Run()
    assert run.frames(80, call=0.002, refine=0.001, rest=0.001) == []
    (line,) = run.frames(30, call=0.002, refine=0.001, rest=0.001)
    assert run.pipeline.effort == HIGH
    assert line == "effort: 2 views, guide 384, model every frame (18 of 30 % CPU; there is no more)"


def test_a_single_hiccup_is_forgiven() -> None:
    run = Run()
    run.frames(60, call=0.005, refine=0.004, rest=0.003)
    said = run.frames(1, call=0.3, refine=0.004, rest=0.003) + run.frames(60, call=0.005, refine=0.004, rest=0.003)
    assert said == []


def test_drops_count_as_longer_work_only_where_there_is_work() -> None:
    run = Run()
    for busy, expected in ((0.002, MIDDLE), (0.020, LOW)):
        for _ in range(60):
            run.dropped += 1
            run.meter.dropped(run.dropped)
            run.frames(1, call=busy, refine=0.002, rest=0.002)
        assert run.pipeline.effort == expected


def test_a_frozen_camera_changes_nothing() -> None:
    run = Run()
    run.frames(60, call=0.005, refine=0.004, rest=0.003)
    run.clock.now += 60
    assert run.frames(3, call=0.005, refine=0.004, rest=0.003) == []
    assert run.pipeline.effort == MIDDLE


@contextmanager
def opened_beside(segmenter: Segmenter | Exception) -> Iterator[tuple[Run, list[str]]]:
    """A run on a fast machine that has 'best' opened, up to where that has ended; and what was said."""
    names: list[str] = []

    def open_model(name: str) -> Segmenter:
        names.append(name)
        if isinstance(segmenter, Exception):
            raise segmenter
        return segmenter

    run = Run((MIDDLE, BEST), Budget(cpu=4.0), open_model)
    with run.governed:
        said = run.frames(120, call=0.0005, refine=0.0005, rest=0.0005)
        assert names == ["best"]
        for thread in threading.enumerate():
            if thread.name == "opening":
                thread.join(WAIT)
        said += run.frames(20, call=0.0005, refine=0.0005, rest=0.0005)
        yield run, said


def test_a_model_is_exchanged_when_it_is_open_and_affordable() -> None:
    better = Watched()
    with opened_beside(better) as (run, _):
        # What a look at the ellipse takes on this machine is nothing beside this.
        run.frames(120, call=0.001, refine=0.0005, rest=0.0005)
        assert (run.pipeline.effort, run.pipeline.segmenter) == (BEST, better)
        run.frames(30, call=0.050, refine=0.0005, rest=0.0005)
        assert (run.pipeline.effort, run.pipeline.segmenter) == (MIDDLE, run.first)
        assert not better.closed, "it may serve again"
    assert better.closed
    assert not run.first.closed, "the one in use is the pipeline's"


def test_a_model_that_cannot_be_opened_is_told_once_and_left_alone() -> None:
    with opened_beside(SegmenterError("no memory for it")) as (run, said):
        later = run.frames(120, call=0.0005, refine=0.0005, rest=0.0005)
        assert said + later == ["the best model is not used: no memory for it"]
        assert run.pipeline.effort == MIDDLE


def test_the_settings_budget_and_model_reach_the_governor() -> None:
    format_ = StreamFormat(Size(1280, 720), Fraction(30))
    for settings, effort in (
        (settings_from(), Effort()),
        (settings_from(model="fast"), Effort(model="fast")),
        (settings_from(model="mine.onnx"), Effort(model="mine.onnx")),
    ):
        pipeline = StandIn()
        with open_governed(pipeline, settings, format_, LatencyMeter()) as governed:
            assert pipeline.effort == effort
            assert governed.note == str(effort)


@pytest.mark.parametrize(
    ("given", "shown"), [({"cpu_budget": "20%"}, "20 % CPU"), ({"max_latency": "9ms"}, "9 ms late")]
)
def test_a_budget_is_kept_and_shown(given: dict[str, str], shown: str) -> None:
    settings = settings_from(**given)
    run = Run(budget=Budget(settings.cpu_budget, settings.max_latency))
    run.frames(60, call=0.006, refine=0.003, rest=0.002)
    assert run.pipeline.effort == LOW
    assert f"of {shown}" in run.governed.note
