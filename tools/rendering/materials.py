"""What things in the rooms are made of: colours and procedural textures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.tracer import Texture, Triple, Vectors, vector

WALL: Triple = (0.50, 0.545, 0.50)
OAK: Triple = (0.33, 0.185, 0.085)
WALNUT: Triple = (0.165, 0.082, 0.04)
WHITE: Triple = (0.78, 0.77, 0.74)
BLACK: Triple = (0.03, 0.03, 0.03)
TERRACOTTA: Triple = (0.50, 0.185, 0.085)
SPINES: list[Triple] = [
    (0.05, 0.08, 0.16),
    (0.30, 0.05, 0.035),
    (0.50, 0.25, 0.06),
    (0.62, 0.55, 0.42),
    (0.05, 0.13, 0.085),
    (0.04, 0.04, 0.045),
    (0.55, 0.145, 0.05),
    (0.07, 0.19, 0.21),
    (0.40, 0.36, 0.30),
    (0.20, 0.09, 0.05),
    (0.72, 0.68, 0.60),
    (0.11, 0.16, 0.28),
    (0.26, 0.24, 0.12),
]
HILLS: list[Triple] = [(0.66, 0.60, 0.50), (0.42, 0.42, 0.36), (0.16, 0.26, 0.26), (0.07, 0.12, 0.15)]
BLUSH: list[Triple] = [(0.70, 0.64, 0.55), (0.52, 0.30, 0.18), (0.30, 0.12, 0.07), (0.12, 0.09, 0.08)]
SAND: list[Triple] = [(0.70, 0.64, 0.55), (0.56, 0.34, 0.20), (0.34, 0.15, 0.09), (0.10, 0.13, 0.16)]

_GRAIN = cv2.GaussianBlur(np.random.default_rng(7).normal(0, 1, (512, 512)).astype(np.float32), (0, 0), 2.2) * 7


def triple(values: NDArray[Any]) -> Triple:
    a, b, c = (float(value) for value in values.ravel())
    return a, b, c


def noise(a: Vectors, b: Vectors) -> Vectors:
    """Smooth noise of about -1..1 that repeats every 512 units."""
    i, j = np.floor(a), np.floor(b)
    u, v = a - i, b - j
    top, left = i.astype(np.int32) % 512, j.astype(np.int32) % 512
    low, right = (top + 1) % 512, (left + 1) % 512
    upper = _GRAIN[top, left] * (1 - v) + _GRAIN[top, right] * v
    mixed: Vectors = upper * (1 - u) + (_GRAIN[low, left] * (1 - v) + _GRAIN[low, right] * v) * u
    return mixed


def wood(along: int, across: int) -> Texture:
    """Grain that runs along one world axis."""

    def texture(color: Vectors, _local: Vectors, world: Vectors) -> Vectors:
        third = 3 - along - across
        wide = noise(world[along] * 35 + 90, (world[across] + world[third]) * 420)
        fine = noise(world[along] * 160, (world[across] - world[third]) * 1900 + 50)
        grain: Vectors = color * (1 + 0.16 * wide + 0.08 * fine).clip(0.4, 1.6)
        return grain

    return texture


def plaster(color: Vectors, _local: Vectors, world: Vectors) -> Vectors:
    return color * (1 + 0.012 * noise((world[0] + world[2]) * 60, world[1] * 60))


def spine(seed: int, tint: Triple) -> Texture:
    """Bands and a title on the back of a book."""
    rng = np.random.default_rng(seed)
    style, place, ink = rng.integers(0, 5), rng.uniform(0.45, 0.7), vector(tint)

    def texture(color: Vectors, local: Vectors, world: Vectors) -> Vectors:
        x, y = local[0], local[1]
        title = (np.abs(x) < 0.42) & (np.abs(y - place + 0.25) < 0.38)
        title &= noise(world[1] * 900 + seed * 31, x * 4 + seed) > -0.2
        bands = (np.abs(np.abs(y) - 0.8) < 0.025) | (np.abs(np.abs(y) - 0.72) < 0.01)
        label = (np.abs(y - 0.35) < 0.16) & (np.abs(x) < 0.8)
        marks = [title, bands, bands | title, label, title & (y > 0)][style]
        worn = color * (1 + 0.10 * noise(world[0] * 400, world[1] * 90))
        return np.where(marks & (local[2] < -0.9), ink, worn)

    return texture


def painting(seed: int, colors: list[Triple]) -> Texture:
    """Abstract hills under a sun, on paper with a white margin; the first colour is the sky's."""
    rng = np.random.default_rng(seed)
    heights = np.sort(rng.uniform(-0.55, 0.45, len(colors) - 1))[::-1]
    phases, speeds = rng.uniform(0, 6.3, len(heights)), rng.uniform(1.5, 3.5, len(heights))
    sun = rng.uniform(-0.35, 0.35), rng.uniform(0.35, 0.55), rng.uniform(0.10, 0.16)

    def texture(_color: Vectors, local: Vectors, world: Vectors) -> Vectors:
        x, y = local[0] / 0.72, local[1] / 0.76
        shown = np.repeat(vector(colors[0]), x.size, 1)
        shown = np.where((x - sun[0]) ** 2 + (y - sun[1]) ** 2 < sun[2] ** 2 * 2, vector(TERRACOTTA), shown)
        for height, phase, speed, tint in zip(heights, phases, speeds, colors[1:], strict=True):
            below = y < height + 0.16 * np.sin(x * speed + phase)
            shown = np.where(below, vector(tint), shown)
        shown = shown * (1 + 0.06 * noise(world[0] * 300, world[1] * 300))
        return np.where((np.abs(x) < 1) & (np.abs(y) < 1), shown, vector(WHITE))

    return texture


def folds(color: Vectors, _local: Vectors, world: Vectors) -> Vectors:
    """A curtain's folds, as light and shade across it."""
    wave = np.sin(world[0] * 95 + 0.6 * np.sin(world[0] * 37) + 0.25 * np.sin(world[1] * 2))
    cloth: Vectors = color * (0.80 + 0.20 * wave) * (1 + 0.02 * noise(world[0] * 500, world[1] * 500))
    return cloth


def outside(color: Vectors, _local: Vectors, world: Vectors) -> Vectors:
    """Sky over trees, far out of focus."""
    x, y = world[0], world[1]
    edge = y - 1.75 - 0.22 * noise(x * 9 + 40, x * 3) - 0.1 * noise(x * 30, y * 20)
    green = 1 / (1 + np.exp(edge * 9))
    leaf = vector((0.30, 0.42, 0.20)) * (1 + 0.35 * noise(x * 24, y * 24))
    view: Vectors = color * (1 - green) + leaf * green
    return view


def veins(color: Vectors, local: Vectors, _world: Vectors) -> Vectors:
    rib = np.exp(-((local[2] / 0.06) ** 2)) * 0.8 + 0.12 * np.sin(local[0] * 26 + np.abs(local[2]) * 18)
    leaf: Vectors = color * (1 + rib)
    return leaf


def lit_linen(color: Vectors, local: Vectors, world: Vectors) -> Vectors:
    """A lamp's shade with the bulb shining through its lower half."""
    warm = np.exp(-((local[1] + 0.25) ** 2) * 1.1)
    shade: Vectors = color * (0.55 + 0.6 * warm) * (1 + 0.03 * noise(world[0] * 700, world[1] * 700))
    return shade
