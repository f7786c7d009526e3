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

from rimlight.picture import shrink, shrunk
from rimlight.settings import Tuning
from rimlight.types import Alpha, Mask, Plane, Planes, Size

Floats = NDArray[np.float32]

COARSE = 4
"""Guide pixels to one coefficient each way. 1 to 5 score the same (boundary IoU 0.823 at 3 and 5)."""

CHROMA_WEIGHT = 2.0
"""Chroma counts this much more than luma: YUV gives it half of RGB's span (boundary IoU +0.003)."""

_WEIGHTS = (1 / 255, CHROMA_WEIGHT / 255, CHROMA_WEIGHT / 255)
_PRODUCTS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2), (0, 3), (1, 3), (2, 3))
"""Which of (y, u, v, target) are multiplied: the upper triangle of the matrix by rows, then its right side."""


class Refiner:
    """Holds the memory that one frame after the other is refined in: fresh memory would cost more than the work."""

    def __init__(self, tuning: Tuning) -> None:
        self._reach = tuning.edge_reach
        self._softness = tuning.edge_softness
        self._curve = matte_curve(tuning.curve_low, tuning.curve_high)
        self._fit = _Fit(Size(1, 1))
        self._soft = self._part = self._nothing = np.empty((1, 1), np.float32)

    def refine(self, guide: Planes, mask: Mask) -> Alpha:
        """The matte at the guide's size, for a mask of any lower resolution. Valid until the next call."""
        self._prepare(guide)
        fit = self._fit
        for plane, weight, target in zip(shrunk(guide, fit.size), _WEIGHTS, fit.values, strict=False):
            np.multiply(plane, np.float32(weight), target)
        np.copyto(fit.values[3], shrink(mask, fit.size))
        *slopes, offset = fit.coefficients(self._radius(guide), self._softness)
        self._draw(guide, slopes, offset)
        return Alpha(cv2.LUT(cv2.add(self._soft, self._nothing, dtype=cv2.CV_8U), self._curve))

    def _radius(self, guide: Planes) -> int:
        return max(1, round(self._reach * max(guide.size) / COARSE))

    def _prepare(self, guide: Planes) -> None:
        size = guide.size
        if self._soft.shape != guide.y.shape:
            self._fit = _Fit(Size(max(1, size.width // COARSE), max(1, size.height // COARSE)))
            self._soft, self._part = np.empty(guide.y.shape, np.float32), np.empty(guide.y.shape, np.float32)
            self._nothing = np.zeros(guide.y.shape, np.float32)

    def _draw(self, guide: Planes, slopes: list[Floats], offset: Floats) -> None:
        """The linear function of each window, in levels, with the guide's own pixels: chroma's at chroma's size."""
        soft, part = self._soft, self._part
        chroma = _up(offset * np.float32(255), guide.u)
        for slope, plane, weight in zip(slopes[1:], guide[1:], _WEIGHTS[1:], strict=True):
            chroma += _up(slope * np.float32(255 * weight), plane) * plane
        size = tuple(guide.size)
        cv2.resize(chroma, size, soft, interpolation=cv2.INTER_LINEAR)
        cv2.resize(slopes[0] * np.float32(255 * _WEIGHTS[0]), size, part, interpolation=cv2.INTER_LINEAR)
        np.multiply(part, guide.y, part, dtype=np.float32)
        cv2.add(soft, part, soft)


class _Fit:
    """Least squares in each window: `values` (y, u, v, target), each (h, w), to three slopes and an offset."""

    def __init__(self, size: Size) -> None:
        self.size = size
        shape = (size.height, size.width)
        count = 4 + len(_PRODUCTS)
        self.values = np.empty((count, *shape), np.float32)
        self._means = np.empty((count, *shape), np.float32)
        self._answer = np.empty((4, *shape), np.float32)

    def coefficients(self, radius: int, softness: float) -> list[Floats]:
        """Averaged over windows of 2 * radius + 1 pixels; `softness` is the ridge that keeps flat windows flat."""
        values, means, answer = self.values, self._means, self._answer
        for number, (one, other) in enumerate(_PRODUCTS, 4):
            np.multiply(values[one], values[other], values[number])
        _windows(values, radius, means)
        covariances = [means[n] - means[a] * means[b] for n, (a, b) in enumerate(_PRODUCTS, 4)]
        answer[:3] = _solve(covariances[:6], covariances[6:], np.float32(softness))
        np.copyto(answer[3], means[3])
        for slope, mean in zip(answer[:3], means[:3], strict=True):
            answer[3] -= slope * mean
        return list(_windows(answer, radius, means[:4]))


@cache
def matte_curve(low: float, high: float) -> Plane:
    """Table of 256 levels: 0 up to `low`, 255 from `high`, a smooth step between (3t^2 - 2t^3)."""
    t = np.clip((np.arange(256) / 255 - low) / (high - low), 0, 1)
    return np.rint(255 * t * t * (3 - 2 * t)).astype(np.uint8)


def _up(values: Floats, like: Plane) -> Floats:
    larger: Floats = cv2.resize(values, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_LINEAR)
    return larger


def _windows(stack: Floats, radius: int, out: Floats) -> Floats:
    side = (2 * radius + 1, 2 * radius + 1)
    for values, mean in zip(stack, out, strict=True):
        cv2.blur(values, side, mean)
    return out


def _solve(matrix: list[Floats], right: list[Floats], ridge: np.float32) -> tuple[Floats, Floats, Floats]:
    """The symmetric 3x3 system of each pixel, by elimination; the ridge is added to the diagonal."""
    yy, yu, yv, uu, uv, vv = matrix
    y, u, v = right
    yy, uu, vv = yy + ridge, uu + ridge, vv + ridge
    f, g = cv2.divide(yu, yy), cv2.divide(yv, yy)
    uu, uv, u = uu - f * yu, uv - f * yv, u - f * y
    vv, v = vv - g * yv, v - g * y
    h = cv2.divide(uv, uu)
    slope_v = cv2.divide(v - h * u, vv - h * uv)
    slope_u = cv2.divide(u - uv * slope_v, uu)
    slope_y = cv2.divide(y - yu * slope_u - yv * slope_v, yy)
    return slope_y, slope_u, slope_v
