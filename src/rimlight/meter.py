"""What a run does, in numbers: pictures a second, latency, jitter, drops, and how long each stage takes."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

RECENT = 2.0
"""Seconds of deliveries that `Snapshot.fps` looks back on: short enough to follow, long enough to be calm."""


@dataclass(frozen=True, slots=True)
class Durations:
    """How long something took, in seconds. All zero before it happened once.

    `count` and `total` are of the whole run; the percentiles are of the latest that were kept.
    """

    count: int = 0
    total: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The numbers of one moment. Times are seconds."""

    fps: float
    """Deliveries a second over the last `RECENT` seconds; 0 while nothing arrives."""
    mean_fps: float
    """Deliveries a second from the first delivery to the last."""
    latency: Durations
    """Capture to sink."""
    jitter: float
    """19 of 20 intervals between deliveries differ by no more than this from the median interval."""
    delivered: int
    dropped: int
    """Frames that were captured and never shown."""
    held: int
    """Times that an output was shown again because no newer one was there."""
    stages: Mapping[str, Durations] = field(default_factory=dict)
    """By stage, in the order in which they first ran."""


class Meter:
    """Collects; any thread may write and read. Keeps the latest `keep` values of each kind, no more.

    `clock` (seconds) only times the stages; every other time is an argument.
    """

    def __init__(self, keep: int = 600, clock: Callable[[], float] = time.perf_counter) -> None:
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        self._stages: dict[str, _Ring] = {}
        self._latency = _Ring(keep)
        self._times: deque[float] = deque(maxlen=keep)
        self._first = 0.0
        self._dropped = 0
        self._held = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times the block under this name; a block that raises counts too."""
        start = self._clock()
        try:
            yield
        finally:
            taken = self._clock() - start
            with self._lock:
                ring = self._stages.get(name)
                if ring is None:
                    ring = self._stages[name] = _Ring(self._keep)
                ring.add(taken)

    def delivered(self, now: float, latency: float) -> None:
        """An output reached the sinks at `now`, `latency` seconds after its frame was captured."""
        with self._lock:
            if self._latency.count == 0:
                self._first = now
            self._latency.add(latency)
            self._times.append(now)

    def dropped(self, total: int) -> None:
        """So many frames were dropped since the run began: the slots count, the meter remembers."""
        with self._lock:
            self._dropped = total

    def held(self) -> None:
        """An output was shown once more."""
        with self._lock:
            self._held += 1

    def snapshot(self, now: float | None = None) -> Snapshot:
        """The numbers at `now`; None is the time of the last delivery."""
        with self._lock:
            times = list(self._times)
            latency = self._latency.copy()
            stages = {name: ring.copy() for name, ring in self._stages.items()}
            first, dropped, held = self._first, self._dropped, self._held
        if now is None:
            now = times[-1] if times else 0.0
        return Snapshot(
            fps=_rate([at for at in times if at >= now - RECENT]),
            mean_fps=_per_second(latency.count - 1, times[-1] - first) if times else 0.0,
            latency=latency.durations(),
            jitter=_jitter(times),
            delivered=latency.count,
            dropped=dropped,
            held=held,
            stages={name: ring.durations() for name, ring in stages.items()},
        )


class _Ring:
    """The latest durations, and count and sum of all."""

    def __init__(self, keep: int) -> None:
        self.latest: deque[float] = deque(maxlen=keep)
        self.count = 0
        self.total = 0.0

    def add(self, value: float) -> None:
        self.latest.append(value)
        self.count += 1
        self.total += value

    def copy(self) -> _Ring:
        twin = _Ring(0)
        twin.latest, twin.count, twin.total = self.latest.copy(), self.count, self.total
        return twin

    def durations(self) -> Durations:
        values = sorted(self.latest)
        p50, p95, p99 = (percentile(values, part) for part in (0.5, 0.95, 0.99))
        return Durations(self.count, self.total, p50, p95, p99)


def percentile(ordered: Sequence[float], part: float) -> float:
    """The value that `part` (0..1) of the ascending values do not exceed, between two neighbours linearly."""
    if not ordered:
        return 0.0
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _rate(times: Sequence[float]) -> float:
    return _per_second(len(times) - 1, times[-1] - times[0]) if times else 0.0


def _per_second(count: int, seconds: float) -> float:
    return count / seconds if seconds > 0 else 0.0


def _jitter(times: Sequence[float]) -> float:
    intervals = sorted(later - earlier for earlier, later in itertools.pairwise(times))
    median = percentile(intervals, 0.5)
    return percentile(sorted(abs(interval - median) for interval in intervals), 0.95)
