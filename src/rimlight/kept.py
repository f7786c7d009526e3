"""What a .rim.mkv, which keeps pictures with their mattes, says of itself and of each of its frames.

Pictures and mattes are two lossless tracks. A matte lies in the upper left of a gray image, and below it some rows
say, in bytes, what else a replay needs to come to the same: the exact times (Matroska's are milliseconds), what was
forgotten when, and a sum of the reduced picture, by which both are known to belong together. So whatever copies the
tracks from one file into another copies all of it.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from rimlight.errors import ClipError
from rimlight.picture import reduced
from rimlight.tags import ColorTags
from rimlight.types import Alpha, Color, Frame, Matted, Plane, Planes, Size, StreamFormat

ENDING = ".rim.mkv"
VERSION = 1
KEY = "RIMLIGHT"
"""Under which the file's metadata hold the header."""

_RECORD = struct.Struct("<3sBHHIdqqI")
"""Mark, flags, width and height of the matte, number, seconds, time and length in ticks, sum of the luma."""
_SUM = struct.Struct("<I")
_LENGTH = _RECORD.size + _SUM.size
_MARK = b"rim"
_EXACT, _FRESH, _MIRRORED, _UNSHOWN, _COLORED = 1, 2, 4, 8, 16


class MixedUpError(ValueError):
    """A record is none of ours, or its picture is another."""


def is_kept(path: Path) -> bool:
    """Whether a file's name says that it keeps mattes."""
    return path.name.lower().endswith(ENDING)


def kept_beside(output: Path) -> Path:
    """Where what is kept of a run goes: 'talk.rim.mkv' for 'talk.mp4'."""
    return output.with_name(output.name.removesuffix(output.suffix) + ENDING)


@dataclass(frozen=True, slots=True)
class Header:
    """What the whole file has in common."""

    canvas: Size
    """Of the gray images, less the rows of the record: no matte is larger."""
    size: Size
    """True size of the pictures; what they are larger is padding."""
    format: StreamFormat
    """Of the pictures."""
    time_base: Fraction
    tags: ColorTags
    aspect: Fraction | None
    mirror: bool
    plate: bool
    """Whether the room was learned."""
    way: str
    """How the mattes were made: 'live', 'quick', 'ahead', or 'both ways', all of the room being known before."""
    rimlight: str
    """The version that made it."""
    colors: bool = False
    """Whether a third track has the person's own colours."""

    def text(self) -> str:
        """For the file's metadata."""
        return json.dumps({"version": VERSION, **asdict(self)}, default=str, sort_keys=True)

    @classmethod
    def of(cls, text: str, path: Path) -> Header:
        """Raises ClipError if it is damaged, or of a version that is newer than this one."""
        try:
            told = json.loads(text)
            version = int(told.pop("version"))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _unreadable(path) from error
        if version > VERSION:
            raise ClipError(
                f"{path} was made by Rimlight {told.get('rimlight')}, version {version} of its kind; this one "
                f"reads up to {VERSION}",
                "Update Rimlight.",
            )
        try:
            return _header(told)
        except (ValueError, TypeError, KeyError, ZeroDivisionError) as error:
            raise _unreadable(path) from error


def _header(told: dict[str, Any]) -> Header:
    stream = told["format"]
    given = {
        **told,
        "canvas": Size(*told["canvas"]),
        "size": Size(*told["size"]),
        "format": StreamFormat(Size(*stream["size"]), Fraction(stream["fps"]), Color(*stream["color"])),
        "time_base": Fraction(told["time_base"]),
        "tags": ColorTags(*told["tags"]),
        "aspect": None if told["aspect"] is None else Fraction(told["aspect"]),
    }
    header = Header(**given)
    rates = (header.format.fps, header.time_base)
    if min(*header.canvas, *header.size, *header.format.size) <= 0 or min(rates) <= 0:
        raise ValueError("sizes and rates are positive")
    return header


def _unreadable(path: Path) -> ClipError:
    return ClipError(
        f"{path} does not say what it keeps: it is no {ENDING} of Rimlight's, or damaged",
        "Process the clip itself.",
    )


def rows_of(canvas: Size) -> int:
    """How many rows of a gray image the record takes."""
    return -(-_LENGTH // canvas.width)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a frame."""

    small: Alpha
    index: int
    at: float
    pts: int
    duration: int
    luma: int
    exact: bool
    fresh: bool
    mirrored: bool
    shown: bool
    colored: bool
    """Whether the person's own colours were told."""

    def matted(self, frame: Frame, foreground: Planes | None) -> Matted:
        """The frame, mirrored as it was, with this matte. Raises MixedUpError if it is another picture's."""
        planes = reduced(frame.picture, max(self.small.shape))
        if planes.y.shape != self.small.shape or sum_of(planes.y) != self.luma:
            raise MixedUpError
        return Matted(
            frame.picture,
            planes,
            self.small,
            self.at,
            self.index,
            foreground,
            self.exact,
            self.fresh,
            self.mirrored,
        )


def sum_of(plane: Plane) -> int:
    """A checksum of its pixels."""
    return zlib.crc32(np.ascontiguousarray(plane))


def packed(matted: Matted, pts: int, duration: int, canvas: Size) -> Plane:
    """The gray image that keeps a frame's matte, (canvas.height + rows, canvas.width).

    Raises ValueError if the matte is larger than the canvas.
    """
    high, wide = matted.small.shape
    if wide > canvas.width or high > canvas.height:
        raise ValueError(f"a matte of {wide}x{high} on a canvas of {canvas}")
    image = np.zeros((canvas.height + rows_of(canvas), canvas.width), np.uint8)
    image[:high, :wide] = matted.small
    flags = _EXACT * matted.exact | _FRESH * matted.fresh | _MIRRORED * matted.mirrored
    flags |= _UNSHOWN * (not matted.shown) | _COLORED * (matted.foreground is not None)
    luma = sum_of(matted.planes.y)
    record = _RECORD.pack(_MARK, flags, wide, high, matted.index, matted.at, pts, duration, luma)
    record += _SUM.pack(zlib.crc32(record))
    image[canvas.height :].reshape(-1)[: len(record)] = np.frombuffer(record, np.uint8)
    return image


def unpacked(image: Plane, canvas: Size) -> Kept:
    """What such an image keeps. Raises MixedUpError if it is none."""
    if image.shape != (canvas.height + rows_of(canvas), canvas.width):
        raise MixedUpError
    data = image[canvas.height :].tobytes()[:_LENGTH]
    record = data[: _RECORD.size]
    mark, flags, wide, high, index, at, pts, duration, luma = _RECORD.unpack(record)
    if mark != _MARK or _SUM.unpack(data[_RECORD.size :])[0] != zlib.crc32(record):
        raise MixedUpError
    if wide > canvas.width or high > canvas.height:
        raise MixedUpError
    small = Alpha(image[:high, :wide].copy())
    exact, fresh, mirrored, unshown, colored = (
        bool(flags & flag) for flag in (_EXACT, _FRESH, _MIRRORED, _UNSHOWN, _COLORED)
    )
    return Kept(small, index, at, pts, duration, luma, exact, fresh, mirrored, not unshown, colored)
