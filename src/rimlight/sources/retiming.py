"""The images of a clip at other times: those of a part of it, or as even as a clock. No rounding adds up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import ceil
from typing import NamedTuple, TypeVar

_Image = TypeVar("_Image")

_SLIVER = Fraction(1, 1000)
"""Seconds for which an image has to be shown: times are typed, and stored by Matroska, in milliseconds."""


def trimmed(
    images: Iterable[tuple[_Image, int, int]], clock: Fraction, begin: Fraction, end: Fraction | None
) -> Iterator[tuple[_Image, int, int]]:
    """What is shown from `begin` until `end`, in seconds, with times counted from `begin`.

    Images come and go with their time and length in ticks of `clock` seconds. At time t is shown what was shown at
    `begin` + t, to the tick; but what would be shown for less than a millisecond of it at either end is left out.
    """
    first = round(begin / clock)
    last = None if end is None else round(end / clock)
    sliver = _SLIVER / clock
    fresh = first > 0
    for image, pts, duration in images:
        if last is not None and last - pts < sliver and not fresh:
            return
        stop = pts + duration if last is None else min(pts + duration, last)
        if fresh and stop - first < min(sliver, Fraction(duration)):
            continue
        start = pts
        if fresh and pts - first < sliver:
            start = first
        fresh = False
        if stop > start:
            yield image, start - first, stop - start


class Beat(NamedTuple):
    """An even rate."""

    fps: Fraction
    nominal: Fraction
    """Images a second of what is to be had at that rate."""

    @property
    def leeway(self) -> Fraction:
        """Seconds by which an image may come late and count: times are rounded, some containers' to milliseconds.

        A quarter of the shorter of the two intervals: at equal rates, or one a multiple of the other, each image
        comes as often as the others however their times are rounded.
        """
        return min(1 / self.fps, 1 / self.nominal) / 4


def at_rate(
    images: Iterable[tuple[_Image, int, int]], clock: Fraction, beat: Beat
) -> Iterator[tuple[_Image, int, int]]:
    """The images repeated and left out so that number k, of length 1, is what is shown at k / fps seconds.

    Images come with times and lengths in ticks of `clock` seconds, without gaps; they go with those of 1 / fps.
    """
    upcoming: int | None = None
    for image, pts, duration in images:
        starts, ends = (ceil((at * clock - beat.leeway) * beat.fps) for at in (pts, pts + duration))
        for number in range(starts if upcoming is None else upcoming, ends):
            yield image, number, 1
        upcoming = max(ends, starts if upcoming is None else upcoming)
