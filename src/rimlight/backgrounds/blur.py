"""The room itself, blurred, without the person in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import resize, size_of, spread
from rimlight.protocols import Background
from rimlight.types import Cut, Picture, Plane, Planes, Size

Floats = NDArray[np.float32]

WEAKEST, STRONGEST = 1 / 160, 1 / 12
"""Standard deviation of the blur at strength 0 and 1, as a part of the picture's long side."""

LEAST_SIGMA = 2.0
"""Pixels of the reduced picture: below that, scaling back up bilinearly shows facets."""

_FAINT = 4e-4
"""Weight of the room's mean colour against the room near by."""

_GRAY, _NOTHING = 128, 1e-8
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

    def paint(self, cut: Cut, out: Picture) -> None:
        spread(self.reduced(cut), out)

    def reduced(self, cut: Cut) -> list[Plane]:
        return blurred_room(cut, WEAKEST * (STRONGEST / WEAKEST) ** self.strength)

    def close(self) -> None:
        """Nothing is held."""


def blurred_room(cut: Cut, part: float) -> list[Plane]:
    """Y, U and V, reduced to one size, blurred where they are room; where none is near, its mean colour.

    `part` is the blur's standard deviation as a part of the long side. Behind the person the learned room is taken
    where it is known.
    """
    chroma = cut.planes.u
    fine_enough = part * max(chroma.shape) >= LEAST_SIGMA
    weighed, weight = _weighed(cut, size_of(chroma if fine_enough else cut.planes.y))
    # As small as the blur allows: by whole halvings, which cost next to nothing.
    while part * max(weight.shape) / 2 >= LEAST_SIGMA:
        weighed, weight = [_halved(plane) for plane in weighed], _halved(weight)
    sigma = part * max(weight.shape)
    shares = _blurred(weight, sigma, 255)
    return [cv2.divide(_blurred(plane, sigma, _GRAY), shares, scale=255, dtype=cv2.CV_8U) for plane in weighed]


def _weighed(cut: Cut, size: Size) -> tuple[list[Plane], Plane]:
    """Y, U and V of the room times their weight, and that, 0..255, all at `size`.

    Weighed before they are reduced further: a reduced pixel that the edge runs through holds much of the person.
    """
    # One pixel more than the matte: the edge's pixels hold some of the person.
    shows = cv2.bitwise_not(resize(cv2.dilate(cut.small, _ONE_PIXEL), size))
    # What shows half counts a quarter: the other half of its colour is the person's.
    weight = cv2.multiply(shows, shows, scale=1 / 255)
    weighed = _times(cut.planes, weight)
    if cut.room is not None and cut.known is not None:
        hidden = cv2.multiply(resize(cut.known, size), cv2.bitwise_not(weight), scale=1 / 255)
        weighed = [cv2.add(one, other) for one, other in zip(weighed, _times(cut.room, hidden), strict=True)]
        weight = cv2.add(weight, hidden)
    return weighed, weight


def _times(planes: Planes, weight: Plane) -> list[Plane]:
    return [cv2.multiply(resize(plane, size_of(weight)), weight, scale=1 / 255) for plane in planes]


def _halved(plane: Plane) -> Plane:
    halved: Plane = cv2.resize(
        plane, (max(1, plane.shape[1] // 2), max(1, plane.shape[0] // 2)), interpolation=cv2.INTER_LINEAR
    )
    return halved


def _blurred(levels: Plane, sigma: float, nothing: float) -> Floats:
    """Blurred, with a little of all of it everywhere, and next to nothing of `nothing`."""
    blurred: Floats = cv2.GaussianBlur(levels.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    blurred += np.float32(_FAINT * cv2.mean(levels)[0] + nothing * _NOTHING)
    return blurred
