"""Video files as FFmpeg decodes them: images with exact time stamps. Clip sources and clip backgrounds share it."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rimlight.errors import ClipError
from rimlight.protocols import Closes
from rimlight.sources.container import aspect_of, check_size
from rimlight.sources.images import Images
from rimlight.sources.rest import Tap
from rimlight.tags import ColorTags, color_of, tags_of
from rimlight.types import Size

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_BROADCAST_CLOCK = Fraction(1, 90000)
_FASTEST = 1000
"""Pictures a second; files that do not know their rate sometimes name their clock's instead."""
_CLOCK_STARTS_ANYWHERE = 512
"""FFmpeg's AVFMT_TS_DISCONT, among a container format's flags."""
_CLOCK_TIME = re.compile(r"(\d{1,6}):(\d\d?):(\d\d?(?:\.\d{1,12})?)")
_SLOWEST = Fraction(1, 60)
"""Pictures a second; slide shows have fewer than others, but a minute apart is no rate."""
_LONGEST = 1 << 32
"""Seconds that a time or a length may be: 136 years, as clocks that began in 1900 need; beyond, it is damaged."""
_LONGEST_IMAGE = 24 * 3600
"""Seconds that an image may say it lasts."""
_SHORTEST_LOOP = Fraction(1, 10)
"""Seconds that a file counts for when it is played again and again: it is opened anew each time."""
_MOST_TICKS = 1 << 60
"""FFmpeg counts ticks in 64 bits."""
_TOLERANCE = Fraction(1, 5)
"""Seconds by which a whole file may end before the length it names."""


class Decoded(NamedTuple):
    """One image, with its time and length in ticks of the decoder's time base. Times grow strictly."""

    image: VideoFrame
    pts: int
    duration: int


def open_decoder(path: Path, *, loop: bool = False) -> Decoder:
    """Opens the file and decodes its first image; `loop` plays it for ever, times growing on.

    Raises ClipError if it is missing, empty, no video, or nothing in it can be decoded.
    """
    return Decoder(path, loop=loop)


class Decoder(Closes):
    """Reads one video stream from start to end. Used by one thread; at most two decode for it."""

    def __init__(self, path: Path, *, loop: bool) -> None:
        self.path = path
        self._loop = loop
        self._images = Images(path)
        container, stream = self._images.container, self._images.stream
        first = self._images.next()
        if first is None:
            self.close()
            raise ClipError(f"{path}: not one picture can be decoded", "It is damaged, or cut off at its start.")
        self.size = Size(first.width, first.height)
        """As coded: not turned upright, maybe odd."""
        self.aspect = aspect_of(stream)
        """Width of a pixel divided by its height, as coded; None if the file does not say."""
        try:
            check_size(self.size, self.aspect, path)
        except ClipError:
            self.close()
            raise
        self.first = first
        """The first image, which `read` gives too."""
        self._upcoming: VideoFrame | None = first
        self.time_base = clock_of(stream)
        self.tags = _tags(self.first, self.size)
        self.color = color_of(self.tags, self.size)
        self.fps = _rate(stream)
        self._frame = max(1, round(1 / (self.fps * self.time_base)))
        self._shift = -shift_of(container, stream)
        self._begun = 0
        # Read now: streams may not be looked at once their container is closed.
        self._names_end = named_end(container, stream)
        self._names_length = stream.frames if 0 < stream.frames < _MOST_TICKS else 0
        start = self._time(first, -_MOST_TICKS, 0)
        self.begun = max(0, start) * self.time_base
        """Seconds after time 0 at which the first image is shown."""
        # An image before time 0 is rare and meant.
        self._last = min(0, start) - 1
        self._end = 0
        self._count = 0
        self._finished = False

    @property
    def length(self) -> int | None:
        """How many images the file says or its length suggests; None if unknown."""
        if self._names_length or self._names_end is None:
            return self._names_length or None
        return max(1, round((self._names_end - self.begun) * self.fps))

    @property
    def damage(self) -> str | None:
        """How much of a damaged or cut-off file there was, as far as it was read; None if so far it was whole."""
        errors = self._images.errors
        if self._finished:
            return self.damage_of(self._end, self._count, errors)
        return f"{self.path} is damaged: {self._count} frames of this part could be read" if errors else None

    def damage_of(self, end: int, count: int, errors: int) -> str | None:
        """The same for who has read `count` images up to tick `end`, but for `errors` packets."""
        seconds = end * self.time_base + max(_TOLERANCE, 3 / self.fps)
        short = self._names_end is not None and seconds < self._names_end
        if not (short or errors):
            return None
        length = f" of about {self.length}" if self.length else ""
        return f"{self.path} is damaged or cut off: {count}{length} frames could be read"

    def skip_to(self, seconds: Fraction) -> None:
        """Leaves out most of what is shown before that time, if the file has an index; at its start only."""
        clock = self.time_base
        if not self._images.seek(seconds - self._shift * clock):
            return
        image = self._images.next()
        pts = None if image is None else _pts(image)
        if image is None or pts is None or (pts + self._shift) * clock > seconds:
            self._images.close()
            self._images = Images(self.path)
            image = self._images.next()
        self._upcoming = image

    @property
    def interlaced(self) -> bool:
        """Whether an image so far was interlaced, and made progressive."""
        return self._images.interlaced

    @property
    def tap(self) -> Tap | None:
        """What else the file holds, if it can be read but once."""
        return self._images.tap

    def read(self) -> Decoded | None:
        """The next image; None at the end. Raises ClipError if a file that loops cannot be read again."""
        image = self._upcoming
        if self.tap is not None:
            self.tap.begun = True
        if image is None and self._loop:
            image = self._again()
        if image is None:
            self._finished = True
            return None
        self._upcoming = self._images.next()
        self._count += 1
        # Files store times to decode at, from which durations do not follow where images are reordered.
        pts = self._time(image, self._last + 1, self._end)
        if self._upcoming is not None:
            end = self._time(self._upcoming, pts + 1, pts + self._lasts(image))
        elif self._count == self._names_length and self._names_end is not None:
            end = max(pts + 1, round(self._names_end / self.time_base))
        else:
            end = pts + self._lasts(image)
        self._last, self._end = pts, end
        return Decoded(image, pts, end - pts)

    def restart(self) -> None:
        """Goes back to the first image, whose time follows the last one's. Raises ClipError if that fails."""
        self._upcoming = self._again()

    def close(self) -> None:
        self._images.close()

    def _again(self) -> VideoFrame:
        # Opened anew rather than sought: not every format seeks, and seeking may leave out the first images.
        self.close()
        self._images = Images(self.path)
        image = self._images.next()
        if image is None:
            raise ClipError(f"{self.path} cannot be played again: it was changed meanwhile")
        # Whatever the last image's length: a file of one image must not be opened a thousand times a second.
        shortest = max(self._frame, round(_SHORTEST_LOOP / self.time_base) - (self._last - self._begun))
        self._begun = self._end = max(self._end, self._last + shortest)
        if (pts := _pts(image)) is not None:
            self._shift = self._begun - pts
        return image

    def _time(self, image: VideoFrame, earliest: int, untold: int) -> int:
        pts = _pts(image)
        # Looping, times grow for ever; they are told from where the file began.
        told = pts is not None and tellable(pts + self._shift - self._begun, self.time_base)
        return max(pts + self._shift if pts is not None and told else untold, earliest)

    def _lasts(self, image: VideoFrame) -> int:
        return image.duration if 0 < image.duration <= _LONGEST_IMAGE / self.time_base else self._frame


def clock_of(stream: VideoStream) -> Fraction:
    """Seconds in a tick of its times."""
    return stream.time_base or _BROADCAST_CLOCK


def tellable(ticks: int, clock: Fraction) -> bool:
    """Whether a time is one that is kept; `clock` is seconds in a tick."""
    return abs(ticks) <= min(_MOST_TICKS, round(_LONGEST / clock))


def shift_of(container: InputContainer, stream: VideoStream) -> int:
    """Ticks in the stream's times that count as zero."""
    return round(origin(container) / clock_of(stream))


def _pts(image: VideoFrame) -> int | None:
    return image.dts if image.pts is None else image.pts


def _tags(image: VideoFrame, size: Size) -> ColorTags:
    if image.format.is_rgb or image.format.has_palette:
        # Becomes YUV here, so what kind of YUV is for us to say.
        matrix = tags_of(color_of(ColorTags(), size)).matrix
        return ColorTags(image.color_primaries, image.color_trc, matrix, 1)
    # FFmpeg takes gray images, as those of JPEG, for full range unless they are tagged.
    full = image.format.name.startswith(("yuvj", "gray"))
    return ColorTags(image.color_primaries, image.color_trc, image.colorspace, image.color_range or 2 * full)


def _rate(stream: VideoStream) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and _SLOWEST <= rate <= _FASTEST:
            return rate
    return Fraction(25)


def named_end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Seconds at which the file says that its pictures end; None if it does not, or cannot mean it."""
    end = _named_end(container, stream)
    return end if end is not None and 0 < end <= _LONGEST else None


def _named_end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration and stream.time_base:
        return (stream.duration + (stream.start_time or 0)) * stream.time_base - origin(container)
    if named := _CLOCK_TIME.match(stream.metadata.get("DURATION", "")):  # Matroska
        hours, minutes, seconds = named.groups()
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    if container.duration and len(container.streams) == 1:
        return Fraction(container.duration, 1_000_000)
    return None


def origin(container: InputContainer) -> Fraction:
    """Seconds that count as zero. Broadcast formats start their clock anywhere; elsewhere a late start is meant."""
    if container.start_time is None or not container.format.flags & _CLOCK_STARTS_ANYWHERE:
        return Fraction(0)
    return Fraction(container.start_time, 1_000_000)
