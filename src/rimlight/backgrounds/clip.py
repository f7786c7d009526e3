"""A looping video: plays at its own rate, covers the frame, its middle kept."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rimlight.errors import BackgroundError, ClipError
from rimlight.picture import cover
from rimlight.protocols import Background
from rimlight.slot import LatestSlot
from rimlight.sources.decoding import Decoded, Decoder, open_decoder
from rimlight.sources.planes import SCALER_MATRIX, converted, orientation_of, planes_of, reformatted
from rimlight.types import Color, Cut, Picture, Size

if TYPE_CHECKING:
    from av import VideoFrame

_LONGEST_STEP = 5.0
"""Seconds between two frames beyond which the clip is taken to have been paused, and goes on where it was."""
_LIVE_PATIENCE = 0.04
"""Seconds of decoding for one plate when live, after which the clip goes on from where it got: one that cannot be
decoded in real time plays slower, at an even pace, not in jerks."""
_FAREWELL = 5.0
"""Seconds that closing waits for the decoder."""
_EARLY = 1e-3
"""Seconds that an image may be shown before its time: times that are meant to be equal differ by rounding."""
_ACCURATE = 2 | 0x2000 | 0x4000 | 0x40000
"""Flags of FFmpeg's scaler: bilinear, chroma at full resolution in and out, accurate rounding."""


def open_clip_background(path: Path, size: Size, color: Color, *, live: bool = False) -> ClipBackground:
    """Opens a video of any length as a background for frames of `size` (even) and `color`; others are adapted to.

    `live` decodes on a thread of its own: a plate is then never waited for, at the cost of showing the clip a frame
    late. Otherwise plates depend on the frames' times alone. Raises BackgroundError if the video cannot be read.
    """
    with ExitStack() as opened:
        try:
            decoder = opened.enter_context(open_decoder(path, loop=True))
            reel = Reel(decoder, size, color, _LIVE_PATIENCE if live else math.inf)
        except ClipError as error:
            raise BackgroundError(error.what, error.hint) from error
        opened.pop_all()
    return LiveClipBackground(path.name, reel) if live else ClipBackground(path.name, reel)


class Reel:
    """The picture of a clip that is shown at a time. One image is decoded ahead, no more. Any thread may use it."""

    def __init__(self, decoder: Decoder, size: Size, color: Color, patience: float) -> None:
        self._decoder = decoder
        self._patience = patience
        self._in_use = threading.Lock()
        self._asked: float | None = None
        self._image = decoder.first
        self._next = decoder.read()
        self._time = self._starts(self._next)
        self._projector = Projector(decoder, size, color)
        self.picture = self._projector.picture(self._image)
        """The one that was made last."""
        self.trouble: ClipError | None = None
        """Why the picture stands still, if the clip could not be decoded any further."""

    def at(self, at: float, size: Size, color: Color) -> Picture:
        """The picture for a frame at that time, in seconds; the first call shows the clip's start.

        A time that goes back starts the clip again. Never raises: the last picture stays if decoding breaks.
        """
        with self._in_use:
            last = self._image
            fits = self._projector.makes(size, color)
            if not fits:
                self._projector = Projector(self._decoder, size, color)
            if self.trouble is None:
                self._watched(lambda: self._advance(at))
            if self._image is not last or not fits:
                self._watched(self._project)
            if self.picture.size != size:
                self.picture = Picture(cover(self.picture, size).i420, color)
            return self.picture

    def close(self) -> None:
        with self._in_use:
            self._decoder.close()

    def _watched(self, step: Callable[[], None]) -> None:
        try:
            step()
        except ClipError as error:
            self.trouble = error

    def _project(self) -> None:
        self.picture = self._projector.picture(self._image)

    def _advance(self, at: float) -> None:
        step = 0.0 if self._asked is None else at - self._asked
        self._asked = at
        if step < 0:
            self._decoder.restart()
            self._next = self._decoder.read()
            self._time = self._starts(self._next)
        self._time += min(max(step, 0.0), _LONGEST_STEP)
        gives_up = time.monotonic() + self._patience
        while self._next is not None and (starts := self._starts(self._next)) <= self._time + _EARLY:
            self._image = self._next.image
            self._next = self._decoder.read()
            if time.monotonic() > gives_up:
                self._time = starts

    def _starts(self, decoded: Decoded | None) -> float:
        return 0.0 if decoded is None else float(decoded.pts * self._decoder.time_base)


class Projector:
    """Makes plates of a clip's images: scaled to cover the frame, upright, in the frame's colours."""

    def __init__(self, decoder: Decoder, size: Size, color: Color) -> None:
        from av.video.reformatter import VideoReformatter

        self._size = size
        self._color = color
        self._clip_color = decoder.color
        self._orientation = orientation_of(decoder.first)
        self._crop = self._orientation.turn(size)
        self._scaled = _covering(decoder.size, decoder.aspect or Fraction(1), self._crop)
        # One for each step: a scaler whose parameters change is set up anew each time.
        self._scaler, self._painter = VideoReformatter(), VideoReformatter()

    def makes(self, size: Size, color: Color) -> bool:
        """Whether its plates are of that kind."""
        return (self._size, self._color) == (size, color)

    def picture(self, image: VideoFrame) -> Picture:
        """The image as a plate, in memory of its own."""
        # Scaled first and recoloured then: accurate colour costs six times more than scaling, by pixel.
        planes = planes_of(self._recolored(converted(image, self._scaled, self._clip_color, self._scaler)))
        picture = Picture.empty(self._size, self._color)
        left, top = ((whole - part) // 4 * 2 for whole, part in zip(self._scaled, self._crop, strict=True))
        for plane, target, step in zip(planes, picture.planes, (1, 2, 2), strict=True):
            rows = slice(top // step, (top + self._crop.height) // step)
            columns = slice(left // step, (left + self._crop.width) // step)
            np.copyto(target, self._orientation.upright(plane[rows, columns]))
        return picture

    def _recolored(self, image: VideoFrame) -> VideoFrame:
        if self._clip_color == self._color:
            return image
        return reformatted(
            self._painter,
            image,
            src_colorspace=SCALER_MATRIX[self._clip_color.matrix],
            dst_colorspace=SCALER_MATRIX[self._color.matrix],
            src_color_range=2 if self._clip_color.full_range else 1,
            dst_color_range=2 if self._color.full_range else 1,
            interpolation=_ACCURATE,
        )


class ClipBackground(Background):
    """A clip whose plate depends on the frames' times alone."""

    def __init__(self, name: str, reel: Reel) -> None:
        self._name = name
        self._reel = reel

    @property
    def name(self) -> str:
        return self._name

    @property
    def trouble(self) -> str | None:
        """Why the clip stands still, if it could not be decoded any further."""
        return None if self._reel.trouble is None else self._reel.trouble.what

    def paint(self, cut: Cut, out: Picture) -> None:
        np.copyto(out.i420, self._reel.at(cut.at, out.size, out.color).i420)

    def close(self) -> None:
        self._reel.close()


class LiveClipBackground(ClipBackground):
    """A clip that is decoded on a thread of its own: its plate is at hand at once, from a frame ago."""

    def __init__(self, name: str, reel: Reel) -> None:
        super().__init__(name, reel)
        self._wanted: LatestSlot[tuple[float, Size, Color]] = LatestSlot()
        self._thread = threading.Thread(target=self._work, name="rimlight-background", daemon=True)
        self._thread.start()

    def paint(self, cut: Cut, out: Picture) -> None:
        last = self._reel.picture
        if (last.size, last.color) != (out.size, out.color):
            super().paint(cut, out)
            return
        self._wanted.put((cut.at, last.size, last.color))
        np.copyto(out.i420, last.i420)

    def close(self) -> None:
        self._wanted.close()
        self._thread.join(_FAREWELL)
        # A decoder that hangs is left to the end of the process.
        if not self._thread.is_alive():
            super().close()

    def _work(self) -> None:
        while wanted := self._wanted.take():
            self._reel.at(*wanted)


def _covering(size: Size, aspect: Fraction, target: Size) -> Size:
    """The smallest even size, of the proportions that `size` is shown in, that covers `target`."""
    width, height = size.width * aspect, Fraction(size.height)
    factor = max(target.width / width, target.height / height)
    return Size(math.ceil(width * factor), math.ceil(height * factor)).even
