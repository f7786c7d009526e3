"""What a .rim.mkv, which keeps pictures with their mattes, says of itself and of each of its frames.

Pictures and mattes are two lossless tracks. A matte lies in the upper left of a gray image, and below it some rows
say, in bytes, what else a replay needs to come to the same: the exact times (Matroska's are milliseconds), what was
forgotten when, and sums of the reduced picture, the matte and the person's own colours, by which they are known to
be whole and to belong together. So whatever copies the tracks from one file into another copies all of it.

Files are hostile: what one says is held to what can be meant, before anything is made of it.
"""

from __future__ import annotations

import json
import math
import re
import struct
import zlib
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import numpy as np

from rimlight.errors import ClipError
from rimlight.picture import reduced
from rimlight.tags import ColorTags
from rimlight.types import Alpha, Color, Frame, Matrix, Matted, Plane, Planes, Size, StreamFormat

ENDING = ".rim.mkv"
VERSION = 2
KEY = "RIMLIGHT"
"""Under which the file's metadata hold the header."""

_RECORD = struct.Struct("<3sBHHIdqqIII")
"""Mark, flags, width and height of the matte, number, seconds, time and length in ticks; sums of the reduced
picture, the matte and the person's own colours."""
_SUM = struct.Struct("<I")
_LENGTH = _RECORD.size + _SUM.size
_MARK = b"rim"
_EXACT, _FRESH, _MIRRORED, _UNSHOWN, _COLORED = 1, 2, 4, 8, 16
_LATEST = 1 << 32
"""Seconds that a time may be, as of clips (`sources.decoding`)."""

_LONGEST_TEXT = 4096
"""Characters of a header; some 500 are written."""
_LARGEST = 1 << 16
"""Pixels of a side; the source knows a smaller bound, and says so."""
_RATIO = re.compile(r"(\d{1,10})(?:/(\d{1,10}))?", re.ASCII)
_MOST = (1 << 31) - 1
"""Of a ratio's two numbers: FFmpeg's have 32 bits."""
_RATES = (Fraction(1, 60), Fraction(1000))
_CLOCKS = (Fraction(1, _MOST), Fraction(60))
_ASPECTS = (Fraction(1, 8), Fraction(8))
_WAYS = ("live", "quick", "both ways")


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
    """How the mattes were made: 'live', 'quick', or 'both ways', all of the room being known before."""
    rimlight: str
    """The version that made it."""
    colors: bool = False
    """Whether a third track has the person's own colours."""

    def text(self) -> str:
        """For the file's metadata."""
        return json.dumps({"version": VERSION, **asdict(self)}, default=str, sort_keys=True)

    @classmethod
    def of(cls, text: str, path: Path) -> Header:
        """Raises ClipError if it is damaged, cannot be meant, or is of another version than this one."""
        try:
            told = _told(text)
            version = _whole(told.pop("version"))
        except (ValueError, LookupError, RecursionError) as error:
            raise _unreadable(path) from error
        if version != VERSION:
            raise _other(path, version, told.get("rimlight"))
        try:
            return _header(told)
        except (ValueError, TypeError, LookupError) as error:
            raise _unreadable(path) from error


def _told(text: str) -> dict[str, Any]:
    """The header's values; of those nothing is known yet."""
    if len(text) > _LONGEST_TEXT:
        raise ValueError("longer than any that is written")
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("no names")
    return told


def _header(told: dict[str, Any]) -> Header:
    stream = told["format"]
    color = Color(_one_of(get_args(Matrix), stream["color"][0]), _flag(stream["color"][1]))
    given = {
        **told,
        "canvas": _size(told["canvas"]),
        "size": _size(told["size"]),
        "format": StreamFormat(_size(stream["size"]), _ratio(stream["fps"], _RATES), color),
        "time_base": _ratio(told["time_base"], _CLOCKS),
        "tags": ColorTags._make(_whole(tag, 0, 255) for tag in told["tags"]),
        "aspect": None if told["aspect"] is None else _ratio(told["aspect"], _ASPECTS),
        "way": _one_of(_WAYS, told["way"]),
        "rimlight": _text(told["rimlight"]),
        **{name: _flag(told[name]) for name in ("mirror", "plate", "colors")},
    }
    header = Header(**given)
    canvas, pictures = header.canvas, header.format.size
    if header.size.even != pictures or canvas.width > pictures.width or canvas.height > pictures.height:
        raise ValueError("sizes that do not belong together")
    return header


def _size(value: Any) -> Size:
    width, height = value
    return Size(_whole(width, 1, _LARGEST), _whole(height, 1, _LARGEST))


def _whole(value: Any, least: int = 0, most: int = _MOST) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError("no number, or too large or small a one")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("neither yes nor no")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _one_of(names: tuple[Any, ...], value: Any) -> Any:
    if value not in names:
        raise ValueError("none of the names")
    return value


def _ratio(value: Any, bounds: tuple[Fraction, Fraction]) -> Fraction:
    """Of digits alone: of '1e9999999' a Fraction would compute all that many."""
    found = _RATIO.fullmatch(value)
    numbers = [int(number or 1) for number in found.groups()] if found else [0, 0]
    if not 0 < min(numbers) <= max(numbers) <= _MOST or not bounds[0] <= Fraction(*numbers) <= bounds[1]:
        raise ValueError("no ratio, or too large or small a one")
    return Fraction(*numbers)


def _unreadable(path: Path) -> ClipError:
    return ClipError(
        f"{path} does not say what it keeps: it is no {ENDING} of Rimlight's, or damaged",
        "Process the clip itself.",
    )


def _other(path: Path, version: int, rimlight: object) -> ClipError:
    maker = rimlight if isinstance(rimlight, str) else "of no version"
    return ClipError(
        f"{path} was made by Rimlight {maker}, version {version} of its kind; this one reads {VERSION} alone",
        "Update Rimlight." if version > VERSION else "Process the clip itself again.",
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
    picture_sum: int
    colors_sum: int
    exact: bool
    fresh: bool
    mirrored: bool
    shown: bool
    colored: bool
    """Whether the person's own colours were told."""

    def matted(self, frame: Frame, foreground: Planes | None) -> Matted:
        """The frame, mirrored as it was, with this matte and these colours of the person.

        Raises MixedUpError if any of them is another's, or damaged.
        """
        planes = reduced(frame.picture, max(self.small.shape))
        if planes.y.shape != self.small.shape or sum_of(*planes) != self.picture_sum:
            raise MixedUpError
        if foreground is not None and sum_of(*foreground) != self.colors_sum:
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


def sum_of(*planes: Plane) -> int:
    """A checksum of their pixels."""
    found = 0
    for plane in planes:
        found = zlib.crc32(np.ascontiguousarray(plane), found)
    return found


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
    sums = (sum_of(*matted.planes), sum_of(matted.small), sum_of(*matted.foreground or ()))
    record = _RECORD.pack(_MARK, flags, wide, high, matted.index, matted.at, pts, duration, *sums)
    record += _SUM.pack(zlib.crc32(record))
    image[canvas.height :].reshape(-1)[: len(record)] = np.frombuffer(record, np.uint8)
    return image


def unpacked(image: Plane, canvas: Size) -> Kept:
    """What such an image keeps. Raises MixedUpError if it is none, damaged, or says what cannot be meant."""
    if image.shape != (canvas.height + rows_of(canvas), canvas.width):
        raise MixedUpError
    data = image[canvas.height :].tobytes()[:_LENGTH]
    record = data[: _RECORD.size]
    mark, flags, wide, high, index, at, pts, duration, picture_sum, matte_sum, colors_sum = _RECORD.unpack(record)
    if mark != _MARK or _SUM.unpack(data[_RECORD.size :])[0] != zlib.crc32(record):
        raise MixedUpError
    if not (0 < wide <= canvas.width and 0 < high <= canvas.height):
        raise MixedUpError
    if not (math.isfinite(at) and abs(at) <= _LATEST and duration > 0):
        raise MixedUpError
    small = Alpha(image[:high, :wide].copy())
    if sum_of(small) != matte_sum:
        raise MixedUpError
    exact, fresh, mirrored, unshown, colored = (
        bool(flags & flag) for flag in (_EXACT, _FRESH, _MIRRORED, _UNSHOWN, _COLORED)
    )
    return Kept(
        small, index, at, pts, duration, picture_sum, colors_sum, exact, fresh, mirrored, not unshown, colored
    )
