"""A room whose every pixel bears a code that no composite keeps, and somebody moving in it who bears a number.

The room's luma is a checkerboard of single pixels from black to white: the highest frequency there is, which
survives opaque copies, transparency and mirroring, and no blur. Its chroma is one colour that no background has.
The person is of another colour, free of the code, and bears the frame's number as two gray levels on the chest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count

import cv2
import numpy as np

from rimlight.picture import yuv_from_rgb
from rimlight.protocols import Segmenter, Source
from rimlight.types import Alpha, Color, Frame, Mask, Picture, Rgb, Size, StreamFormat

SIZE = Size(96, 64)
FORMAT = StreamFormat(SIZE, Fraction(30))

BLACK, WHITE = 16, 235
"""The checkerboard's luma: as far apart as levels go."""
ROOM = (196, 62)
"""U and V of the room."""
PERSON = (66, 170)
"""U and V of the person."""
SHIRT = 60
"""Luma of the person but for the number: far from the room's mean, so that motion is seen at reduced size too."""

NUMBERS = 256
_FIRST, _STEP, _DIGITS = 40, 10, 16
"""Luma of digit 0, between two digits, and how many there are."""

_WIDE, _HIGH, _DOWN = 0.17, 0.33, 0.6
"""Half axes of the person and its middle, as parts of the picture's width, height and height."""
_ROAM = 0.28
"""How far from the middle the person's own middle comes, as a part of the width."""
_DIGIT = 0.09
"""Side of a digit as a part of the height."""


class Walk:
    """Where the person is: to and fro, `speed` widths of the picture a frame."""

    def __init__(self, speed: float = 0.01) -> None:
        self._speed = speed

    def middle(self, number: int) -> float:
        """Of the person in frame `number`, as a part of the width."""
        way = number * self._speed / _ROAM % 4
        return 0.5 + _ROAM * (way if way <= 1 else 2 - way if way <= 3 else way - 4)


def truth(size: Size, middle: float) -> Alpha:
    """The person's exact matte: (height, width) uint8."""
    matte = np.zeros((size.height, size.width), np.uint8)
    at = (round(middle * size.width), round(_DOWN * size.height))
    axes = (round(_WIDE * size.width), round(_HIGH * size.height))
    cv2.ellipse(matte, at, axes, 0, 0, 360, 255, cv2.FILLED)
    return Alpha(matte)


def room(size: Size, cell: int = 1) -> Picture:
    """The empty room; `cell` pixels to a field of the checkerboard."""
    picture = Picture.empty(size)
    rows, columns = np.indices((size.height, size.width), sparse=True)
    picture.y[:] = np.where((rows // cell + columns // cell) % 2, WHITE, BLACK)
    picture.u[:], picture.v[:] = ROOM
    return picture


def draw(size: Size, number: int, walk: Walk, cell: int = 1) -> Picture:
    """Frame `number` of the room with the person in it."""
    picture = room(size, cell)
    middle = walk.middle(number)
    there = truth(size, middle) > 0
    picture.y[there] = SHIRT
    # Chroma has a quarter of the pixels: where any of the four is the person's, so is it.
    half = cv2.dilate(there.astype(np.uint8), np.ones((2, 2), np.uint8), anchor=(0, 0))[::2, ::2] > 0
    picture.u[half], picture.v[half] = PERSON
    side = digit_side(size)
    left, top = round(middle * size.width) - side // 2, round(_DOWN * size.height)
    high, low = divmod(number % NUMBERS, _DIGITS)
    picture.y[top - side : top, left : left + side] = _FIRST + _STEP * high
    picture.y[top : top + side, left : left + side] = _FIRST + _STEP * low
    return picture


def digit_side(size: Size) -> int:
    """Pixels of a digit's side."""
    return max(4, round(_DIGIT * size.height) // 2 * 2)


def number_of(picture: Picture) -> int | None:
    """The number, modulo `NUMBERS`, that the person bears, mirrored or not; None where none can be read."""
    there = persons(picture)
    if np.count_nonzero(there) < there.size // 50:
        return None
    across = np.flatnonzero(there.any(axis=0))
    side, size = digit_side(picture.size), picture.size
    middle, top = (across[0] + across[-1] + 1) // 2, round(_DOWN * size.height)
    inner = slice(middle - side // 4, middle + side // 4)
    digits = []
    for start in (top - side, top):
        block = picture.y[start + side // 4 : start + side - side // 4, inner]
        if not block.size or int(block.max()) - int(block.min()) > _STEP // 2:
            return None
        digits.append(round((float(block.mean()) - _FIRST) / _STEP))
    if not all(0 <= digit < _DIGITS for digit in digits):
        return None
    return digits[0] * _DIGITS + digits[1]


def persons(picture: Picture) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Where the person's colour is seen, (H, W) bool."""
    return colored(picture, PERSON, 24)


def colored(
    picture: Picture, color: tuple[int, int], tolerance: int
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Where U and V are within `tolerance` levels of that colour, (H, W) bool."""
    low = [max(0, level - tolerance) for level in color]
    high = [min(255, level + tolerance) for level in color]
    near = cv2.bitwise_and(cv2.inRange(picture.u, low[0], high[0]), cv2.inRange(picture.v, low[1], high[1]))
    grown = cv2.resize(near, tuple(picture.size), interpolation=cv2.INTER_NEAREST)
    found: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = grown > 0
    return found


class CodedSource(Source):
    """The room, frame by frame, as fast as it is read, at most one each `interval` seconds, until `close`.

    `numbers` are the frames', without end unless told: shared with the source that it is opened again as, they go
    on. When there are no more, it ends.
    The checkerboard is that of a picture of `FORMAT`'s size seen at this one.
    """

    name = "coded room"

    def __init__(
        self,
        format: StreamFormat = FORMAT,  # noqa: A002
        walk: Walk = Walk(),
        *,
        numbers: Iterator[int] | None = None,
        interval: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        cell: int = 1,
    ) -> None:
        self._format = format
        self._walk = walk
        self._numbers = count() if numbers is None else numbers
        self._interval = interval
        self._clock = clock
        self._cell = cell
        self._index = 0
        self._due = clock()
        self._closed = threading.Event()

    @property
    def format(self) -> StreamFormat:
        return self._format

    def read(self) -> Frame | None:
        if self._closed.wait(max(0.0, self._due - self._clock())):
            return None
        number = next(self._numbers, None)
        if number is None:
            return None
        at, index = self._clock(), self._index
        self._due = max(at, self._due + self._interval)
        self._index += 1
        return Frame(draw(self._format.size, number, self._walk, self._cell), at, index)

    def close(self) -> None:
        self._closed.set()


class TruthSegmenter(Segmenter):
    """Finds the person of the coded room by its colour: as good as a model can be, in 50 us."""

    name = "truth"

    def __init__(self, size: Size = Size(64, 48)) -> None:
        self._size = size
        self._chroma = np.ascontiguousarray(yuv_from_rgb(Color())[1:])

    @property
    def size(self) -> Size:
        return self._size

    def segment(self, rgb: Rgb) -> Mask:
        chroma = cv2.transform(rgb, self._chroma)
        # Halfway between the two colours, seen along the line that joins them.
        toward = np.array(PERSON, np.float32) - np.array(ROOM, np.float32)
        share = ((chroma.astype(np.float32) - np.array(ROOM, np.float32)) @ toward) / float(toward @ toward)
        return Mask(np.clip(share * 2 - 0.5, 0, 1).astype(np.float32))

    def close(self) -> None:
        """Nothing is held."""
