"""Colour tags as video files store them, and what they mean for a picture."""

from __future__ import annotations

from typing import NamedTuple

from rimlight.types import Color, Matrix, Size

UNSPECIFIED = 2
"""The code point of ITU-T H.273 for 'nobody said'; FFmpeg and every container use the same numbers."""

_MATRICES: dict[int, Matrix] = {
    1: "bt709",
    4: "bt601",  # FCC: BT.601 but for the third digit
    5: "bt601",  # BT.470 BG
    6: "bt601",  # SMPTE 170M
    7: "bt709",  # SMPTE 240M, within a hundredth
    9: "bt2020",
    10: "bt2020",  # constant luminance: rare, and nearer to this than to the others
}


class ColorTags(NamedTuple):
    """What a file says about its colours: code points of H.273, and FFmpeg's number for the range."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    range: int = 0
    """0 unspecified, 1 limited (16..235), 2 full (0..255)."""


def color_of(tags: ColorTags, size: Size) -> Color:
    """What the tags mean. Where they are silent: limited range, BT.709 from 720 lines up, BT.601 below.

    FFmpeg's scaler takes BT.601 for everything; players take BT.709 for HD, and people see what players show.
    """
    high_definition = size.height >= 720 or size.width >= 1280
    return Color(_MATRICES.get(tags.matrix, "bt709" if high_definition else "bt601"), tags.range == 2)


def tags_of(color: Color) -> ColorTags:
    """Tags for pictures that come from no file: a camera's, by the defaults of the USB video class.

    That is BT.709 primaries and transfer with the matrix of SMPTE 170M; BT.2020 differs in its primaries.
    """
    primaries, transfer, matrix = {"bt601": (1, 1, 6), "bt709": (1, 1, 1), "bt2020": (9, 14, 9)}[color.matrix]
    return ColorTags(primaries, transfer, matrix, 2 if color.full_range else 1)
