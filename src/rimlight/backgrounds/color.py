"""One colour."""

from __future__ import annotations

import re

import numpy as np

from rimlight.backgrounds.plate import PlateBackground
from rimlight.errors import BackgroundError
from rimlight.picture import from_bgr
from rimlight.types import Color, Picture, Size


def open_color(text: str) -> PlateBackground:
    """Reads '#00b140' or '#0b4'. Raises BackgroundError for anything else."""
    digits = text.removeprefix("#")
    if not text.startswith("#") or not re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", digits):
        raise BackgroundError(f"'{text}' is no colour", "Write it as #rrggbb, for instance '#00b140' for green.")
    pairs = [d * 2 for d in digits] if len(digits) == 3 else [digits[i : i + 2] for i in (0, 2, 4)]
    red, green, blue = (int(pair, 16) for pair in pairs)
    return PlateBackground(text.lower(), lambda size, color: flat(size, color, (red, green, blue)))


def flat(size: Size, color: Color, rgb: tuple[int, int, int]) -> Picture:
    """A picture of one colour."""
    pixel = from_bgr(np.full((2, 2, 3), rgb[::-1], np.uint8), color)
    picture = Picture.empty(size, color)
    for plane, level in zip(picture.planes, pixel.planes, strict=True):
        plane[:] = level[0, 0]
    return picture
