"""Whether the model need look at a picture at all: not while nothing has moved since it last did."""

from __future__ import annotations

import cv2

from rimlight.effort import EARLY
from rimlight.picture import shrink
from rimlight.types import Plane, Planes, Size

COARSE = 4
"""Pixels of the reduced picture each way to one that is compared."""

MOVED = 2.2
"""Levels by which a window of 3x3 such pixels has to change to count as motion. At 720p noise of 8 levels a pixel
changes them by less, an edge of 100 levels that moves by one pixel by 2.4."""

REST = 0.2
"""Seconds after which the model looks though nothing moved: whatever is missed lasts no longer."""


class Watch:
    """Compares each picture with the one that the model saw last."""

    def __init__(self, rest: float = REST) -> None:
        """`rest`: seconds for which, at most, the model is not asked while nothing moves; 0 asks it each time."""
        self._rest = rest
        self.reset()

    def reset(self) -> None:
        """Forgets what the model saw: it is asked about the next picture."""
        self._seen: Plane | None = None
        self._size = Size(0, 0)
        self._at = self._interval_from = 0.0

    def wants(self, planes: Planes, at: float, cadence: float) -> bool:
        """Whether the model is to look at this reduced picture, at the time `at` in seconds; it then does.

        `cadence` is as in `Effort`.
        """
        elapsed, interval = at - self._at, at - self._interval_from
        self._interval_from, early = at, EARLY * interval
        few = shrink(planes.y, Size(*(max(1, side // COARSE) for side in planes.size)))
        if (
            self._seen is not None
            and self._size == planes.size
            and interval >= 0
            and (elapsed < cadence - early or (elapsed < self._rest - early and not _moved(few, self._seen)))
        ):
            return False
        self._seen, self._size, self._at = few, planes.size, at
        return True


def _moved(one: Plane, other: Plane) -> bool:
    change = cv2.boxFilter(cv2.absdiff(one, other), cv2.CV_32F, (3, 3))
    return bool(cv2.norm(change, cv2.NORM_INF) > MOVED)
