"""The person's own colours at the edge, where the camera mixed them with the old room.

A pixel of the edge is I = aF + (1 - a)B. With F and B taken from the surely inner and surely outer pixels near by
(blur fusion; Forte 2021, 'Approximate Fast Foreground Colour Estimation') and D = F - B their difference, which
varies slowly, F = I + (1 - a)D takes the old room out of I and leaves the person's texture in. The shift (1 - a)D
is made at the size at which the matte is made, for chroma too: at half of that, 0.53 of it is left, not 0.34.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import resize, shrink, size_of
from rimlight.region import Region, whole
from rimlight.types import Cut, Picture, Plane, Planes, Size

Floats = NDArray[np.float32]

COARSE = 3
"""Reduced pixels to one estimate of D each way. With mattes of our own 2 leaves as much for twice the time."""

_NEAR, _WIDE = 3, 5
"""Windows over which colours are averaged: pixels of the estimate, and windows. The wide one, a seventh of a 720p
frame's height, counts where the near one holds next to no sure pixels: in edges as soft as hair."""

_LEANING = 0.1
"""What the colours near by count against the pixel's own (0.03 to 0.3 differ by a fiftieth)."""

_WIDE_SHARE, _ALL_SHARE = 0.2, 1e-4
"""Weight of the wide mean, and of the mean of all, against the near one."""

_NOTHING = 1e-9
"""Weight of nothing at all, so that there is something to divide by."""

_MIDDLE = 128
"""Shifts travel as bytes around this level, in steps of two: a quarter of a signed word's cost."""


def clean(cut: Cut) -> Picture:
    """The picture with the old room's spill taken out of its edge; in new memory.

    Equal to the picture where the matte is surely 255. Where it is 0 the colours mean nothing.
    """
    cleaned = Picture.empty(cut.picture.size, cut.picture.color)
    own_colors(cut, whole(cut.picture.size), cleaned)
    return cleaned


def own_colors(cut: Cut, region: Region, out: Picture, light: Sequence[Floats] | None = None) -> None:
    """Writes the person's own colours into `out`, inside of `region`, which may not be empty.

    `light`, in levels of Y, U and V of the region, reduced to any size, is added where the person is. Exact to 2
    levels, and to the very pixel where the reduced matte is 255 all around and there is no light.
    """
    picture = cut.picture
    shares = cv2.bitwise_not(region.at(cut.small, picture.size))
    spill = difference(cut, region)
    for number, (plane, target, step) in enumerate(zip(picture.planes, out.planes, (1, 2, 2), strict=True)):
        shift = _shift(spill[number], shares, light[number] if light else None)
        there = region.of(target, step)
        resize(shift, size_of(there), there)
        _shifted(region.of(plane, step), there, there)


def plate_for(cut: Cut, region: Region, plate: Sequence[Plane]) -> list[Plane]:
    """The reduced plate on which the camera's picture comes to what the person's own colours come to on `plate`.

    That is P + aD, for aI + (1 - a)(P + aD) = aF + (1 - a)P: a shift of something small, where a plate can be had
    so. P + aD has to be a colour: where P is the blurred room, whose colours are the spill's, it is. `plate` is
    Y, U and V of any one size; the answer has that of the reduced picture. `region` may not be empty.
    """
    full = cut.picture.size
    shares = region.at(cut.small, full)
    planes = [cv2.resize(plane, tuple(cut.planes.size), interpolation=cv2.INTER_LINEAR) for plane in plate]
    for plane, spill in zip(planes, difference(cut, region), strict=True):
        there = region.at(plane, full)
        _shifted(there, _shift(spill, shares, None), there)
    return planes


def _shifted(plane: Plane, shift: Plane, out: Plane) -> None:
    cv2.addWeighted(plane, 1, shift, 2, -2 * _MIDDLE, out)


def _shift(spill: Floats, share: Plane, light: Floats | None) -> Plane:
    """Half of the spill's share and of the light, around the middle level, at the size of `share` (0..255)."""
    size = size_of(share)
    shift = cv2.multiply(resize(spill, size), share, scale=0.5 / 255, dtype=cv2.CV_32F)
    if light is not None:
        shift = cv2.scaleAdd(resize(light, size), 0.5, shift)
    levels: Plane = cv2.convertScaleAbs(shift, beta=_MIDDLE)
    return levels


def difference(cut: Cut, region: Region) -> list[Floats]:
    """Person's colour minus room's around each pixel of the region, in levels: Y, U and V, (h, w) each, coarse.

    The person's colours are the segmenter's where it tells them. The room's are those near by: the learned room's
    leave as much fringe, and cost more. `region` may not be empty.
    """
    full = cut.picture.size
    small = region.at(cut.small, full)
    size = Size(*(max(1, side // COARSE) for side in small.shape[::-1]))

    def levels(planes: Planes) -> list[Floats]:
        return [shrink(region.at(plane, full), size).astype(np.float32) for plane in planes]

    inside = shrink(small, size) * np.float32(1 / 255)
    seen = levels(cut.planes)
    person = _means(seen if cut.foreground is None else levels(cut.foreground), inside)
    room = _means(seen, 1 - inside)
    # The pixel's own say, I - B = aD, by least squares that lean to the colours near by where alpha says little:
    # D = (a(I - B) + l(F - B)) / (a^2 + l).
    least = cv2.multiply(inside, inside) + np.float32(_LEANING)
    for pixel, one, behind in zip(seen, person, room, strict=True):
        cv2.multiply(cv2.subtract(pixel, behind, pixel), inside, pixel)
        cv2.scaleAdd(cv2.subtract(one, behind, one), _LEANING, pixel, pixel)
        cv2.divide(pixel, least, pixel)
    return seen


def near_colors(cut: Cut, region: Region) -> list[Floats]:
    """The person's colours nearest to each pixel of the region, in levels: Y, U and V, (h, w) each, coarse.

    Far from the person it is the mean of all that is. Nothing of the room counts: a pixel that is half of it counts
    a 256th, by the eighth power. `region` may not be empty.
    """
    full = cut.picture.size
    small = region.at(cut.small, full)
    size = Size(*(max(1, side // COARSE) for side in small.shape[::-1]))
    planes = cut.planes if cut.foreground is None else cut.foreground
    levels = [shrink(region.at(plane, full), size).astype(np.float32) for plane in planes]
    return _means(levels, shrink(small, size) * np.float32(1 / 255))


def _means(planes: list[Floats], share: Floats) -> list[Floats]:
    """Mean of each plane near each pixel, counted by the eighth power of the share.

    Of the spill of a sharp edge (true mattes of the sitter) 0.32 are left, of one 30 pixels soft 0.16; with the
    square 0.35 and 0.53, for soft edges then count as pure colours.
    """
    weight = cv2.multiply(share, share)
    for _ in range(2):
        cv2.multiply(weight, weight, weight)
    weights = _window(weight)
    return [cv2.divide(_window(cv2.multiply(plane, weight)), weights) for plane in planes]


def _window(counted: Floats) -> Floats:
    """Mean of the window near by; the wider ones count little, but where there is next to nothing near by."""
    rows, columns = counted.shape
    near: Floats = cv2.blur(counted, (_NEAR, _NEAR))
    few = cv2.resize(near, (-(-columns // _NEAR), -(-rows // _NEAR)), interpolation=cv2.INTER_NEAREST)
    wide = cv2.blur(few, (_WIDE, _WIDE))
    wide += np.float32(cv2.mean(wide)[0] * (_ALL_SHARE / _WIDE_SHARE) + _NOTHING)
    mean: Floats = cv2.scaleAdd(resize(wide, Size(columns, rows)), _WIDE_SHARE, near)
    return mean
