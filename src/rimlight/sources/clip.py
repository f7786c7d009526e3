"""A video file as a source: its own planes, upright, with exact time stamps; or played in real time as a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.protocols import Source
from rimlight.sources.decoding import Decoder, open_decoder
from rimlight.sources.planes import Orientation, orientation_of, to_picture
from rimlight.tags import UNSPECIFIED, ColorTags, tags_of
from rimlight.types import Frame, Picture, Size, StreamFormat

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.reformatter import VideoReformatter

_MOST_SKIPPED = 0.1
"""Seconds after which a late frame is shown all the same, so that a slow computer shows some."""
_LONGEST_WAIT = 2.0
"""Seconds between two frames at most: files can name years, and a camera silent for longer counts as lost."""
_MOST_BEHIND = 1.0
"""Seconds behind real time after which playing goes on from there, slower than real time."""


def open_clip(path: Path, *, paced: bool = False, loop: bool = False) -> ClipSource:
    """Opens a video of the kinds that `container` lets through to FFmpeg.

    `paced` plays it in real time, as a camera would: late frames are skipped and `Frame.at` is on the clock of
    `time.monotonic`. Otherwise every frame is given, `at` being its presentation time. `loop` repeats it for ever.
    Raises ClipError if the file is missing, empty, no video, or nothing in it can be decoded.
    """
    return ClipSource(open_decoder(path, loop=loop), Playback() if paced else None)


@dataclass(frozen=True, slots=True)
class ClipFrame(Frame):
    """A frame with its exact time, for who writes it to a file again."""

    pts: int
    """Presentation time in ticks of `Facts.time_base`; grows strictly."""
    duration: int
    """Ticks, positive."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the pictures of a clip have in common."""

    coded: Size
    """As the file has it: not turned upright, maybe odd."""
    orientation: Orientation
    format: StreamFormat
    """Of the pictures as they are given: upright and even."""
    time_base: Fraction
    """Seconds in a tick of `ClipFrame.pts`."""
    tags: ColorTags
    """The file's colour tags, to be kept by what is made of it."""
    aspect: Fraction | None
    """Width of a pixel divided by its height, upright; None if the file does not say."""

    @property
    def size(self) -> Size:
        """The true size, upright; maybe odd."""
        return self.orientation.turn(self.coded)

    def picture(self, image: VideoFrame, scaler: VideoReformatter) -> Picture:
        """The image in memory of its own, upright, padded to an even size."""
        return to_picture(image, self.coded, self.format.color, self.orientation, scaler)


def facts_of(decoder: Decoder) -> Facts:
    """What a clip's first image and its file say."""
    orientation = orientation_of(decoder.first)
    tags, aspect = decoder.tags, decoder.aspect
    if orientation.transposed:
        # A silent file stays silent unless it is turned: players guess by the size, which is another then.
        if tags.matrix == UNSPECIFIED:
            tags = tags._replace(matrix=tags_of(decoder.color).matrix)
        aspect = 1 / aspect if aspect else None
    upright = orientation.turn(decoder.size)
    stream = StreamFormat(upright.even, decoder.fps, decoder.color)
    return Facts(decoder.size, orientation, stream, decoder.time_base, tags, aspect)


class Playback:
    """When each frame of a clip is due, counted from the first. `clock` gives seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start: float | None = None
        self._shown = 0.0

    def due(self, at: float, duration: float) -> float | None:
        """When to show a frame with these times in seconds, soon at any rate; None if its time is over already."""
        now = self._clock()
        if self._start is None:
            self._start = now - at
        due = self._start + at
        if now - due > _MOST_BEHIND:
            self._start += now - due
            due = now
        elif due - now > _LONGEST_WAIT:
            self._start -= due - now - _LONGEST_WAIT
            due = now + _LONGEST_WAIT
        if now - due > duration and now - self._shown < _MOST_SKIPPED:
            return None
        self._shown = now
        return due

    def left(self, due: float) -> float:
        """Seconds until then, 0 if it has passed."""
        return max(0.0, due - self._clock())


class ClipSource(Source):
    """An open video.

    `format.size` is even; `size` is the true, upright size: the padding is on the right and at the bottom.
    """

    def __init__(self, decoder: Decoder, playback: Playback | None) -> None:
        from av.video.reformatter import VideoReformatter

        self._decoder = decoder
        self._playback = playback
        self._scaler = VideoReformatter()
        self.facts = facts_of(decoder)
        self._index = -1
        self._closing = threading.Event()
        self._in_use = threading.Lock()

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def path(self) -> Path:
        return self._decoder.path

    @property
    def format(self) -> StreamFormat:
        return self.facts.format

    @property
    def size(self) -> Size:
        """The true size, upright; maybe odd."""
        return self.facts.size

    @property
    def length(self) -> int | None:
        """How many frames the file says or its length suggests; None if unknown."""
        return self._decoder.length

    @property
    def damage(self) -> str | None:
        """Once read to its end: how much of a damaged or cut-off file there was; None if it was whole."""
        return self._decoder.damage

    def damage_of(self, end: int, count: int, errors: int) -> str | None:
        """The same for who has read `count` frames up to tick `end`, but for `errors` packets."""
        return self._decoder.damage_of(end, count, errors)

    def read(self) -> ClipFrame | None:
        """The next frame; None at the end or once closed. Raises ClipError if a looping file became unreadable."""
        with self._in_use:
            while not self._closing.is_set():
                decoded = self._decoder.read()
                if decoded is None:
                    return None
                self._index += 1
                at, duration = (float(ticks * self.facts.time_base) for ticks in decoded[1:])
                if self._playback is not None:
                    due = self._playback.due(at, duration)
                    if due is None:
                        continue
                    if self._closing.wait(self._playback.left(due)):
                        return None
                    at = due
                picture = self.facts.picture(decoded.image, self._scaler)
                return ClipFrame(picture, at, self._index, decoded.pts, decoded.duration)
        return None

    def close(self) -> None:
        self._closing.set()
        with self._in_use:
            self._decoder.close()
