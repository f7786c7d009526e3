"""The matting field's figures: how far mattes are from reference mattes. 8-bit mattes in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from statistics import fmean
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.types import Plane

Flags = NDArray[np.bool_]
"""True or false for each pixel, (h, w)."""

LABELS = ("mIoU", "bIoU", "MAD", "MSE", "Grad", "Conn", "dtSSD")
"""What the fields of `Figures` are called where people read them."""

_EDGE = 0.02
"""How far boundary IoU looks inside the edge, as a part of the picture's diagonal (Cheng 2021)."""
_SIGMA = 1.4
"""Pixels: the Gaussian of the gradient error (Rhemann 2009)."""
_SOBEL = 1 / 8
"""Makes Sobel's sum of weighted differences a slope."""
_STEPS = 10
"""Levels of the connectivity error (Rhemann 2009: steps of 0.1)."""
_BYTE = 255


class Figures(NamedTuple):
    """Over the whole picture, not over an unknown band alone. Better is higher for the first two, else lower."""

    miou: float
    """Mean of the person's and the background's intersection over union at 0.5, 0..1."""
    biou: float
    """Boundary IoU: the same for the pixels within 2 % of the diagonal inside the person's edge, 0..1."""
    mad: float
    """Mean absolute difference of alpha (0..1), x 1000."""
    mse: float
    """Mean squared difference of alpha, x 1000."""
    grad: float
    """Mean squared difference of gradient magnitude (Sobel after a Gaussian of 1.4 pixels), x 100 000."""
    conn: float
    """Connectivity error, sum over the picture / 1000, so larger pictures have larger ones."""
    dtssd: float | None = None
    """Root mean square of the difference of change since the frame before (flicker), x 100; None without one."""


def frame_figures(alpha: Plane, truth: Plane) -> Figures:
    """How far one matte is from its reference, both (H, W) uint8; `dtssd` is None."""
    person, true_person = alpha > _BYTE // 2, truth > _BYTE // 2
    part = _surroundings(cv2.max(alpha, truth))
    width = max(1, round(_EDGE * math.hypot(*truth.shape)))
    edges = (boundary(np.ascontiguousarray(mask[part]), width) for mask in (person, true_person))
    return Figures(
        miou=(overlap(person, true_person) + overlap(~person, ~true_person)) / 2,
        biou=overlap(*edges),
        mad=cv2.norm(alpha, truth, cv2.NORM_L1) / truth.size / _BYTE * 1e3,
        mse=cv2.norm(alpha, truth, cv2.NORM_L2SQR) / truth.size / _BYTE**2 * 1e3,
        grad=cv2.norm(_gradient(alpha), _gradient(truth), cv2.NORM_L2SQR) / truth.size * 1e5,
        conn=connectivity_error(alpha[part], truth[part]),
    )


def change_error(alpha: Plane, before: Plane, truth: Plane, truth_before: Plane) -> float:
    """The dtSSD of two frames that follow each other, all (H, W) uint8."""
    change = cv2.subtract(alpha, before, dtype=cv2.CV_16S)
    true_change = cv2.subtract(truth, truth_before, dtype=cv2.CV_16S)
    error: float = cv2.norm(change, true_change, cv2.NORM_L2)
    return error / math.sqrt(truth.size) / _BYTE * 100


def mean_of(figures: Iterable[Figures]) -> Figures:
    """Each figure's mean over those that have it. Raises ValueError if there are none at all."""
    columns = [[value for value in column if value is not None] for column in zip(*figures, strict=True)]
    if not columns:
        raise ValueError("the mean of no figures")
    *means, changes = columns
    return Figures(*(fmean(column) for column in means))._replace(dtssd=fmean(changes) if changes else None)


def overlap(a: Flags, b: Flags) -> float:
    """Intersection over union, 1 where both are empty."""
    union = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / union if union else 1.0


def boundary(mask: Flags, width: int) -> Flags:
    """Pixels of a mask, (h, w), within `width` pixels (at least 1) of what is not in it; a border is no edge.

    Exactly those that erosion by OpenCV's ellipse of 2 * width + 1 pixels takes away, at a quarter of its time at
    720p: the ellipse holds all pixels no farther than `width` and a few that are up to half a pixel farther, so
    distances decide but for a thin ring, and there those few are looked up.
    """
    distance = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near: Flags = mask & (distance < math.sqrt(width * width + 0.5))
    rows, columns = np.nonzero(mask & ~near & (distance < math.sqrt(width * width + width + 0.5)))
    height, length = mask.shape
    # Outside of the picture counts what is at its border, which is nearer and so in the ellipse as well.
    for y, x in _beyond(width):
        outside = ~mask[np.clip(rows + y, 0, height - 1), np.clip(columns + x, 0, length - 1)]
        near[rows[outside], columns[outside]] = True
    return near


def connectivity_error(alpha: Plane, truth: Plane) -> float:
    """How much hangs loose (Rhemann 2009), both (h, w) uint8, with the constants that matting papers print it with.

    A pixel hangs on to level l: the highest tenth up to which it is, level by level, in the largest 4-connected
    region where both mattes reach that level. Whatever of alpha is 0.15 or more above l is loose. The error is the
    absolute difference of what is loose in the two, summed over all pixels, / 1000.
    """
    held = _held(cv2.min(alpha, truth))
    # In 2550ths everything is a whole number: alpha is byte / 255, levels are tenths.
    tied = held.astype(np.int16) * _BYTE
    loose, truly_loose = (_STEPS * matte.astype(np.int16) - tied for matte in (alpha, truth))
    least = 0.15 * _STEPS * _BYTE
    loose[loose < least] = 0
    truly_loose[truly_loose < least] = 0
    return float(np.abs(loose - truly_loose).sum(dtype=np.int64)) / (_STEPS * _BYTE) / 1000


def _held(both: Plane) -> Plane:
    """To which level, 0..10, each pixel hangs on to the largest region; `both` is the lower of two mattes."""
    held, holds = np.zeros(both.shape, np.uint8), np.ones(both.shape, np.bool_)
    for step in range(1, _STEPS + 1):
        level = -(-step * _BYTE // _STEPS)
        count, regions = cv2.connectedComponents((both >= level).view(np.uint8), connectivity=4)
        if count == 1:
            break
        largest = 1 if count == 2 else 1 + int(np.argmax(np.bincount(regions.ravel())[1:]))
        holds &= regions == largest
        held += holds.view(np.uint8)
    return held


def _gradient(alpha: Plane) -> NDArray[np.float32]:
    """Magnitude of the gradient of alpha (0..1) in 1 / pixel."""
    smooth = cv2.GaussianBlur(alpha.astype(np.float32) / _BYTE, (0, 0), _SIGMA)
    magnitude: NDArray[np.float32] = cv2.magnitude(
        cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=_SOBEL), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=_SOBEL)
    )
    return magnitude


def _surroundings(matte: Plane) -> tuple[slice, slice]:
    """The rows and columns in which anything is, and one more on each side: beyond, edges and regions are none."""
    left, top, width, height = cv2.boundingRect(matte)
    return slice(max(0, top - 1), top + height + 1), slice(max(0, left - 1), left + width + 1)


@cache
def _beyond(width: int) -> list[tuple[int, int]]:
    """The (y, x) of OpenCV's ellipse that are farther from its middle than `width`."""
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    places = (np.argwhere(ellipse) - width).tolist()
    return [(y, x) for y, x in places if y * y + x * x > width * width]
