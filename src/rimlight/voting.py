"""Which of a clip's mattes are a model's lone wrong answers: where a frame stands alone against those around it.

Each pixel is compared with what it was in the three frames before and the three after, where it is traced to: what
lies far from the median of the seven is struck out, so that up to three wrong answers in a row are.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.tracing import Trace, coarse
from rimlight.types import Plane

Floats = NDArray[np.float32]

REACH = 3
"""Frames before and after that have a vote."""

FAR = 48.0
"""Levels from the median at which a frame's own word counts half: by less, edges differ anyway."""

_SURE = 128
"""Of 255: from there on what a pixel was in another frame is known; else its own frame votes for that one."""

_AROUND = np.ones((7, 7), np.uint8)
"""Pixels, three on each side, that are as little known: a patch of what comes looks like the room by chance."""

# fmt: off
_EXCHANGES = (
    (0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6), (2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4),
)
# fmt: on
"""Which of seven are put in order so that the fourth is their median (Devillard 1998, 'Fast median search')."""

_LEAST = 0.01
"""What is left of a word that is not heard: there may be no other."""

_TRUST = np.maximum(1 / (1 + (np.arange(256) / FAR) ** 4), _LEAST).astype(np.float32)


def trusted(mattes: Sequence[Plane], traces: Sequence[tuple[Trace, Trace] | None]) -> list[Floats]:
    """How far each frame's own matte is heard, 0..1, coarse.

    `mattes` are of frames in order, coarse; `traces` lead from each, but the last, to the next and back.
    """
    earlier = [None if both is None else both[1] for both in traces]
    later = [None if both is None else both[0] for both in traces]
    before = _witnesses(mattes, earlier)
    after = _witnesses(mattes[::-1], later[::-1])[::-1]
    return [_trust(*three) for three in zip(mattes, before, after, strict=True)]


def _witnesses(mattes: Sequence[Plane], traces: Sequence[Trace | None]) -> list[list[Plane]]:
    """What each frame's pixels were in the three before it, in the order given."""
    told: list[Plane] = []
    witnesses = []
    for matte, trace, last in zip(mattes, [None, *traces], [None, *mattes[:-1]], strict=True):
        if trace is None or last is None:
            told = [matte] * REACH
        else:
            unsure = cv2.dilate(cv2.compare(coarse(trace.same), _SURE, cv2.CMP_LT), _AROUND)
            told = [trace.follow(one) for one in (last, *told[:-1])]
            for one in told:
                cv2.copyTo(matte, unsure, one)
        witnesses.append(told)
    return witnesses


def _trust(matte: Plane, before: Sequence[Plane], after: Sequence[Plane]) -> Floats:
    votes = [*before, matte, *after]
    for lesser, greater in _EXCHANGES:
        one, other = votes[lesser], votes[greater]
        votes[lesser], votes[greater] = cv2.min(one, other), cv2.max(one, other)
    trust: Floats = cv2.LUT(cv2.absdiff(matte, votes[REACH]), _TRUST)
    return trust
