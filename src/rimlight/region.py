"""Where in a picture anything of the person is: the rest is plate and needs no mixing."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import cv2

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


def enlarged(small: Alpha, out: Alpha) -> Region:
    """Scales the matte up bilinearly into `out` (even size) and says where it is not 0, with a margin.

    Only that part is scaled; its edges lie on pixels of both sizes, of their chroma too, so that it is what scaling
    all would give.
    """
    size = Size(out.shape[1], out.shape[0])
    left, top, width, height = cv2.boundingRect(small)
    if not width:
        out[:] = 0
        return Region(0, 0, 0, 0)
    columns, wide = _aligned(left, left + width, small.shape[1], size.width)
    rows, high = _aligned(top, top + height, small.shape[0], size.height)
    region = Region(wide.start, high.start, wide.stop, high.stop)
    if region != whole(size):
        out[:] = 0
    part = region.of(out)
    cv2.resize(small[rows, columns], (part.shape[1], part.shape[0]), part, interpolation=cv2.INTER_LINEAR)
    return region


def _aligned(start: int, stop: int, small: int, large: int) -> tuple[slice, slice]:
    """From `start` to `stop` of `small` pixels, widened to where both grids meet; the same of `large` pixels."""
    common = gcd(small, large)
    fine, coarse = small // common, large // common
    if coarse % 2 or fine % 2:
        fine, coarse = 2 * fine, 2 * coarse
    # One pixel of margin: bilinear scaling looks that far.
    first, last = max(0, start - 1) // fine, -(-min(small, stop + 1) // fine)
    if last * fine > small:
        return slice(0, small), slice(0, large)
    return slice(first * fine, last * fine), slice(first * coarse, last * coarse)
