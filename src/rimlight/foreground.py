"""The person's own colours at the edge, where the camera mixed them with the old room.

A pixel of the edge is I = aF + (1 - a)B. With F and B taken from the surely inner and surely outer pixels near by
(blur fusion; Forte 2021, 'Approximate Fast Foreground Colour Estimation') and D = F - B their difference, which
varies slowly, F = I + (1 - a)D takes the old room out of I and leaves the person's texture in. On a plate P that is

    aF + (1 - a)P = aI + (1 - a)(P + aD),

so that a composite needs no other picture of the person, only a plate with aD added.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import resize, shrink, shrunk
from rimlight.types import Alpha, Cut, Picture, Size

Floats = NDArray[np.float32]

_MIDDLE = 128
"""Shifts travel as bytes around this level: a quarter of a signed word's cost, and more than 127 never shows."""

REACH = 1 / 40
"""How far colours are fetched from, as a part of the long side: wider than the softest edge, hair."""

COARSE = 3
"""Reduced pixels to one estimate of D each way."""


def clean(cut: Cut) -> Picture:
    """The picture with the old room's spill taken out of its edge; in new memory.

    Equal to the picture where alpha is 255. Where it is 0 the colours mean nothing.
    """
    return _shifted(cut.picture, cut, Alpha(cv2.bitwise_not(cut.small)), None)


def against_spill(plate: Picture, cut: Cut, out: Picture | None = None) -> Picture:
    """The plate that makes the composite with `cut.picture` one with its clean colours; written to `out`.

    Equal to the plate where alpha is 0. `out`, else new memory, has the plate's size and is not the plate.
    """
    return _shifted(plate, cut, cut.small, out)


def _shifted(base: Picture, cut: Cut, share: Alpha, out: Picture | None) -> Picture:
    """`base` + `share` * D, `share` being 0..255 at reduced size."""
    out = out or Picture.empty(base.size, base.color)
    weight: Floats = cv2.multiply(share, 1 / 255, dtype=cv2.CV_32F)
    middle = np.full_like(weight, _MIDDLE)
    for plane, target, difference in zip(base.planes, out.planes, _differences(cut), strict=True):
        whole: Floats = cv2.resize(difference, (share.shape[1], share.shape[0]), interpolation=cv2.INTER_LINEAR)
        cv2.multiply(whole, weight, whole)
        shift = resize(cv2.add(whole, middle, dtype=cv2.CV_8U), Size(target.shape[1], target.shape[0]))
        cv2.addWeighted(plane, 1, shift, 1, -_MIDDLE, target)
    return out


def _differences(cut: Cut) -> list[Floats]:
    """Person's colour minus room's colour around each pixel, in levels: Y, U and V, (h, w) float32, coarse."""
    size = Size(*(max(1, side // COARSE) for side in cut.planes.size))
    inside: Floats = cv2.multiply(shrink(cut.small, size), 1 / 255, dtype=cv2.CV_32F)
    radius = max(1, round(REACH * max(size)))
    planes = [plane.astype(np.float32) for plane in shrunk(cut.planes, size)]
    person, room = _means(planes, inside * inside, radius), _means(planes, (1 - inside) ** 2, radius)
    return [one - other for one, other in zip(person, room, strict=True)]


def _means(planes: list[Floats], weight: Floats, radius: int) -> list[Floats]:
    """Mean of each plane near each pixel, counted by weight; the weighted mean of all where none is near."""
    side = (2 * radius + 1, 2 * radius + 1)
    faint = np.float32(1e-4)
    total = float(weight.sum()) + 1e-6
    near = cv2.blur(weight, side) + faint
    return [
        cv2.divide(cv2.blur(part, side) + faint * np.float32(float(part.sum()) / total), near)
        for part in (plane * weight for plane in planes)
    ]
