"""Photos through the same pipeline, at their full size, with alpha where the file can carry it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.backgrounds.profiled import ProfiledBackground
from rimlight.cutout import straight
from rimlight.detail import GRAIN, detailed
from rimlight.errors import UsageError
from rimlight.icc import Converter
from rimlight.mattes import open_mattes
from rimlight.offline import Report, refuse_same, true_part
from rimlight.photo_file import QUALITY, WITH_ALPHA, encoded, read_photo_file
from rimlight.picture import from_bgr, size_of, to_bgr
from rimlight.picture_file import HEIF_BRANDS
from rimlight.pipeline import Pipeline
from rimlight.plain_file import check_plain
from rimlight.sinks.video_file import Track
from rimlight.tags import ColorTags
from rimlight.types import Bgr, Color, Cut, Frame, Picture, Plane
from rimlight.unfinished import check_free, write_whole

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
PHOTO_COLOR = Color("bt601", full_range=True)
"""JPEG's own kind of YUV; nothing is lost to a smaller range."""
_SECOND = Fraction(1)
_NONE: Bgr = np.empty((0, 0, 3), np.uint8)
_ROWS = 256
"""Of a photo that get their alpha at a time."""


def kind_of(path: Path) -> Literal["photo", "video"]:
    """What a file is, by how it begins, else by how its name ends; it need not exist."""
    beginning = _beginning(path)
    is_webp = beginning[:4] == b"RIFF" and beginning[8:] == b"WEBP"
    # They are not read, and what to do is said where photos are.
    is_heif = beginning[4:8] == b"ftyp" and beginning[8:] in HEIF_BRANDS
    named = path.suffix.lower() in _ENDINGS
    return "photo" if is_webp or is_heif or beginning.startswith(_BEGINNINGS) or named else "video"


def _beginning(path: Path) -> bytes:
    """Its first bytes; of what is no regular file, none: a pipe would be waited for."""
    try:
        check_plain(path)
        with path.open("rb") as file:
            return file.read(12)
    except OSError:
        return b""


def read_photo(path: Path) -> Bgr:
    """The photo as (H, W, 3), as `read_photo_file` reads it."""
    return read_photo_file(path).bgr


def process_photo(
    path: Path, pipeline: Pipeline, output: Path, *, matte: Path | None = None, force: bool = False
) -> Report:
    """Writes what the pipeline makes of a photo to `output`, at the photo's own size.

    Camera, date and colour profile are kept, and what is laid behind is converted to that; the place is not kept,
    and no preview. With a transparent background PNG and WebP get an alpha channel with straight colours, and
    nothing of the room behind it. `matte` is as for clips.

    Raises UsageError if `output` is the input or ends unlike a photo, OutputExistsError if something would be
    overwritten and not `force`, ClipError if `path` cannot be read, DiskError if nothing can be written, and what
    the pipeline raises.
    """
    ending = output.suffix.lower()
    if ending not in QUALITY:
        raise UsageError(
            f"{output.name}: photos are not written to files that end like this",
            f"End the name with one of {' '.join(QUALITY)}",
        )
    photo = read_photo_file(path)
    size = size_of(photo.bgr)
    # Held once: those of 108 megapixels have 330 MB.
    bgr, photo = photo.bgr, photo._replace(bgr=_NONE)
    refuse_same(path, output, matte)
    check_free(output, force=force)
    notes = list(photo.notes)
    transparent = pipeline.background.name == "transparent"
    if transparent and ending not in WITH_ALPHA:
        notes.append(f"{output.name}: JPEG carries no alpha, so the background is key green")
    pipeline.reset()
    bgr = _padded(bgr)
    cut = detailed(pipeline.cut(Frame(from_bgr(bgr, PHOTO_COLOR), 0.0, 0)))

    def part(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return true_part(image, size, pipeline.mirror)

    # Into memory that is at hand: fresh pages of this size cost more than the conversion.
    if transparent and ending in WITH_ALPHA:
        image = _stacked(part(_alone(cut, bgr)), part(cut.alpha))
    else:
        with _in_colors(pipeline, photo.convert):
            image = part(to_bgr(pipeline.compose(cut).picture, bgr))
    del bgr
    content = encoded(image, photo, output)
    del image
    if matte is None:
        write_whole(output, content, force=force)
    else:
        track = Track(size, _SECOND, _SECOND, ColorTags(range=2))
        with open_mattes(matte, track, force=force) as mattes:
            mattes.write(part(cut.alpha), 0, 1)
            mattes.finish()
            write_whole(output, content, force=force)
            mattes.publish()
    return Report(1, 0.0, notes=tuple(notes))


def _padded(bgr: Bgr) -> Bgr:
    """With as much of its last row and column again as a picture that is refined needs."""
    height, width = bgr.shape[:2]
    if height % GRAIN or width % GRAIN:
        bgr = cv2.copyMakeBorder(bgr, 0, -height % GRAIN, 0, -width % GRAIN, cv2.BORDER_REPLICATE)
    return bgr


@contextmanager
def _in_colors(pipeline: Pipeline, convert: Converter | None) -> Iterator[None]:
    """Meanwhile the pipeline's background has the photo's colours."""
    background = pipeline.background
    if convert is not None:
        pipeline.background = ProfiledBackground(background, convert)
    try:
        yield
    finally:
        pipeline.background = background


def _alone(cut: Cut, out: Bgr) -> Bgr:
    """The person's own colours alone."""
    person = Picture.empty(cut.picture.size, cut.picture.color)
    straight(cut, person)
    return to_bgr(person, out)


def _stacked(bgr: Bgr, alpha: Plane) -> NDArray[np.uint8]:
    """Colours with alpha, (H, W, 4). What it hides is black: whoever takes it away is not to find the room."""
    image = np.empty((*alpha.shape, 4), np.uint8)
    for rows in (slice(first, first + _ROWS) for first in range(0, alpha.shape[0], _ROWS)):
        cv2.mixChannels([bgr[rows], alpha[rows]], [image[rows]], [0, 0, 1, 1, 2, 2, 3, 3])
        image[rows][alpha[rows] == 0] = 0
    return image
