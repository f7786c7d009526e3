"""The picture's own evidence: which colours are the person's and which are the room's.

Where the model is sure, two colour histograms are learnt; where it doubts a whole area (and not only the line of
an edge, which the refiner does better), Bayes' rule turns its probability by what the colour says. The model doubts
dark hair before a green wall; the colour does not. After the colour terms of Boykov and Jolly (2001) and GrabCut
(Rother 2004), with the network as the prior.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.agreement import ramp
from rimlight.picture import resize, shrunk, size_of
from rimlight.smoothing import doubt
from rimlight.types import Mask, Plane, Planes

Floats = NDArray[np.float32]

SURE = 0.95
"""Probability from which a pixel's colour is the person's; from 1 minus it downwards, the room's."""

BITS = 5
"""Of each channel: 32 levels. 64 levels score the same, 16 of chroma too; 16 of luma lose 0.006 boundary IoU."""

STRENGTH = math.log(10)
"""How far colour may turn the odds. 4 to 30 times score the same within 0.004."""

UNSEEN = 1e-5
"""Share of all pixels added to each colour's, so that colours never seen say nothing."""

COARSE = 2
"""Pixels of the mask each way to one that is learnt from, and to one measure of doubt."""

INTERVAL = 0.2
"""Seconds between two lessons: colours change slowly, and learning costs more than judging."""

MEMORY = 0.4
"""Seconds in which a lesson is forgotten to a third. 0.05 to 0.8 score the same."""

AREA = 1 / 16
"""Side of the window, as a part of the mask's long side, in which doubt must prevail to count as an area."""

_PREVAILS = (0.2, 0.5)
"""Mean doubt in that window from which colour is heard, and fully heard."""

_COUNT = 1 << (3 * BITS)
_LEAST = 100
"""Pixels of which a histogram can be made."""

_TABLES = [
    ((np.arange(256) >> (8 - BITS)) << shift).astype(np.int16).reshape(1, 256) for shift in (2 * BITS, BITS, 0)
]


class Evidence:
    """Learns the colours of one camera or clip and judges each mask by them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all colours."""
        self._person: Floats | None = None
        self._room: Floats | None = None
        self._odds: Floats = np.zeros(_COUNT, np.float32)
        self._learnt: float | None = None

    def judge(self, planes: Planes, mask: Mask, at: float) -> Mask:
        """The mask with doubtful areas decided by colour; the mask itself where there are none.

        `planes` are the reduced picture; `at` is the time in seconds.
        """
        if self._learnt is None or not 0 <= at - self._learnt < INTERVAL:
            self._learn(planes, mask, at)
        heard = _heard(mask)
        left, top, width, height = cv2.boundingRect((heard > 0).view(np.uint8))
        if not width:
            return mask
        rows, columns = (
            slice(start * COARSE, (start + count) * COARSE) for start, count in ((top, height), (left, width))
        )
        turned = mask.copy()
        part = turned[rows, columns]
        size = size_of(part)
        odds = self._odds[_colors(shrunk(planes, size_of(mask)))[rows, columns]]
        odds *= resize(heard[top : top + height, left : left + width], size)
        np.copyto(part, _turned(Mask(part), odds))
        return turned

    def _learn(self, planes: Planes, mask: Mask, at: float) -> None:
        kept = 0.0 if self._learnt is None else math.exp(-max(0.0, at - self._learnt) / MEMORY)
        self._learnt = at
        few = np.ascontiguousarray(mask[::COARSE, ::COARSE])
        colors = _colors(shrunk(planes, size_of(few)))
        self._person = _mixed(self._person, _histogram(colors[few >= SURE]), kept)
        self._room = _mixed(self._room, _histogram(colors[few <= 1 - SURE]), kept)
        if self._person is not None and self._room is not None:
            ratio = cv2.log(self._person + np.float32(UNSEEN)) - cv2.log(self._room + np.float32(UNSEEN))
            self._odds = np.clip(ratio, -STRENGTH, STRENGTH).reshape(-1)


def _colors(planes: tuple[Plane, Plane, Plane]) -> NDArray[np.int16]:
    """Each pixel's place in the histogram."""
    y, u, v = (cv2.LUT(plane, table) for plane, table in zip(planes, _TABLES, strict=True))
    colors: NDArray[np.int16] = cv2.add(cv2.add(y, u, u), v, u)
    return colors


def _histogram(colors: NDArray[np.int16]) -> Floats | None:
    """Share of each colour, softened by a level each way: (luma, U, V); None of too few pixels to tell."""
    if colors.size < _LEAST:
        return None
    shares = (np.bincount(colors, minlength=_COUNT) / colors.size).astype(np.float32)
    cube = shares.reshape((1 << BITS,) * 3)
    for axis in range(3):
        levels = np.moveaxis(cube, axis, 0)
        soft = levels * np.float32(0.5)
        soft[1:] += levels[:-1] * np.float32(0.25)
        soft[:-1] += levels[1:] * np.float32(0.25)
        cube = np.moveaxis(soft, 0, axis)
    return np.ascontiguousarray(cube).reshape(1, -1)


def _mixed(past: Floats | None, lesson: Floats | None, kept: float) -> Floats | None:
    if past is None or lesson is None:
        return past if lesson is None else lesson
    mixed: Floats = cv2.addWeighted(past, kept, lesson, 1 - kept, 0)
    return mixed


def _heard(mask: Mask) -> Floats:
    """How much colour is heard, 0 to 1, for each COARSE pixels each way: where doubt prevails."""
    few = Mask(np.ascontiguousarray(mask[::COARSE, ::COARSE]))
    side = max(3, round(AREA * max(few.shape))) | 1
    prevails = cv2.blur(doubt(few), (side, side))
    heard: Floats = ramp(prevails, *_PREVAILS)
    heard *= heard * (3 - 2 * heard)
    return heard


def _turned(mask: Mask, odds: Floats) -> Mask:
    """Bayes' rule: the mask's odds times the colour's, whose logarithm is given and lost."""
    np.negative(odds, odds)
    against = cv2.exp(odds)
    against *= 1 - mask
    against += mask
    turned: Mask = mask / (against + np.float32(1e-9))
    return turned
