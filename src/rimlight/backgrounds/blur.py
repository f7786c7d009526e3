"""The room itself, blurred, without the person in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import shrink, shrunk
from rimlight.types import Background, Cut, Picture, Plane, Size

Floats = NDArray[np.float32]

WEAKEST, STRONGEST = 1 / 160, 1 / 12
"""Standard deviation of the blur at strength 0 and 1, as a part of the picture's long side."""

LEAST_SIGMA = 2.0
"""Pixels of the reduced picture: below that, scaling back up bilinearly shows facets."""

_FAINT = np.float32(4e-4)
"""Weight of the room's mean colour against the room near by."""

_GRAY = np.array([0.128, 0.128, 0.128, 0.255], np.float32)
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
        # One pixel more than the matte: the edge's pixels hold some of the person.
        person = cv2.dilate(shrink(cut.small, size), _ONE_PIXEL)
        plate = self._memory(cut.picture)
        for target, blurred in zip(
            plate.planes, blurred_room(shrunk(cut.planes, size), person, part * max(size)), strict=True
        ):
            cv2.resize(blurred, (target.shape[1], target.shape[0]), target, interpolation=cv2.INTER_LINEAR)
        return plate

    def _memory(self, like: Picture) -> Picture:
        if (self._plate.size, self._plate.color) != (like.size, like.color):
            self._plate = Picture.empty(like.size, like.color)
        return self._plate

    def close(self) -> None:
        """Nothing is held."""


def blurred_room(planes: tuple[Plane, Plane, Plane], person: Plane, sigma: float) -> tuple[Plane, ...]:
    """Each plane blurred where it is room; far inside the person, where no room is near, the room's mean colour."""
    room = cv2.bitwise_not(person)
    levels: Floats = cv2.merge([*planes, np.full_like(person, 255)]).astype(np.float32)
    levels *= room[:, :, None]
    blurred: Floats = cv2.GaussianBlur(levels, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    blurred += _FAINT * np.asarray(cv2.mean(levels), np.float32) + _GRAY
    blurred *= 255 / blurred[:, :, 3:]
    return tuple(cv2.split(cv2.convertScaleAbs(blurred))[:3])


def _size(guide: Size, long_side: float) -> Size:
    """As small as the blur allows, no larger than the guide."""
    ratio = min(1.0, long_side / max(guide))
    return Size(max(1, round(guide.width * ratio)), max(1, round(guide.height * ratio)))
