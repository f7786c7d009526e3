"""Efforts: how much work a frame is given, and the ladder from the least to the most of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

EARLY = 0.5
"""Intervals between frames that a call of the model may come early: the times of frames are never quite regular."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a frame is given."""

    views: int = 1
    """Looks of the model at a picture: 1, or 2 with its mirror image."""
    guide_size: int = 384
    """Long side in pixels of the reduced picture that guides the matte."""
    cadence: float = 0.0
    """Seconds that lie at least between two calls of the model; 0: every frame has one."""
    model: str = "standard"
    """'fast', 'standard' or 'best', as in the settings."""

    def calls(self, interval: float) -> float:
        """Calls of the model a frame, if frames are `interval` seconds apart."""
        return 1 / max(1, math.ceil(self.cadence / interval - EARLY))

    def __str__(self) -> str:
        """'2 views, guide 640, model every frame'; the model is named unless it is 'standard'."""
        views = "1 view" if self.views == 1 else f"{self.views} views"
        often = f"{1 / self.cadence:.0f} times a second" if self.cadence else "every frame"
        named = "model" if self.model == "standard" else f"{self.model} model"
        return f"{views}, guide {self.guide_size}, {named} {often}"


LADDER: tuple[Effort, ...] = (
    Effort(guide_size=256, cadence=1 / 10),
    Effort(guide_size=256, cadence=1 / 15),
    Effort(cadence=1 / 15),
    Effort(cadence=1 / 30),
    Effort(),
    Effort(views=2),
    Effort(views=2, guide_size=640),
    Effort(model="best"),
)
"""From the least work to the most; each is worth more than the one before it (docs/design.md, decision 15)."""


def rungs(model: str, fps: float, long_side: int) -> tuple[Effort, ...]:
    """The ladder for pictures with this long side in pixels, `fps` a second; `model` as in the settings.

    Rungs that would be the same are one. Whoever chose 'fast' gets nothing else, and whoever brings a model along
    one rung: nothing is known of it.
    """
    if model not in ("fast", "standard", "best"):
        return (Effort(model=model),)
    chosen = LADDER
    if model == "fast":
        chosen = tuple(replace(rung, model=model) for rung in LADDER if rung.model == "standard")
        chosen = chosen[: chosen.index(Effort(model=model)) + 1]
    different = {
        (rung.model, rung.views, min(rung.guide_size, long_side), rung.calls(1 / fps)): rung for rung in chosen
    }
    return tuple(different.values())
