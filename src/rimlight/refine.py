"""Mask to alpha: a fast colour guided filter, a matte curve, and the way up to the frame's resolution.

The guided filter (He, Sun, Tang 2013) explains the mask, window by window, as a linear function of the picture's
colours; drawn with the picture's own pixels, that function has the picture's edges. Its coefficients vary slowly,
so they are found at a third of the guide's size (He and Sun 2015, 'Fast Guided Filter').
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import Planes, resize
from rimlight.settings import Tuning
from rimlight.types import Alpha, Mask, Plane, Size

Floats = NDArray[np.float32]

COARSE = 3
"""Guide pixels to one coefficient each way. 1, 2 and 3 score the same (boundary IoU 0.819, 0.820, 0.821)."""

CHROMA_WEIGHT = 2.0
"""Chroma counts this much more than luma: YUV gives it half of RGB's span (boundary IoU +0.003)."""


def refine(guide: Planes, mask: Mask, tuning: Tuning, out: Alpha) -> Alpha:
    """Writes the matte to `out`, and returns it.

    `mask` is of any lower resolution, `guide` the reduced picture it was made from; `out` has the frame's size.
    """
    coarse = Size(max(1, guide.size.width // COARSE), max(1, guide.size.height // COARSE))
    target = cv2.resize(mask, tuple(coarse), interpolation=cv2.INTER_AREA)
    colors = _floats(guide.shrunk(coarse))
    radius = max(1, round(tuning.edge_radius / COARSE))
    *slopes, offset = guided_coefficients(colors, target, radius, tuning.edge_softness)
    soft = _up(offset, guide.size)
    for slope, plane in zip(slopes, _floats(guide), strict=True):
        soft = cv2.add(soft, cv2.multiply(_up(slope, guide.size), plane))
    levels: Plane = cv2.LUT(_levels(soft), matte_curve(tuning.curve_low, tuning.curve_high))
    return Alpha(resize(levels, Size(out.shape[1], out.shape[0]), out))


def guided_coefficients(
    guide: tuple[Floats, Floats, Floats], target: Floats, radius: int, softness: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Slopes for three colours, and an offset, that best give `target` in each window; averaged over windows.

    All arrays are (h, w) float32; windows are 2 * radius + 1 pixels wide; `softness` is the ridge that keeps flat
    windows flat, in squared units of the guide.
    """
    means = [_window(color, radius) for color in guide]
    mean = _window(target, radius)
    with_target = [_covariance(c, m, target, mean, radius) for c, m in zip(guide, means, strict=True)]
    (yy, yu, yv), (uu, uv), (vv,) = (
        [_covariance(guide[i], means[i], guide[j], means[j], radius) for j in range(i, 3)] for i in range(3)
    )
    slopes = _solve((yy + softness, yu, yv, uu + softness, uv, vv + softness), with_target)
    offset = mean - sum(slope * m for slope, m in zip(slopes, means, strict=True))
    y, u, v, o = (_window(part, radius) for part in (*slopes, offset))
    return y, u, v, o


@cache
def matte_curve(low: float, high: float) -> Plane:
    """Table of 256 levels: 0 up to `low`, 255 from `high`, a smooth step between (3t^2 - 2t^3)."""
    t = np.clip((np.arange(256) / 255 - low) / (high - low), 0, 1)
    return np.rint(255 * t * t * (3 - 2 * t)).astype(np.uint8)


def _solve(matrix: Sequence[Floats], right: Sequence[Floats]) -> list[Floats]:
    """The symmetric 3x3 system of each pixel, its upper triangle given by rows; by cofactors."""
    yy, yu, yv, uu, uv, vv = matrix
    rows = (
        (uu * vv - uv * uv, uv * yv - yu * vv, yu * uv - uu * yv),
        (uv * yv - yu * vv, yy * vv - yv * yv, yv * yu - yy * uv),
        (yu * uv - uu * yv, yv * yu - yy * uv, yy * uu - yu * yu),
    )
    determinant = rows[0][0] * yy + rows[0][1] * yu + rows[0][2] * yv
    a, b, c = right
    return [np.divide(row[0] * a + row[1] * b + row[2] * c, determinant, dtype=np.float32) for row in rows]


def _floats(planes: Planes) -> tuple[Floats, Floats, Floats]:
    """Levels as 0..1 (luma) and 0..CHROMA_WEIGHT (chroma)."""
    y, u, v = (
        cv2.multiply(plane, weight / 255, dtype=cv2.CV_32F)
        for plane, weight in zip(planes, (1.0, CHROMA_WEIGHT, CHROMA_WEIGHT), strict=True)
    )
    return y, u, v


def _window(values: Floats, radius: int) -> Floats:
    side = 2 * radius + 1
    mean: Floats = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101)
    return mean


def _covariance(a: Floats, mean_a: Floats, b: Floats, mean_b: Floats, radius: int) -> Floats:
    covariance: Floats = _window(a * b, radius) - mean_a * mean_b
    return covariance


def _up(values: Floats, size: Size) -> Floats:
    larger: Floats = cv2.resize(values, tuple(size), interpolation=cv2.INTER_LINEAR)
    return larger


def _levels(soft: Floats) -> Plane:
    """0..1 to 0..255, rounded; what lies outside is clipped."""
    levels: Plane = cv2.multiply(soft, 255.0, dtype=cv2.CV_8U)
    return levels
