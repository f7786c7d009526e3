"""Photos: JPEG, PNG and WebP through the same pipeline, with alpha where the file can carry it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.errors import SinkError, UsageError
from rimlight.mattes import open_mattes
from rimlight.offline import Report, refuse_same, true_part
from rimlight.picture import from_bgr, size_of, to_bgr
from rimlight.picture_file import read_picture
from rimlight.pipeline import Pipeline
from rimlight.plain_file import check_plain
from rimlight.sinks.video_file import Track
from rimlight.tags import ColorTags
from rimlight.types import Alpha, Bgr, Color, Frame, Picture
from rimlight.unfinished import check_free, write_whole

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
PHOTO_COLOR = Color("bt601", full_range=True)
"""JPEG's own kind of YUV; nothing is lost to a smaller range."""
_QUALITY = {
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".png": (),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 95),
}
_WITH_ALPHA = (".png", ".webp")
_SECOND = Fraction(1)
_ROWS = 256
"""Of a photo that are laid on white at a time."""


def kind_of(path: Path) -> Literal["photo", "video"]:
    """What a file is, by how it begins, else by how its name ends; it need not exist."""
    beginning = _beginning(path)
    is_webp = beginning[:4] == b"RIFF" and beginning[8:] == b"WEBP"
    named = path.suffix.lower() in _ENDINGS
    return "photo" if is_webp or beginning.startswith(_BEGINNINGS) or named else "video"


def _beginning(path: Path) -> bytes:
    """Its first bytes; of what is no regular file, none: a pipe would be waited for."""
    try:
        check_plain(path)
        with path.open("rb") as file:
            return file.read(12)
    except OSError:
        return b""


def process_photo(
    path: Path, pipeline: Pipeline, output: Path, *, matte: Path | None = None, force: bool = False
) -> Report:
    """Writes what the pipeline makes of a photo to `output`, at the photo's own size.

    With a transparent background PNG and WebP get an alpha channel with straight colours, and nothing of the room
    behind it. `matte` is as for clips. Raises UsageError if `output` is the input or ends unlike a photo,
    OutputExistsError if something would be overwritten and not `force`, ClipError if `path` cannot be read,
    DiskError if nothing can be written, and what the pipeline raises.
    """
    if output.suffix.lower() not in _QUALITY:
        raise UsageError(
            f"{output.name}: photos are not written to files that end like this",
            f"End the name with one of {' '.join(_QUALITY)}",
        )
    bgr = read_photo(path)
    refuse_same(path, output, matte)
    check_free(output, force=force)
    size = size_of(bgr)
    frame = Frame(from_bgr(bgr, PHOTO_COLOR), 0.0, 0)
    pipeline.reset()
    transparent = pipeline.background.name == "transparent"
    if transparent and output.suffix.lower() in _WITH_ALPHA:
        picture, alpha = pipeline.cutout(frame)
        image = _with_alpha(picture, alpha)
    else:
        made = pipeline.process(frame)
        alpha, image = made.alpha, to_bgr(made.picture)
    content = _encoded(true_part(image, size, pipeline.mirror), output)
    if matte is not None:
        track = Track(size, _SECOND, _SECOND, ColorTags(range=2))
        with open_mattes(matte, track, force=force) as mattes:
            mattes.write(true_part(alpha, size, pipeline.mirror), 0, 1)
            mattes.finish()
            write_whole(output, content, force=force)
            mattes.publish()
    else:
        write_whole(output, content, force=force)
    if transparent and output.suffix.lower() not in _WITH_ALPHA:
        return Report(1, 0.0, notes=(f"{output.name}: JPEG carries no alpha, so the background is key green",))
    return Report(1, 0.0)


def read_photo(path: Path) -> Bgr:
    """The photo as (H, W, 3), turned as its EXIF orientation says; 8 bits of more, gray as colour, alpha on white.

    Raises ClipError if it is missing, no photo, cut off, or larger than `picture_file` lets through.
    """
    file = read_picture(path)
    bgr: Bgr = file.decoded(cv2.IMREAD_COLOR)
    if file.is_jpeg:
        return bgr
    raw = file.decoded(cv2.IMREAD_UNCHANGED)
    return _on_white(bgr, raw[..., 3]) if raw.shape == (*bgr.shape[:2], 4) else bgr


def _on_white(bgr: Bgr, alpha: NDArray[Any]) -> Bgr:
    """Changes the picture itself, some rows at a time: in floats a large one would take gigabytes."""
    most = np.float32(np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1)
    for rows in (slice(first, first + _ROWS) for first in range(0, bgr.shape[0], _ROWS)):
        share = np.clip(np.nan_to_num(alpha[rows, :, None] / most), 0, 1)
        bgr[rows] = np.rint(bgr[rows] * share + 255 * (1 - share))
    return bgr


def _with_alpha(picture: Picture, alpha: Alpha) -> NDArray[np.uint8]:
    """(H, W, 4). What alpha hides is black: whoever takes the alpha away is not to find the room."""
    bgr = to_bgr(picture)
    bgr[alpha == 0] = 0
    return np.dstack([bgr, alpha])


def _encoded(image: NDArray[np.uint8], output: Path) -> bytes:
    ending = output.suffix.lower()
    try:
        written, content = cv2.imencode(ending, np.ascontiguousarray(image), _QUALITY[ending])
    except cv2.error:
        written = False
    if not written:
        size = size_of(image)
        raise SinkError(f"{output}: a picture of {size} cannot be written as {ending}", "Write a .png instead.")
    return bytes(content)
