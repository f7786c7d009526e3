"""A video file as a source: its own planes, upright, with exact time stamps; or played in real time as a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import ClipError
from rimlight.hdr import Transfer
from rimlight.protocols import Source
from rimlight.sources.decoding import Decoded, Decoder, open_decoder
from rimlight.sources.planes import Conversion, Orientation, orientation_of
from rimlight.sources.rest import STDIN, Rest
from rimlight.sources.retiming import Beat, at_rate, trimmed
from rimlight.sources.tone import transfer_of
from rimlight.tags import UNSPECIFIED, ColorTags, tags_of
from rimlight.types import Color, Frame, Picture, Size, StreamFormat
from rimlight.wanted import Wanted, fitted_size

if TYPE_CHECKING:
    from collections.abc import Generator

    from av import VideoFrame

_MOST_SKIPPED = 0.1
"""Seconds after which a late frame is shown all the same, so that a slow computer shows some."""
_LONGEST_WAIT = 2.0
"""Seconds between two frames at most: files can name years, and a camera silent for longer counts as lost."""
_MOST_BEHIND = 1.0
"""Seconds behind real time after which playing goes on from there, slower than real time."""


def open_clip(path: Path, *, paced: bool = False, loop: bool = False, wanted: Wanted = Wanted()) -> ClipSource:
    """Opens a video of the kinds that `container` lets through to FFmpeg.

    `paced` plays it in real time, as a camera would: late frames are skipped and `Frame.at` is on the clock of
    `time.monotonic`. Otherwise every frame is given, `at` being its presentation time. `loop` repeats it for ever.
    What is not `wanted` is left out. A path of '-' is the standard input, which is read once.
    Raises ClipError if the file is missing, empty, no video, or nothing in it can be decoded.
    """
    return ClipSource(open_decoder(path, loop=loop), Playback() if paced else None, wanted)


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
    hdr: Transfer | None = None
    """What kind of high dynamic range the images have, of which the pictures are made."""

    @property
    def size(self) -> Size:
        """The true size, upright; maybe odd."""
        return self.orientation.turn(self.coded)

    def conversion(self) -> Conversion:
        """What makes the pictures of the images."""
        return Conversion(self.coded, self.format.color, self.orientation, self.hdr)


def facts_of(decoder: Decoder, wanted: Wanted = Wanted()) -> Facts:
    """What a clip's first image and its file say, of what is wanted."""
    orientation = orientation_of(decoder.first)
    tags, aspect = decoder.tags, decoder.aspect
    if orientation.transposed:
        # A silent file stays silent unless it is turned: players guess by the size, which is another then.
        if tags.matrix == UNSPECIFIED:
            tags = tags._replace(matrix=tags_of(decoder.color).matrix)
        aspect = 1 / aspect if aspect else None
    color, hdr = decoder.color, transfer_of(tags)
    if hdr is not None:
        tags, color = ColorTags(1, 1, 1, 1), Color("bt709")
    upright = orientation.turn(decoder.size)
    if wanted.size is not None:
        upright, aspect = fitted_size(upright, aspect, wanted.size), aspect and Fraction(1)
    stream = StreamFormat(upright.even, wanted.fps or decoder.fps, color)
    clock = decoder.time_base if wanted.fps is None else 1 / wanted.fps
    return Facts(orientation.turn(upright), orientation, stream, clock, tags, aspect, hdr)


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

    def __init__(self, decoder: Decoder, playback: Playback | None, wanted: Wanted = Wanted()) -> None:
        if wanted.even and wanted.fps is None:
            wanted = replace(wanted, fps=decoder.fps)
        # Once for pictures and sound: where the clock is coarse, each would be cut elsewhere.
        wanted = wanted.ticking(decoder.time_base)
        self._decoder = decoder
        self._playback = playback
        self._wanted = wanted
        self.facts = facts_of(decoder, wanted)
        self._conversion = self.facts.conversion()
        self._images = self._retimed()
        self._last: tuple[VideoFrame, Picture] | None = None
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
        length, wanted = self._decoder.length, self._wanted
        if length is None or not wanted.retimed:
            return length
        begun = self._decoder.begun
        end = begun + length / self._decoder.fps
        seconds = (end if wanted.end is None else min(end, wanted.end)) - max(wanted.begin, begun)
        return max(1, round(seconds * self.format.fps))

    @property
    def rereadable(self) -> bool:
        """Whether it can be read another time: a pipe cannot."""
        return self.path != STDIN

    def again(self) -> ClipSource:
        """The same clip, as wanted, from its start; `rereadable` ones only. Raises ClipError as `open_clip`."""
        return open_clip(self.path, wanted=self._wanted)

    @property
    def rest(self) -> Rest:
        """What the clip holds beside its pictures, as much of it as is wanted."""
        return Rest(self.path, self._wanted.begin, self._wanted.end, self._wanted.sound, self._decoder.tap)

    @property
    def notes(self) -> list[str]:
        """What a user should know about how it is read, a line each."""
        notes, size = [], self._wanted.size
        if self._decoder.interlaced:
            notes.append(f"{self.name} is interlaced: its pictures were made whole (bwdif)")
        bits = max((part.bits for part in self._decoder.first.format.components), default=8)
        if self.facts.hdr is not None:
            notes.append(f"{self.name} is HDR ({self.facts.hdr.upper()}): made SDR, BT.709 of 8 bits (BT.2390)")
        elif bits > 8:
            notes.append(f"{self.name} has {bits} bits a colour: 8 are kept")
        if size is not None and size != self.size:
            notes.append(f"{self.name} is {self.size}: --size {size}, in the picture's proportions")
        return notes

    @property
    def damage(self) -> str | None:
        """Once read to its end: how much of a damaged or cut-off file there was; None if it was whole."""
        return self._decoder.damage

    def damage_of(self, end: int, count: int, errors: int) -> str | None:
        """The same for who has read `count` frames up to tick `end`, but for `errors` packets."""
        return self._decoder.damage_of(end, count, errors)

    def read(self) -> ClipFrame | None:
        """The next frame; None at the end or once closed.

        Raises ClipError if a looping file became unreadable, or nothing of the clip is wanted.
        """
        with self._in_use:
            while not self._closing.is_set():
                decoded = next(self._images, None)
                if decoded is None:
                    self._check_some()
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
                picture = self._picture(decoded.image)
                return ClipFrame(picture, at, self._index, decoded.pts, decoded.duration)
        return None

    def close(self) -> None:
        self._closing.set()
        with self._in_use:
            self._images.close()
            self._decoder.close()

    def _retimed(self) -> Generator[Decoded, None, None]:
        """The images that are wanted, with times in ticks of `facts.time_base`."""
        images: Iterator[tuple[VideoFrame, int, int]] = iter(self._decoder.read, None)
        wanted, clock = self._wanted, self._decoder.time_base
        if wanted.begin:
            self._decoder.skip_to(wanted.begin)
        if wanted.begin or wanted.end is not None:
            images = trimmed(images, clock, wanted.begin, wanted.end)
        if wanted.fps is not None:
            images = at_rate(images, clock, Beat(wanted.fps, self._decoder.fps))
        return (Decoded(*one) for one in images)

    def _picture(self, image: VideoFrame) -> Picture:
        if self._last is None or self._last[0] is not image:
            picture = self._conversion.picture(image)
            # Only where images are repeated is one wanted again.
            self._last = None if self._wanted.fps is None else (image, picture)
            return picture
        return self._last[1]

    def _check_some(self) -> None:
        if self._index < 0 and not self._closing.is_set():
            wanted = self._wanted
            raise ClipError(
                f"{self.path} ends before {float(wanted.begin):g} s, or shows nothing from there",
                "Give an earlier --from.",
            )
