"""The room itself, blurred, without the person in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import Planes, reduced, resize
from rimlight.types import Alpha, Background, Picture, Plane, Size

Floats = NDArray[np.float32]

WEAKEST, STRONGEST = 1 / 160, 1 / 12
"""Standard deviation of the blur at strength 0 and 1, as a part of the picture's long side."""

LEAST_SIGMA = 2.5
"""Pixels of the reduced picture: below that, scaling back up bilinearly shows facets."""


class BlurBackground(Background):
    """Normalised masked blur: blur(I * w) / blur(w), w being what is surely room.

    Blurring the whole frame draws the person's colours into a halo around it, the classic fault of such tools.
    """

    name = "blur"

    def __init__(self, strength: float) -> None:
        """`strength` 0..1."""
        self.strength = strength
        self._plate = Picture.empty(Size(2, 2))

    def plate(self, picture: Picture, alpha: Alpha, at: float) -> Picture:  # noqa: ARG002
        part = WEAKEST * (STRONGEST / WEAKEST) ** self.strength
        planes = reduced(picture, round(LEAST_SIGMA / part))
        sigma = part * max(planes.size)
        # One pixel more than the matte: the edge's pixels hold some of the person.
        person = cv2.dilate(resize(alpha, planes.size), np.ones((3, 3), np.uint8))
        room = (255 - person).astype(np.float32)
        weight = _blur(room, sigma)
        plate = self._plate
        if (plate.size, plate.color) != (picture.size, picture.color):
            plate = self._plate = Picture.empty(picture.size, picture.color)
        for target, blurred in zip(plate.planes, _blurred(planes, room, weight, sigma), strict=True):
            cv2.resize(blurred, (target.shape[1], target.shape[0]), target, interpolation=cv2.INTER_LINEAR)
        return plate

    def close(self) -> None:
        """Nothing is held."""


def _blurred(planes: Planes, room: Floats, weight: Floats, sigma: float) -> list[Plane]:
    """Each plane, blurred where it is room; its mean over the room far inside the person, where none is near."""
    faint = np.float32(0.1)
    total = float(room.sum()) + 1e-6
    parts = [plane * room for plane in planes]
    return [
        np.rint((_blur(part, sigma) + faint * part.sum() / total) / (weight + faint)).astype(np.uint8)
        for part in parts
    ]


def _blur(values: Floats, sigma: float) -> Floats:
    blurred: Floats = cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return blurred
