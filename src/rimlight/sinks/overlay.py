"""What is laid over the preview: the caption, the help and the recording light. Draws into BGR arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.types import Bgr, Size

_DARK = (24, 20, 18)
_LIGHT = (250, 250, 250)
_SOFT = (205, 200, 196)
_RED = (64, 64, 240)
_COVER = 0.7
"""Opacity of panels: white text stays readable on a white picture, and the picture is still seen."""
_REGULAR, _STRONG = 420, 560


class _Box(NamedTuple):
    left: int
    top: int
    width: int
    height: int


def draw_caption(bgr: Bgr, lines: Sequence[str]) -> None:
    """Lines of text in the lower left corner, (H, W, 3) uint8; the first is the brightest."""
    size = _text_size(bgr)
    # A width in steps: digits that change do not make the panel tremble.
    width = -(-max(_width(line, size) for line in lines) // size) * size + 2 * size
    step = round(1.5 * size)
    box = _Box(size, bgr.shape[0] - size - step * len(lines) - size // 2, width, step * len(lines) + size // 2)
    _panel(bgr, box)
    for row, line in enumerate(lines):
        baseline = box.top + row * step + round(1.4 * size)
        _text(bgr, line, (box.left + size, baseline), _LIGHT if row == 0 else _SOFT)


def draw_recording(bgr: Bgr, *, paused: bool = False) -> None:
    """A red light and 'REC' in the upper right corner; two bars and 'PAUSED'."""
    size = _text_size(bgr)
    height = 2 * size
    word = "PAUSED" if paused else "REC"
    width = _width(word, size, _STRONG) + 3 * size
    box = _Box(bgr.shape[1] - width - size, size, width, height)
    _panel(bgr, box)
    middle = box.top + height // 2
    centre = ((box.left + round(1.1 * size)) * 16, middle * 16)
    if paused:
        _bars(bgr, box.left + round(1.1 * size), middle, size)
    else:
        cv2.circle(bgr, centre, round(0.36 * size * 16), _RED, cv2.FILLED, cv2.LINE_AA, 4)
    _text(bgr, word, (box.left + 2 * size, middle + round(0.36 * size)), _LIGHT, _STRONG)


def _bars(bgr: Bgr, centre: int, middle: int, size: int) -> None:
    """The sign for a pause."""
    half, width, away = round(0.36 * size), max(1, round(0.22 * size)), max(1, round(0.12 * size))
    for left in (centre - away - width, centre + away):
        cv2.rectangle(bgr, (left, middle - half), (left + width - 1, middle + half), _LIGHT, cv2.FILLED)


def draw_help(bgr: Bgr, rows: Sequence[tuple[str, str]]) -> None:
    """A panel in the middle: keys (each its own cap, parted by blanks) and what they do."""
    size = _text_size(bgr)
    step = round(2.1 * size)
    keys = max(_caps_width(keys, size) for keys, _ in rows)
    width = keys + max(_width(does, size) for _, does in rows) + 5 * size
    height = step * len(rows) + 2 * size
    box = _Box((bgr.shape[1] - width) // 2, (bgr.shape[0] - height) // 2, width, height)
    _panel(bgr, box)
    for row, (caps, does) in enumerate(rows):
        middle = box.top + size + row * step + step // 2
        left = box.left + round(1.5 * size)
        for cap in caps.split():
            left = _cap(bgr, cap, left, middle, size)
        start = (box.left + round(2.5 * size) + keys, middle + round(0.36 * size))
        _text(bgr, does, start, _LIGHT)


def _cap(bgr: Bgr, cap: str, left: int, middle: int, size: int) -> int:
    """Draws a key cap and returns where the next one begins."""
    width = _cap_width(cap, size)
    box = _Box(left, middle - round(0.8 * size), width, round(1.6 * size))
    _panel(bgr, box, colour=_SOFT, cover=0.28)
    start = (left + (width - _width(cap, size, _STRONG)) // 2, middle + round(0.36 * size))
    _text(bgr, cap, start, _LIGHT, _STRONG)
    return left + width + size // 2


def _cap_width(cap: str, size: int) -> int:
    return max(round(1.8 * size), _width(cap, size, _STRONG) + size)


def _caps_width(caps: str, size: int) -> int:
    widths = [_cap_width(cap, size) for cap in caps.split()]
    return sum(widths) + size // 2 * (len(widths) - 1)


def _text_size(bgr: Bgr) -> int:
    """Pixels: a 42nd of the shorter side, still readable in small windows."""
    shorter: int = min(bgr.shape[:2])
    return max(12, round(shorter / 42))


@cache
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


@lru_cache(maxsize=256)
def _width(text: str, size: int, weight: int = _REGULAR) -> int:
    return int(cv2.getTextSize((1, 1), text, (0, 0), _font(), size, weight)[2])


def _text(
    bgr: Bgr, text: str, start: tuple[int, int], colour: tuple[int, int, int], weight: int = _REGULAR
) -> None:
    cv2.putText(bgr, text, start, colour, _font(), _text_size(bgr), weight)


def _panel(bgr: Bgr, box: _Box, colour: tuple[int, int, int] = _DARK, cover: float = _COVER) -> None:
    """Blends a rectangle with round corners over the picture; what lies outside of it is cut off."""
    left, top = max(box.left, 0), max(box.top, 0)
    right, bottom = min(box.left + box.width, bgr.shape[1]), min(box.top + box.height, bgr.shape[0])
    if right <= left or bottom <= top:
        return
    part = bgr[top:bottom, left:right]
    weight = _rounded(Size(box.width, box.height), _text_size(bgr) // 2)[
        top - box.top : bottom - box.top, left - box.left : right - box.left
    ] * np.float32(cover)
    cv2.blendLinear(part, np.full_like(part, colour), 1 - weight, weight, part)


@lru_cache(maxsize=64)
def _rounded(size: Size, radius: int) -> NDArray[np.float32]:
    """How much of each pixel a rectangle with round corners covers, 0..1."""
    fine = np.zeros((size.height * 4, size.width * 4), np.uint8)
    r, right, bottom = radius * 4, size.width * 4 - 1, size.height * 4 - 1
    cv2.rectangle(fine, (r, 0), (right - r, bottom), 255, cv2.FILLED)
    cv2.rectangle(fine, (0, r), (right, bottom - r), 255, cv2.FILLED)
    for centre in ((r, r), (right - r, r), (r, bottom - r), (right - r, bottom - r)):
        cv2.circle(fine, centre, r, 255, cv2.FILLED)
    covered: NDArray[np.float32] = cv2.resize(fine, tuple(size), interpolation=cv2.INTER_AREA) / np.float32(255)
    return covered
