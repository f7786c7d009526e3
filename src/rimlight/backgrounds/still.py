"""A picture: covers the frame, its middle kept."""

from __future__ import annotations

from pathlib import Path

import cv2

from rimlight.backgrounds.plate import PlateBackground
from rimlight.errors import BackgroundError, ClipError
from rimlight.picture import cover, from_bgr
from rimlight.picture_file import read_picture
from rimlight.types import Bgr


def open_still(path: Path) -> PlateBackground:
    """Reads a picture of the kinds and sizes that `picture_file` lets through, turned as its EXIF orientation says.

    Raises BackgroundError if the file is missing, no such picture, damaged or too large.
    """
    try:
        bgr: Bgr = read_picture(path).decoded(cv2.IMREAD_COLOR)
    except ClipError as error:
        raise BackgroundError(
            f"the background {error.what}",
            "Give a JPEG, PNG or WebP picture, a video, a colour as '#00b140', or 'blur'.",
        ) from error
    return PlateBackground(path.name, lambda size, color: cover(from_bgr(bgr, color), size))
