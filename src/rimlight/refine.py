"""Mask to alpha: a fast colour guided filter and a matte curve, at the reduced picture's resolution.

The guided filter (He, Sun, Tang 2013) explains the mask, window by window, as a linear function of the picture's
colours; drawn with the picture's own pixels, that function has the picture's edges. Its coefficients vary slowly,
so they are found at a quarter of the guide's size (He and Sun 2015, 'Fast Guided Filter').
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import resize, shrink, shrunk, size_of
from rimlight.region import Region, whole
from rimlight.settings import Tuning
from rimlight.types import Alpha, Mask, Plane, Planes, Size

Floats = NDArray[np.float32]

COARSE = 4
"""Guide pixels to one coefficient each way. 1 to 5 score the same (boundary IoU 0.823 at 3 and 5)."""

CHROMA_WEIGHT = 2.0
"""Chroma counts this much more than luma: YUV gives it half of RGB's span (boundary IoU +0.003)."""

_RIDGES = (255.0**2, (255 / CHROMA_WEIGHT) ** 2, (255 / CHROMA_WEIGHT) ** 2)
"""A variance of 1.0 in levels squared, for y, u and v: what counts more has the lesser ridge."""


class Refiner:
    """Draws mattes with the edges of the picture.

    Keeps no memory from one frame to the next: what was just let go of lies in the processor's cache, what was kept
    through a frame no longer does (0.5 ms instead of 0.8 at 384 pixels, 1.35 instead of 1.9 at 640).
    """

    def __init__(self, tuning: Tuning) -> None:
        self._reach = tuning.edge_reach
        self._softness = tuning.edge_softness
        self._curve = matte_curve(tuning.curve_low, tuning.curve_high)

    def refine(self, guide: Planes, mask: Mask) -> Alpha:
        """The matte at the guide's size, in new memory, for a mask of any lower resolution."""
        wide, high = guide.size
        size = Size(max(1, wide // COARSE), max(1, high // COARSE))
        radius = max(1, round(self._reach * max(wide, high) / COARSE))
        target = shrink(cv2.convertScaleAbs(mask, alpha=255), size)
        part = _reached(target, guide.size, 2 * radius)
        values = [part.of(plane, COARSE) for plane in (*shrunk(guide, size), target)]
        # 16 bits hold the product of two levels.
        coefficients = fit(np.stack(values, dtype=np.uint16), radius, self._softness)
        alpha = np.zeros((high, wide), np.uint8)
        drawn = part.of(alpha)
        draw(coefficients, part.of(guide.y), part.of(guide.u, 2), part.of(guide.v, 2), drawn)
        cv2.LUT(drawn, self._curve, drawn)
        return Alpha(alpha)


def _reached(target: Plane, guide: Size, reach: int) -> Region:
    """Where the matte of a guide of this size may be more than 0: `reach` of the target's pixels round what is.

    Farther off all windows are without target, so that what is found there is 0 whatever lies beyond.
    """
    if guide.width % COARSE or guide.height % COARSE:
        # At least one coarse pixel; planes end where they end.
        return whole(Size(*(max(side, COARSE) for side in guide.even)))
    left, top, width, height = cv2.boundingRect(target)
    # One more, as far as bilinear scaling looks.
    margin = reach + 1
    right, bottom = (left + width + margin) * COARSE, (top + height + margin) * COARSE
    left, top = max(0, left - margin) * COARSE, max(0, top - margin) * COARSE
    return Region(left, top, min(right, guide.width), min(bottom, guide.height))


def fit(values: NDArray[np.uint16], radius: int, softness: float) -> list[Floats]:
    """Least squares in each window of 2 * radius + 1 pixels: offset and slopes of y, u and v, (h, w) each.

    These are averaged over such windows again. `values` are (y, u, v, target), (4, h, w).
    """
    window = (2 * radius + 1, 2 * radius + 1)
    sums = np.empty((4, *values.shape), np.float32)
    for number, plane in enumerate(values):
        cv2.boxFilter(plane, cv2.CV_32F, window, sums[0, number])
    for one, ridge in enumerate(np.float32(softness * ridge) for ridge in _RIDGES):
        for other, product in enumerate(values[one] * values[one:], one):
            cv2.boxFilter(product, cv2.CV_32F, window, sums[one + 1, other])
        sums[one + 1, one:] -= sums[0, one] * sums[0, one:]
        sums[one + 1, one] += ridge
    return [cv2.blur(plane, window) for plane in _solve(sums)]


def draw(coefficients: list[Floats], y: Plane, u: Plane, v: Plane, out: Plane) -> None:
    """The linear function of each window with the guide's own pixels: chroma's part at chroma's size."""
    offset, *slopes = coefficients
    chroma = resize(offset, size_of(u))
    for slope, plane in zip(slopes[1:], (u, v), strict=True):
        larger = resize(slope, size_of(u))
        chroma += np.multiply(larger, plane, larger, dtype=np.float32)
    luma = resize(slopes[0], size_of(y))
    np.multiply(luma, y, luma, dtype=np.float32)
    # Half the time of cv2.add, which converts each operand first.
    cv2.addWeighted(resize(chroma, size_of(y)), 1, luma, 1, 0, out, dtype=cv2.CV_8U)


def _solve(sums: Floats) -> Floats:
    """By elimination, in place: each pixel's offset and slopes, (4, h, w).

    `sums` are (4, 4, h, w): in the first row the means of y, u, v and the target, in the others the covariances of
    y, u and v with these; what lies left of the diagonal is not read.
    """
    for done in (1, 2):
        for row in range(done + 1, 4):
            factor = sums[done, row - 1] / sums[done, done - 1]
            sums[row, row - 1 :] -= factor * sums[done, row - 1 :]
    answer = sums[:, 3]
    for row in (3, 2, 1):
        answer[row] /= sums[row, row - 1]
        answer[:row] -= answer[row] * sums[:row, row - 1]
    return answer


@cache
def matte_curve(low: float, high: float) -> Plane:
    """Table of 256 levels: 0 up to `low`, 255 from `high`, a smooth step between (3t^2 - 2t^3)."""
    t = np.clip((np.arange(256) / 255 - low) / (high - low), 0, 1)
    return np.rint(255 * t * t * (3 - 2 * t)).astype(np.uint8)
