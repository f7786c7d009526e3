"""What of a clip is wanted: from when until when, how many pictures a second, how large, with or without sound."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from rimlight.errors import SettingError
from rimlight.settings import told
from rimlight.types import Size

_TIME = re.compile(r"(?:(?:(\d{1,5}):)?(\d{1,5}):)?(\d{1,9}(?:\.\d{1,9})?)", re.ASCII)
_RATE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(?:/(\d{1,6}))?", re.ASCII)
_SLOWEST, _FASTEST = Fraction(1, 10), 240


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of a clip as it is, by default. Raises SettingError if it ends before it begins."""

    begin: Fraction = Fraction(0)
    """Seconds of the clip; what is shown then is shown first."""
    end: Fraction | None = None
    """Seconds of the clip; None: up to its end."""
    fps: Fraction | None = None
    """Pictures a second, as even as a clock; None: each at its own time."""
    even: bool = False
    """Whether, without `fps`, the clip's own rate is kept as evenly."""
    size: Size | None = None
    """The upright picture is scaled to fit into it, in its proportions; None: its own."""
    sound: bool = True

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.begin:
            raise SettingError(
                f"--until {float(self.end):g} s is not after --from {float(self.begin):g} s", "Exchange them."
            )

    def ticking(self, clock: Fraction) -> Wanted:
        """The same part as nearly as a clock of so many seconds a tick tells it, and at least a tick of it."""
        begin = round(self.begin / clock) * clock
        end = None if self.end is None else max(begin + clock, round(self.end / clock) * clock)
        return replace(self, begin=begin, end=end)

    @property
    def retimed(self) -> bool:
        """Whether not every picture is wanted at its own time."""
        return bool(self.begin) or self.end is not None or self.fps is not None or self.even


def parse_time(text: str) -> Fraction:
    """Seconds, exactly, of '90', '90.5', '1:30' or '00:01:30.5'. Raises SettingError for anything else."""
    found = _TIME.fullmatch(text.strip())
    if found is not None:
        hours, minutes, seconds = Fraction(found[1] or 0), Fraction(found[2] or 0), Fraction(found[3])
        parted = found[2] is not None
        if (seconds < 60 or not parted) and (minutes < 60 or found[1] is None):
            return hours * 3600 + minutes * 60 + seconds
    raise SettingError(f"'{told(text)}' is no time", "Write seconds, as 90.5, or as 1:30 or 00:01:30.5.")


def parse_rate(text: str) -> Fraction:
    """Pictures a second of '25', '12.5' or '30000/1001'; '29.97' and its like are broadcast's n * 1000/1001.

    Raises SettingError unless it is one of 0.1 to 240.
    """
    found = _RATE.fullmatch(text.strip())
    rate = Fraction(found[1]) / int(found[2] or 1) if found and int(found[2] or 1) else Fraction(0)
    broadcast = Fraction(round(rate) * 1000, 1001)
    if "." in text and abs(broadcast - rate) < Fraction(5, 1000):
        rate = broadcast
    if not _SLOWEST <= rate <= _FASTEST:
        raise SettingError(f"--fps {told(text)} is no rate from 0.1 to 240", "Write --fps 25, or 30000/1001.")
    return rate


def fitted_size(size: Size, aspect: Fraction | None, box: Size) -> Size:
    """The even size of square pixels in which a picture of `size`, and pixels of `aspect`, fits into the box."""
    width, height = size.width * (aspect or 1), Fraction(size.height)
    scale = min(box.width / width, box.height / height)
    fitted = ((2 * round(side * scale / 2), most) for side, most in ((width, box.width), (height, box.height)))
    return Size(*(max(2, min(side, most // 2 * 2)) for side, most in fitted))
