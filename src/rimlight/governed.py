"""A live pipeline under a governor: measures what frames cost and gives them the effort that the governor picks."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from rimlight.assemble import open_segmenter
from rimlight.effort import Effort, rungs
from rimlight.errors import RimlightError, SegmenterError
from rimlight.forecast import Spent
from rimlight.governor import SPARE_TIME, Budget, Governor
from rimlight.meter import Meter, Snapshot
from rimlight.models import best_is_there
from rimlight.opening import Timed, open_timed
from rimlight.pending import Pending
from rimlight.pipeline import COMPOSING
from rimlight.protocols import Closes, Segmenter
from rimlight.settings import Settings
from rimlight.types import StreamFormat

TELLING = 0.2
"""Seconds between two tellings: after two or three, a dozen frames or two at 30 fps, an overload is answered."""
LEAST_FRAMES = 4
"""Of one telling: of fewer, a single slow frame would be too large a part."""

CALL, READING, GUIDE = "segment", "smooth", ("refine", "room")
"""The pipeline's stages that are the model's call, that follow each call, and that grow with the guide's pixels."""

WORTHWHILE = 344
"""Pixels of the long side that 'best' must be fed to be worth more than the rungs below it (docs/design.md, 5)."""


class Adjustable(Protocol):
    """What is governed: the pipeline."""

    effort: Effort
    """May be set between frames."""
    segmenter: Segmenter
    """May be exchanged between frames; whoever does so closes the old one."""


class LatencyMeter(Meter):
    """A meter that also keeps each latency until it is taken. Any thread may write; one takes."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(clock=clock)
        self._new: deque[float] = deque(maxlen=1000)

    def delivered(self, now: float, latency: float) -> None:
        """As of every meter."""
        super().delivered(now, latency)
        self._new.append(latency)

    def taken(self) -> list[float]:
        """Seconds from capture to sink of the outputs delivered since the last call."""
        return [self._new.popleft() for _ in range(len(self._new))]


class _Numbers(NamedTuple):
    """All that was counted up to a moment."""

    at: float
    cpu: float
    delivered: int
    dropped: int
    stages: Mapping[str, tuple[int, float]]
    """Count and seconds of each."""

    @classmethod
    def of(cls, numbers: Snapshot, at: float, cpu: float) -> _Numbers:
        stages = {name: (times.count, times.total) for name, times in numbers.stages.items()}
        return cls(at, cpu, numbers.delivered, numbers.dropped, stages)


def spent_between(past: _Numbers, now: _Numbers, latency: float) -> Spent:
    """What a frame cost between the two; at least one was delivered. `latency` as in `Spent`."""
    frames = now.delivered - past.delivered
    times = {name: total - past.stages.get(name, (0, 0.0))[1] for name, (_, total) in now.stages.items()}
    called = now.stages.get(CALL, (0, 0.0))[0] - past.stages.get(CALL, (0, 0.0))[0]
    call, reading = times.pop(CALL, 0.0), times.pop(READING, 0.0)
    beside = sum(times.pop(name, 0.0) for name in COMPOSING)
    guide = sum(times.pop(name, 0.0) for name in GUIDE)
    spent = Spent(
        call=call / max(1, called),
        reading=reading / max(1, called),
        calls=called / frames,
        guide=guide / frames,
        rest=sum(times.values()) / frames,
        beside=beside / frames,
        cpu=(now.cpu - past.cpu) / (now.at - past.at),
        latency=latency,
    )
    # Where the thread is slower than the camera, so are its outputs; a sink that is slow makes drops without work.
    late = max(0.0, (now.at - past.at) / frames - spent.work)
    return spent._replace(waited=min(late, spent.work * (now.dropped - past.dropped) / frames))


class Governed(Closes):
    """Used by the thread that cuts, between two frames. Closes the models that it opened and are not in use."""

    def __init__(
        self,
        pipeline: Adjustable,
        meter: LatencyMeter,
        governor: Governor,
        open_model: Callable[[str], Segmenter],
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        """`meter` times the pipeline's stages and the deliveries; `cpu` gives the program's CPU seconds.

        `open_model` opens a model by its name, in a thread of its own.
        """
        self._pipeline = pipeline
        self._meter = meter
        self._governor = governor
        self._open_model = open_model
        self._openings: dict[str, Pending[Timed]] = {}
        self._spare: dict[str, Segmenter] = {}
        self._clock = clock
        self._cpu = cpu
        self._past = _Numbers.of(meter.snapshot(), clock(), cpu())
        pipeline.effort = governor.effort
        self.note = governor.explain(self._past.at)
        """One line that says how much work frames get, and why no more."""

    def tend(self) -> str:
        """Gives the next frames another effort if it is time to; a line that says so, or nothing.

        Raises what opening a model raised that is no RimlightError; after one, the model is not used.
        """
        now = self._clock()
        if now < self._past.at + TELLING:
            return ""
        numbers = _Numbers.of(self._meter.snapshot(), now, self._cpu())
        if numbers.delivered - self._past.delivered < LEAST_FRAMES:
            return ""
        spent = spent_between(self._past, numbers, _all_but_one(self._meter.taken()))
        self._past = numbers
        changed = self._governor.tell(spent, now)
        if changed:
            self._give(self._governor.effort)
        self.note = self._governor.explain(now)
        return f"effort: {self.note}" if changed else self._prepare(spent, now)

    def close(self) -> None:
        """Closes the models that are not in use."""
        for opening in self._openings.values():
            opening.close(0)
        for model in self._spare.values():
            model.close()

    def _give(self, effort: Effort) -> None:
        given = self._pipeline.effort
        if effort.model != given.model:
            self._spare[given.model] = self._pipeline.segmenter
            self._pipeline.segmenter = self._spare.pop(effort.model)
        self._pipeline.effort = effort

    def _prepare(self, spent: Spent, now: float) -> str:
        """Opens the model that the governor wants, and tells it what a look of it takes; a line if that fails."""
        wanted = self._governor.wanted(now)
        if wanted is None or not spent.calls:
            return ""
        looks, given = self._governor.looks, self._pipeline.effort
        try:
            opened = self._opening(wanted).taken()
        except RimlightError as error:
            looks[wanted] = math.inf
            return f"the {wanted} model is not used: {error}"
        if opened is not None:
            self._spare[wanted], seconds = opened
            looks[wanted] = looks[given.model] * seconds * given.views / spent.call
        return ""

    def _opening(self, model: str) -> Pending[Timed]:
        if model not in self._openings:
            self._openings[model] = open_timed(partial(self._open_model, model))
        return self._openings[model]


def _all_but_one(latencies: list[float]) -> float:
    """What all but one did not exceed: a single late frame is nothing."""
    return sorted(latencies)[max(0, len(latencies) - 2)] if latencies else 0.0


def open_governed(
    pipeline: Adjustable,
    settings: Settings,
    format: StreamFormat,  # noqa: A002
    meter: LatencyMeter,
) -> Governed:
    """The governor of the settings, for a live pipeline whose `meter` this is. Opens no model yet."""
    ladder = rungs(settings.model, float(format.fps), max(format.size))
    if settings.model == "standard" and not best_is_there():
        ladder = tuple(rung for rung in ladder if rung.model != "best")
    budget = Budget(settings.cpu_budget, settings.max_latency)
    governor = Governor(ladder, Effort(model=settings.model), budget, float(1 / format.fps))

    def open_model(model: str) -> Segmenter:
        time_of_look = SPARE_TIME / float(format.fps)
        return _worthwhile(
            open_segmenter(model, picture=format.size, budget=time_of_look, runtime=settings.runtime)
        )

    return Governed(pipeline, meter, governor, open_model)


def _worthwhile(segmenter: Segmenter) -> Segmenter:
    """The model itself. Raises SegmenterError if it is one whose time allows too few pixels."""
    if segmenter.is_matte and max(segmenter.size) < WORTHWHILE:
        segmenter.close()
        raise SegmenterError(f"in the time of a frame it sees no more than {segmenter.size} here")
    return segmenter
