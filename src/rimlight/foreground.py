"""The person's own colours at the edge, where the camera mixed them with the old room.

A pixel of the edge is I = aF + (1 - a)B. With F and B taken from the surely inner and surely outer pixels near by
(blur fusion; Forte 2021, 'Approximate Fast Foreground Colour Estimation') and D = F - B their difference, which
varies slowly, F = I + (1 - a)D takes the old room out of I and leaves the person's texture in. On a plate P that is

    aF + (1 - a)P = aI + (1 - a)P + a(1 - a)D,

so that a composite of the camera's picture needs no other picture of the person, only a shift that is smooth enough
to be made at reduced size.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.composite import half_alpha
from rimlight.picture import resize, shrink, size_of
from rimlight.region import Region, whole
from rimlight.types import Cut, Picture, Planes, Size

Floats = NDArray[np.float32]

COARSE = 2
"""Reduced pixels to one estimate of D each way."""

_NEAR, _WIDE = 3, 5
"""Windows over which colours are averaged: pixels of the estimate, and windows. The wide one, a seventh of a 720p
frame's height, counts where the near one holds next to no sure pixels: in edges as soft as hair."""

_LEANING = np.float32(0.1)
"""What the colours near by count against the pixel's own (0.03 to 0.3 differ by a fiftieth)."""

_WIDE_SHARE, _ALL_SHARE = 0.2, 1e-4
"""Weight of the wide mean, and of the mean of all, against the near one."""


def clean(cut: Cut) -> Picture:
    """The picture with the old room's spill taken out of its edge; in new memory.

    Equal to the picture where alpha is 255. Where it is 0 the colours mean nothing.
    """
    cleaned = Picture.empty(cut.picture.size, cut.picture.color)
    shares = (cut.alpha, *(half_alpha(cut.alpha),) * 2)
    differences = difference(cut, whole(cut.picture.size))
    for plane, target, share, part in zip(cut.picture.planes, cleaned.planes, shares, differences, strict=True):
        shift: Floats = resize(part, size_of(plane))
        cv2.add(plane, shift * (1 - share / np.float32(255)), target, dtype=cv2.CV_8U)
    return cleaned


def difference(cut: Cut, region: Region) -> list[Floats]:
    """Person's colour minus room's around each pixel of the region, in levels: Y, U and V, (h, w) each, coarse.

    The person's colours are the segmenter's where it tells them, the room's the learned room's where that is known.
    `region` may not be empty.
    """
    full = cut.picture.size
    small = region.at(cut.small, full)
    size = Size(*(max(1, side // COARSE) for side in small.shape[::-1]))

    def levels(planes: Planes) -> list[Floats]:
        return [shrink(region.at(plane, full), size).astype(np.float32) for plane in planes]

    inside = shrink(small, size) * np.float32(1 / 255)
    outside = 1 - inside
    seen = levels(cut.planes)
    own = seen if cut.foreground is None else levels(cut.foreground)
    person, room = _means(own, _sure(inside)), _means(seen, _sure(outside))
    if cut.room is not None and cut.known is not None:
        known = shrink(region.at(cut.known, full), size) * np.float32(1 / 255)
        room = [near + (learned - near) * known for near, learned in zip(room, levels(cut.room), strict=True)]
    # The pixel's own say, I - B = aD, by least squares that lean to the colours near by where alpha says little.
    leaning: Floats = _LEANING / (inside * inside + _LEANING)
    own_say: Floats = leaning * inside * (1 / _LEANING)
    return [
        (pixel - behind) * own_say + (one - behind) * leaning
        for pixel, one, behind in zip(seen, person, room, strict=True)
    ]


def _sure(share: Floats) -> Floats:
    """Weight by share: its eighth power.

    Of the spill of a sharp edge (true mattes of the sitter) 0.32 are left, of one 30 pixels soft 0.16; with the
    square 0.35 and 0.53, for soft edges then count as pure colours.
    """
    power = share * share
    power *= power
    power *= power
    return power


def _means(planes: list[Floats], weight: Floats) -> list[Floats]:
    """Mean of each plane near each pixel, counted by weight; of the wider surroundings where none is near."""
    total = float(cv2.mean(weight)[0])
    weight = weight * np.float32(1 / total) if total else np.ones_like(weight)
    near = _window(weight)
    return [cv2.divide(_window(plane * weight), near) for plane in planes]


def _window(counted: Floats) -> Floats:
    rows, columns = counted.shape
    near: Floats = cv2.blur(counted, (_NEAR, _NEAR))
    few = cv2.resize(near, (-(-columns // _NEAR), -(-rows // _NEAR)), interpolation=cv2.INTER_NEAREST)
    wide = cv2.resize(cv2.blur(few, (_WIDE, _WIDE)), (columns, rows), interpolation=cv2.INTER_LINEAR)
    cv2.addWeighted(near, 1, wide, _WIDE_SHARE, cv2.mean(counted)[0] * _ALL_SHARE, near)
    return near
