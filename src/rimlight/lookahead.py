"""Mattes that know what comes: frames are held until their future is there, and each matte heeds both sides of it.

What a pixel was before and will be after is looked up where the picture shows it then (`tracing`), and the matte
becomes a mean of all that, weighed by how long ago it was and how surely it is the same: a recursive filter, run
from both sides (as smoothers are made of Kalman's filter: Fraser and Potter 1969). What a frame says against all
around it is not heard (`voting`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import resize, size_of
from rimlight.tracing import Trace, Tracer, coarse
from rimlight.types import Alpha, Matted
from rimlight.voting import REACH, trusted

Floats = NDArray[np.float32]

AHEAD = 3 + REACH
"""Frames that follow a frame at least before its matte is settled, unless the clip ends: the last ones only vote,
for nobody is there to vote about them. With 3 to 6 more it scores the same within a hundredth."""

AT_ONCE = 4
"""Frames that are settled together: what follows them is gone through once for all."""

MEMORY = 0.1
"""Seconds in which what was, or will be, counts a third. 0.1 to 0.3 score the same within a hundredth; the best
tier's own mattes want no more than 0.1."""

FORGOTTEN = 1.0
"""Seconds between two frames from which on they have nothing to say to each other."""


@dataclass(eq=False, slots=True)
class _Held:
    """A frame that waits for its future."""

    matted: Matted
    matte: Floats
    """Levels, 0..255."""
    traces: tuple[Trace, Trace] | None = None
    """Where the pixels of the frame before are in it, and its own in that one; None if there is none."""
    kept: float = 0.0
    """Share of the past that is left since the frame before."""


class _Word(NamedTuple):
    """What frames say of one frame's pixels."""

    matte: Floats
    """Levels, 0..255."""
    frames: Floats
    """Of how many frames it is the mean, the farther and the less sure counting less; as fine."""


class Lookahead:
    """Holds fewer than `AHEAD + AT_ONCE` frames of one clip, and gives them back in order with better mattes.

    What becomes of a frame depends on the frames alone, and on how many were before it: it is the same each time.
    """

    def __init__(self) -> None:
        self._tracer = Tracer()
        self.reset()

    def reset(self) -> None:
        """Forgets the past, and drops what is held: the next frame is of another clip."""
        self._held: list[_Held] = []
        self._before: list[_Held] = []
        self._mean: _Word | None = None

    def put(self, matted: Matted) -> Sequence[Matted]:
        """Takes the next frame; gives those whose future is known now, none mostly."""
        held = _Held(matted, matted.small.astype(np.float32))
        last = (self._before + self._held)[-1:]
        if last and _follows(last[0].matted, matted):
            held.kept = math.exp((last[0].matted.at - matted.at) / MEMORY)
            held.traces = self._tracer.between(last[0].matted.planes.y, matted.planes.y)
        self._held.append(held)
        return self._settled(AT_ONCE, AT_ONCE + AHEAD - REACH) if len(self._held) == AHEAD + AT_ONCE else ()

    def end(self) -> Sequence[Matted]:
        """The frames that are still held: no more will come."""
        return self._settled(len(self._held), len(self._held))

    def _settled(self, count: int, known: int) -> Sequence[Matted]:
        """The first `count` frames, with the mattes that they and those up to the one `known` agree on."""
        if not count:
            return ()
        held, near = self._held[:known], self._before + self._held
        heard = trusted([coarse(one.matted.small) for one in near], [one.traces for one in near[1:]])
        own = [_own(one, word) for one, word in zip(held, heard[len(self._before) :], strict=False)]
        settled = []
        for one, word, after in zip(held[:count], own, _future(held, own), strict=False):
            self._mean = _joined(word, _told(self._mean, one.traces and one.traces[1], one.kept))
            settled.append(replace(one.matted, small=_alpha(_joined(self._mean, after))))
        self._before, self._held = (self._before + held[:count])[-REACH:], self._held[count:]
        return settled


def _follows(before: Matted, matted: Matted) -> bool:
    elapsed = matted.at - before.at
    return not matted.fresh and before.planes.size == matted.planes.size and 0 <= elapsed < FORGOTTEN


def _own(held: _Held, heard: Floats) -> _Word:
    """What the frame says itself, as far as it is heard."""
    return _Word(held.matte, resize(heard, size_of(held.matte)))


def _future(held: Sequence[_Held], own: Sequence[_Word]) -> list[_Word | None]:
    """What those after each frame say of it."""
    words, mean, link = list[_Word | None](), None, _Held(held[0].matted, held[0].matte)
    for one, word in zip(reversed(held), reversed(own), strict=True):
        words.append(_told(mean, link.traces and link.traces[0], link.kept))
        mean, link = _joined(word, words[-1]), one
    return words[::-1]


def _told(mean: _Word | None, trace: Trace | None, kept: float) -> _Word | None:
    """The same of the pixels of the frame from which the trace leads to that of the mean."""
    if mean is None or trace is None:
        return None
    # How many they are changes slowly.
    frames = resize(trace.follow(coarse(mean.frames)), size_of(mean.matte))
    frames = cv2.multiply(frames, trace.same, scale=kept / 255, dtype=cv2.CV_32F)
    return _Word(trace.follow(mean.matte), frames)


def _joined(one: _Word, other: _Word | None) -> _Word:
    if other is None:
        return one
    return _Word(cv2.blendLinear(one.matte, other.matte, one.frames, other.frames), one.frames + other.frames)


def _alpha(word: _Word) -> Alpha:
    return Alpha(cv2.convertScaleAbs(word.matte))
