"""The room behind the person, learned over time where the matte is surely background: a clean plate nobody shot.

Each pixel is a running mean of what was seen of it, in the light of the first frames; the present light (gain,
and what white balance adds to chroma) is fitted to the room that shows. Evidence is counted in seconds: a pixel is
known once it was seen for long enough, and forgotten when it shows something else, or when the matte says that this
very look is the person's. Whatever disagrees is out; when the room's details are no longer where they were, all is.
"""

from __future__ import annotations

import math
from copy import deepcopy
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.lessons import FALL, LONGEST, MOST, sureness, units, weights
from rimlight.lighting import FEW, Lighting, fitted
from rimlight.picture import Levels, resize, size_of
from rimlight.types import Alpha, Plane, Planes, Size

Floats = NDArray[np.float32]

STEP = 0.1
"""Seconds from one lesson to the next: often enough for what a moving person uncovers."""

_HOLD = 0.7
"""Seconds for which, at most, a pixel that looks as it did when it was person is not believed to be room, no longer
than it was person: a model sometimes loses people. Over ten seconds of the sitter, 0 costs 0.024 of boundary IoU in
`far`, where that happens; with 2, in `chair`, what was taken for the person is learned late: +0.01, not +0.06."""

_MARGIN = np.ones((7, 7), np.uint8)
"""Coarse pixels, 3 on each side, that are kept from the matte's edge: no mask is exact."""

_NOISES = 3.2
"""Disagreement, in mean noises, from which on it is none of noise's."""

_LEAST_LIMIT, _MOST_LIMIT, _FIRST_NOISE = 5.0, 24.0, 2.0
"""Levels, of the sum of luma and twice chroma."""

_SETTLING, _MOSTLY = 0.2, 0.7
"""Seconds in which the estimate of the noise follows by two thirds, and the part of the room in view that has to
agree for that: a moving camera is not noise."""

_STRAYING = 1.15
"""Disagreement, in mean noises, from which on the light is looked for before the next lesson, too."""

_DETAIL = 6.0
"""Levels by which a pixel differs from those around it, from which on it would show that the camera moved."""

_MOVED, _CHANGED = 0.3, 0.5
"""Parts of the room's details, and of all of it, that disagree when the camera moved or the room is another."""

_LEAST_SIDE = 8
"""Coarse pixels below which there is nothing to learn."""


class Known(NamedTuple):
    """What of the room is known, in this frame's light, and how the picture compares; coarse is chroma's size."""

    room: Planes
    """Like the guide's. Means nothing where it is not known."""
    known: Plane
    """How sure, at the guide's size: 0 not known, 255 known."""
    sure: Plane
    """The same, coarse."""
    difference: Plane
    """Levels between picture and room, coarse: luma's and twice chroma's, of means over 3x3 pixels."""
    limit: float
    """Such levels that noise alone does not reach."""
    gain: float
    """Of this light, from the first frames' luma above black."""
    detail: Plane
    """Such levels by which the room differs, around each pixel, from its surroundings; coarse."""


class _Look(NamedTuple):
    """One picture beside the room; all but the guide is coarse."""

    guide: Planes
    seen: Planes
    """The picture, softened."""
    matte: Plane
    outside: Plane
    """255 where the matte is surely room, and not clipped."""
    in_view: Plane
    """255 where something of it is known as well."""
    clipped: Plane | None
    """255 where the room is too bright to tell; None: nowhere."""
    difference: Plane
    wrong: Plane
    """255 where it is no room that was learned."""


class Room:
    """Learns the room of one camera that stands still; of one that moves it learns nothing that it would tell."""

    def __init__(self) -> None:
        self._lessons: _Lessons | None = None
        self._foreseen: _Lessons | None = None

    def reset(self) -> None:
        """Forgets all that was not foreseen: the next picture is of another clip or camera."""
        self._lessons = deepcopy(self._foreseen)
        if self._lessons is not None:
            self._lessons.rewind()

    def foresee(self) -> None:
        """From each `reset` on, what is known now is known: the same clip is looked at again, from its start."""
        self._foreseen = self._lessons

    def forget(self) -> None:
        """Forgets at the next `reset` what was foreseen too."""
        self._foreseen = None

    def learn(self, guide: Planes, small: Alpha, at: float) -> Known | None:
        """What is known of the room at the time `at` (seconds), after a look at this picture and its matte.

        `small` is of the size of the guide's luma. None as long as nothing is known, and of tiny pictures. Valid
        until the next call.
        """
        if min(guide.u.shape) < _LEAST_SIDE:
            return None
        if self._lessons is None or not self._lessons.go_on(guide.size, at):
            self._lessons = _Lessons(guide, at)
        return self._lessons.learn(guide, small, at)


class _Lessons:
    """What was learned since the first picture, `guide`."""

    def __init__(self, guide: Planes, at: float) -> None:
        self._at, self._taught = at, at - STEP
        self._means = [plane.astype(np.float32) for plane in guide]
        self._room = Planes(*(plane.copy() for plane in guide))
        self._evidence, self._held = np.zeros_like(guide.u), np.zeros_like(guide.u)
        self._body = Planes(*(np.zeros_like(guide.u) for _ in range(3)))
        self._lighting, self._noise = Lighting(), _FIRST_NOISE
        self._judge_evidence()
        self._judge_room()

    def rewind(self) -> None:
        """The next picture may be of any time."""
        self._at = self._taught = -math.inf

    def go_on(self, size: Size, at: float) -> bool:
        """Whether a picture of that size and time can be the next."""
        return self._room.size == size and at >= self._at

    def learn(self, guide: Planes, small: Alpha, at: float) -> Known | None:
        """As `Room.learn`, for pictures of the first one's size."""
        if self._at == -math.inf:
            self._at, self._taught = at, at - STEP
        due = at - self._taught >= 0.99 * STEP  # Times are rounded.
        look = self._looked(guide, small, due)
        self._listen(look, at - self._at)
        if self._is_another(look):
            self._evidence[:], self._lighting = 0, Lighting()
            self._judge_evidence()
        self._at = at
        if due:
            self._teach(look, min(at - self._taught, LONGEST))
            self._taught = at
        if not cv2.countNonZero(self._sure):
            return None
        sure, known = self._sure, self._known
        if look.clipped is not None:
            sure = cv2.subtract(sure, look.clipped)
            known = _finer(sure, guide.y)
        room, gain = self._lighting.on(self._room), self._lighting.gain
        return Known(room, known, sure, look.difference, self._limit, gain, self._detail)

    def _looked(self, guide: Planes, small: Alpha, due: bool) -> _Look:
        """Compares; finds the light, when that is due or it is no longer the last one's."""
        seen, matte = _soft(guide), resize(small, size_of(guide.u))
        outside = cv2.compare(cv2.dilate(matte, _MARGIN), 2, cv2.CMP_LE)
        in_view = cv2.bitwise_and(outside, self._learned)
        lit = self._lighting.on(self._softened)
        difference = _distance(seen, lit)
        if due or self._strays(difference, in_view):
            self._lighting = fitted(seen, self._softened, in_view, self._lighting, 2 * self._limit)
            lit = self._lighting.on(self._softened)
            difference = _distance(seen, lit)
        clipped = self._lighting.clipped(lit)
        if clipped is not None:
            outside, in_view = cv2.subtract(outside, clipped), cv2.subtract(in_view, clipped)
        wrong = cv2.compare(difference, self._limit, cv2.CMP_GT)
        return _Look(guide, seen, matte, outside, in_view, clipped, difference, wrong)

    def _strays(self, difference: Plane, in_view: Plane) -> bool:
        """Whether the room differs by more than noise, in the last light."""
        levels = cv2.sumElems(cv2.bitwise_and(cv2.min(difference, self._limit), in_view))[0]
        return levels > _STRAYING * self._noise * cv2.countNonZero(in_view)

    @property
    def _limit(self) -> float:
        return min(_MOST_LIMIT, max(_LEAST_LIMIT, _NOISES * self._noise))

    def _listen(self, look: _Look, elapsed: float) -> None:
        """Follows the noise, which is what is left where the room is what it was."""
        agreeing = cv2.subtract(look.in_view, look.wrong)
        count = cv2.countNonZero(agreeing)
        if count >= max(FEW, _MOSTLY * cv2.countNonZero(look.in_view)):
            share = 1 - math.exp(-elapsed / _SETTLING)
            levels = cv2.sumElems(cv2.bitwise_and(look.difference, agreeing))[0] / count
            self._noise += share * (levels - self._noise)

    def _is_another(self, look: _Look) -> bool:
        """Whether the camera moved, or looks at something else."""
        for pixels, most in ((cv2.bitwise_and(look.in_view, self._details), _MOVED), (look.in_view, _CHANGED)):
            count = cv2.countNonZero(pixels)
            if count >= FEW and cv2.countNonZero(cv2.bitwise_and(look.wrong, pixels)) > most * count:
                return True
        return False

    def _teach(self, look: _Look, elapsed: float) -> None:
        """One lesson, worth `elapsed` seconds."""
        evidence, believed, lesson = self._evidence, self._believed(look, elapsed), units(elapsed)
        cv2.subtract(evidence, FALL * lesson, evidence, cv2.bitwise_and(look.outside, look.wrong))
        cv2.subtract(evidence, lesson, evidence, cv2.subtract(cv2.compare(look.matte, 250, cv2.CMP_GT), look.wrong))
        taught = cv2.subtract(believed, cv2.subtract(look.wrong, cv2.compare(evidence, 0, cv2.CMP_EQ)))
        cv2.add(evidence, lesson, evidence, taught)
        cv2.min(evidence, units(MOST), evidence)
        share = cv2.LUT(cv2.bitwise_and(evidence, taught), weights(lesson))
        for mean, plane in zip(self._means, self._lighting.off(look.guide), strict=True):
            way = plane.astype(np.float32)
            way -= mean
            way *= share if plane.shape == share.shape else _finer(share, plane)
            np.add(mean, way, mean)
        self._judge_evidence()
        self._judge_room()

    def _believed(self, look: _Look, elapsed: float) -> Plane:
        """255 where the matte's word that this is room is taken."""
        same = cv2.compare(_distance(look.seen, self._body), 2 * self._limit, cv2.CMP_LT)
        body = cv2.compare(look.matte, 127, cv2.CMP_GT)
        cv2.subtract(self._held, units(elapsed), self._held, look.outside)
        cv2.add(self._held, units(elapsed), self._held, body)
        cv2.min(self._held, units(_HOLD), self._held)
        for plane, last in zip(look.seen, self._body, strict=True):
            cv2.copyTo(plane, body, last)
        doubted = cv2.bitwise_and(same, cv2.compare(self._held, 0, cv2.CMP_GT))
        believed: Plane = cv2.subtract(look.outside, doubted)
        return believed

    def _judge_evidence(self) -> None:
        """How sure the room is."""
        self._sure = cv2.LUT(self._evidence, sureness())
        self._known = _finer(self._sure, self._room.y)
        self._learned = cv2.compare(self._sure, 0, cv2.CMP_GT)

    def _judge_room(self) -> None:
        """The room in bytes, and where it has detail."""
        # New memory: a frame that is still being composed keeps the room as it was.
        self._room = Planes(*(cv2.convertScaleAbs(mean) for mean in self._means))
        self._softened = _soft(self._room)
        own = cv2.absdiff(self._softened.y, cv2.blur(self._softened.y, (5, 5)))
        self._details = cv2.compare(own, max(_DETAIL, 1.5 * self._noise), cv2.CMP_GT)
        self._detail = cv2.blur(own, (3, 3))


def _distance(one: Planes, other: Planes) -> Plane:
    """Levels between two pictures whose planes are of one size: luma's and twice chroma's, 255 at most."""
    y, u, v = (cv2.absdiff(a, b) for a, b in zip(one, other, strict=True))
    total: Plane = cv2.addWeighted(y, 1, cv2.add(u, v), 2, 0)
    return total


def _soft(planes: Planes) -> Planes:
    """All at chroma's size, means over 3x3 pixels: less noise, and no shift of the camera by a hair."""
    return Planes(*(cv2.blur(plane, (3, 3)) for plane in (resize(planes.y, size_of(planes.u)), *planes[1:])))


def _finer(plane: Levels, like: Plane) -> Levels:
    """At luma's size, by repetition; `resize` to the nearest takes twice as long."""
    wide = cv2.merge([plane, plane]).reshape(plane.shape[0], -1)
    finer: Levels = cv2.hconcat([wide, wide]).reshape(-1, wide.shape[1])
    return finer[: like.shape[0], : like.shape[1]]
