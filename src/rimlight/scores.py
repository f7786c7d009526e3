"""Scores: what the mattes of a clip or photo are worth, and tables of that for people and programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rimlight.errors import ClipError
from rimlight.figures import LABELS, Figures, change_error, frame_figures, mean_of
from rimlight.matted import Matted, Shot, read_matte, shots
from rimlight.types import Picture, Plane, Size

Matte = Callable[[Shot], Plane]
"""Gives the matte of a shot, (H, W) uint8 at its true size. Asked for one shot after the other."""


_WIDE = 140
"""Characters: room for any name."""


@dataclass(frozen=True, slots=True)
class Score:
    """How good the mattes of a clip or photo are."""

    name: str
    group: str
    frames: int
    figures: Figures
    """Means over the frames."""


@dataclass(frozen=True, slots=True)
class Worst:
    """The frame of a clip with the largest MAD."""

    index: int
    mad: float
    picture: Picture
    truth: Plane
    alpha: Plane


def score_of(matted: Matted, matte: Matte, tick: Callable[[str], None]) -> tuple[Score, Worst]:
    """Scores every frame of a clip, or a photo; `tick` gets its name after each frame.

    Raises ClipError if frames and reference mattes are not as many or not of one size, and what reading them and
    `matte` raise.
    """
    tally = _Tally()
    with closing(shots(matted)) as frames:
        for shot in frames:
            if len(tally.figures) == len(matted.mattes):
                raise _miscounted(matted, len(matted.mattes) + 1 + sum(1 for _ in frames))
            if tally.size not in {None, shot.size}:
                what = f"{matted.pictures[shot.frame.index]} is {shot.size}, those before it {tally.size}"
                raise ClipError(what, "The frames of a clip have one size; photos have names that are no numbers.")
            truth = read_matte(matted.mattes[len(tally.figures)], shot.size)
            tally.add(shot, matte(shot), truth)
            tick(matted.name)
    if tally.worst is None or len(tally.figures) < len(matted.mattes):
        raise _miscounted(matted, len(tally.figures))
    return Score(matted.name, matted.group, len(tally.figures), mean_of(tally.figures)), tally.worst


def means(scores: Sequence[Score]) -> dict[str, Figures]:
    """Of each group of two or more, of the others, and of all, if these are different things; by name."""
    groups: dict[str, list[Figures]] = {}
    for score in scores:
        groups.setdefault(score.group, []).append(score.figures)
    large = {group: some for group, some in groups.items() if 1 < len(some) < len(scores)}
    found = {f"{group} ({len(some)})": mean_of(some) for group, some in large.items()}
    others = [score.figures for score in scores if score.group not in large]
    if large and others:
        found[f"the others ({len(others)})"] = mean_of(others)
    return found | {f"all ({len(scores)})": mean_of(score.figures for score in scores)}


def print_table(scores: Sequence[Score], what: str) -> None:
    """For people: a row a clip or photo, then the means."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("clip or photo")
    for label in ("frames", *LABELS):
        table.add_column(label, justify="right", no_wrap=True)
    for score in scores:
        table.add_row(escape(score.name), str(score.frames), *_cells(score.figures))
    table.add_section()
    for name, figures in means(scores).items():
        table.add_row(escape(f"mean of {name}"), "", *_cells(figures))
    # A file or a pipe has no width: rich would take it for a terminal of 80 columns and break the names.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
    console.print(f"{what}; mIoU and bIoU: higher is better, the rest: lower", markup=False, soft_wrap=True)
    console.print(table)


def as_json(scores: Sequence[Score], what: str) -> dict[str, object]:
    """The same for programs: figures by name, null where there are none."""
    return {
        "mattes": what,
        "clips": {s.name: {"frames": s.frames, **_named(s.figures)} for s in scores},
        "means": {name: _named(figures) for name, figures in means(scores).items()} if scores else {},
    }


def _named(figures: Figures) -> dict[str, float | None]:
    return dict(zip(LABELS, figures, strict=True))


def _cells(figures: Figures) -> list[str]:
    return ["-" if value is None else f"{value:.3f}" for value in figures]


class _Tally:
    """The figures of a clip's frames so far, and the worst of the frames."""

    def __init__(self) -> None:
        self.figures: list[Figures] = []
        self.worst: Worst | None = None
        self.size: Size | None = None
        self._before: tuple[Plane, Plane] | None = None

    def add(self, shot: Shot, alpha: Plane, truth: Plane) -> None:
        figures = frame_figures(alpha, truth)
        if self._before is not None:
            before, truth_before = self._before
            figures = figures._replace(dtssd=change_error(alpha, before, truth, truth_before))
        if self.worst is None or figures.mad > self.worst.mad:
            self.worst = Worst(shot.frame.index, figures.mad, shot.frame.picture, truth, alpha)
        self.figures.append(figures)
        self.size = shot.size
        self._before = alpha, truth


def _miscounted(matted: Matted, frames: int) -> ClipError:
    return ClipError(
        f"{matted.pictures[0]} has {frames} frames, but {matted.mattes[0].parent} {len(matted.mattes)} mattes",
        "Every frame needs one matte, in the order of their names.",
    )
