"""Photos as files: pixels with what may be told of them, read and written.

What is written is made anew from pixels and a list of what may be passed on. So nothing of the old file travels
along that shows the room: previews of any kind, depth maps, second pictures, or a film behind the picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.errors import SinkError
from rimlight.exif import Kept, kept_exif
from rimlight.icc import Converter, from_srgb, is_rgb_profile
from rimlight.picture import size_of
from rimlight.picture_file import read_picture
from rimlight.types import Bgr

QUALITY = {
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".png": (),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 95),
}
"""The kinds that are written, by how names end."""
WITH_ALPHA = (".png", ".webp")
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

    Raises ClipError if it is missing, no photo, cut off, or larger than `picture_file` lets through. What else the
    file tells may be damaged: that is left out, and noted.
    """
    file = read_picture(path)
    bgr, exif, profile = file.decoded_whole(cv2.IMREAD_COLOR)
    if not file.is_jpeg:
        raw = file.decoded(cv2.IMREAD_UNCHANGED)
        if raw.shape == (*bgr.shape[:2], 4):
            _lay_on_white(bgr, raw[..., 3])
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


def _lay_on_white(bgr: Bgr, alpha: NDArray[Any]) -> None:
    """Changes the picture itself, some rows at a time: in floats a large one would take gigabytes."""
    most = np.float32(np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1)
    for rows in (slice(first, first + _ROWS) for first in range(0, bgr.shape[0], _ROWS)):
        share = np.clip(np.nan_to_num(alpha[rows, :, None] / most), 0, 1)
        bgr[rows] = np.rint(bgr[rows] * share + 255 * (1 - share))
