"""Ink: shapes drawn with exactly known coverage, for what the synthetic sitter wears and what stands around."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.types import Bgr, Size

Floats = NDArray[np.float32]
Bgra = NDArray[np.uint8]
"""Blue, green, red and straight alpha, (H, W, 4) uint8."""
Tone = tuple[float, float, float]
"""Blue, green and red, 0..255."""

_FINE = 4
"""Shapes are drawn this much larger and averaged: coverage in steps of 1/16."""
_SPILL = np.ones((5, 5), np.uint8)


class Dry(NamedTuple):
    """What was drawn: colours multiplied by coverage (h, w, 3), 0..255, and coverage (h, w), 0..1, both float32."""

    color: Floats
    coverage: Floats


class Ink:
    """A sheet of `size` to draw on, whose upper left corner is at `corner` of the picture. What is later hides."""

    def __init__(self, size: Size, corner: tuple[int, int] = (0, 0)) -> None:
        self._corner = np.array(corner, np.float64)
        self._size = size
        self._sheet = np.zeros((size.height * _FINE, size.width * _FINE, 4), np.uint8)

    def line(self, points: NDArray[np.float64], width: float, tone: Tone) -> None:
        """A line through (n, 2) points in pixels of the picture; no thinner than a quarter of a pixel."""
        cv2.polylines(self._sheet, [self._fine(points)], False, (*tone, 255), max(1, round(width * _FINE)))

    def shape(self, points: NDArray[np.float64], tone: Tone) -> None:
        """The area inside of (n, 2) points."""
        cv2.fillPoly(self._sheet, [self._fine(points)], (*tone, 255))

    def ellipse(self, middle: tuple[float, float], axes: tuple[float, float], tone: Tone, angle: float = 0) -> None:
        """An ellipse with half `axes`, turned by `angle` in degrees."""
        self.shape(arc(middle, axes, (0, 360), angle), tone)

    def dry(self, blur: float = 0) -> Dry:
        """What was drawn, out of focus by `blur`, the Gaussian's standard deviation in pixels."""
        whole = np.zeros((self._size.height, self._size.width, 4), np.float32)
        left, top, width, height = (side // _FINE for side in cv2.boundingRect(self._sheet[..., 3]))
        part = (slice(top, top + height + 2), slice(left, left + width + 2))
        size = whole[part].shape[1::-1]
        fine = self._sheet[top * _FINE : (top + size[1]) * _FINE, left * _FINE : (left + size[0]) * _FINE]
        whole[part] = cv2.resize(fine.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        sheet = cv2.GaussianBlur(whole, (0, 0), blur) if blur else whole
        return Dry(sheet[..., :3], sheet[..., 3] / np.float32(255))

    def _fine(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        fine: NDArray[np.int32] = np.rint((np.asarray(points) - self._corner) * _FINE).astype(np.int32)
        return fine


def arc(
    middle: tuple[float, float], axes: tuple[float, float], degrees: tuple[float, float], angle: float = 0
) -> NDArray[np.float64]:
    """Points of an ellipse's arc, (49, 2); clockwise from the right."""
    t, turn = np.radians(np.linspace(*degrees, 49)), np.radians(angle)
    x, y = axes[0] * np.cos(t), axes[1] * np.sin(t)
    return np.stack([middle[0] + x * np.cos(turn) - y * np.sin(turn),
                     middle[1] + x * np.sin(turn) + y * np.cos(turn)], 1)  # fmt: skip


def curve(*points: tuple[float, float], steps: int = 24) -> NDArray[np.float64]:
    """A smooth line through the points (Catmull-Rom), (n, 2)."""
    p = np.array([points[0], *points, points[-1]], np.float64)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.concatenate([*parts, p[-1:]])


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> NDArray[np.float64]:
    """The outline of a rectangle with round corners, (n, 2)."""
    corners = [(right, bottom, 0), (left, bottom, 90), (left, top, 180), (right, top, 270)]
    return np.concatenate([
        arc((x - radius * (1 if x == right else -1), y - radius * (1 if y == bottom else -1)),
            (radius, radius), (start, start + 90))
        for x, y, start in corners
    ])  # fmt: skip


def inflated(dry: Dry, radius: float, gloss: float = 0.0) -> Dry:
    """The shape as if stuffed: lit from the upper left, round towards its outline over `radius` pixels."""
    inside = (dry.coverage > 0.5).astype(np.uint8)
    near = np.minimum(cv2.distanceTransform(inside, cv2.DIST_L2, 5) / np.float32(radius), 1)
    height = cv2.GaussianBlur(radius * np.sqrt(1 - (1 - near) ** 2), (0, 0), max(1.0, radius / 6))
    dx, dy = (cv2.Sobel(height, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    length = np.sqrt(dx * dx + dy * dy + 1)
    light = (0.36 * dx + 0.53 * dy + 0.77) / length
    shade = 0.42 + 0.75 * light.clip(0, 1)
    shine = 255 * gloss * light.clip(0, 1) ** 24
    color = dry.color * shade[..., None] + (shine * dry.coverage)[..., None]
    return Dry(color.clip(0, 255), dry.coverage)


def onto_cutout(cutout: Bgra, dry: Dry, corner: tuple[int, int] = (0, 0)) -> None:
    """Puts the drawing on the cut-out, in place: what it covers becomes part of the person, to the same degree."""
    height, width = dry.coverage.shape
    part = cutout[corner[1] : corner[1] + height, corner[0] : corner[0] + width]
    old, alpha = part[..., :3].astype(np.float32), part[..., 3:] / np.float32(255)
    c = dry.coverage[..., None]
    total = c + alpha * (1 - c)
    mixed = np.where(total > 0, (dry.color + old * alpha * (1 - c)) / np.maximum(total, 1e-6), old)
    # The cut-out is sampled between its pixels: what is drawn goes on, unseen, beside itself.
    around = cv2.dilate(dry.coverage, _SPILL)[..., None]
    spread = cv2.dilate(dry.color, _SPILL) / np.maximum(around, 1e-6)
    mixed = np.where(total > 0, mixed, np.where(around > 0, spread, old))
    part[..., :3] = np.rint(mixed).clip(0, 255)
    part[..., 3:] = np.rint(total * 255)


def onto_room(room: Bgr, dry: Dry, corner: tuple[int, int] = (0, 0)) -> None:
    """Puts the drawing into the room's picture, in place."""
    height, width = dry.coverage.shape
    part = room[corner[1] : corner[1] + height, corner[0] : corner[0] + width]
    part[:] = np.rint(dry.color + part * (1 - dry.coverage[..., None])).clip(0, 255)
