"""One colour."""

from __future__ import annotations

import re

import numpy as np

from rimlight.errors import BackgroundError
from rimlight.picture import from_bgr
from rimlight.types import Background, Color, Cut, Picture, Size


class ColorBackground(Background):
    """A plate of one colour, made once for each kind of picture."""

    def __init__(self, name: str, rgb: tuple[int, int, int]) -> None:
        self._name = name
        self._rgb = rgb
        self._plate: Picture | None = None

    @property
    def name(self) -> str:
        return self._name

    def plate(self, cut: Cut) -> Picture:
        picture = cut.picture
        if self._plate is None or (self._plate.size, self._plate.color) != (picture.size, picture.color):
            self._plate = flat(picture.size, picture.color, self._rgb)
        return self._plate

    def close(self) -> None:
        """Nothing is held."""


def flat(size: Size, color: Color, rgb: tuple[int, int, int]) -> Picture:
    """A picture of one colour."""
    pixel = from_bgr(np.full((2, 2, 3), rgb[::-1], np.uint8), color)
    picture = Picture.empty(size, color)
    for plane, level in zip(picture.planes, pixel.planes, strict=True):
        plane[:] = level[0, 0]
    return picture


def open_color(text: str) -> ColorBackground:
    """Reads '#00b140' or '#0b4'. Raises BackgroundError for anything else."""
    digits = text.removeprefix("#")
    if not text.startswith("#") or not re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", digits):
        raise BackgroundError(f"'{text}' is no colour", "Write it as #rrggbb, for instance '#00b140' for green.")
    pairs = [d * 2 for d in digits] if len(digits) == 3 else [digits[i : i + 2] for i in (0, 2, 4)]
    red, green, blue = (int(pair, 16) for pair in pairs)
    return ColorBackground(text.lower(), (red, green, blue))
