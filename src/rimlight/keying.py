"""The matte against the known room: what film calls a difference key, only where there is evidence for it.

In the edge band a pixel is I = aF + (1 - a)B, and with B known, a = (I - B)(F - B) / |F - B|^2 (Smith and Blinn
1996, 'Blue Screen Matting'): taken where F, from the sure person near by, is far from B, and I lies between them.
Where the picture equals the room, and would hardly do so by chance, nobody is.

Only where there is both some matte and a known room is there anything to ask: a twentieth of the picture or so. So
these pixels are gathered, and all is computed on their list.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import resize, shrink, size_of
from rimlight.room import Known
from rimlight.types import Alpha, Plane, Planes, Size

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
_Box = tuple[slice, slice]

_WEIGHTS = np.array([[1], [2], [2]], np.float32)
"""Of luma and chroma: it counts twice as much, as in `refine`."""

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

_SAME_LIGHT = 0.01
"""Difference of gain up to which the person's colours of a frame ago serve again."""

_BAND = np.ones((3, 3), np.uint8)
"""Coarse pixels, one on each side, that belong to the soft edge."""

_DEPTH = np.ones((5, 5), np.uint8)
"""Coarse pixels, two on each side: deeper inside the matte colours alone do not speak against it."""


class _Points(NamedTuple):
    """The n coarse pixels that are asked, each of which is four of the guide's.

    Colours are Y, U and V; the chroma of differences is doubled, as it counts.
    """

    at: Indices
    """Where they are in a flat coarse plane, (n,)."""
    fine: Indices
    """Where theirs are in a flat plane of the guide's size, (4, n)."""
    box: _Box
    """Rows and columns of coarse pixels around them all, with a margin."""
    luma: Floats
    """Luma of the picture less that of the room, (4, n)."""
    off: Floats
    """The picture's colours less the room's, (3, n)."""
    apart: Floats
    """The colours of the person near by less the room's, (3, n)."""
    sure: Floats
    """How sure the room is, 0..1."""
    equal: Floats
    """How much the picture looks as the room does, 0..1."""


class Keyer:
    """Corrects mattes by the known room. Remembers where nobody was and, for one frame, the person's colours."""

    def __init__(self) -> None:
        self._last: Plane | None = None
        self._person: tuple[Floats, float] | None = None

    def reset(self) -> None:
        """Forgets the past: the next picture is of another clip or camera."""
        self._last = self._person = None

    def key(self, guide: Planes, small: Alpha, known: Known) -> Alpha:
        """The matte where the room says nothing, a better one where it does; of the guide's size, in new memory."""
        size = size_of(guide.u)
        coarse = resize(small, size)
        if self._last is not None and self._last.shape != coarse.shape:
            self.reset()
        last = coarse if self._last is None else self._last
        keyed = Alpha(small.copy())
        highest = cv2.dilate(coarse, _BAND)
        asked = cv2.min(highest, known.sure)
        left, top, width, height = cv2.boundingRect(asked)
        if width:
            # One pixel more: bilinear scaling looks that far.
            box = slice(max(0, top - 1), top + height + 1), slice(max(0, left - 1), left + width + 1)
            points = _points(guide, self._colors(guide, coarse, known), known, asked, box)
            keyed.ravel()[points.fine] = _keyed(points, small, coarse, highest, last, known)
        else:
            self._person = None
        self._last = resize(keyed, size)
        return keyed

    def _colors(self, guide: Planes, coarse: Plane, known: Known) -> Floats:
        """As `_person`: made for two frames in the same light, for they are dear and change little."""
        kept, self._person = self._person, None
        if kept is not None and abs(kept[1] - known.gain) < _SAME_LIGHT:
            return kept[0]
        self._person = _person(guide, coarse, known), known.gain
        return self._person[0]


def _keyed(points: _Points, small: Alpha, coarse: Plane, highest: Plane, last: Plane, known: Known) -> Floats:
    """The matte's levels at the points, (4, n)."""
    square = _product(points.apart, points.apart)
    weight: Floats = square / (square + np.float32(_APART**2 + (_LIMITS_APART * known.limit) ** 2))
    weight *= weight
    # Not where the matte is the same all around.
    soft = (highest.take(points.at) > 5) & (cv2.erode(coarse, _BAND).take(points.at) < 250)
    trust = weight * points.sure * _between(points, square, known.limit) * soft
    empty = _emptiness(points, weight, coarse, last, known)
    matte = small.take(points.fine).astype(np.float32)
    matte += _spread(trust, points, coarse, small) * (_answer(points, square) - matte)
    matte *= 1 - _spread(empty, points, coarse, small)
    return np.rint(matte, matte)


def _points(guide: Planes, person: Floats, known: Known, asked: Plane, box: _Box) -> _Points:
    # Of booleans: `nonzero` takes four times as long on bytes.
    at = (asked.ravel() > 0).nonzero()[0]
    fine = _quads(guide.size, size_of(asked)).take(at, axis=1)
    room = known.room
    behind = room.y.take(fine).astype(np.float32)
    luma = guide.y.take(fine) - behind
    chroma = np.array([plane.take(at) for plane in (room.u, room.v, guide.u, guide.v)], np.float32)
    off = np.array([_mean(luma), *(chroma[2:] - chroma[:2])])
    apart = person.take(at, axis=0).T[:3] - np.array([_mean(behind), *chroma[:2]])
    difference = known.difference.take(at) * np.float32(1 / known.limit)
    sure = known.sure.take(at) * np.float32(1 / 255)
    return _Points(at, fine, box, luma, off * _WEIGHTS, apart * _WEIGHTS, sure, np.exp(-difference * difference))


def _mean(luma: Floats) -> Floats:
    """Of each point's four pixels."""
    mean: Floats = np.add.reduce(luma) * np.float32(0.25)
    return mean


@cache
def _quads(size: Size, coarse: Size) -> Indices:
    """Where a coarse plane's pixels are in a flat plane of that size: each is four of its own, (4, n).

    Where it is odd, the last coarse pixels have fewer: the last one stands in.
    """
    rows, columns = (
        np.minimum(np.arange(2 * many).reshape(many, 2), side - 1)
        for side, many in zip(size[::-1], coarse[::-1], strict=True)
    )
    quads = rows[:, None, :, None] * size.width + columns[None, :, None, :]
    return np.ascontiguousarray(quads.reshape(-1, 4).T)


def _person(guide: Planes, coarse: Plane, known: Known) -> Floats:
    """Y, U, V and 1 near each coarse pixel, (h * w, 4), of what is surely person and not as the room."""
    size = Size(*(max(1, side // _COARSER) for side in coarse.shape[::-1]))
    # As the room: half as sure of it or surer, and within noise.
    as_room = cv2.bitwise_and(
        cv2.compare(known.sure, 127, cv2.CMP_GT), cv2.compare(known.difference, known.limit, cv2.CMP_LT)
    )
    surely = cv2.subtract(cv2.compare(coarse, 250, cv2.CMP_GT), as_room)
    full = size_of(coarse)
    blocks = shrink(cv2.merge([resize(guide.y, full), guide.u, guide.v, surely]), size).astype(np.float32)
    weight = cv2.multiply(cv2.extractChannel(blocks, 3), (1 / 255,))
    blocks[..., 3] = 1
    # The eighth power, as in `foreground`: crumbs of a coat that is no person brought it back (dtSSD +0.46 there).
    for _ in range(3):
        weight *= weight
    counted = cv2.multiply(blocks, cv2.merge([weight] * 4))
    mean = cv2.blur(counted, (_NEAR, _NEAR))
    cv2.addWeighted(mean, 1, cv2.blur(counted, (_WIDE, _WIDE)), _WIDE_SHARE, 0, mean)
    # Next to nothing, so that there is something to divide by.
    cv2.add(mean, tuple(_ALL_SHARE * level + 1e-9 for level in cv2.mean(counted)), mean)
    colors: Floats = resize(cv2.divide(mean, cv2.merge([cv2.extractChannel(mean, 3)] * 4)), full)
    return colors.reshape(-1, 4)


def _emptiness(points: _Points, weight: Floats, coarse: Plane, last: Plane, known: Known) -> Floats:
    """How surely nobody is there, 0..1; `last`: the matte of a frame ago."""
    deep = cv2.erode(coarse, _DEPTH).take(points.at) > 250
    # Where nobody was a frame ago, and the picture is still the room's, nobody came.
    free = np.maximum(~deep, (255 - last.take(points.at)) * np.float32(1 / 255))
    squares = np.square(known.detail.take(points.at), dtype=np.float32)
    empty: Floats = np.maximum(free * weight, np.square(squares / (squares + np.float32(known.limit**2))))
    return empty * points.equal * points.sure


def _between(points: _Points, square: Floats, limit: float) -> Floats:
    """How near the picture's colour is to the line between room and person, 0..1."""
    dot = _product(points.apart, points.off)
    inner = np.minimum(np.maximum(dot, 0), square)
    beside = _product(points.off, points.off) - inner * (2 * dot - inner) / (square + 1)
    near: Floats = np.exp(-beside / (square * np.float32(_ASTRAY) + np.float32(0.5 * limit**2)))
    return near


def _spread(values: Floats, points: _Points, coarse: Plane, small: Alpha) -> Floats:
    """The points' values, 0 elsewhere, scaled up bilinearly, (4, n): as blocks they flicker (dtSSD +0.05)."""
    plane = np.zeros(coarse.shape, np.float32)
    plane.ravel()[points.at] = values
    spread = np.empty(small.shape, np.float32)
    there = spread[tuple(slice(2 * part.start, 2 * part.stop) for part in points.box)]
    resize(plane[points.box], size_of(there), there)
    return spread.take(points.fine)


def _answer(points: _Points, square: Floats) -> Floats:
    """Alpha by the room, (4, n), 0..255: luma's detail is the guide's."""
    chroma = points.apart[1] * points.off[1] + points.apart[2] * points.off[2]
    answer: Floats = (points.apart[0] * points.luma + chroma) * (np.float32(255) / (square + 1))
    np.maximum(answer, 0, out=answer)
    return np.minimum(answer, 255, out=answer)


def _product(one: Floats, other: Floats) -> Floats:
    total: Floats = np.add.reduce(one * other)
    return total
