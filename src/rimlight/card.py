"""The privacy card: what is shown while there is no picture that is safe to show."""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.picture import resize, shrink, size_of
from rimlight.types import Color, Picture, Plane, Size

BLOCKS = 16
"""Pixels of the long side that are left of the last safe picture: nobody is recognised, the colours of a place
are."""

_SOFTNESS = 1.2
"""Such pixels over which they are blurred. With 1.0 two of the test's blackboards kept detail of 12.3 and 13.8,
where 12 levels are allowed; with this 10.7 at most."""

_BLACK, _WHITE = 16, 235
_DIM = 0.55
"""Of the last picture's light is left: that it is no live picture is seen at a glance."""
_TOP, _BOTTOM = 52, 30
"""Luma of the drawn card's gradient."""
_TINT = 134, 124
"""Its chroma: a cool dark grey."""
_SIGN = 0.16
"""Height of the sign as a part of the picture's short side."""
_FINER = 4
"""The sign is drawn larger so many times, and reduced: its edges are smooth."""


def drawn_card(size: Size, color: Color = Color()) -> Picture:
    """The card before there was a picture: a dark gradient and the sign of a camera that is off."""
    card = Picture.empty(size, color)
    column = np.linspace(_TOP, _BOTTOM, size.height, dtype=np.float32)[:, None]
    np.copyto(card.y, np.broadcast_to(column, card.y.shape), casting="unsafe")
    card.u.fill(_TINT[0])
    card.v.fill(_TINT[1])
    return _signed(card)


def blurred_card(safe: Picture) -> Picture:
    """The card after `safe`, a picture that was shown: that picture, blurred beyond recognition and dimmed."""
    card = Picture.empty(safe.size, safe.color)
    width, height = safe.size
    few = (
        Size(BLOCKS, max(2, round(BLOCKS * height / width)))
        if width >= height
        else Size(max(2, round(BLOCKS * width / height)), BLOCKS)
    )
    for plane, target in zip(safe.planes, card.planes, strict=True):
        small = cv2.GaussianBlur(shrink(plane, few), (0, 0), _SOFTNESS, borderType=cv2.BORDER_REPLICATE)
        # Twice: bilinear enlargement by 80 shows its grid.
        middle = cv2.resize(small, (few.width * 4, few.height * 4), interpolation=cv2.INTER_CUBIC)
        resize(middle, size_of(target), target)
    cv2.convertScaleAbs(card.y, card.y, _DIM, _BLACK * (1 - _DIM))
    return _signed(card)


def _signed(card: Picture) -> Picture:
    """The card itself, with the sign in its middle."""
    side = max(8, round(min(card.size) * _SIGN / 2) * 2)
    sign = _sign(side)
    height, width = card.y.shape
    top, left = (height - side) // 4 * 2, (width - side) // 4 * 2
    _put(card.y, sign, _WHITE, top, left)
    for chroma in (card.u, card.v):
        _put(chroma, shrink(sign, Size(side // 2, side // 2)), 128, top // 2, left // 2)
    return card


def _put(plane: Plane, cover: Plane, level: int, top: int, left: int) -> None:
    place = plane[top : top + cover.shape[0], left : left + cover.shape[1]]
    cover = cover[: place.shape[0], : place.shape[1]]
    part = cover.astype(np.float32) / 255 * 0.8
    place[:] = (place + (level - place.astype(np.float32)) * part).astype(np.uint8)


def _sign(side: int) -> Plane:
    """A camera, struck out; (side, side) uint8 of cover."""
    n = side * _FINER
    sign = np.zeros((n, n), np.uint8)

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * n), round(y * n)

    thick = max(1, round(0.07 * n))
    for centre in (at(0.16, 0.36), at(0.58, 0.36), at(0.16, 0.64), at(0.58, 0.64)):
        cv2.circle(sign, centre, round(0.08 * n), 255, cv2.FILLED)
    cv2.rectangle(sign, at(0.08, 0.36), at(0.66, 0.64), 255, cv2.FILLED)
    cv2.rectangle(sign, at(0.16, 0.28), at(0.58, 0.72), 255, cv2.FILLED)
    lens = np.array([at(0.7, 0.46), at(0.92, 0.32), at(0.92, 0.68), at(0.7, 0.54)], np.int32)
    cv2.fillPoly(sign, [lens], 255)
    cv2.line(sign, at(0.14, 0.12), at(0.86, 0.88), 0, thick * 3)
    cv2.line(sign, at(0.14, 0.12), at(0.86, 0.88), 255, thick)
    return shrink(sign, Size(side, side))
