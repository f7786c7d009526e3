"""A picture: covers the frame, its middle kept."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from rimlight.errors import BackgroundError
from rimlight.picture import cover, from_bgr
from rimlight.types import Background, Bgr, Cut, Picture


class StillBackground(Background):
    """A plate cut from a picture, made once for each kind of frame."""

    def __init__(self, name: str, bgr: Bgr) -> None:
        self._name = name
        self._bgr = bgr
        self._plate: Picture | None = None

    @property
    def name(self) -> str:
        return self._name

    def plate(self, cut: Cut) -> Picture:
        picture = cut.picture
        if self._plate is None or (self._plate.size, self._plate.color) != (picture.size, picture.color):
            self._plate = cover(from_bgr(self._bgr, picture.color), picture.size)
        return self._plate

    def close(self) -> None:
        """Nothing is held."""


def open_still(path: Path) -> StillBackground:
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
    return StillBackground(path.name, bgr)
