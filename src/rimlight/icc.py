"""Colour profiles of photos, by LittleCMS as Pillow has it: phones write Display P3, cameras Adobe RGB too.

A photo keeps its profile and its pixels. What is laid behind it is sRGB and is converted to the photo's colours,
not the other way round: sRGB holds fewer colours, and the person's would change.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np

from rimlight.types import Rgb

_LARGEST = 1 << 20
"""Bytes: those of cameras have some hundreds, those of printers a few hundred thousand."""
_HEAD = 128
_SHADES = (0, 64, 128, 192, 255)
_SAME = 2
"""Levels by which sRGB's own profiles, of which there are many, differ."""

Converter = Callable[[Rgb], Rgb]
"""Takes a picture in sRGB, gives it in other colours; in new memory."""


def is_rgb_profile(profile: bytes) -> bool:
    """Whether it is an ICC profile for RGB pixels, by its head (ICC.1:2022, 7.2), of a size to pass on."""
    if not _HEAD < len(profile) <= _LARGEST:
        return False
    (length,) = struct.unpack_from(">I", profile)
    return length == len(profile) and profile[16:20] == b"RGB " and profile[36:40] == b"acsp"


def from_srgb(profile: bytes) -> Converter | None:
    """From sRGB to the colours of an RGB profile; None if these are sRGB.

    Raises ValueError if the profile makes no sense.
    """
    from PIL import Image, ImageCms

    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        change = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), own, "RGB", "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"not a usable colour profile: {error}") from error

    def convert(rgb: Rgb) -> Rgb:
        return np.asarray(ImageCms.applyTransform(Image.fromarray(rgb), change))

    shades = np.stack(np.meshgrid(*[np.array(_SHADES, np.uint8)] * 3), axis=-1).reshape(1, -1, 3)
    same = np.abs(convert(shades).astype(int) - shades).max() <= _SAME
    return None if same else convert
