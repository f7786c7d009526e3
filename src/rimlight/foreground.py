"""The person's own colours at the edge, where the camera mixed them with the old room.

A pixel of the edge is I = aF + (1 - a)B. With F and B taken from the surely inner and surely outer pixels near by
(blur fusion; Forte 2021, 'Approximate Fast Foreground Colour Estimation'), F = I + (1 - a)(F - B) takes the old
room out of I and leaves the person's texture in.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.composite import half_alpha
from rimlight.picture import shrink, shrunk
from rimlight.types import Alpha, Cut, Picture, Plane, Size

REACH = 1 / 40
"""How far colours are fetched from, as a part of the long side: wider than the softest edge, hair."""

COARSE = 3
"""Reduced pixels to one estimate each way: the two colours vary slowly, edges are drawn by alpha at full size."""


def clean(cut: Cut) -> Picture:
    """The picture with the old room's spill taken out of its edge; in new memory.

    Equal to the picture where alpha is 255. Where it is 0 the colours mean nothing.
    """
    size = Size(*(max(1, side // COARSE) for side in cut.planes.size))
    inside = cv2.multiply(shrink(cut.small, size), 1 / 255, dtype=cv2.CV_32F)
    radius = max(1, round(REACH * max(size)))
    cleaned = Picture.empty(cut.picture.size, cut.picture.color)
    outside, half_outside = cv2.bitwise_not(cut.alpha), cv2.bitwise_not(half_alpha(cut.alpha))
    for plane, small, target, share in zip(
        cut.picture.planes,
        shrunk(cut.planes, size),
        cleaned.planes,
        (outside, half_outside, half_outside),
        strict=True,
    ):
        _shift(plane, _spill(small, inside, radius), share, target)
    return cleaned


def _spill(plane: Plane, inside: NDArray[np.float32], radius: int) -> NDArray[np.int16]:
    """Person's colour minus room's colour around each pixel, in levels."""
    difference = _mean_where(plane, inside * inside, radius) - _mean_where(plane, (1 - inside) ** 2, radius)
    spill: NDArray[np.int16] = np.rint(difference).astype(np.int16)
    return spill


def _mean_where(plane: Plane, weight: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Mean of the plane near each pixel, counted by weight; the weighted mean of all where none is near."""
    side = (2 * radius + 1, 2 * radius + 1)
    overall = float((plane * weight).sum() / max(float(weight.sum()), 1e-6))
    faint = np.float32(1e-4)
    near = cv2.blur(plane * weight, side) + faint * np.float32(overall)
    mean: NDArray[np.float32] = near / (cv2.blur(weight, side) + faint)
    return mean


def _shift(plane: Plane, spill: NDArray[np.int16], share: Alpha, out: Plane) -> None:
    size = Size(plane.shape[1], plane.shape[0])
    at_size = cv2.resize(spill, tuple(size), interpolation=cv2.INTER_LINEAR)
    correction = cv2.multiply(at_size, share, scale=1 / 255, dtype=cv2.CV_16S)
    cv2.add(plane, correction, out, dtype=cv2.CV_8U)
