"""A number in a picture that survives cameras, codecs and compositing: blocks on the sitter's chest.

Each bit is a bright block over a dark one or the other way round, so that neither levels nor a torn picture, the
top of one frame over the bottom of another, are read as a number.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from rimlight.types import Picture, Plane

BITS = 6
CODES = 2**BITS
"""Numbers from 0 to this; whoever needs more counts on."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 0.38, 0.60, 0.80, 0.94
"""Where the blocks are, as parts of the picture: on the sitter's chest at all times (seen over 20 s)."""
_DARK, _BRIGHT = 60, 190
_CLEAR = 60
"""Levels that the two blocks of a bit must differ by: half of what they were drawn with."""
_GRAY = 128


def draw(picture: Picture, code: int) -> None:
    """Puts the number (0 to `CODES` - 1) onto the picture, whose pixels there are lost."""
    for bit, (upper, lower) in enumerate(_blocks(picture.y)):
        one = bool(code >> bit & 1)
        upper[:], lower[:] = (_BRIGHT, _DARK) if one else (_DARK, _BRIGHT)
    for plane in (picture.u, picture.v):
        for blocks in _blocks(plane):
            for block in blocks:
                block[:] = _GRAY


def read(luma: Plane) -> int | None:
    """The number in a picture's luma or gray image, (H, W); None if it is torn, or there is none."""
    code = 0
    for bit, blocks in enumerate(_blocks(luma)):
        upper, lower = (float(_middle(block).mean()) for block in blocks)
        if abs(upper - lower) < _CLEAR:
            return None
        code |= (upper > lower) << bit
    return code


def _blocks(plane: Plane) -> Iterator[tuple[Plane, Plane]]:
    """The upper and the lower block of each bit; views."""
    height, width = plane.shape
    top, bottom = round(_TOP * height), round(_BOTTOM * height)
    middle = (top + bottom) // 2
    step = (_RIGHT - _LEFT) / BITS
    edges = [round((_LEFT + bit * step) * width) for bit in range(BITS + 1)]
    for left, right in itertools.pairwise(edges):
        yield plane[top:middle, left:right], plane[middle:bottom, left:right]


def _middle(block: Plane) -> Plane:
    """Without the border, where a codec or scaler mixed neighbours."""
    rows, columns = block.shape[0] // 4, block.shape[1] // 4
    return block[rows : block.shape[0] - rows, columns : block.shape[1] - columns]
