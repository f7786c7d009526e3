"""Picture files, which may be damaged or made to do harm: what one will take is known before it is decoded.

OpenCV decodes whatever it recognises, up to 2^30 pixels: a file of some kilobytes that takes gigabytes. So only
five kinds are let through to it, by their first bytes, as it tells them itself, and only up to a size that their
own headers say.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.errors import ClipError
from rimlight.plain_file import read_plain
from rimlight.types import Size

MOST_BYTES = 256 << 20
"""Largest file that is read; a JPEG of 108 megapixels has 20 to 60 MB."""
MOST_PIXELS = 110_000_000
"""Phones have 108 megapixels at most that are common: 330 MB once they are decoded."""
LONGEST_SIDE = 20000
"""Pixels."""
_MOST_DECODED = 1 << 30
"""Bytes of a decoded picture, if its pixels are deep."""
_MOST_PASSES = 20 * MOST_PIXELS
"""Pixels that the scans of a progressive JPEG may touch in all: encoders make ten scans, and a thousand cost only
some kilobytes."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_TIFFS = (b"II*\0", b"MM\0*")

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
"""What pictures within MP4's kind of container begin with (ISO 23008-12, Annex B), from the ninth byte on."""


class Header(NamedTuple):
    """What a picture's first bytes say that it will take."""

    size: Size
    depth: int = 4
    """Bytes of a pixel, at most."""
    passes: int = 1
    """How often each pixel is gone through."""
    untold: bool = False
    """Whether there is alpha that OpenCV does not tell: a TIFF's, beside gray or a palette."""


class Decoded(NamedTuple):
    """A picture's pixels, and what else is in its file; each empty if it is not there."""

    image: NDArray[Any]
    """(H, W) or (H, W, C)."""
    exif: bytes
    profile: bytes
    """What its colours mean, as ICC has it."""


class PictureFile(NamedTuple):
    """What is in a picture file whose size is within bounds."""

    path: Path
    content: bytes
    size: Size
    """As stored: not turned upright."""
    untold: bool
    """As in `Header`."""

    @property
    def is_jpeg(self) -> bool:
        return self.content.startswith(_JPEG)

    @property
    def is_tiff(self) -> bool:
        return self.content.startswith(_TIFFS)

    def decoded(self, flags: int) -> NDArray[Any]:
        """(H, W) or (H, W, C), by OpenCV's `flags`. Raises ClipError if it is damaged or cut off."""
        try:
            image: NDArray[Any] | None = cv2.imdecode(np.frombuffer(self.content, np.uint8), flags)
        except cv2.error:
            image = None
        if image is None:
            raise _damaged(self.path, self.content)
        return image

    def decoded_whole(self, flags: int) -> Decoded:
        """As `decoded`, with what the file says besides. Raises ClipError if the picture is damaged or cut off."""
        try:
            image, kinds, found = cv2.imdecodeWithMetadata(np.frombuffer(self.content, np.uint8), flags)
        except cv2.error:
            image = None
        if image is None:
            raise _damaged(self.path, self.content)
        told = {int(kind): np.asarray(block).tobytes() for kind, block in zip(kinds, found, strict=True)}
        # A TIFF file's own directory is what EXIF data are made like; OpenCV does not tell it.
        exif = self.content if self.is_tiff else told.get(cv2.IMAGE_METADATA_EXIF, b"")
        return Decoded(image, exif, told.get(cv2.IMAGE_METADATA_ICCP, b""))


def read_picture(path: Path) -> PictureFile:
    """Reads a JPEG, PNG, WebP, BMP or TIFF file; nothing is decoded yet.

    Raises ClipError if it is missing, no regular file, empty, none of these, cut off where that shows, or larger
    than the limits above.
    """
    try:
        content = read_plain(path, MOST_BYTES)
    except OSError as error:
        raise ClipError(f"{path} cannot be read: {error.strerror}", "Check its name and folder.") from error
    if not content:
        raise ClipError(f"{path} is empty (0 bytes)", "Its download failed; get it again.")
    if content[4:8] == b"ftyp" and content[8:12] in HEIF_BRANDS:
        raise ClipError(
            f"{path} is a HEIC or AVIF picture, which is not read",
            "Save it as JPEG. On an iPhone: Settings, Camera, Formats, Most Compatible, for the next ones.",
        )
    header = header_of(content)
    if header is None or min(header.size) < 1:
        raise _damaged(path, content)
    _check(path, header)
    content = _still(content) if content.startswith(_PNG) else content
    return PictureFile(path, content, header.size, header.untold)


def header_of(content: bytes) -> Header | None:
    """What a file's header says; None if it is of no kind that is read, or too damaged to say."""
    for beginning, read in _READERS.items():
        if content.startswith(beginning):
            try:
                return read(content)
            except (struct.error, IndexError):
                return None
    return None


def _damaged(path: Path, content: bytes) -> ClipError:
    what = f"{path} is no picture, or is damaged or cut off ({len(content)} bytes)"
    return ClipError(what, "Give a whole JPEG, PNG or WebP picture.")


def _check(path: Path, header: Header) -> None:
    size = header.size
    pixels = size.width * size.height
    if max(size) > LONGEST_SIDE or pixels > MOST_PIXELS:
        raise ClipError(
            f"{path} has {size} pixels ({pixels / 1e6:.0f} megapixels), more than the "
            f"{MOST_PIXELS / 1e6:.0f} megapixels and {LONGEST_SIDE} pixels a side that are read",
            "Scale it down first.",
        )
    if pixels * header.depth > _MOST_DECODED:
        took, most = (number >> 20 for number in (pixels * header.depth, _MOST_DECODED))
        raise ClipError(
            f"{path} would take {took} MB of memory, more than the {most} that a picture gets",
            "Scale it down first, or save it with 8 bits a channel.",
        )
    if pixels * header.passes > _MOST_PASSES:
        raise ClipError(
            f"{path} has {size} pixels in {header.passes} scans, more than {_MOST_PASSES // pixels}",
            "Save it anew: no camera and no program writes so many.",
        )


def _jpeg(content: bytes) -> Header | None:
    for marker, at in _markers(content):
        # Start of frame; the three others of that range are tables.
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", content, at + 3)
            return Header(Size(width, height), 3, content.count(b"\xff\xda"))
    return None


def _markers(content: bytes) -> Iterator[tuple[int, int]]:
    """Each marker and where its length stands; garbage between them is passed over, as libjpeg does."""
    at = 2
    while (at := content.find(b"\xff", at)) >= 0:
        while content[at] == 0xFF:
            at += 1
        marker = content[at]
        at += 1
        if marker == 0 or 0xD0 <= marker <= 0xD7 or marker == 1:
            continue
        if marker in {0xD9, 0xDA}:
            return
        yield marker, at
        at += struct.unpack_from(">H", content, at)[0]


def _png(content: bytes) -> Header | None:
    """None also where a block is longer than the file: OpenCV takes memory for it before it looks."""
    if content[12:16] != b"IHDR":
        return None
    width, height, bits, color = struct.unpack_from(">IIBB", content, 16)
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, at)
        at += 12 + length
    if at > len(content):
        return None
    channels = 1 + 2 * (color & 2 > 0) + (color & 4 > 0)
    return Header(Size(width, height), max(3, channels) * (2 if bits == 16 else 1))


def _still(png: bytes) -> bytes:
    """The PNG, whose blocks end where it ends or before, without what moves: its picture alone.

    Found by the fuzzer: OpenCV 5.0 crashes where animation is announced and the first frame's block is damaged.
    Nor has it a gray picture's profile, of which no use is made: libpng writes to the terminal where it is of RGB.
    """
    dropped = {b"acTL", b"fcTL", b"fdAT"} | (set() if png[25] & 2 else {b"iCCP"})
    if not any(kind in png for kind in dropped):
        return png
    kept, at, kind = [png[: len(_PNG)]], len(_PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind not in dropped:
            kept.append(png[at : at + 12 + length])
        at += 12 + length
    return b"".join(kept)


def _webp(content: bytes) -> Header | None:
    if content[8:12] != b"WEBP":
        return None
    kind, at = content[12:16], 20
    if kind == b"VP8X":
        width, height = (int.from_bytes(content[at + n : at + n + 3], "little") + 1 for n in (4, 7))
        # Animated ones are kept as a canvas and a picture besides.
        return Header(Size(width, height), 8)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, at + 1)
        return Header(Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, at + 6)
        return Header(Size(width & 0x3FFF, height & 0x3FFF), 3)
    return None


def _bmp(content: bytes) -> Header | None:
    (length,) = struct.unpack_from("<I", content, 14)
    width, height = struct.unpack_from("<HH" if length == 12 else "<ii", content, 18)
    # From the top down, if it is negative.
    return Header(Size(width, abs(height)))


_WIDTH, _LENGTH, _BITS, _KIND, _SAMPLES, _ROWS, _TILE_WIDTH, _TILE_LENGTH = 256, 257, 258, 262, 277, 278, 322, 323
_WHOLE = 0xFFFFFFFF
"""Rows of a strip that is the whole picture."""


def _tiff(content: bytes) -> Header | None:
    """The first directory; where a tag is there twice, the larger counts, whichever libtiff takes."""
    order = "<" if content.startswith(b"II") else ">"
    (at,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, at)
    tags: dict[int, int] = {}
    for number in range(count):
        entry = at + 2 + 12 * number
        tag, kind, values = struct.unpack_from(f"{order}HHI", content, entry)
        form = {1: "B", 3: "H", 4: "I"}.get(kind)
        if tag in {_WIDTH, _LENGTH, _KIND, _SAMPLES, _ROWS, _TILE_WIDTH, _TILE_LENGTH}:
            if form is None or values != 1:
                return None
            (value,) = struct.unpack_from(order + form, content, entry + 8)
            tags[tag] = max(value, tags.get(tag, 0))
        elif tag == _BITS:
            tags[tag] = _bits(content, order, entry)
    width, height, samples = tags.get(_WIDTH, 0), tags.get(_LENGTH, 0), tags.get(_SAMPLES, 1)
    rows = tags.get(_ROWS, _WHOLE)
    # What is decoded at a time: a tile or a strip, which may be larger than the picture.
    tile = Size(tags.get(_TILE_WIDTH, 1), tags.get(_TILE_LENGTH, 1 if rows == _WHOLE else rows))
    depth = max(1, samples) * max(8, tags.get(_BITS, 8)) // 8
    size = Size(max(width, tile.width), max(height, tile.height)) if min(width, height) else Size(0, 0)
    return Header(size, depth, untold=samples > 1 and tags.get(_KIND) in {0, 1, 3})


def _bits(content: bytes, order: str, entry: int) -> int:
    """The most bits of a channel; several values stand elsewhere."""
    kind, count = struct.unpack_from(f"{order}HI", content, entry + 2)
    if kind != 3 or not 0 < count <= 16:
        return 64
    at = entry + 8 if count <= 2 else struct.unpack_from(f"{order}I", content, entry + 8)[0]
    return int(max(struct.unpack_from(f"{order}{count}H", content, at)))


_READERS: dict[bytes, Callable[[bytes], Header | None]] = {
    _JPEG: _jpeg,
    _PNG: _png,
    b"RIFF": _webp,
    b"BM": _bmp,
    **dict.fromkeys(_TIFFS, _tiff),
}
