"""A contact sheet: small pictures in rows, each with its name. Arrays in, array out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rimlight.sheet import GAP, INK, LABEL, PANEL, fitted, letters, paper, write
from rimlight.types import Bgr, Size

MOST = 500
"""Pictures on a sheet: in eight columns, 63 rows of 308 pixels are what a JPEG and an eye can still take."""
_WIDEST = 8
"""Columns."""
_WIDER = 1.3
"""Columns to a row: sheets are wider than they are high, as screens are."""
_LETTERS = 16
_FEWEST = 4
"""Letters of a name that are left of it at least."""


class Small(NamedTuple):
    """A picture that was made small for the sheet, and its name."""

    name: str
    picture: Bgr


def small(name: str, bgr: Bgr) -> Small:
    """Of a picture of any size, (H, W, 3)."""
    return Small(name, fitted(bgr))


def contact_sheet(pictures: Sequence[Small]) -> Bgr:
    """One to `MOST` pictures in rows from left to right, in their order, names below; (h, w, 3)."""
    columns = min(_WIDEST, len(pictures), math.ceil(math.sqrt(_WIDER * len(pictures))))
    rows = [pictures[first : first + columns] for first in range(0, len(pictures), columns)]
    return np.vstack([*(_row(row, columns) for row in rows), paper(Size(_left(columns), GAP))])


def _row(pictures: Sequence[Small], columns: int) -> Bgr:
    drawn = paper(Size(_left(columns), GAP + PANEL.height + LABEL))
    for column, (name, picture) in enumerate(pictures):
        height, width = picture.shape[:2]
        left = _left(column) + (PANEL.width - width) // 2
        top = GAP + (PANEL.height - height) // 2
        drawn[top : top + height, left : left + width] = picture
        write(drawn, _shortened(name), (_left(column), GAP + PANEL.height + LABEL - 9), _LETTERS, INK)
    return drawn


def _left(column: int) -> int:
    return GAP + column * (PANEL.width + GAP)


def _shortened(name: str) -> str:
    """Without its middle, if it is wider than a panel: beginnings and endings tell names apart."""
    keep, shown = len(name), name
    while keep > _FEWEST and letters(shown, _LETTERS) > PANEL.width:
        keep -= 1
        shown = f"{name[: -(-keep // 2)]}...{name[len(name) - keep // 2 :]}"
    return shown
