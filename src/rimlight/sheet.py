"""A sheet of pictures that shows at a glance where mattes differ from their references. Arrays in, array out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from rimlight.types import Bgr, Plane, Size

PANEL = Size(360, 270)
"""Of each picture on the sheet, proportions kept: five in a row fit a common screen."""
ZOOM = 4
GAP = 8
LABEL = 30
"""Pixels above each row for its label."""
HEAD = 64
"""Pixels above all rows for what the columns show."""

COLUMNS = (
    ("input", "the frame with the largest MAD; box: edge"),
    ("reference", ""),
    ("matte", ""),
    (f"edge at {ZOOM}00 %", "cut out by the matte; yellow: reference"),
    ("difference", "red: too much, blue: missing"),
)

Ink = tuple[int, int, int]
"""Blue, green, red, 0..255."""

_PAPER, INK, SOFT_INK = (34, 30, 28), (245, 245, 245), (170, 165, 160)
_CLOTH = (120, 96, 24)
"""Over what is cut away: no skin, hair or wall has this colour."""
_CLOTH_COVER = 0.8
"""Of 1: what is missing is to be recognised."""
_YELLOW = (40, 230, 255)
_TOO_MUCH, _MISSING = (48, 48, 255), (255, 150, 32)
_DIMMED = 0.3
"""Brightness that the input keeps under the difference: enough to see where one is."""


class Example(NamedTuple):
    """One frame to look at."""

    label: str
    picture: Bgr
    """(H, W, 3)"""
    truth: Plane
    """The reference matte, (H, W)."""
    alpha: Plane
    """The matte, (H, W)."""


def sheet(rows: Sequence[Bgr]) -> Bgr:
    """The rows, each from `row`, below each other, under the names of their columns; (h, w, 3)."""
    head = paper(Size(_left(len(COLUMNS)), HEAD))
    for column, (name, legend) in enumerate(COLUMNS):
        write(head, name, (_left(column), 30), 20, INK)
        write(head, legend, (_left(column), 54), 15, SOFT_INK)
    return np.vstack([head, *rows])


def row(example: Example) -> Bgr:
    """Input, reference, matte, edge and difference of one frame side by side, under its label; (h, w, 3)."""
    box = worst_place(example.alpha, example.truth)
    panels = (
        _boxed(example.picture, box),
        fitted(cv2.cvtColor(example.truth, cv2.COLOR_GRAY2BGR)),
        fitted(cv2.cvtColor(example.alpha, cv2.COLOR_GRAY2BGR)),
        _zoomed(example, box),
        _difference(example),
    )
    drawn = paper(Size(_left(len(panels)), LABEL + PANEL.height + GAP))
    write(drawn, example.label, (GAP, LABEL - 9), 18, INK)
    for column, panel in enumerate(panels):
        height, width = panel.shape[:2]
        left = _left(column) + (PANEL.width - width) // 2
        drawn[LABEL : LABEL + height, left : left + width] = panel
    return drawn


def worst_place(alpha: Plane, truth: Plane) -> tuple[slice, slice]:
    """The rows and columns, as many as are seen in the zoom, where the mattes, (H, W), differ most."""
    height, width = truth.shape
    wide, high = min(width, PANEL.width // ZOOM), min(height, PANEL.height // ZOOM)
    # Over a third of the window: the middle of the worst is to be in the middle, not at its edge.
    mass = cv2.blur(cv2.absdiff(alpha, truth).astype(np.float32), (max(1, wide // 3), max(1, high // 3)))
    y, x = np.unravel_index(np.argmax(mass), mass.shape)
    left = min(max(0, int(x) - wide // 2), width - wide)
    top = min(max(0, int(y) - high // 2), height - high)
    return slice(top, top + high), slice(left, left + wide)


def _left(column: int) -> int:
    return GAP + column * (PANEL.width + GAP)


def paper(size: Size) -> Bgr:
    """An empty sheet, (h, w, 3)."""
    return np.full((size.height, size.width, 3), _PAPER, np.uint8)


def fitted(bgr: Bgr) -> Bgr:
    """Scaled to a panel's width or height."""
    height, width = bgr.shape[:2]
    ratio = _ratio(bgr)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    scaled: Bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC)
    return scaled


def _ratio(image: Bgr | Plane) -> float:
    height, width = image.shape[:2]
    ratio: float = min(PANEL.width / width, PANEL.height / height)
    return ratio


def _boxed(picture: Bgr, box: tuple[slice, slice]) -> Bgr:
    """The picture with a line around the place that is zoomed."""
    shown, ratio = fitted(picture), _ratio(picture)
    (top, bottom), (left, right) = ((round(s.start * ratio), round(s.stop * ratio) - 1) for s in box)
    for color, width in ((_PAPER, 3), (_YELLOW, 1)):
        cv2.rectangle(shown, (left, top), (right, bottom), color, width)
    return shown


def _zoomed(example: Example, box: tuple[slice, slice]) -> Bgr:
    """What the matte cuts out there, the rest under cloth, with the outline of the reference."""
    away = cv2.convertScaleAbs(255 - example.alpha[box], alpha=_CLOTH_COVER)
    cut = _painted(example.picture[box], _CLOTH, away)
    zoomed: Bgr = cv2.resize(cut, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_NEAREST)
    truth = cv2.resize(example.truth[box], None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC)
    # A margin of what is beyond keeps the outline from running along the panel's own border.
    inside = (cv2.copyMakeBorder(truth, 2, 2, 2, 2, cv2.BORDER_REPLICATE) > 127).astype(np.uint8)
    lines, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=(-2, -2))
    cv2.drawContours(zoomed, lines, -1, _YELLOW, 1, cv2.LINE_AA)
    return zoomed


def _difference(example: Example) -> Bgr:
    """What is too much and what is missing, in colours over the dimmed input."""
    dim = cv2.cvtColor(example.picture, cv2.COLOR_BGR2GRAY)
    shown: Bgr = fitted(cv2.cvtColor(cv2.convertScaleAbs(dim, alpha=_DIMMED), cv2.COLOR_GRAY2BGR))
    # What is one pixel wide is to be seen in a panel of a quarter of the size.
    thick = np.ones((max(1, round(1 / _ratio(dim))),) * 2, np.uint8)
    for more, less, color in ((example.alpha, example.truth, _TOO_MUCH), (example.truth, example.alpha, _MISSING)):
        gap = cv2.dilate(cv2.subtract(more, less), thick)
        shown = _painted(shown, color, fitted(gap))
    return shown


def _painted(bgr: Bgr, color: Ink, cover: Plane) -> Bgr:
    """The picture under paint that covers it where `cover`, (h, w), is 255."""
    weight = cover.astype(np.float32) / 255
    painted: Bgr = cv2.blendLinear(bgr, np.full_like(bgr, color), 1 - weight, weight)
    return painted


@cache
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def write(bgr: Bgr, text: str, start: tuple[int, int], size: int, color: Ink) -> None:
    """Writes from `start` (x, y), the left end of the base line, in letters of `size` pixels."""
    cv2.putText(bgr, text, start, color, _font(), size, 450)


def letters(text: str, size: int) -> int:
    """Pixels that a line of such letters is wide."""
    _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), size, 450)
    return int(width)
