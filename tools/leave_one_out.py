"""Chooses the matte's constants without each of the clips in turn: whether those that ship fit only these clips."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from statistics import fmean
from typing import NamedTuple

from rimlight.figures import Figures, mean_of
from rimlight.settings import Tuning
from takes import FILES, Place, Variant, worths

_CURVE_STEPS = (-0.05, 0.0, 0.05)
"""What is added to the lower end of the curve and taken from the upper: softer, as it ships, harder."""
_STEADINESS_STEPS = (0.5, 1.0, 2.0)
"""Times what ships."""
_EACH = 8
"""Frames to one that is scored; frames that follow each other hardly differ. Flicker counts in all."""

Worths = Mapping[Place, Sequence[Figures]]


class Choice(NamedTuple):
    """One combination of what is free."""

    low: float
    high: float
    steadiness: float
    evidence: bool
    views: int

    @property
    def tuning(self) -> Tuning:
        changes: dict[str, object] = {
            "curve_low": self.low,
            "curve_high": self.high,
            "steadiness": self.steadiness,
            "evidence": self.evidence,
            "views": self.views,
        }
        return FILES.model_copy(update=changes)

    def __str__(self) -> str:
        evidence = "yes" if self.evidence else "no"
        return f"{self.low:g} to {self.high:g} | {self.steadiness:g} s | {evidence} | {self.views}"


def shipped() -> Choice:
    """What files get."""
    return Choice(FILES.curve_low, FILES.curve_high, FILES.steadiness, FILES.evidence, FILES.views or 1)


def grid() -> list[Choice]:
    """Around what ships, which is one of them."""
    own = shipped()
    return [
        Choice(
            round(own.low + step, 3), round(own.high - step, 3), round(own.steadiness * times, 3), evidence, views
        )
        for step, times, evidence, views in product(_CURVE_STEPS, _STEADINESS_STEPS, (True, False), (1, 2))
    ]


def badness(figures: Figures) -> float:
    """Logarithm of boundary error x MAD x dtSSD: a tenth less of any counts the same, on easy and on hard clips."""
    flicker = figures.dtssd or 1.0
    return sum(math.log(max(value, 1e-6)) for value in (1 - figures.biou, figures.mad, flicker))


def best(worth: Worths, among: Sequence[Place]) -> int:
    """The number of the choice with the least mean badness."""
    count = len(next(iter(worth.values())))
    return min(range(count), key=lambda number: fmean(badness(worth[place][number]) for place in among))


def leave_one_out(clips: Sequence[Place], scenes: Sequence[Place], cores: int) -> None:
    """Prints a row a clip, or group of clips, that was left out, then clips and scenes against each other."""
    choices = grid()
    worth = worths([*clips, *scenes], [Variant(choice.tuning) for choice in choices], _EACH, cores)
    own = choices.index(shipped())
    print("| left out | curve | steadiness | evidence | views | bIoU | MAD | dtSSD |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    changes = []
    for group in dict.fromkeys(place.group for place in clips):
        left_out = [place for place in clips if place.group == group]
        number = best(worth, [place for place in clips if place.group != group])
        changes.append(_print_row(worth, group, left_out, choices, number, own))
    _print_summary(changes)
    _print_row(worth, "all clips (chosen by the scenes)", clips, choices, best(worth, scenes), own)
    _print_row(worth, "all scenes (chosen by the clips)", scenes, choices, best(worth, clips), own)


def _print_row(
    worth: Worths, name: str, left_out: Sequence[Place], choices: Sequence[Choice], number: int, own: int
) -> tuple[float, float, float]:
    """The choice's figures on what was left out, those of what ships after a slash; gives the differences."""
    a, b = (mean_of(worth[place][one] for place in left_out) for one in (number, own))
    flicker, own_flicker = a.dtssd or 0.0, b.dtssd or 0.0
    figures = f"{a.biou:.3f} / {b.biou:.3f} | {a.mad:.1f} / {b.mad:.1f} | {flicker:.2f} / {own_flicker:.2f}"
    print(f"| {name} | {choices[number]} | {figures} |", flush=True)
    return a.biou - b.biou, a.mad - b.mad, flicker - own_flicker


def _print_summary(changes: Sequence[tuple[float, float, float]]) -> None:
    biou, mad, flicker = zip(*changes, strict=True)
    print(f"| mean difference | | | | | {fmean(biou):+.3f} | {fmean(mad):+.1f} | {fmean(flicker):+.2f} |")
    print(f"| worst | | | | | {min(biou):+.3f} | {max(mad):+.1f} | {max(flicker):+.2f} |")
