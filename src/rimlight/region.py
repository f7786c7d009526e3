"""Where in a picture anything of the person is: the rest is plate and needs no mixing."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import cv2

from rimlight.picture import size_of
from rimlight.types import Alpha, Plane, Size


class Region(NamedTuple):
    """A rectangle in pixels, even in place and size, so that it is one in chroma too."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        return Size(self.right - self.left, self.bottom - self.top)

    @property
    def is_empty(self) -> bool:
        return self.right == self.left

    def of(self, plane: Plane, step: int = 1) -> Plane:
        """The view of a plane that has a `step`th of the picture's pixels each way."""
        return plane[self.top // step : self.bottom // step, self.left // step : self.right // step]

    def at(self, plane: Plane, size: Size) -> Plane:
        """The view of a plane that shows a picture of `size` reduced: the same part of it."""
        high, wide = plane.shape
        rows = slice(self.top * high // size.height, self.bottom * high // size.height)
        return plane[rows, self.left * wide // size.width : self.right * wide // size.width]


def whole(size: Size) -> Region:
    """All of a picture of even size."""
    return Region(0, 0, size.width, size.height)


def occupied(small: Alpha, size: Size) -> Region:
    """Where in a picture of `size` (even) its reduced matte is not 0, with a margin of what scaling it up touches.

    The edges lie on pixels of both sizes, of their chroma too.
    """
    left, top, width, height = cv2.boundingRect(small)
    if not width:
        return Region(0, 0, 0, 0)
    across = _aligned(left, left + width, small.shape[1], size.width)
    down = _aligned(top, top + height, small.shape[0], size.height)
    return Region(across.start, down.start, across.stop, down.stop)


def enlarge(small: Alpha, out: Alpha) -> None:
    """Scales the matte up bilinearly into `out` (even size). Only the occupied part is scaled: the rest is 0."""
    size = size_of(out)
    region = occupied(small, size)
    if region != whole(size):
        out[:] = 0
    if not region.is_empty:
        part = region.of(out)
        cv2.resize(region.at(small, size), size_of(part), part, interpolation=cv2.INTER_LINEAR)


def _aligned(start: int, stop: int, small: int, large: int) -> slice:
    """From `start` to `stop` of `small` pixels, widened to where both grids meet, in `large` pixels."""
    common = gcd(small, large)
    fine, coarse = small // common, large // common
    if coarse % 2 or fine % 2:
        fine, coarse = 2 * fine, 2 * coarse
    # One pixel of margin: bilinear scaling looks that far.
    first, last = max(0, start - 1) // fine, -(-min(small, stop + 1) // fine)
    if last * fine > small:
        return slice(0, large)
    return slice(first * coarse, last * coarse)
