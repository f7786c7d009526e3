"""The light that a room is in: fitted to what shows of it, put on it, taken off a picture."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.types import Plane, Planes

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]

_BLACK, _GRAY = 16.0, 128.0
"""Where gain turns around: luma's and chroma's zero."""

_ZERO = np.array([[_BLACK], [_GRAY], [_GRAY]], np.float32)

_DARKEST, _BRIGHTEST = 0.25, 4.0
"""The least and the most gain that is believed."""

_BRIGHTER, _CLIPPED = 1.03, 225
"""In a light that is so much brighter, pixels from that luma on may be clipped, and tell nothing."""

_SPARSE = 4
"""Pixels, each way, to one that the light is fitted to."""

FEW = 60
"""Pixels that are too few to judge by."""


class Lighting(NamedTuple):
    """What the present light does to a room's levels: gain, as of a camera's exposure, and a shift of chroma."""

    gain: float = 1.0
    u: float = 0.0
    v: float = 0.0

    def on(self, room: Planes) -> Planes:
        """The room in this light; itself where there is no difference to be seen."""
        chroma = _GRAY * (1 - self.gain)
        return self._changed(room, self.gain, (_BLACK * (1 - self.gain), chroma + self.u, chroma + self.v))

    def off(self, picture: Planes) -> Planes:
        """The picture in the room's own light; itself where there is no difference to be seen."""
        back = 1 / self.gain
        chroma = _GRAY * (1 - back)
        return self._changed(picture, back, (_BLACK * (1 - back), chroma - self.u * back, chroma - self.v * back))

    def clipped(self, lit: Planes) -> Plane | None:
        """255 where the room in this light may be brighter than a camera tells; None in no brighter light."""
        return cv2.compare(lit.y, _CLIPPED, cv2.CMP_GT) if self.gain > _BRIGHTER else None

    def _changed(self, planes: Planes, gain: float, offsets: tuple[float, float, float]) -> Planes:
        if abs(self.gain - 1) < 2e-3 and abs(self.u) < 0.3 and abs(self.v) < 0.3:
            return planes
        return Planes(*(cv2.addWeighted(p, gain, p, 0, o) for p, o in zip(planes, offsets, strict=True)))


def fitted(seen: Planes, room: Planes, where: Plane, last: Lighting, tolerance: float) -> Lighting:
    """The light in which the room comes nearest to what is seen of it.

    All planes are of one size; `where` is 255 where the room is seen, by and large: pixels that differ by more than
    `tolerance` levels of luma do not count. `last`, the light of a moment ago, is kept where too little is seen.
    """
    at = _sparse(*where.shape)
    at = at[where.take(at) > 0]
    if at.size < FEW:
        return last
    now, then = (np.array([plane.take(at) for plane in planes], np.float32) - _ZERO for planes in (seen, room))
    # From the last light or, where it has just changed, from what the means of all say.
    starts = [np.abs(now[0] - then[0] * gain) < tolerance for gain in (last.gain, _gain(now[0], then[0]))]
    near = max(starts, key=np.count_nonzero)
    near = np.abs(now[0] - then[0] * _gain(now[0, near], then[0, near])) < tolerance
    agreeing = np.count_nonzero(near)
    if agreeing < FEW // 2:
        return last
    gain = _gain(now[0, near], then[0, near])
    # The median: what has the room's luma by chance may have any chroma. `np.median` takes ten times as long.
    off = (now[1:] - np.float32(gain) * then[1:])[:, near]
    u, v = np.partition(off, agreeing // 2, axis=1)[:, agreeing // 2]
    return Lighting(gain, float(u), float(v))


@cache
def _sparse(height: int, width: int) -> Indices:
    """Where the pixels that the light is fitted to are in a flat plane of that size."""
    return np.arange(height * width).reshape(height, width)[::_SPARSE, ::_SPARSE].ravel()


def _gain(seen: Floats, room: Floats) -> float:
    """From the room's luma above black to the picture's; 1 where there is nothing to tell it from."""
    gain = float(seen.sum()) / max(1.0, float(room.sum())) if seen.size else 1.0
    return min(_BRIGHTEST, max(_DARKEST, gain))
