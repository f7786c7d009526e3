"""Light wrap: the new background's light, spilling softly over the person's inner edge, as it would in one room.

A person in front of a bright wall or window is lit by it from behind, and the lens spreads its light a little: the
edge brightens. Without that, a cut-out on a bright background looks pasted on, however good its matte is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import shrink
from rimlight.region import Region
from rimlight.types import Cut, Picture, Plane, Size

Floats = NDArray[np.float32]

COARSE = 2
"""Reduced pixels to one of the light's each way."""

REACH = 0.015
"""How far inside the edge light comes, as a part of the picture's height: further, it is a glow filter."""


def light_wrap(cut: Cut, plate: Picture, strength: float, region: Region) -> list[Floats]:
    """What the plate's light adds to the person, at `strength` 0 to 1, where alpha is 255.

    In levels: Y, U and V, each (h, w), coarse, of the region, which may not be empty. The plate's colours are
    blurred where it shows; what is bright already gains less (screen), so that nothing is clipped; a black plate
    gives none.
    """
    full = cut.picture.size
    small = region.at(cut.small, full)
    size = Size(*(max(1, side // COARSE) for side in small.shape[::-1]))
    black, white = (0, 255) if plate.color.full_range else (16, 235)
    shows = cv2.bitwise_not(shrink(small, size)).astype(np.float32)
    dark = cv2.subtract(white, shrink(region.at(cut.planes.y, full), size)).astype(np.float32)
    dark *= np.float32(strength / (white - black) / 255)
    sigma = REACH / 2 * cut.planes.size.height / COARSE
    return [
        _light(region.of(plane, step), level, shows, dark, sigma)
        for plane, step, level in zip(plate.planes, (1, 2, 2), (black, 128, 128), strict=True)
    ]


def _light(plane: Plane, nothing: int, shows: Floats, dark: Floats, sigma: float) -> Floats:
    """A plane of the plate above `nothing`, blurred from where it `shows` into where it is `dark`."""
    # Single pixels of the plate: they are blurred at once.
    few = cv2.resize(plane, (shows.shape[1], shows.shape[0]), interpolation=cv2.INTER_NEAREST)
    shining = few.astype(np.float32)
    shining -= nothing
    shining *= shows
    light: Floats = cv2.GaussianBlur(shining, (0, 0), sigma)
    light *= dark
    return light
