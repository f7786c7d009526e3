"""Paints the shipped backgrounds and the sitter's room: assets/backgrounds/*.jpg and assets/sitters/room.jpg.

    python tools/make_backgrounds.py [studio evening hills office room]

numpy and OpenCV only, seeds fixed. `office` and `room` are path-traced and take about ten minutes each on one core;
the others take seconds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.lighting import Camera, Image, render
from rendering.rooms import office, sitting_room

_ROOT = Path(__file__).parents[1] / "assets"
_WIDTH, _HEIGHT = 1920, 1080
_LARGEST = 290_000


def _color(values: Sequence[float]) -> Image:
    """Linear red, green, blue, (3,): goes with (H, W, 3)."""
    return np.array(values, np.float32)


_AMBER = _color([1.0, 0.50, 0.16])


def studio() -> Image:
    """A hand-painted canvas, lit by one soft lamp from the left."""
    rng = np.random.default_rng(3)
    x, y = _plane()
    lamp = np.exp(-(((x + 0.22) / 0.95) ** 2 + ((y + 0.04) / 0.66) ** 2))
    clouds = _clouds(rng, 4) * 0.45 + _clouds(rng, 11) * 0.33 + _clouds(rng, 40) * 0.16 + _clouds(rng, 150) * 0.06
    light = (0.08 + 0.62 * lamp) * (1 + 0.075 * clouds)
    cold, warm = _color([0.15, 0.205, 0.265]), _color([0.51, 0.475, 0.43])
    mix = (0.15 + 0.80 * lamp + 0.05 * clouds)[..., None].clip(0, 1)
    canvas: Image = (cold * (1 - mix) + warm * mix) * light[..., None]
    return canvas


def evening() -> Image:
    """A city at dusk through a wide-open lens, with strings of lamps nearer by."""
    rng = np.random.default_rng(12)
    _, y = _plane()
    height = ((0.22 - y) / 0.78).clip(0, 1)[..., None]
    low, middle, high = (_color(c) for c in ([0.70, 0.25, 0.09], [0.15, 0.075, 0.14], [0.016, 0.026, 0.07]))
    sky = low * np.exp(-height * 5.0) + middle * np.exp(-((height - 0.25) ** 2) * 9) * 0.6 + high
    city = _skyline(sky * (1 + 0.12 * _clouds(rng, 5)[..., None]), rng)
    far = _defocused(city, 25)
    lamps = np.zeros_like(far)
    for anchor in (-1.05, 0.0):
        for turn in np.linspace(0.06, 0.94, 8):
            sag = -0.545 + 0.15 * (1 - (2 * turn - 1) ** 2) + 0.02 * (anchor < 0)
            _glow(lamps, anchor + turn * 1.05, sag + rng.normal(0, 0.004), 3.5, _AMBER * rng.uniform(45, 110))
    near = _defocused(lamps, 44)
    sharp: Image = far + near
    sharp += 0.16 * _spread(sharp, 30) + 0.16 * _spread(sharp, 110)
    return sharp


def hills() -> Image:
    """Ridges in the mist of a summer morning, each nearer one darker and greener."""
    rng = np.random.default_rng(31)
    x, y = _plane()
    sun = np.exp(-(((x - 0.46) / 0.62) ** 2 + ((y + 0.06) / 0.30) ** 2))[..., None]
    up = ((0.06 - y) / 0.62).clip(0, 1)[..., None]
    veil = (_clouds(rng, 3) * 0.6 + _clouds(rng, 9) * 0.4)[..., None]
    picture = _color([0.84, 0.57, 0.40]) * (1 - up) + _color([0.17, 0.30, 0.44]) * up
    picture = picture * (1 + 0.05 * veil) + sun * _color([0.75, 0.43, 0.16])
    mist = _color([0.56, 0.54, 0.52]) + sun * _color([0.45, 0.27, 0.10])
    count = 7
    for number in range(count):
        near = number / (count - 1)
        ridge = -0.05 + 0.50 * near**1.3 + _ridge(rng, 2.15 - 0.2 * near, 0.08 + 0.05 * near)
        smooth = cv2.GaussianBlur(ridge[None], (0, 0), 40)
        rock = _color([0.30, 0.37, 0.43]) * (1 - near) ** 1.5 + _color([0.016, 0.040, 0.034])
        low = 1 - np.exp(-(y - smooth).clip(0) / (0.09 + 0.16 * near))[..., None]
        haze = (0.30 * (1 - near) + (0.60 - 0.42 * near) * low * (1 + 0.05 * veil)).clip(0, 1)
        slope = rock * (1 + near * (0.16 * _clouds(rng, 50) + 0.14 * _clouds(rng, 190)))[..., None]
        cover = ((y - ridge[None]) * _WIDTH / 2 / (1.5 + 2 * near) + 0.5).clip(0, 1)[..., None]
        picture = picture * (1 - cover) + (slope * (1 - haze) + mist * haze) * cover
    return _defocused(picture, 3.5)


def study() -> Image:
    """The office, far behind the plane of focus."""
    view = render(office(), Camera((0.25, 1.36, 0.0), (0.05, 1.33, 3.9), 58), _WIDTH // 2, _HEIGHT // 2, 32, 1)
    return _enlarged(_defocused(view.picture, 7.5)).clip(0) * np.float32(1.2)


def room() -> Image:
    """The sitter's room, as a webcam sees it: nearly sharp."""
    view = render(sitting_room(), Camera((0.06, 1.30, 0.0), (0.02, 1.26, 3.2), 64), _WIDTH, _HEIGHT, 14, 1)
    return _defocused(view.picture, 1.3) * np.float32(1.35)


def _plane() -> tuple[Image, Image]:
    """Coordinates: x from -1 to 1, y downwards in the same unit."""
    x, y = np.meshgrid(np.arange(_WIDTH, dtype=np.float32), np.arange(_HEIGHT, dtype=np.float32))
    return (x + 0.5) / (_WIDTH / 2) - 1, (y + 0.5 - _HEIGHT / 2) / (_WIDTH / 2)


def _clouds(rng: np.random.Generator, cells: int) -> Image:
    """Smooth noise of standard deviation 1 with about that many cells across."""
    coarse = rng.normal(0, 1, (max(3, cells * 9 // 16) + 2, cells + 2)).astype(np.float32)
    fine = cv2.GaussianBlur(cv2.resize(coarse, (480, 270), interpolation=cv2.INTER_CUBIC), (0, 0), 160 / cells)
    clouds = _enlarged(fine)
    even: Image = (clouds - clouds.mean()) / clouds.std()
    return even


def _ridge(rng: np.random.Generator, roughness: float, height: float) -> Image:
    """A mountain line: noise at every scale, each an octave finer and lower."""
    x = np.arange(_WIDTH) / _WIDTH
    line = np.zeros(_WIDTH)
    for octave in range(9):
        line += np.sin(x * 2**octave * rng.uniform(3.2, 5.6) + rng.uniform(0, 6.3)) * roughness**-octave
    return line.astype(np.float32) * np.float32(height / 2)


def _skyline(sky: Image, rng: np.random.Generator) -> Image:
    """Towers with lit windows in front of the sky, and lamps in the streets below."""
    picture = sky.astype(np.float32).copy()
    warm, cool = _color([1.0, 0.56, 0.22]), _color([0.75, 0.85, 1.0])
    for layer in range(3):
        shade = _color([0.035, 0.028, 0.045]) * (3 - layer) * 0.6 + 0.004
        left = -40
        while left < _WIDTH:
            width, top = int(rng.uniform(60, 190)), int(rng.uniform(0.46, 0.66) * _HEIGHT + layer * 90)
            picture[top:, max(0, left) : left + width] = shade
            for column in range(left + 10, left + width - 10, 26):
                for row in range(top + 16, _HEIGHT, 34):
                    if rng.random() < 0.10:
                        tint = warm * (1 - (mix := rng.random() ** 3)) + cool * mix
                        _window(picture, column, row, tint * rng.gamma(1.2, 17))
            left += width + int(rng.uniform(-20, 50))
    for _ in range(46):
        tints = [[1.0, 0.42, 0.12], [1.0, 0.10, 0.05], [1.0, 0.75, 0.45], [0.25, 0.75, 0.8]]
        tint = _color(tints[int(rng.choice(4, p=[0.5, 0.17, 0.25, 0.08]))])
        _glow(picture, rng.uniform(-1, 1), rng.uniform(0.30, 0.56), 2.4, tint * rng.gamma(2.0, 55))
    return picture


def _window(picture: Image, column: int, row: int, color: Image) -> None:
    if column >= 0:
        picture[row : row + 7, column : column + 5] += color


def _glow(picture: Image, x: float, y: float, radius: float, color: Image) -> None:
    """Adds a small bright ball at (x, y) of the plane."""
    spot = np.zeros(picture.shape[:2], np.float32)
    middle = (round((x + 1) * _WIDTH / 2 * 16), round((y * _WIDTH / 2 + _HEIGHT / 2) * 16))
    cv2.circle(spot, middle, round(radius * 16), 1.0, -1, cv2.LINE_8, 4)
    picture += spot[..., None] * color


def _defocused(picture: Image, radius: float) -> Image:
    """What a lens does to points of linear light: even discs, a little brighter at the rim."""
    reach = int(radius + 1.5)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    away = np.hypot(x, y)
    disc = (radius + 0.5 - away).clip(0, 1) * (0.85 + 0.3 * (away / radius) ** 4)
    disc = (disc / disc.sum()).astype(np.float32)
    soft: Image = cv2.filter2D(picture.astype(np.float32), -1, disc, borderType=cv2.BORDER_REFLECT)
    return soft


def _spread(picture: Image, sigma: float) -> Image:
    small = cv2.resize(picture, (_WIDTH // 8, _HEIGHT // 8), interpolation=cv2.INTER_AREA)
    return _enlarged(cv2.GaussianBlur(small, (0, 0), sigma / 8))


def _enlarged(picture: Image) -> Image:
    large: Image = cv2.resize(picture, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC)
    return large


def developed(linear: Image, seed: int) -> NDArray[np.uint8]:
    """Film: a shoulder for the lights (Narkowicz's ACES fit), gamma, and grain that leaves no bands."""
    x = linear.clip(0)
    x = (x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)).clip(0, 1) ** np.float32(1 / 2.2)
    grain = np.random.default_rng(seed).normal(0, 1, x.shape[:2]).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.7) * np.float32(2.2)
    levels: NDArray[np.uint8] = (x * 255 + grain[..., None]).round().clip(0, 255).astype(np.uint8)
    return levels[..., ::-1]


def write(picture: NDArray[np.uint8], path: Path, largest: int) -> None:
    """The best JPEG that is not larger than `largest` bytes."""
    for quality in range(94, 40, -2):
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])[1]
        if data.size <= largest:
            path.write_bytes(data.tobytes())
            return
    raise SystemExit(f"{path.name} does not fit into {largest} bytes")


class Job(NamedTuple):
    paint: Callable[[], Image]
    path: Path
    largest: int
    """Bytes."""
    seed: int
    """Of the grain."""


JOBS = {
    "studio": Job(studio, _ROOT / "backgrounds" / "studio.jpg", _LARGEST, 0),
    "evening": Job(evening, _ROOT / "backgrounds" / "evening.jpg", _LARGEST, 1),
    "hills": Job(hills, _ROOT / "backgrounds" / "hills.jpg", _LARGEST, 2),
    "office": Job(study, _ROOT / "backgrounds" / "office.jpg", _LARGEST, 3),
    "room": Job(room, _ROOT / "sitters" / "room.jpg", 2 * _LARGEST, 4),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", choices=[*JOBS], default=[*JOBS])
    for name in parser.parse_args().name:
        job = JOBS[name]
        write(developed(job.paint(), job.seed), job.path, job.largest)


if __name__ == "__main__":
    main()
