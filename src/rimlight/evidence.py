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
from rimlight.picture import resize, shrink, shrunk, size_of
from rimlight.region import Region
from rimlight.smoothing import doubt
from rimlight.types import Mask, Plane, Planes, Size

Floats = NDArray[np.float32]

SURE = 0.95
"""Probability from which a pixel's colour is the person's; from 1 minus it downwards, the room's."""

BITS = 5
"""Of each channel: 32 levels. 64 levels score the same; 16 of luma lose 0.006 boundary IoU, 16 of chroma 0.003."""

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

_LEAST = 100
"""Pixels of which a histogram can be made."""

_LEVELS = 1 << BITS

_PLACES = [((np.arange(256) >> (8 - BITS)) << shift).astype(np.int16) for shift in (BITS, 0, 2 * BITS)]
"""What each level of y, u and v adds to a colour's place in a table that is ordered by V, luma and U."""

_STEPS = Mask(np.linspace(0, 1, 256, dtype=np.float32))
_DOUBT = np.rint(255 * doubt(_STEPS)).astype(np.uint8)
_PREVAILING = ramp(_STEPS, *_PREVAILS)
_HEARD = np.rint(255 * _PREVAILING**2 * (3 - 2 * _PREVAILING)).astype(np.uint8)
"""Tables of 256 levels: of probability to doubt, of mean doubt to how much colour is heard."""


class Evidence:
    """Learns the colours of one camera or clip and judges each mask by them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all colours."""
        self._person: Floats | None = None
        self._room: Floats | None = None
        self._against: Floats = np.zeros(_LEVELS**3, np.float32)
        self._learnt: float | None = None

    def judge(self, planes: Planes, mask: Mask, at: float) -> Mask:
        """The mask with doubtful areas decided by colour; the mask itself where there are none.

        `planes` are the reduced picture; `at` is the time in seconds.
        """
        few = Mask(np.ascontiguousarray(mask[::COARSE, ::COARSE]))
        if self._learnt is None or not 0 <= at - self._learnt < INTERVAL:
            self._learn(planes, few, at)
        heard = _heard(few)
        left, top, width, height = cv2.boundingRect(heard)
        if not width:
            return mask
        rows, columns = mask.shape
        right, bottom = min((left + width) * COARSE, columns), min((top + height) * COARSE, rows)
        part = Region(left * COARSE, top * COARSE, right, bottom)
        against = np.take(self._against, _places(planes, part, size_of(mask)), mode="clip")
        against *= resize(heard[top : top + height, left : left + width], part.size)
        turned = Mask(mask.copy())
        _turn(Mask(turned[part.top : bottom, part.left : right]), against)
        return turned

    def _learn(self, planes: Planes, few: Mask, at: float) -> None:
        kept = 0.0 if self._learnt is None else math.exp(-max(0.0, at - self._learnt) / MEMORY)
        self._learnt = at
        colors = shrunk(planes, size_of(few))
        self._person = _mixed(self._person, _shares(colors, few >= SURE), kept)
        self._room = _mixed(self._room, _shares(colors, few <= 1 - SURE), kept)
        if self._person is not None and self._room is not None:
            ratio = cv2.log((self._person + np.float32(UNSEEN)) / (self._room + np.float32(UNSEEN)))
            # Upside down, and of one of the 255 levels at which colour is heard.
            self._against = (np.clip(ratio, -STRENGTH, STRENGTH) * np.float32(-1 / 255)).reshape(-1)


def _places(planes: Planes, part: Region, size: Size) -> NDArray[np.int16]:
    """Where in the table the colours are that a part of a mask of `size` shows, to within a pixel."""
    shown = (shrink(part.at(plane, size), part.size) for plane in planes)
    y, u, v = (cv2.LUT(plane, table) for plane, table in zip(shown, _PLACES, strict=True))
    places: NDArray[np.int16] = cv2.add(cv2.add(y, u, u), v, u)
    return places


def _shares(colors: tuple[Plane, Plane, Plane], which: NDArray[np.bool_]) -> Floats | None:
    """Share of each colour, softened by a level each way: (V, luma and U); None of too few pixels to tell."""
    count = np.count_nonzero(which)
    if count < _LEAST:
        return None
    counts = cv2.calcHist(colors, [0, 1, 2], which.view(np.uint8), [_LEVELS] * 3, [0, 256] * 3)
    # By 1/4, 1/2 and 1/4. OpenCV takes the last of three axes for channels, which it does not mix.
    soft = cv2.GaussianBlur(counts, (3, 3), 0, borderType=cv2.BORDER_CONSTANT)
    by_last = cv2.transpose(soft.reshape(-1, _LEVELS))
    shares: Floats = cv2.GaussianBlur(by_last, (1, 3), 0, borderType=cv2.BORDER_CONSTANT)
    shares *= np.float32(1 / count)
    return shares


def _mixed(past: Floats | None, lesson: Floats | None, kept: float) -> Floats | None:
    if past is None or lesson is None:
        return past if lesson is None else lesson
    mixed: Floats = cv2.addWeighted(past, kept, lesson, 1 - kept, 0)
    return mixed


def _heard(few: Mask) -> Plane:
    """How much colour is heard, 0 to 255: where doubt prevails."""
    side = max(3, round(AREA * max(few.shape))) | 1
    unsure = cv2.LUT(cv2.convertScaleAbs(few, alpha=255), _DOUBT)
    heard: Plane = cv2.LUT(cv2.blur(unsure, (side, side)), _HEARD)
    return heard


def _turn(mask: Mask, against: Floats) -> None:
    """Bayes' rule, in place: the mask's odds by the colour's, the logarithm of whose inverse is given and lost."""
    cv2.exp(against, against)
    against *= 1 - mask
    against += mask
    against += np.float32(1e-9)
    np.divide(mask, against, mask)
