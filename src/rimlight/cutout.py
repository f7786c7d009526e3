"""The person alone, for files that carry alpha: straight colours, and nothing of the room behind them.

Straight (not premultiplied) colours go on where alpha ends: whoever scales the file, or reads its chroma at half
the size, mixes in the pixels beside the edge, and lossy codecs mix whole blocks. So the person's colours near by
are continued outwards for a few pixels, and fade to black. Faint pixels, which are mostly room, take them too: what
shows of a pixel is a(C - P), so where alpha is small C matters little, and whoever drops the alpha finds no room.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.composite import half_alpha
from rimlight.foreground import COARSE, near_colors, own_colors
from rimlight.picture import resize, shrink, size_of, to_bgr
from rimlight.region import occupied
from rimlight.types import Alpha, Color, Cut, Output, Picture, Plane

Floats = NDArray[np.float32]

_CONTINUED, _FADING = 2, 1
"""Coarse pixels around the matte, of which the long side has 213 with the guide of files, for which the person's
colours are continued; and half of those in which they fade then."""

_NEXT = np.ones((3, 3), np.uint8)
_GROWN = np.ones((2 * (_CONTINUED + _FADING) + 1,) * 2, np.uint8)
_MARGIN = np.ones((2 * COARSE * (_CONTINUED + 2 * _FADING + 3) + 1,) * 2, np.uint8)
"""Reduced pixels around the matte, beyond which all is black."""


def straight(cut: Cut, out: Picture) -> None:
    """Writes the person's own colours into all of `out`, free of the room's.

    The picture's, with the spill taken out, where the matte is 128 or more; from there to 0 more and more those of
    the person near by; black farther out.
    """
    _blacken(out)
    region = occupied(Alpha(cv2.dilate(cut.small, _MARGIN)), out.size)
    if region.is_empty:
        return
    own_colors(cut, region, out)
    shown = cv2.add(region.of(cut.alpha), region.of(cut.alpha))
    half = half_alpha(Alpha(shown))
    near = _faded(near_colors(cut, region), region.at(cut.small, out.size), out.color)
    for plane, level, share, step in zip(out.planes, near, (shown, half, half), (1, 2, 2), strict=True):
        there = region.of(plane, step)
        around = resize(level, size_of(there))
        cv2.multiply(there, share, there, 1 / 255)
        cv2.add(there, cv2.multiply(around, cv2.bitwise_not(share), scale=1 / 255), there)


def stacked(output: Output) -> Plane:
    """The output's person with the rows of its alpha below, (H*5/2, W): what encoders of alpha take.

    Of an output without a person, all black and alpha 0: of the card nothing is to be seen.
    """
    if output.person is not None:
        return np.concatenate([output.person.i420, output.alpha])
    nobody = Picture.empty(output.picture.size, output.picture.color)
    _blacken(nobody)
    return np.concatenate([nobody.i420, np.zeros_like(output.alpha)])


def bgra(output: Output) -> NDArray[np.uint8]:
    """The output's person in blue, green, red and straight alpha, (H, W, 4); black where alpha is 0."""
    if output.person is None:
        return np.zeros((*output.alpha.shape, 4), np.uint8)
    colors = to_bgr(output.person)
    colors[output.alpha == 0] = 0
    return np.dstack([colors, output.alpha])


def _blacken(picture: Picture) -> None:
    for plane, level in zip(picture.planes, _black(picture.color), strict=True):
        plane[:] = level


def _black(color: Color) -> tuple[int, int, int]:
    return (0 if color.full_range else 16), 128, 128


def _faded(levels: list[Floats], small: Plane, color: Color) -> list[Plane]:
    """The coarse colours around the matte, fading to black, in bytes."""
    size = size_of(levels[0])
    there = shrink(cv2.dilate(_any(small), _NEXT), size)
    around = cv2.dilate(_any(there), _GROWN).astype(np.float32)
    share = cv2.blur(around, (2 * _FADING + 1,) * 2) * np.float32(1 / 255)
    return [
        cv2.convertScaleAbs((level - dark) * share + dark)
        for level, dark in zip(levels, _black(color), strict=True)
    ]


def _any(plane: Plane) -> Plane:
    """255 where it is not 0."""
    found: Plane = cv2.threshold(plane, 0, 255, cv2.THRESH_BINARY)[1]
    return found
