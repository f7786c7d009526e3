"""Whether what the model says, and the matte made of it, can be believed.

What cannot: nearly everything is the person, out of nowhere; most is neither person nor room; the very mask of a
picture in which the person was elsewhere. Judged before anything is learned of it: what is smoothed in time shows
a wrong answer for a third of a second.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import shrink, size_of
from rimlight.region import Region, whole
from rimlight.types import Mask, Plane, Size

Flags = NDArray[np.bool_]
"""Yes or no for each block."""

ALL = 0.95
"""Part of the picture: a matte that covers more is not believed before it was seen to cover less. A head that
fills the picture from edge to edge, hair and all, covers 0.9."""

NEARLY_ALL = 0.8
"""Part of the picture: a matte that covers more has to say where it got it from. People who sit before a camera
cover 0.2 to 0.6 of the picture."""

_GRAB = 0.15
"""Part of the picture: by less a matte may grow without a reason."""

_MEMORY = 1.0
"""Seconds ago that the oldest matte lies which is compared with: a model that fails through the smoothing takes a
quarter of a second to cover the picture, frame by frame by less than it takes to notice."""
_EVERY = 0.25
"""Seconds between two mattes that are remembered."""

_CHANGED = 10.0
"""Levels of luma, over a block of the compared picture, above which it has changed. Noise changes it by 1 to 2."""
_SAME = 0.7
"""Correlation above which two pictures are of the same things in another light."""
_LONG_SIDE = 48
"""Blocks along the compared picture's long side."""

DOUBTFUL = 0.35
"""Part of what the model saw: with more of it between 0.1 and 0.9 the answer is noise. Clips and scenes have at
most 0.1; what is composited of it is a veil of the raw room."""

_MOVED = 0.01
"""Part of the blocks beside the person that change when the person moves."""

_NOISE = "the model cannot tell the person from the room: nothing is shown until it can"
_AGAIN = "the model gives the same answer to another picture: it is not shown"
_OUT_OF_NOWHERE = "the outline suddenly takes the whole picture for the person: it is not shown until it lets go"


class _Seen(NamedTuple):
    at: float
    luma: Plane
    matte: Plane


class Plausibility:
    """Judges one camera's mattes, one after the other; of a new camera or model nothing is known."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._seen: deque[_Seen] = deque()
        self._doubted = False

    def doubt(self, luma: Plane, matte: Plane, at: float, part: Region | None = None) -> str:
        """Why this matte, 0 to 255, is not believed, in a line; empty if it is.

        `luma` is the picture's, of any size. `part` is what the matte tells of, in its pixels; None: all. Above
        `NEARLY_ALL` of it, what the matte covers and did not a second ago must have changed in the picture, by more
        than its light: who comes near to the camera changes it. Once doubted, mattes are until one covers less.
        """
        part = part or whole(size_of(matte))
        covered = cv2.mean(part.of(matte))[0] / 255
        if covered <= NEARLY_ALL:
            self._doubted = False
        elif not self._doubted:
            self._doubted = self._out_of_nowhere(_compared(luma, matte, at), covered, _share(part, matte))
        if self._doubted:
            return _OUT_OF_NOWHERE
        if not self._seen or not 0 <= at - self._seen[-1].at < _EVERY:
            self._remember(_compared(luma, matte, at))
        return ""

    def _out_of_nowhere(self, now: _Seen, covered: float, share: float) -> bool:
        if not self._seen or self._seen[0].luma.shape != now.luma.shape:
            return covered > ALL
        then = self._seen[0]
        grabbed = (now.matte >= 128) & (then.matte < 128)
        if not grabbed.any():
            return False
        unexplained = grabbed & ~_changed(then.luma, now.luma, grabbed)
        return bool(unexplained.mean() > _GRAB * share)

    def _remember(self, now: _Seen) -> None:
        self._seen.append(now)
        while len(self._seen) > 1 and now.at - self._seen[1].at >= _MEMORY:
            self._seen.popleft()


class Credibility:
    """Judges a model's answers, one after the other."""

    def __init__(self) -> None:
        self._plausibility = Plausibility()
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._plausibility.reset()
        self._last: dict[bool, tuple[Mask, Plane]] = {}

    def doubt(self, answer: Mask, mask: Mask, luma: Plane, at: float, part: Region, mirrored: bool) -> str:
        """Why an answer is not believed, in a line; empty if it is.

        `answer` is what the model said, `mask` the same on the whole picture, `part` what it saw of that, in the
        mask's pixels, `luma` the reduced picture's; `mirrored` tells two views apart.
        """
        unsure = part.of(cv2.inRange(mask, 0.1, 0.9))
        if cv2.countNonZero(unsure) > DOUBTFUL * unsure.size:
            return _NOISE
        if self._is_repeated(answer, mask, luma, mirrored):
            return _AGAIN
        return self._plausibility.doubt(luma, cv2.convertScaleAbs(mask, alpha=255), at, part)

    def _is_repeated(self, answer: Mask, mask: Mask, luma: Plane, mirrored: bool) -> bool:
        """Whether the answer is the last one to the bit, although beside the person something has moved."""
        blocks = shrink(luma, _blocks(luma))
        last, self._last[mirrored] = self._last.get(mirrored), (answer, blocks)
        if last is None or last[1].shape != blocks.shape or not np.array_equal(last[0], answer):
            return False
        low, high, _, _ = cv2.minMaxLoc(answer)
        beside = shrink(mask, size_of(blocks)) < 0.5
        moved = (cv2.absdiff(last[1], blocks) > _CHANGED) & beside
        if low == high or moved.mean() <= _MOVED:
            return False
        # Compared with the picture that it was right for, until there is another answer.
        self._last[mirrored] = last
        return True


def _compared(luma: Plane, matte: Plane, at: float) -> _Seen:
    size = _blocks(luma)
    return _Seen(at, shrink(luma, size), shrink(matte, size))


def _blocks(plane: Plane) -> Size:
    width, height = size_of(plane)
    ratio = min(1.0, _LONG_SIDE / max(width, height))
    return Size(max(1, round(width * ratio)), max(1, round(height * ratio)))


def _share(part: Region, matte: Plane) -> float:
    width, height = part.size
    return width * height / matte.size


def _changed(then: Plane, now: Plane, where: Flags) -> Flags:
    """Which blocks have changed, by more than the light on them where the same things are seen in another light."""
    past, present = then.astype(np.float32), now.astype(np.float32)
    changed: Flags = np.abs(present - past) > _CHANGED
    varied = past[where] - past[where].mean(), present[where] - present[where].mean()
    spread = [max(1.0, float(part.std())) for part in varied]
    if float((varied[0] * varied[1]).mean()) > _SAME * spread[0] * spread[1]:
        relit = varied[0] * (spread[1] / spread[0])
        changed[where] &= np.abs(varied[1] - relit) > _CHANGED
    return changed
