"""The edge of a composite: the old room's spill taken out, the new room's light put on.

With the person's alpha a, the spill's difference D (`foreground.py`) and the light L (`light.py`),
a(1 - a)D + aL is added to a finished composite. It is done there and not to the plate, because bytes end at 0: a
bright room's spill could not be taken out of a black plate.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.composite import half_alpha
from rimlight.picture import resize, size_of
from rimlight.region import Region
from rimlight.types import Alpha, Picture, Plane

Floats = NDArray[np.float32]

_MIDDLE = 128
"""Shifts travel as bytes around this level: a quarter of a signed word's cost, and larger ones never show."""


def color_edge(
    made: Picture, alpha: Alpha, spill: Sequence[Floats], light: Sequence[Floats] | None, region: Region
) -> None:
    """Adds a(1 - a) * `spill` + a * `light` to a composite made with `alpha`, in place, inside of `region`.

    Both are levels of Y, U and V of the region, reduced to any one size, (h, w) each. Mixed in bytes: exact to 3
    levels, and to the very pixel where alpha is 0, or 255 without light.
    """
    share = Alpha(region.of(alpha))
    luma, chroma = _Share(share, light is not None), _Share(half_alpha(share), light is not None)
    for number, (plane, step, part) in enumerate(zip(made.planes, (1, 2, 2), (luma, chroma, chroma), strict=True)):
        part.shift(region.of(plane, step), spill[number], None if light is None else light[number])


class _Share:
    """The person's share of each pixel, and what the shifts of planes of that size have in common."""

    def __init__(self, a: Plane, lit: bool) -> None:
        self._a = a
        self._edge = cv2.multiply(a, cv2.bitwise_not(a), scale=4 / 255)
        # What the bytes' middle comes to: of the spill, and of the light.
        self._bias = (self._edge, -_MIDDLE / 2 / 255)
        if lit:
            self._bias = (cv2.addWeighted(self._edge, _MIDDLE / 2 / 255, a, _MIDDLE / 255, 0), -1)

    def shift(self, plane: Plane, spill: Floats, light: Floats | None) -> None:
        # The edge is 4a(1 - a) and the bytes are half the spill: half of their product is a(1 - a)D.
        shift = self._bytes(spill, 0.5)
        cv2.multiply(shift, self._edge, shift, 1 / 255)
        cv2.addWeighted(shift, 0.5, *self._bias, _MIDDLE, shift)
        if light is not None:
            lit = self._bytes(light, 1)
            cv2.add(shift, cv2.multiply(lit, self._a, lit, 1 / 255), shift)
        cv2.addWeighted(plane, 1, shift, 1, -_MIDDLE, plane)

    def _bytes(self, levels: Floats, scale: float) -> Plane:
        """Levels times `scale` as bytes around the middle, scaled up."""
        coarse: Plane = cv2.convertScaleAbs(levels, alpha=scale, beta=_MIDDLE)
        return resize(coarse, size_of(self._a))
