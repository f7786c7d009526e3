"""A .rim.mkv as a source: its pictures, each with the matte that was kept with it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rimlight.errors import ClipError
from rimlight.kept import KEY, Header, Kept, MixedUpError, rows_of, unpacked
from rimlight.protocols import Closes
from rimlight.sources.clip import ClipFrame, Facts
from rimlight.sources.container import MOST_PIXELS, check_size, open_container
from rimlight.sources.decoding import named_end, tellable
from rimlight.sources.planes import Orientation, planes_of
from rimlight.sources.rest import Rest
from rimlight.types import Picture, Plane, Planes, Size, StreamFormat

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_CODECS = ("h264", "ffv1")
_LAYOUTS = (("yuv420p", "yuvj420p"), ("gray",), ("yuv420p",))
"""Of each track's images. H.264 of full range is decoded as yuvj420p; the numbers are the same."""
_ROUNDED = Fraction(2, 1000)
"""Seconds by which Matroska's times, in milliseconds, may be off."""
_THREADS = 2


def open_kept(path: Path, *, sound: bool = True) -> KeptSource:
    """Opens such a file, with or without its sound.

    Raises ClipError if it is missing, no such file, damaged, or newer than this Rimlight.
    """
    return KeptSource(path, sound)


@dataclass(frozen=True, slots=True)
class KeptFrame(ClipFrame):
    """A frame with the matte that was kept with it."""

    kept: Kept
    foreground: Planes | None
    unshown: tuple[KeptFrame, ...] = ()
    """Those before it of which there was no output."""


class KeptSource(Closes):
    """An open file. Used by one thread, but for `close`."""

    def __init__(self, path: Path, sound: bool) -> None:
        self.path = path
        self._sound = sound
        with open_container(path) as container:
            self.header = _header(container, path)
        header = self.header
        self.facts = Facts(header.size, Orientation(), header.format, header.time_base, header.tags, header.aspect)
        check_size(header.format.size, header.aspect, path)
        self._tracks = list[_Track]()
        try:
            for number, size in enumerate(_sizes(header)):
                self._tracks.append(_Track(path, number, size))
        except ClipError:
            self.close()
            raise
        self._count, self._ended, self._short = 0, False, False
        self._last: int | None = None
        self._end = Fraction(0)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def format(self) -> StreamFormat:
        return self.header.format

    @property
    def size(self) -> Size:
        """The true size; maybe odd."""
        return self.header.size

    @property
    def length(self) -> int | None:
        """About how many frames there are, if the file says so."""
        seconds = self._tracks[0].seconds
        return None if seconds is None else max(1, round(seconds * self.format.fps))

    @property
    def rereadable(self) -> bool:
        """That it can be read another time."""
        return True

    def again(self) -> KeptSource:
        """The same file from its start."""
        return open_kept(self.path, sound=self._sound)

    @property
    def rest(self) -> Rest:
        """What it holds beside pictures and mattes."""
        return Rest(self.path, sound=self._sound)

    @property
    def notes(self) -> list[str]:
        """What a user should know, a line each."""
        return []

    @property
    def damage(self) -> str | None:
        """Once read to its end: how much of a damaged or cut-off file there was; None if it was whole.

        A file that names no end was not completed: its run was killed, or its disk was full.
        """
        if not self._ended:
            return None
        named = self._tracks[0].seconds
        if named is None:
            return f"{self.path} was not completed: {self._count} frames could be read"
        early = self._end + 1 / self.format.fps + _ROUNDED < named
        if not (early or self._short or any(track.failed for track in self._tracks)):
            return None
        return f"{self.path} is damaged or cut off: {self._count} frames could be read"

    def read(self) -> KeptFrame | None:
        """The next frame that was shown; None at the end, be it of a file that is cut off.

        Raises ClipError if it is damaged, or there is no frame at all.
        """
        unshown: list[KeptFrame] = []
        while (frame := self._next()) is not None:
            if frame.kept.shown:
                return replace(frame, unshown=tuple(unshown))
            unshown.append(frame)
        if not self._count:
            raise ClipError(f"{self.path}: not one frame can be read", "It is damaged, or cut off at its start.")
        return None

    def mixed_up(self, number: int) -> ClipError:
        """What is to be told where a frame's picture and matte are not each other's."""
        return ClipError(
            f"{self.path} is damaged: at frame {number}, picture and matte do not belong together",
            "Process the clip itself again.",
        )

    def close(self) -> None:
        for track in self._tracks:
            track.close()

    def _next(self) -> KeptFrame | None:
        images = [track.next() for track in self._tracks]
        whole = [image for image in images if image is not None]
        if len(whole) < len(images):
            self._ended, self._short = True, bool(whole)
            return None
        try:
            frame = self._frame(*whole)
        except MixedUpError as error:
            raise self.mixed_up(self._count) from error
        self._count += 1
        self._last = frame.pts
        if whole[0].pts is not None and whole[0].time_base is not None:
            self._end = whole[0].pts * whole[0].time_base + frame.duration * self.header.time_base
        return frame

    def _frame(self, picture: VideoFrame, matte: VideoFrame, colors: VideoFrame | None = None) -> KeptFrame:
        """What the images of the tracks are together. Raises MixedUpError if they are nothing that is written."""
        for image, layouts, size in zip((picture, matte, colors), _LAYOUTS, _sizes(self.header), strict=False):
            if image is None or image.format.name not in layouts or (image.width, image.height) != size:
                raise MixedUpError
        kept, clock = unpacked(_plane(matte, 0), self.header.canvas), self.header.time_base
        grown = self._last is None or kept.pts > self._last
        if not (grown and tellable(kept.pts, clock) and tellable(kept.duration, clock)):
            raise MixedUpError
        foreground = _upper_left(colors, kept.small.shape) if colors is not None and kept.colored else None
        i420 = np.concatenate([plane.reshape(-1) for plane in planes_of(picture)])
        shown = Picture(i420.reshape(-1, picture.width), self.format.color)
        return KeptFrame(shown, kept.at, kept.index, kept.pts, kept.duration, kept, foreground)


class _Track(Closes):
    """The images of one of the file's video streams."""

    def __init__(self, path: Path, number: int, size: Size) -> None:
        self._container = open_container(path)
        try:
            self._stream = _stream(self._container, number, size, path)
        except ClipError:
            self._container.close()
            raise
        self.seconds = named_end(self._container, self._stream)
        self.failed = False
        """Whether it could not be read to its end."""
        self._images = self._decoded()

    def next(self) -> VideoFrame | None:
        """The next image; None at the end, be it of a file that is cut off."""
        return next(self._images, None)

    def close(self) -> None:
        self._images.close()
        self._container.close()

    def _decoded(self) -> Generator[VideoFrame, None, None]:
        import av

        try:
            yield from self._container.decode(self._stream)
        except av.FFmpegError:
            self.failed = True


def _header(container: InputContainer, path: Path) -> Header:
    return Header.of(container.metadata.get(KEY, ""), path)


def _sizes(header: Header) -> list[Size]:
    """Of each track's images."""
    canvas = header.canvas
    sizes = [header.format.size, Size(canvas.width, canvas.height + rows_of(canvas))]
    return [*sizes, canvas.even] if header.colors else sizes


def _stream(container: InputContainer, number: int, size: Size, path: Path) -> VideoStream:
    """The video stream of that number. Raises ClipError if there is none, or of a kind that is not written here."""
    streams = container.streams.video
    context = streams[number].codec_context if number < len(streams) else None
    if context is None or context.name not in _CODECS or (context.width, context.height) != size:
        raise ClipError(f"{path} is damaged: its tracks are not what it says", "Process the clip itself again.")
    context.options = {"max_pixels": str(MOST_PIXELS)}
    streams[number].thread_type = "AUTO"
    streams[number].thread_count = _THREADS
    return streams[number]


def _plane(image: VideoFrame, number: int) -> Plane:
    plane = image.planes[number]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width]


def _upper_left(image: VideoFrame, shape: tuple[int, ...]) -> Planes:
    """The reduced planes that lie in an image that holds them; luma of that shape."""
    rows, columns = shape
    half = np.s_[: (rows + 1) // 2, : (columns + 1) // 2]
    y, u, v = planes_of(image)
    return Planes(y[:rows, :columns].copy(), u[half].copy(), v[half].copy())
