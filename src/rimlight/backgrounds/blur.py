"""The room itself, blurred, without the person in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import resize, shrink, size_of
from rimlight.types import Background, Cut, Picture, Plane, Planes, Size

Floats = NDArray[np.float32]

WEAKEST, STRONGEST = 1 / 160, 1 / 12
"""Standard deviation of the blur at strength 0 and 1, as a part of the picture's long side."""

LEAST_SIGMA = 2.0
"""Pixels of the reduced picture: below that, scaling back up bilinearly shows facets."""

_FAINT = np.float32(4e-4)
"""Weight of the room's mean colour against the room near by."""

_GRAY = np.array([128, 128, 255], np.float32) * np.float32(1e-8)
"""What is there where there is no room at all: mid grey, of next to no weight."""

_ONE_PIXEL = np.ones((3, 3), np.uint8)


class BlurBackground(Background):
    """Normalised masked blur: blur(I * w) / blur(w), w being what is surely room.

    Blurring the whole frame draws the person's colours into a halo around it, the classic fault of such tools.
    """

    name = "blur"

    def __init__(self, strength: float) -> None:
        """`strength` 0..1."""
        self.strength = strength
        self._plate = Picture.empty(Size(2, 2))

    def plate(self, cut: Cut) -> Picture:
        part = WEAKEST * (STRONGEST / WEAKEST) ** self.strength
        size = _size(cut.planes.size, LEAST_SIGMA / part)
        plate = self._memory(cut.picture)
        for target, blurred in zip(plate.planes, blurred_room(cut, size, part * max(size)), strict=True):
            cv2.resize(blurred, (target.shape[1], target.shape[0]), target, interpolation=cv2.INTER_LINEAR)
        return plate

    def _memory(self, like: Picture) -> Picture:
        if (self._plate.size, self._plate.color) != (like.size, like.color):
            self._plate = Picture.empty(like.size, like.color)
        return self._plate

    def close(self) -> None:
        """Nothing is held."""


def blurred_room(cut: Cut, size: Size, sigma: float) -> tuple[Plane, Plane, Plane]:
    """Y, U and V at `size`, blurred where they are room; where none is near, its mean colour.

    Behind the person the learned room is taken where it is known.
    """
    # One pixel more than the matte: the edge's pixels hold some of the person.
    shows = cv2.bitwise_not(cv2.dilate(cut.small, _ONE_PIXEL))
    # What shows half counts a quarter: the other half of its colour is the person's.
    shows = cv2.multiply(shows, shows, scale=1 / 255)
    weighed = _weighed(cut.planes, shows, size)
    if cut.room is not None and cut.known is not None:
        hidden = cv2.multiply(cut.known, cv2.bitwise_not(shows), scale=1 / 255)
        weighed = [one + other for one, other in zip(weighed, _weighed(cut.room, hidden, size), strict=True)]
    (y,), (u, v) = (_blurred(levels, sigma) for levels in weighed)
    return y, u, v


def _weighed(planes: Planes, weight: Plane, size: Size) -> list[Floats]:
    """Y and its weight; U, V and theirs, (h, w, 2 and 3): levels times weight, then weight, in 0..255.

    Weighed before they are reduced: a reduced pixel that the edge runs through holds much of the person.
    """
    halved = resize(weight, size_of(planes.u))
    return [
        cv2.merge(
            [*(shrink(cv2.multiply(p, share, scale=1 / 255), size) for p in part), shrink(share, size)]
        ).astype(np.float32)
        for part, share in ((planes[:1], weight), (planes[1:], halved))
    ]


def _blurred(levels: Floats, sigma: float) -> list[Plane]:
    """The planes of `levels`, whose last channel is their weight, blurred and divided by it."""
    blurred: Floats = cv2.GaussianBlur(levels, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    blurred += _FAINT * np.asarray(cv2.mean(levels)[: levels.shape[2]], np.float32) + _GRAY[-levels.shape[2] :]
    blurred *= 255 / blurred[:, :, -1:]
    return list(cv2.split(cv2.convertScaleAbs(blurred))[:-1])


def _size(guide: Size, long_side: float) -> Size:
    """As small as the blur allows, no larger than the guide."""
    ratio = min(1.0, long_side / max(guide))
    return Size(max(1, round(guide.width * ratio)), max(1, round(guide.height * ratio)))
