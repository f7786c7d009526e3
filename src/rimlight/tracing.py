"""Where the pixels of one picture are in another: dense motion, and whether it is the same that shows there."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import Levels, resize, shrink, size_of
from rimlight.types import Plane, Size

Floats = NDArray[np.float32]

SIDE = 256
"""Long side of the pictures in which motion is looked for. At 384, or to the last pixel, it takes twice as long and
more, for 0.005 of dtSSD."""

WINDOW = 3
"""Pixels, each way, over which what is found at the end of the way is compared: of the reduced picture itself, for
there a way that is a pixel wrong shows (dtSSD of keyed clips 0.62; compared as small as searched, 0.66)."""

UNLIKE = 8.0
"""Times the usual difference, noise mostly, at which what is found there counts a third. 4 to 8 score the same."""

NOISE = (0.8, 4.0)
"""Least and greatest usual difference in levels, as in `smoothing`."""

ASTRAY = 1.5
"""Searched pixels by which there and back may miss the start until what is found there counts a third."""

_PATCH = np.ones((5, 5), np.uint8)
"""What looks the same by chance, among what does not, is smaller than this. (For dtSSD it is all one.)"""

ANOTHER = 0.35
"""Mean sureness below which it is another scene: nothing is said of where its pixels are."""

_LEAST = 16
"""Pixels each way below which the search has no scale to begin at."""


class _Places(NamedTuple):
    """Where to look for each pixel, as OpenCV wants it: in whole pixels, and in 32nds."""

    whole: NDArray[np.int16]
    parts: NDArray[np.uint16]


class Trace:
    """Of each pixel of one picture, where it is in another."""

    def __init__(self, way: Floats, fine: _Places, same: Plane) -> None:
        self.way = way
        """Pixels to the right and down, coarse, (h, w, 2)."""
        self.same = same
        """How surely the same shows there: 255 surely; (H, W)."""
        self._fine, self._coarse = fine, _places(way, size_of(way))

    def follow(self, values: Levels) -> Levels:
        """What lies, in `values`, at the end of each pixel's way; of `same`'s size, or coarse. New memory."""
        return _found(values, self._fine if values.shape == self.same.shape else self._coarse)


class Tracer:
    """Finds motion by dense inverse search (Kroeger et al. 2016); the same on any number of OpenCV's threads."""

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._search.setFinestScale(1)

    def between(self, one: Plane, other: Plane) -> tuple[Trace, Trace] | None:
        """From one picture's luma to the other's, of the same size, and back; None if that is another scene.

        Tiny pictures are said to stand still.
        """
        there, back = self._ways(coarse(one), coarse(other))
        traces = _trace(one, other, there, back), _trace(other, one, back, there)
        return traces if min(cv2.mean(trace.same)[0] for trace in traces) >= ANOTHER * 255 else None

    def _ways(self, one: Plane, other: Plane) -> tuple[Floats, Floats]:
        if min(one.shape) < _LEAST:
            still = np.zeros((*one.shape, 2), np.float32)
            return still, still
        there, back = (np.zeros((*one.shape, 2), np.float32) for _ in range(2))
        return self._search.calc(one, other, there), self._search.calc(other, one, back)


def coarse(plane: Levels) -> Levels:
    """The plane as small as pictures are searched."""
    height, width = plane.shape
    part = min(1.0, SIDE / max(width, height))
    return shrink(plane, Size(max(1, round(part * width)), max(1, round(part * height))))


def _trace(one: Plane, other: Plane, way: Floats, back: Floats) -> Trace:
    places = _places(way, size_of(one))
    return Trace(way, places, _sureness(one, _found(other, places), way, back))


def _places(way: Floats, size: Size) -> _Places:
    """Where the way leads, at that size."""
    steps = size_of(way)
    if size != steps:
        way = resize(way, size)
        way *= np.array([size.width / steps.width, size.height / steps.height], np.float32)
    return _Places(*cv2.convertMaps(cv2.add(way, _own_places(size)), None, cv2.CV_16SC2))


def _found(values: Levels, places: _Places) -> Levels:
    found: Levels = cv2.remap(values, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found


@cache
def _own_places(size: Size) -> Floats:
    """Each pixel's own place, (h, w, 2)."""
    rows, columns = np.indices((size.height, size.width), np.float32)
    return np.dstack([columns, rows])


def _sureness(luma: Plane, found: Plane, way: Floats, back: Floats) -> Plane:
    """255 where what was found looks the same, and the way back from there leads here."""
    miss = _found(back, _places(way, size_of(way)))
    miss += way
    squares = cv2.transform(miss * miss, np.full((1, 2), -1 / ASTRAY**2, np.float32))
    returns = cv2.convertScaleAbs(cv2.exp(squares), alpha=255)
    sure: Plane = cv2.min(_likeness(luma, found), resize(returns, size_of(luma)))
    cv2.morphologyEx(sure, cv2.MORPH_OPEN, _PATCH, sure)
    return sure


def _likeness(luma: Plane, found: Plane) -> Plane:
    difference = cv2.blur(cv2.absdiff(luma, found), (WINDOW, WINDOW))
    counts = cv2.calcHist([difference], [0], None, [256], [0, 256]).reshape(-1).cumsum()
    quarter = int(np.searchsorted(counts, counts[-1] / 4))
    usual = min(max(float(quarter), NOISE[0]), NOISE[1])
    levels = np.arange(256) / (UNLIKE * usual)
    likeness: Plane = cv2.LUT(difference, np.rint(255 * np.exp(-(levels**2))).astype(np.uint8))
    return likeness
