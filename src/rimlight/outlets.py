"""Where what is made of a clip goes: a video, a video with alpha, numbered pictures or an animation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from rimlight.cutout import bgra, stacked
from rimlight.errors import UsageError
from rimlight.foresight import Reads
from rimlight.mattes import MatteFolder
from rimlight.passes import Made
from rimlight.protocols import Closes
from rimlight.sinks.alpha import PNG, WEBP, carries_alpha, is_numbered
from rimlight.sinks.codecs import Y4M, container_for
from rimlight.sinks.video_file import Encoding, Track, VideoFile, open_video_file
from rimlight.sources.clip import ClipFrame, Facts
from rimlight.sources.rest import Rest
from rimlight.types import Size, StreamFormat

Part = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""Gives the view of an image that is not padding."""

LONGEST_LOOP = Fraction(20)
"""Seconds of an animated WebP: it is encoded as a whole, and held in memory by who plays it."""


class Clip(Protocol):
    """A clip that is read frame by frame: `ClipSource`, or `KeptSource`."""

    @property
    def path(self) -> Path: ...
    @property
    def facts(self) -> Facts: ...
    @property
    def size(self) -> Size: ...
    @property
    def format(self) -> StreamFormat: ...
    @property
    def length(self) -> int | None: ...
    @property
    def rest(self) -> Rest: ...
    @property
    def notes(self) -> list[str]: ...
    @property
    def damage(self) -> str | None: ...
    @property
    def rereadable(self) -> bool: ...
    def again(self) -> AbstractContextManager[Reads]: ...
    def read(self) -> ClipFrame | None: ...


class Outlet(Closes, Protocol):
    """Takes what was made of each frame. Files appear with `publish`; closing before that removes them."""

    @property
    def notes(self) -> Sequence[str]:
        """What a user should know about the file, a line each."""
        return ()

    @property
    def pads(self) -> bool:
        """Whether an odd size becomes even."""
        return False

    def write(self, made: Made, part: Part) -> None:
        """Adds an output, of which `part` is no padding. Raises DiskError, SinkError."""

    def finish(self) -> None:
        """Writes what is left. Raises DiskError, SinkError."""

    def publish(self) -> None:
        """Moves all to its place. Raises DiskError."""


def open_outlet(source: Clip, output: Path, encoding: Encoding, track: Track, *, force: bool) -> Outlet:
    """Begins the file or folder `output` for what is made of the source.

    Raises UsageError if its ending, length or sound does not fit, OutputExistsError if something would be
    overwritten and not `force`, DiskError if it cannot be written, SinkError if the encoder refuses it.
    """
    if encoding == PNG:
        folder, name = (output.parent, output.name) if is_numbered(output) else (output, "%06d.png")
        return _Pictures(MatteFolder(folder, force=force, name=name))
    if encoding == WEBP:
        return _open_loop(source, output, track, force=force)
    rest = source.rest if encoding != Y4M else None
    container = container_for(output, encoding)
    file = open_video_file(output, track, encoding, force=force, rest=rest, container=container)
    return _Video(file, alpha=carries_alpha(encoding))


def _open_loop(source: Clip, output: Path, track: Track, *, force: bool) -> Outlet:
    seconds = source.length / source.format.fps if source.length else Fraction(0)
    if seconds > LONGEST_LOOP:
        raise _too_long(output, seconds)
    file = open_video_file(
        output,
        replace(track, size=source.size),
        WEBP,
        force=force,
        muxing={"loop": "0"},
        container="webp",
    )
    return _Loop(file, output, track.time_base)


def _too_long(output: Path, seconds: Fraction) -> UsageError:
    return UsageError(
        f"{output.name}: animated WebP is for loops of {LONGEST_LOOP} s at most, this is {float(seconds):.1f} s",
        "Take a part of it with --from and --until, or write a .webm.",
    )


class _Writes(Protocol):
    """A file or folder that is being written."""

    def finish(self) -> None: ...

    def publish(self) -> None: ...

    def close(self) -> None: ...


Writes = TypeVar("Writes", bound=_Writes)


class _Into(Outlet, Generic[Writes]):
    """One file, or folder; each kind gets pictures in its own way."""

    def __init__(self, file: Writes) -> None:
        self._file = file

    def finish(self) -> None:
        self._file.finish()

    def publish(self) -> None:
        self._file.publish()

    def close(self) -> None:
        self._file.close()


class _Video(_Into[VideoFile]):
    pads = True

    def __init__(self, file: VideoFile, *, alpha: bool) -> None:
        super().__init__(file)
        self._alpha = alpha

    @property
    def notes(self) -> Sequence[str]:
        return self._file.notes

    def write(self, made: Made, part: Part) -> None:  # noqa: ARG002
        output = made.output
        self._file.write(stacked(output) if self._alpha else output.picture.i420, made.pts, made.duration)


class _Pictures(_Into[MatteFolder]):
    notes = ("PNGs have no times and no sound",)

    def write(self, made: Made, part: Part) -> None:
        self._file.write(part(bgra(made.output)), made.pts, made.duration)


class _Loop(_Into[VideoFile]):
    notes = ("animated WebP has no sound",)

    def __init__(self, file: VideoFile, path: Path, clock: Fraction) -> None:
        super().__init__(file)
        self._path = path
        self._clock = clock
        self._first: int | None = None

    def write(self, made: Made, part: Part) -> None:
        self._first = made.pts if self._first is None else self._first
        seconds = (made.pts - self._first) * self._clock
        if seconds > LONGEST_LOOP:
            raise _too_long(self._path, seconds)
        self._file.write(part(bgra(made.output)), made.pts, made.duration)
