"""A picture: covers the frame, its middle kept."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from rimlight.backgrounds.plate import PlateBackground
from rimlight.errors import BackgroundError
from rimlight.picture import cover, from_bgr


def open_still(path: Path) -> PlateBackground:
    """Reads a picture of any kind that OpenCV knows, turned as its EXIF orientation says.

    Raises BackgroundError if the file is missing or no picture.
    """
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise BackgroundError(f"the background {path} cannot be read: {error.strerror}") from error
    try:
        bgr = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except cv2.error:
        bgr = None
    if bgr is None:
        raise BackgroundError(
            f"the background {path} is no picture that can be read ({content.size} bytes)",
            "Give a JPEG, PNG or WebP picture, a video, a colour as '#00b140', or 'blur'.",
        )
    return PlateBackground(path.name, lambda size, color: cover(from_bgr(bgr, color), size))
