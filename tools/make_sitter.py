"""Makes the sitter's cut-out, assets/sitters/astronaut.png, from NASA's portrait and its matte.

    python tools/make_sitter.py --portrait astronaut.png --matte tools/astronaut-matte.png

The portrait is scikit-image's `astronaut.png` (in its wheel: skimage/data/astronaut.png), 512x512.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_ROOT = Path(__file__).parents[1]
_SIDE = 512
_HELMET = np.array([(376, 338), (362, 344), (340, 353), (330, 360), (320, 368), (306, 379), (290, 391), (285, 402),
                    (280, 418), (274, 445), (272, 470), (272, 512), (512, 512), (512, 338)])  # fmt: skip
"""What is to the right of this line is the helmet under her arm and the table behind it."""
_MIRROR = 382
"""Her hidden arm is her other arm: column x comes from column _MIRROR - x, ..."""
_LOWER = 72
"""... and row y from row y + _LOWER, where that sleeve has no pocket."""
_TAG = np.array([(325.8, 346.5), (330.5, 379.5), (283.5, 372.2)])
"""Right and lower border of her name tag, whose corner the helmet hides."""
_PIPING = np.array([0.86, 0.88, 0.89], np.float32)
_FINE = 4
_BOTTOM = 432
_RIGHT = 384
"""Rows and columns from here on are not all known, or empty."""
_ENLARGE = 2


def foreground(image: Floats, alpha: Floats) -> Floats:
    """The person's own colour at every pixel, free of what was behind her (Germer et al. 2020, multi-level).

    `image` (h, w, 3) and `alpha` (h, w) are 0..1. Where alpha is 0 the nearest colours are continued.
    """
    height, width = alpha.shape
    colors = [np.full((1, 1, 3), image[mask].mean(0), np.float32) for mask in (alpha > 0.9, alpha < 0.1)]
    levels = int(np.ceil(np.log2(max(width, height))))
    for level in range(levels + 1):
        w, h = (max(1, round(side ** (level / levels))) for side in (width, height))
        small, a = (cv2.resize(p, (w, h), interpolation=cv2.INTER_AREA) for p in (image, alpha))
        colors = [cv2.resize(c, (w, h), interpolation=cv2.INTER_NEAREST) for c in colors]
        for _ in range(40 if max(w, h) <= 32 else 8):
            colors = _relax(small, a, colors)
    return colors[0].clip(0, 1)


def _relax(image: Floats, alpha: Floats, colors: list[Floats]) -> list[Floats]:
    """One Jacobi step: explain the pixel as a mix of two colours that both vary slowly where alpha does."""
    total = np.zeros_like(alpha)
    sums = [np.zeros_like(image) for _ in colors]
    for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        weight = 1e-5 + np.abs(alpha - _beside(alpha, shift, axis))
        total += weight
        sums = [s + weight[..., None] * _beside(c, shift, axis) for s, c in zip(sums, colors, strict=True)]
    a = alpha[..., None]
    t = total[..., None]
    f, b = (s / t for s in sums)
    residual = (image - a * f - (1 - a) * b) / (t + a * a + (1 - a) ** 2)
    return [(f + a * residual).clip(0, 1), (b + (1 - a) * residual).clip(0, 1)]


def _beside(array: Floats, shift: int, axis: int) -> Floats:
    """Each pixel's neighbour; the border is its own neighbour."""
    moved = np.roll(array, shift, axis)
    edge = [slice(None)] * array.ndim
    edge[axis] = slice(0, 1) if shift > 0 else slice(-1, None)
    moved[tuple(edge)] = array[tuple(edge)]
    return moved


def without_helmet(color: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """Puts a sleeve where the helmet was: the other one, mirrored, its tone drawn to the suit's at the seam."""
    hidden = np.zeros(alpha.shape, np.float32)
    cv2.fillPoly(hidden, [_HELMET], 1.0)
    x, y = np.meshgrid(np.arange(_SIDE, dtype=np.float32), np.arange(_SIDE, dtype=np.float32))
    other = np.dstack([color, alpha])
    other = cv2.remap(other, _MIRROR - x, y + _LOWER, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    sleeve, sleeve_alpha = other[..., :3], other[..., 3]
    w = cv2.GaussianBlur(hidden, (0, 0), 1.5)[..., None]
    color = (color * (1 - w) + sleeve * w).clip(0, 1)
    return _with_whole_tag(color), np.where(hidden > 0, sleeve_alpha, alpha)


def _with_whole_tag(color: Floats) -> Floats:
    """Completes the corner of the name tag: its navy to the corner, its white piping round it."""
    corner = np.array([(329.5, 358.0), _TAG[1], (308.0, 376.8)])
    paint = np.zeros((_SIDE * _FINE, _SIDE * _FINE), np.uint8)
    navy = _painted(color, cv2.fillPoly(paint.copy(), [_fine(corner)], 255), color[350:358, 282:287].mean((0, 1)))
    return _painted(navy, cv2.polylines(paint, [_fine(_TAG)], False, 255, 6), _PIPING)


def _fine(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return ((points + 0.5) * _FINE).round().astype(np.int32)


def _painted(color: Floats, paint: NDArray[np.uint8], tone: Floats) -> Floats:
    cover = cv2.resize(paint, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)[..., None] / np.float32(255)
    mixed: Floats = color * (1 - cover) + tone * cover
    return mixed


def _read(path: Path, how: int) -> Floats:
    image = cv2.imread(str(path), how)
    if image is None:
        raise SystemExit(f"{path} cannot be read")
    scaled: Floats = image.astype(np.float32) / 255
    return scaled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portrait", type=Path, required=True)
    parser.add_argument("--matte", type=Path, default=_ROOT / "tools" / "astronaut-matte.png")
    parser.add_argument("--out", type=Path, default=_ROOT / "assets" / "sitters" / "astronaut.png")
    wanted = parser.parse_args()
    image, alpha = _read(wanted.portrait, cv2.IMREAD_COLOR), _read(wanted.matte, cv2.IMREAD_GRAYSCALE)
    color, alpha = without_helmet(foreground(image, alpha), alpha)
    cut = np.dstack([color, alpha])[:_BOTTOM, :_RIGHT]
    cut = cv2.resize(cut, None, fx=_ENLARGE, fy=_ENLARGE, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(
        str(wanted.out), (cut * 255).round().clip(0, 255).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9]
    )


if __name__ == "__main__":
    main()
