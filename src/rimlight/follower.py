"""Follows the person with a box, so that the model's few pixels are spent where the person is.

The box changes seldom and in steps: a model that sees another part of the picture each frame gives another mask
each frame. Wherever the person is nearly as large as the picture there is no box.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from rimlight.region import Region
from rimlight.types import Mask, Size

MARGIN = 0.4
"""Room kept round the person, as a part of the longer side of the person's box. The model needs to see where the
person ends: 0.25 loses 0.09 boundary IoU on keyed clips; 0.6 gives half of the gain."""

ENOUGH = 0.75
"""A box with this part of the picture's area or more is not worth having: newcomers would be seen later, and a
closer look takes a coat on its stand for a person (the sitter's `coat`: MAD 4.4 to 44.9)."""

ENOUGH_OF_TWO = 0.9
"""The same where a second view has its say, which knows the coat for what it is."""

INTERVAL = 0.5
"""Seconds after which the whole picture is looked at again: whoever came in is found, and the box shrinks."""

STEP = 0.1
"""A part of the box's longer side by which a better box has to differ on some side, before it is taken."""

_PERSON = 0.5
_LEAST = 0.002
"""Part of the picture below which what was found is nobody."""


class Sides(NamedTuple):
    """A part of a picture: its left, top, right and bottom as shares of the picture's sides."""

    left: float
    top: float
    right: float
    bottom: float

    def of(self, size: Size) -> Region:
        """The same in even pixels of a picture of this size; never empty."""
        left, top = (
            min(2 * round(share * side / 2), side // 2 * 2 - 2) for share, side in zip(self[:2], size, strict=True)
        )
        right, bottom = (
            min(max(2 * round(share * side / 2), least + 2), side // 2 * 2)
            for share, side, least in zip(self[2:], size, (left, top), strict=True)
        )
        return Region(left, top, right, bottom)


class Follower:
    """Says what part of the picture the model should see next. One for each camera or clip."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets where the person was: the whole picture is looked at."""
        self._box: Sides | None = None
        self._looked: float | None = None

    def part(self, at: float) -> Sides | None:
        """What to look at, at the time `at` (seconds); None: all of the picture."""
        if self._looked is None or not 0 <= at - self._looked < INTERVAL:
            self._looked = at
            return None
        return self._box

    def seen(self, mask: Mask, part: Sides | None, enough: float = ENOUGH) -> None:
        """Takes the mask of the whole picture that was found by looking at `part`.

        No box is kept that has a part of `enough` of the picture's area.
        """
        found = _box_of(mask)
        if found is None:
            self.reset()
            return
        if part is None:
            wanted = _padded(found, mask, MARGIN)
            if self._box is None or _differs(self._box, wanted):
                self._box = None if _area(wanted) >= enough else wanted
        elif not _holds(part, _padded(found, mask, MARGIN / 2)):
            self.reset()


def _box_of(mask: Mask) -> Sides | None:
    person = (mask > _PERSON).view(np.uint8)
    if cv2.countNonZero(person) < _LEAST * person.size:
        return None
    left, top, width, height = cv2.boundingRect(person)
    high, wide = mask.shape
    return Sides(left / wide, top / high, (left + width) / wide, (top + height) / high)


def _padded(box: Sides, mask: Mask, margin: float) -> Sides:
    high, wide = mask.shape
    left, top, right, bottom = box
    room = margin * max((right - left) * wide, (bottom - top) * high)
    across, down = room / wide, room / high
    return Sides(max(0.0, left - across), max(0.0, top - down), min(1.0, right + across), min(1.0, bottom + down))


def _area(box: Sides) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _differs(box: Sides, other: Sides) -> bool:
    side = max(box[2] - box[0], box[3] - box[1])
    return any(abs(one - two) > STEP * side for one, two in zip(box, other, strict=True))


def _holds(box: Sides, inner: Sides) -> bool:
    return all(box[n] <= inner[n] for n in (0, 1)) and all(box[n] >= inner[n] for n in (2, 3))
