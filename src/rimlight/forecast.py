"""What frames cost, and what they would cost with another effort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rimlight.effort import Effort


class Spent(NamedTuple):
    """What frames cost over a moment. Seconds a frame, as a mean, unless said otherwise."""

    call: float
    """A call of the model, both looks if there are two: the mean of calls, not of frames; 0 if there was none."""
    reading: float
    """Stages that follow each call, however many looks it had; the mean of calls, too."""
    calls: float
    """Calls a frame, 0 to 1."""
    guide: float
    """Stages that work on the reduced picture."""
    rest: float
    """Stages of the same thread that cost the same whatever the effort."""
    beside: float
    """Stages of the other thread."""
    cpu: float
    """Cores that the whole program keeps busy: 0.5 is half of one."""
    latency: float
    """Capture to sink, of all frames but the slowest."""
    waited: float = 0.0
    """What the thread waited for a core between the stages, as far as dropped frames tell."""

    @property
    def own(self) -> float:
        """What the thread with the model does."""
        return (self.call + self.reading) * self.calls + self.guide + self.rest

    @property
    def work(self) -> float:
        """What a frame takes the busier thread: no more come out than it lets."""
        return max(self.own, self.beside) + self.waited

    def dearer(self, odds: float, interval: float) -> Spent:
        """The same with `odds` times its own work; frames come `interval` seconds apart."""
        more = (odds - 1) * self.own
        return self._replace(rest=self.rest + more, cpu=self.cpu + more / interval, latency=self.latency + more)

    def mixed(self, newer: Spent, share: float) -> Spent:
        """The same but for `share` of the newer."""
        return Spent(*(old + share * (new - old) for old, new in zip(self, newer, strict=True)))


def forecast(spent: Spent, given: Effort, other: Effort, interval: float, looks: Mapping[str, float]) -> Spent:
    """What frames that had the effort `given` would cost with the `other`, `interval` seconds apart.

    A call costs in proportion to its looks, each as long as `looks` has it by model (in any unit), and the guide's
    stages in proportion to its pixels. That something moves in every frame is assumed: all calls are made.
    """
    changed = spent._replace(
        call=spent.call * other.views / given.views * looks[other.model] / looks[given.model],
        calls=other.calls(interval),
        guide=spent.guide * (other.guide_size / given.guide_size) ** 2,
    )
    ratio = changed.own / spent.own if spent.own > 0 else 1.0
    # Work that waits for a core takes longer, but not more of a core.
    working = min(1.0, spent.cpu * interval / spent.own) if spent.own > 0 else 1.0
    return changed._replace(
        cpu=max(0.0, spent.cpu + working * (changed.own - spent.own) / interval),
        latency=max(0.0, spent.latency + changed.call + changed.guide - spent.call - spent.guide),
        waited=spent.waited * ratio,
    )
