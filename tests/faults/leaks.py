"""Finds pixels of the coded room in outputs, from 96x64 to 160x96.

In smaller ones the weakest blur leaves too much of the code, in larger ones the sign on the card looks like it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from faults.coded_room import FORMAT, ROOM, colored, number_of, persons
from rimlight.protocols import Sink
from rimlight.types import Output, Picture, Size

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

MARGIN = 13
"""Pixels around the person in which a composite may show some of the room: the matte's own softness. The matte of
the true person reaches 10.3 pixels beyond at most (96x64 to 160x96, three hundredths of the width a frame)."""

_SMALL, _STRONG = 4, 45.0
"""Window, and amplitude in it, that tell a small piece that is opaque or nearly so: the code's is 110. The shipped
pictures reach 7, the room blurred by a strength of 0.1 at 96x64 reaches 1.5."""
_LARGE, _FAINT = 16, 5.0
"""The same of a large piece that shines through: at a tenth it has 11. Backgrounds reach 1.0 and 1.8."""
_PATCH, _ROUGH = 8, 18.0
"""Window, and deviation of luma in it, that tell a picture of another size, scaled: it has 27 at least, from half
the size to twice as large. Only where the colour is the room's: there, blur leaves 2, and the card 10."""
_AROUND = 9
"""Window whose mean is no detail."""


def leaks(picture: Picture, *, strict: bool = False) -> int:
    """How many pixels are the raw room's, away from the person; 0 for every right composite.

    `strict`: the background holds none of the room's colour, as the blurred one does; then the colour tells, too.
    """
    return int(np.count_nonzero(leaked(picture, strict=strict)))


def leaked(picture: Picture, *, strict: bool = False) -> Flags:
    """Where the raw room shows, (H, W)."""
    away = _away(picture)
    size = picture.size
    detail = _detail(picture)
    signed = detail * _signs(size)
    found: Flags = np.abs(_mean(signed, _SMALL)) > _STRONG
    found |= _shines(signed, away)
    found |= _rough(detail, picture, away)
    if strict:
        found |= colored(picture, ROOM, 14)
    return found & (away > 0)


def _detail(picture: Picture) -> Floats:
    """Luma without what is the same all around."""
    luma = picture.y.astype(np.float32)
    luma -= _mean(luma, _AROUND)
    return luma


def _shines(signed: Floats, away: Floats) -> Flags:
    """Where the room shines through over a large part; what is near the person does not count."""
    share = _mean(away, _LARGE)
    amplitude = np.abs(_mean(signed * away, _LARGE))
    shines: Flags = (amplitude > _FAINT * share) & (share > 0.75)
    return shines


def _rough(detail: Floats, picture: Picture, away: Floats) -> Flags:
    """Where there is detail in the room's colour: a picture of another size that was scaled."""
    # Not along the edge of another colour, such as that of the sign on the card.
    pure = cv2.erode(colored(picture, ROOM, 10).astype(np.uint8), np.ones((7, 7), np.uint8))
    counted = away * pure
    share = _mean(counted, _PATCH)
    rough: Flags = (_mean(detail * detail * counted, _PATCH) > _ROUGH**2 * share) & (share > 0.4)
    return rough


def _mean(values: Floats, window: int) -> Floats:
    mean: Floats = cv2.boxFilter(values, cv2.CV_32F, (window, window), borderType=cv2.BORDER_REFLECT_101)
    return mean


def _away(picture: Picture) -> Floats:
    """1 where no person is within the margin, else 0."""
    there = persons(picture).astype(np.uint8)
    side = 2 * MARGIN + 1
    near = cv2.dilate(there, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    away: Floats = (near == 0).astype(np.float32)
    return away


@cache
def _signs(size: Size) -> Floats:
    rows, columns = np.indices((size.height, size.width), sparse=True)
    return np.where((rows + columns) % 2, np.float32(1), np.float32(-1))


@dataclass(frozen=True)
class Leak:
    """A leak and its evidence."""

    what: str
    output: Output
    picture: Picture
    """A copy: the output's memory serves again."""
    sent: int
    """How many outputs came before."""


class LeakSink(Sink):
    """Looks at every output, and keeps the first that it should not have been given.

    That is one with pixels of the raw room, of another size, or not of uint8. `seen(output)` is called after.
    """

    name = "leak sink"
    prompt = True

    def __init__(
        self,
        size: Size = FORMAT.size,
        *,
        strict: bool = False,
        seen: Callable[[Output], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        beside: LeakSink | None = None,
    ) -> None:
        """`beside` gets the same outputs, before this one: what it has looked at is not looked at again."""
        self._size = size
        self._beside = beside
        self._looked: deque[tuple[Output, str]] = deque(maxlen=4)
        self._strict = strict
        self._seen = seen
        self._clock = clock
        self.first: Leak | None = None
        self.leaks = 0
        """Outputs with any."""
        self.sent = 0
        self.live = 0
        """Outputs that show a person: no cards."""
        self.live_at = -np.inf
        """When the last of these came."""
        self.numbers: deque[int] = deque(maxlen=1000)
        """Of the frames in the latest of these."""
        self.slowest = 0.0
        """Seconds between the time of a frame and its coming here, at most."""

    def send(self, output: Output) -> None:
        if what := self._judged(output):
            self.leaks += 1
            if self.first is None:
                copy = Picture(output.picture.i420.copy(), output.picture.color)
                self.first = Leak(what, output, copy, self.sent)
        self.sent += 1
        if output.alpha.any():
            now = self._clock()
            self.live += 1
            self.live_at = now
            self.slowest = max(self.slowest, now - output.at)
            if (number := number_of(output.picture)) is not None:
                self.numbers.append(number)
        self._seen(output)

    def _judged(self, output: Output) -> str:
        looked = list(self._beside._looked) if self._beside is not None else []
        known = next((what for known, what in looked if known is output), None)
        what = self._wrong(output) if known is None else known
        self._looked.append((output, what))
        return what

    def _wrong(self, output: Output) -> str:
        picture = output.picture
        if picture.size != self._size or output.alpha.shape != picture.y.shape:
            return f"{picture.size} with an alpha of {output.alpha.shape} instead of {self._size}"
        if picture.i420.dtype != np.uint8 or output.alpha.dtype != np.uint8:
            return f"a picture of {picture.i420.dtype} with an alpha of {output.alpha.dtype}"
        pixels = leaks(picture, strict=self._strict)
        return f"{pixels} pixels of the raw room" if pixels else ""

    def close(self) -> None:
        """Nothing is held."""
