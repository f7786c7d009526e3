"""Photos as files: pixels with what may be told of them, read and written.

What is written is made anew from pixels and a list of what may be passed on. So nothing of the old file travels
along that shows the room: previews of any kind, depth maps, second pictures, or a film behind the picture.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.errors import ClipError, SinkError
from rimlight.exif import Kept, kept_exif
from rimlight.icc import Converter, from_srgb, is_rgb_profile
from rimlight.picture import size_of
from rimlight.picture_file import PictureFile, read_picture
from rimlight.types import Bgr

QUALITY = {
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".png": (),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 95),
}
"""The kinds that are written, by how names end."""
WITH_ALPHA = (".png", ".webp")
_PNG = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 0x0112
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
"""How to flip for each orientation, by OpenCV's numbers, once a picture that lies on its side is transposed."""
_ROWS = 256
"""Of a photo that are laid on white at a time."""


class Photo(NamedTuple):
    """A photo, upright."""

    bgr: Bgr
    """(H, W, 3)"""
    exif: bytes = b""
    """EXIF data to pass on."""
    profile: bytes = b""
    """The ICC profile of its colours; empty: sRGB."""
    convert: Converter | None = None
    """From sRGB to these; None where they are sRGB."""
    notes: tuple[str, ...] = ()
    """What of it is not passed on, a line each."""


def read_photo_file(path: Path) -> Photo:
    """The photo turned as its EXIF orientation says; 8 bits of more, gray as colour, alpha on white.

    Raises ClipError if it is missing, no photo, cut off, larger than `picture_file` lets through, or has alpha that
    cannot be had. What else the file tells may be damaged: that is left out, and noted.
    """
    file = read_picture(path)
    # First, so that nothing else is in memory beside all that a file can hold.
    alpha = _alpha(file)
    # OpenCV turns pictures upright, but never their alpha.
    lying = 0 if alpha is None else cv2.IMREAD_IGNORE_ORIENTATION
    bgr, exif, profile = file.decoded_whole(cv2.IMREAD_COLOR | lying)
    if alpha is not None:
        _lay_on_white(bgr, alpha)
        # Those of a TIFF it turns whatever it is told.
        bgr = bgr if file.is_tiff else _turned(bgr, _orientation(exif))
        del alpha
    kept = kept_exif(exif) if exif else Kept()
    notes = []
    if kept.damaged:
        notes.append(f"{path.name}: some of its EXIF data are damaged and are left out")
    if kept.position:
        notes.append(f"{path.name}: where it was taken (GPS) is left out")
    convert = None
    if is_rgb_profile(profile):
        try:
            convert = from_srgb(profile)
        except ValueError:
            notes.append(f"{path.name}: its colour profile is damaged and is left out")
            profile = b""
    else:
        # The colours of a CMYK or gray photo were converted when it was decoded.
        profile = b""
    return Photo(bgr, kept.content, profile, convert, tuple(notes))


def encoded(image: NDArray[np.uint8], photo: Photo, output: Path) -> bytes:
    """The image, (H, W, 3) or (H, W, 4), as a file named `output`, with what is passed on of the photo.

    Raises SinkError if that kind of file cannot hold it.
    """
    ending = output.suffix.lower()
    passed = [(cv2.IMAGE_METADATA_EXIF, photo.exif), (cv2.IMAGE_METADATA_ICCP, photo.profile)]
    blocks = [(kind, np.frombuffer(block, np.uint8)) for kind, block in passed if block]
    try:
        written, content = cv2.imencodeWithMetadata(
            ending, np.ascontiguousarray(image), [b[0] for b in blocks], [b[1] for b in blocks], QUALITY[ending]
        )
    except cv2.error:
        written = False
    if not written:
        size = size_of(image)
        raise SinkError(f"{output}: a picture of {size} cannot be written as {ending}", "Write a .png instead.")
    return bytes(content)


def _alpha(file: PictureFile) -> NDArray[Any] | None:
    """(H, W), of its own depth, not turned upright; None if all is opaque.

    Raises ClipError if the picture is damaged or cut off, or has alpha that cannot be had.
    """
    if file.untold:
        raise ClipError(
            f"{file.path} has alpha beside gray or a palette, which is not read of a TIFF file",
            "Save it as PNG, or without alpha.",
        )
    if file.is_jpeg:
        return None
    raw = file.decoded(cv2.IMREAD_UNCHANGED)
    if raw.ndim == 2:
        clear = _clear_level(file.content)
        return None if clear is None else (raw != clear).astype(np.uint8) * np.uint8(255)
    # On its own, so that the colours' memory is let go of.
    return raw[..., -1].copy() if raw.shape[2] in {2, 4} else None


def _clear_level(content: bytes) -> int | None:
    """The level that a gray PNG says is not to be seen, as it is decoded: OpenCV leaves that out."""
    if not content.startswith(_PNG) or content[25] != 0 or b"tRNS" not in content:
        return None
    bits, at, kind = content[24], len(_PNG), b""
    while kind not in {b"IDAT", b"IEND"}:
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"tRNS" and length == 2:
            (level,) = struct.unpack_from(">H", content, at + 8)
            most = (1 << bits) - 1
            # Of less than 8 bits they are spread out over 0..255.
            return int(level & most) * (255 // most if bits < 8 else 1)
        at += 12 + length
    return None


def _orientation(exif: bytes) -> int:
    """What EXIF data say, if they are whole so far; of several, the last, as OpenCV takes it."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    found = 1
    if order is None:
        return found
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            (tag,) = struct.unpack_from(f"{order}H", exif, entry)
            if tag == _ORIENTATION:
                (found,) = struct.unpack_from(f"{order}H", exif, entry + 8)
    except struct.error:
        pass
    return found


def _turned(bgr: Bgr, orientation: int) -> Bgr:
    """Upright, by EXIF's number: 5 to 8 lie on their side."""
    if orientation in {5, 6, 7, 8}:
        bgr = cv2.transpose(bgr)
    if orientation in _FLIPS:
        bgr = cv2.flip(bgr, _FLIPS[orientation])
    return bgr


def _lay_on_white(bgr: Bgr, alpha: NDArray[Any]) -> None:
    """Changes the picture itself, some rows at a time: in floats a large one would take gigabytes."""
    most = np.float32(np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1)
    for rows in (slice(first, first + _ROWS) for first in range(0, bgr.shape[0], _ROWS)):
        share = np.clip(np.nan_to_num(alpha[rows, :, None] / most), 0, 1)
        bgr[rows] = np.rint(bgr[rows] * share + 255 * (1 - share))
