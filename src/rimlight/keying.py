"""The matte against the known room: what film calls a difference key, only where there is evidence for it.

In the edge band a pixel is I = aF + (1 - a)B, and with B known, a = (I - B)(F - B) / |F - B|^2 (Smith and Blinn
1996, 'Blue Screen Matting'): taken where F, from the sure person near by, is far from B, and I lies between them.
Where the picture equals the room, and would hardly do so by chance, nobody is.

Only where there is both some matte and a known room is there anything to ask: a twentieth of the picture or so. So
these pixels are gathered, and all is computed on their list.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import resize, shrink, size_of
from rimlight.room import Known
from rimlight.types import Alpha, Plane, Planes, Size

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

_CHROMA = np.float32(4)
"""Weight of chroma's products: it counts twice as much as luma, as in `refine`."""

_COARSER = 4
"""Coarse pixels to one colour of the person each way."""

_NEAR, _WIDE = 3, 13
"""Windows over which the person's colours are averaged, in such pixels."""

_WIDE_SHARE, _ALL_SHARE = 0.05, 1e-4
"""Weight of the wide mean, and of the mean of all, against the near one."""

_APART, _LIMITS_APART = 12.0, 1.5
"""Levels, and limits of the noise, between person and room at which an answer counts a quarter."""

_ASTRAY = 0.02
"""Squared distance from the line between person and room, of theirs, that costs an answer two thirds: neither
colour is exactly known."""

_BAND = np.ones((3, 3), np.uint8)
"""Coarse pixels, one on each side, that belong to the soft edge."""

_DEPTH = np.ones((5, 5), np.uint8)
"""Coarse pixels, two on each side: deeper inside the matte colours alone do not speak against it."""

_LEVELS = np.arange(256, dtype=np.float32)


class _Points(NamedTuple):
    """The n coarse pixels that are asked, each of which is four of the guide's."""

    at: Indices
    """Where they are in a flat coarse plane, (n,)."""
    fine: Indices
    """Where theirs are in a flat plane of the guide's size, (n, 4)."""
    luma: Floats
    """Luma of the picture less that of the room, (n, 4)."""
    off: list[Floats]
    """Y, U and V of the picture less those of the room, (n,) each."""
    apart: list[Floats]
    """Those of the person near by less those of the room."""
    sure: Floats
    """How sure the room is, 0..1."""
    equal: Floats
    """How much the picture looks as the room does, 0..1."""


class Keyer:
    """Corrects mattes by the known room. Remembers where nobody was."""

    def __init__(self) -> None:
        self._last: Plane | None = None

    def reset(self) -> None:
        """Forgets the past: the next picture is of another clip or camera."""
        self._last = None

    def key(self, guide: Planes, small: Alpha, known: Known) -> Alpha:
        """The matte where the room says nothing, a better one where it does; of the guide's size, in new memory."""
        size = size_of(guide.u)
        coarse = resize(small, size)
        last = coarse if self._last is None or self._last.shape != coarse.shape else self._last
        keyed = Alpha(small.copy())
        asked = cv2.findNonZero(cv2.bitwise_and(cv2.dilate(coarse, _BAND), known.sure))
        if asked is not None:
            points = _points(guide, coarse, known, asked.reshape(-1, 2))
            keyed.ravel()[points.fine] = _keyed(points, small, coarse, last, known)
        self._last = resize(keyed, size)
        return keyed


def _keyed(points: _Points, small: Alpha, coarse: Plane, last: Plane, known: Known) -> Floats:
    """The matte's levels at the points, (n, 4)."""
    square = _product(points.apart, points.apart)
    weight: Floats = square / (square + np.float32(_APART**2 + (_LIMITS_APART * known.limit) ** 2))
    weight *= weight
    trust = weight * points.sure * _between(points, square, known.limit)
    trust[_is_sure(coarse).ravel()[points.at]] = 0
    empty = _emptiness(points, weight, coarse, last, known)
    size = size_of(small)
    matte = small.ravel()[points.fine].astype(np.float32)
    matte += _spread(trust, points, coarse, size) * (_answer(points, square) - matte)
    matte *= 1 - _spread(empty, points, coarse, size)
    return np.rint(matte, matte)


def _points(guide: Planes, coarse: Plane, known: Known, found: NDArray[np.int32]) -> _Points:
    columns, rows = found[:, 0].astype(np.int64), found[:, 1].astype(np.int64)
    height, width = guide.y.shape
    at = rows * coarse.shape[1] + columns
    # Where the guide's size is odd, the last coarse pixels have fewer of its own: the last one stands in.
    fine = np.minimum(2 * rows[:, None] + _ROWS, height - 1) * width + np.minimum(
        2 * columns[:, None] + _COLUMNS, width - 1
    )

    def taken(plane: Plane, where: Indices = at) -> Floats:
        return plane.ravel()[where].astype(np.float32)

    room_luma = taken(known.room.y, fine)
    luma = taken(guide.y, fine) - room_luma
    room = [room_luma.mean(1), *(taken(plane) for plane in known.room[1:])]
    off = [luma.mean(1), *(taken(seen) - behind for seen, behind in zip(guide[1:], room[1:], strict=True))]
    table = np.exp(-((_LEVELS / np.float32(known.limit)) ** 2))
    person = _person(guide, coarse, known, at)
    apart = [one - other for one, other in zip(person, room, strict=True)]
    return _Points(
        at, fine, luma, off, apart, taken(known.sure) * np.float32(1 / 255), table[known.difference.ravel()[at]]
    )


_ROWS, _COLUMNS = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def _person(guide: Planes, coarse: Plane, known: Known, at: Indices) -> list[Floats]:
    """Y, U and V of the person near each point: of what is surely person and not as the room."""
    size = Size(*(max(1, side // _COARSER) for side in coarse.shape[::-1]))
    # As the room: half as sure of it or surer, and within noise.
    as_room = cv2.bitwise_and(
        cv2.compare(known.sure, 127, cv2.CMP_GT), cv2.compare(known.difference, known.limit, cv2.CMP_LT)
    )
    surely = cv2.subtract(cv2.compare(coarse, 250, cv2.CMP_GT), as_room)
    weight = shrink(surely, size) * np.float32(1 / 255)
    # The eighth power, as in `foreground`: crumbs of a coat that is no person brought it back (dtSSD +0.46 there).
    for _ in range(3):
        weight *= weight
    counted = cv2.merge([weight, *(shrink(plane, size) * weight for plane in guide)])
    mean = cv2.blur(counted, (_NEAR, _NEAR))
    cv2.addWeighted(mean, 1, cv2.blur(counted, (_WIDE, _WIDE)), _WIDE_SHARE, 0, mean)
    # Next to nothing, so that there is something to divide by.
    mean += np.array(cv2.mean(counted), np.float32) * np.float32(_ALL_SHARE) + np.float32(1e-9)
    share, *colors = cv2.split(mean)
    full = size_of(coarse)
    return [resize(color / share, full).ravel()[at] for color in colors]


def _emptiness(points: _Points, weight: Floats, coarse: Plane, last: Plane, known: Known) -> Floats:
    """How surely nobody is there, 0..1; `last`: the matte of a frame ago."""
    deep = cv2.compare(cv2.erode(coarse, _DEPTH), 250, cv2.CMP_GT)
    # Where nobody was a frame ago, and the picture is still the room's, nobody came.
    free = cv2.max(cv2.bitwise_not(deep), cv2.bitwise_not(last))
    empty: Floats = free.ravel()[points.at] * (weight * np.float32(1 / 255))
    squares = _LEVELS * _LEVELS
    table = (squares / (squares + np.float32(known.limit**2))) ** 2
    empty = np.maximum(empty, table[known.detail.ravel()[points.at]])
    empty *= points.equal
    empty *= points.sure
    return empty


def _between(points: _Points, square: Floats, limit: float) -> Floats:
    """How near the picture's colour is to the line between room and person, 0..1."""
    dot = _product(points.apart, points.off)
    inner = np.clip(dot, 0, square)
    beside = _product(points.off, points.off) - inner * (2 * dot - inner) / (square + 1)
    near: Floats = np.exp(-beside / (square * np.float32(_ASTRAY) + np.float32(0.5 * limit**2)))
    return near


def _spread(values: Floats, points: _Points, coarse: Plane, size: Size) -> Floats:
    """The points' values, 0 elsewhere, scaled up bilinearly, (n, 4): as blocks they flicker (dtSSD +0.05)."""
    plane = np.zeros(coarse.shape, np.float32)
    plane.ravel()[points.at] = values
    return resize(plane, size).ravel()[points.fine]


def _answer(points: _Points, square: Floats) -> Floats:
    """Alpha by the room, (n, 4), 0..255: luma's detail is the guide's."""
    y, u, v = points.apart
    chroma = (u * points.off[1] + v * points.off[2]) * _CHROMA
    answer = (y[:, None] * points.luma + chroma[:, None]) * (np.float32(255) / (square + 1))[:, None]
    return np.clip(answer, 0, 255, answer)


def _is_sure(coarse: Plane) -> NDArray[np.bool_]:
    """Where the matte is the same all around."""
    sure: NDArray[np.bool_] = (cv2.dilate(coarse, _BAND) <= 5) | (cv2.erode(coarse, _BAND) >= 250)
    return sure


def _product(one: list[Floats], other: list[Floats]) -> Floats:
    total: Floats = one[1] * other[1]
    total += one[2] * other[2]
    total *= _CHROMA
    total += one[0] * other[0]
    return total
