"""Two views of the same picture, made one: where they disagree about a whole area, neither may call it person.

The model reads a picture and its mirror image differently. Along an edge the two differ by a pixel, and their mean
is better than either. An area that only one of them takes for person is nearly always a table, a chair or a coat;
but amid the body it is a hole in the other one's mask.
"""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.types import Mask

AREA = 1 / 15
"""Side of the window, as a part of the long side, in which views must differ to differ about an area."""

BODY = 1 / 8
"""Side of the window in which nearly all must be person for its middle to lie amid the body."""

_DIFFERS = (0.05, 0.2)
"""Mean difference in the first window from which, and in full, the lesser view counts."""

_AMID = (0.6, 0.9)
"""Mean probability in the second window from which, and in full, the mean counts after all."""


def agreed(one: Mask, other: Mask) -> Mask:
    """The mean of two masks of one size, but the minimum where they differ about an area outside the body.

    In new memory. Against the mean alone: boundary IoU 0.838 against 0.811 on keyed clips, where leaks of furniture
    are the fault, and 0.813 against 0.823 on the others.
    """
    mean = cv2.addWeighted(one, 0.5, other, 0.5, 0)
    half = cv2.absdiff(mean, one)
    # The difference is twice the distance to the mean.
    lesser = ramp(Mask(2 * _around(half, AREA)), *_DIFFERS)
    lesser *= 1 - ramp(_around(mean, BODY), *_AMID)
    lesser *= half
    mean -= lesser
    return Mask(mean)


def _around(values: Mask, window: float) -> Mask:
    side = max(3, round(window * max(values.shape))) | 1
    around: Mask = cv2.blur(values, (side, side))
    return around


def ramp(values: Mask, low: float, high: float) -> Mask:
    """0 up to `low`, 1 from `high`, a straight line between."""
    return Mask(np.clip((values - np.float32(low)) * np.float32(1 / (high - low)), 0, 1))
