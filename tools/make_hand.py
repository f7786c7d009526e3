"""Makes the raised hand of the sitter's scene, assets/sitters/hand.png: our own, modelled and lit here.

    python tools/make_hand.py

An arm in the suit's sleeve, the palm to the camera, 300x720, straight alpha. Its shape is a signed distance to
rounded cones, smoothly joined, seen along one axis; its tones are those of the portrait's cheek and sleeve.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SITTERS = Path(__file__).parents[1] / "assets" / "sitters"
_WIDTH, _HEIGHT, _FINE = 300, 720, 2
_NEAR, _FAR, _STEPS = 90.0, -70.0, 70
_MIDDLE = 150.0
_LIGHT = np.array([-0.32, -0.52, 0.79], np.float32)


class Cone(NamedTuple):
    """A rounded cone from `start` to `end`, in pixels; z is towards the camera."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    thick: float
    thin: float


def finger(x: float, y: float, length: float, degrees: float, thick: float) -> list[Cone]:
    """Three bones, each bent a little more towards the camera."""
    out = np.array([np.sin(np.radians(degrees)), -np.cos(np.radians(degrees)), 0.0])
    at, cones, forward = np.array([x, y, 4.0]), [], 0.0
    for part, bend, radius in ((0.46, 0.02, 1.0), (0.30, 0.16, 0.93), (0.24, 0.14, 0.86)):
        forward += bend
        step = (out + np.array([0, 0, forward])) / np.hypot(1, forward) * length * part
        cones.append(Cone(tuple(at), tuple(at + step), thick * radius, thick * radius * 0.93))
        at = at + step
    return cones


_FINGERS = [
    finger(_MIDDLE - 33, 172, 78, -11, 11.6),
    finger(_MIDDLE - 10, 163, 88, -3, 12.0),
    finger(_MIDDLE + 13, 167, 81, 4, 11.4),
    finger(_MIDDLE + 35, 182, 62, 14, 10.0),
]
_THUMB = [
    Cone((_MIDDLE - 30, 246, 8), (_MIDDLE - 60, 212, 18), 19, 14),
    Cone((_MIDDLE - 60, 212, 18), (_MIDDLE - 78, 180, 20), 13.5, 11.5),
    Cone((_MIDDLE - 78, 180, 20), (_MIDDLE - 88, 156, 22), 11.5, 9.5),
]
_PALM = [
    *(Cone((_MIDDLE + x, y, 2), (_MIDDLE + x * 0.62, 252, 0), 14, 18)
      for x, y in ((-33, 176), (-11, 168), (12, 171), (33, 186))),
    Cone((_MIDDLE - 24, 240, 8), (_MIDDLE - 34, 214, 10), 22, 16),
    Cone((_MIDDLE + 24, 252, 6), (_MIDDLE + 32, 208, 6), 18, 14),
    Cone((_MIDDLE - 13, 262, 0), (_MIDDLE - 14, 330, 0), 22, 22),
    Cone((_MIDDLE + 13, 262, 0), (_MIDDLE + 14, 330, 0), 22, 22),
]  # fmt: skip
_SLEEVE = [Cone((_MIDDLE, 330, 0), (_MIDDLE + 6, 800, 0), 48, 76)]
_CUFF = [Cone((_MIDDLE, 326, 0), (_MIDDLE, 338, 0), 45, 46)]


def distance(point: Floats, cones: list[Cone], join: float) -> Floats:
    """Signed distance of (3, n) points to the cones, smoothly joined over `join` pixels."""
    total = np.full(point.shape[1], np.inf, np.float32)
    for cone in cones:
        start, way = np.array(cone.start, np.float32), np.subtract(cone.end, cone.start).astype(np.float32)
        t = ((point - start[:, None]).T @ way / (way @ way)).clip(0, 1)
        off = point - start[:, None] - way[:, None] * t
        near = np.sqrt((off * off).sum(0)) - (cone.thick + (cone.thin - cone.thick) * t)
        overlap = np.maximum(join - np.abs(total - near), 0) / join
        total = np.minimum(total, near) - overlap * overlap * join / 4
    return total


def skin(point: Floats) -> Floats:
    """Distance to hand and wrist: fingers apart from each other, but grown to the palm."""
    palm = distance(point, _PALM, 14)
    for parts, join in [*((f, 9.0) for f in _FINGERS), (_THUMB, 16.0)]:
        near = distance(point, parts, 5)
        overlap = np.maximum(join - np.abs(palm - near), 0) / join
        palm = np.minimum(palm, near) - overlap * overlap * join / 4
    return palm


def cloth(point: Floats) -> Floats:
    """Distance to the sleeve, with a few folds."""
    x, y, _ = point
    folds = 2.2 * np.sin(y / 21 + x / 34) + 1.4 * np.sin(y / 9.5 - x / 17)
    sleeve = distance(point, _SLEEVE, 1) + folds * ((y - 345) / 60).clip(0, 1)
    whole: Floats = np.minimum(sleeve, distance(point, _CUFF, 1))
    return whole


def traced(near: object, grid: Floats) -> tuple[Floats, Floats]:
    """Sphere tracing along z: which of the (2, n) points hit, and how near to the camera, (n,) each."""
    assert callable(near)
    z = np.full(grid.shape[1], _NEAR, np.float32)
    going, hit = np.arange(z.size), np.zeros(z.size, np.float32)
    for _ in range(_STEPS):
        step = near(np.vstack([grid[:, going], z[going]]))
        z[going] -= step * 0.9
        hit[going[step < 0.05]] = 1
        going = going[(step >= 0.05) & (z[going] > _FAR)]
    return hit, z


def lit(near: object, grid: Floats, z: Floats, tone: Floats, depth: Floats, gloss: float) -> Floats:
    """The tone under a soft lamp; `depth` (3,) is how far each colour goes into the shadow, as in skin."""
    assert callable(near)
    point, small = np.vstack([grid, z]), 0.6
    axes = np.eye(3, dtype=np.float32) * small
    normal = np.stack([near(point + a[:, None]) - near(point - a[:, None]) for a in axes])
    normal /= np.maximum(np.sqrt((normal * normal).sum(0)), 1e-6)
    hidden = sum(np.maximum(k * 5 - near(point + normal * k * 5), 0) / (k * 5 * k) for k in (1, 2, 3))
    open_sky = (1 - 0.45 * np.asarray(hidden, np.float32)).clip(0.25, 1)
    light = ((_LIGHT @ normal)[:, None] + depth) / (1 + depth)
    half = _LIGHT + np.array([0, 0, 1], np.float32)
    shine = ((half / np.linalg.norm(half)) @ normal).clip(0, 1) ** 26
    color = tone * (0.36 + 0.78 * light.clip(0, 1)) * open_sky[:, None]
    lighter: Floats = color + gloss * (shine * open_sky)[:, None]
    return lighter


def creases(shape: tuple[int, int]) -> Floats:
    """Lines of the palm and of the joints, 0..1, at the fine scale."""
    sheet = np.zeros(shape, np.float32)
    palm = [[(-50, 196), (-20, 206), (8, 224), (16, 252)], [(-44, 200), (-10, 194), (24, 204), (44, 212)],
            [(46, 196), (22, 190), (2, 180), (-14, 172)], [(-22, 268), (0, 272), (24, 268)]]  # fmt: skip
    for line in palm:
        points = np.rint((np.array(line, np.float64) + np.array([_MIDDLE, 0])) * _FINE).astype(np.int32)
        cv2.polylines(sheet, [points], False, 0.55, 3, cv2.LINE_AA)
    for bones in (*_FINGERS, _THUMB[1:]):
        for bone in bones:
            x, y = bone.start[0] * _FINE, bone.start[1] * _FINE
            wide = bone.thick * 0.8 * _FINE
            cv2.ellipse(sheet, (round(x), round(y)), (round(wide), 4), 0, 10, 170, 0.6, 2, cv2.LINE_AA)
    soft: Floats = cv2.GaussianBlur(sheet, (0, 0), 1.6)
    return soft


def hand() -> NDArray[np.uint8]:
    """The cut-out, (_HEIGHT, _WIDTH, 4)."""
    portrait = np.asarray(cv2.imread(str(_SITTERS / "astronaut.png"), cv2.IMREAD_UNCHANGED))
    cheek = np.median(portrait[255:285, 400:425, :3].reshape(-1, 3), 0).astype(np.float32)
    fabric = np.median(portrait[620:760, 130:220, :3].reshape(-1, 3), 0).astype(np.float32)
    sleeve = portrait[600:850, 120:235, :3].astype(np.float32) / fabric
    height, width = _HEIGHT * _FINE, _WIDTH * _FINE
    y, x = ((np.mgrid[:height, :width] + 0.5) / _FINE - 0.5).astype(np.float32)
    grid = np.stack([x.ravel(), y.ravel()])
    noise = np.random.default_rng(4).standard_normal((height, width), np.float32)
    mottled = sum(cv2.GaussianBlur(noise, (0, 0), s) * s for s in (1.5, 5, 16)).ravel()[:, None]
    lines = creases((height, width)).ravel()[:, None]
    palm = cheek * (1 + 0.045 * mottled) * (1 - lines * np.array([0.42, 0.36, 0.24], np.float32))
    worn = cv2.resize(sleeve, (width, height - 640), interpolation=cv2.INTER_CUBIC)
    weave = (fabric * np.vstack([worn[639::-1][:640], worn])).reshape(-1, 3) * 1.12
    color, alpha, nearest = np.tile(cheek, (x.size, 1)), np.zeros(x.size, np.float32), np.full(x.size, _FAR)
    color[y.ravel() > 300] = fabric
    for near, tone, depth, gloss in (
        (skin, palm * 1.1, [0.25, 0.32, 0.5], 20),
        (cloth, weave, [0.05, 0.05, 0.1], 0),
    ):
        hit, z = traced(near, grid)
        seen = (hit > 0) & (z > nearest)
        color[seen] = lit(near, grid[:, seen], z[seen], tone[seen], np.array(depth, np.float32), gloss)
        alpha, nearest = np.maximum(alpha, hit), np.where(seen, z, nearest)
    sheet = np.dstack(
        [color.reshape(height, width, 3) * alpha.reshape(height, width, 1), alpha.reshape(height, width)]
    )
    small = cv2.resize(sheet, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
    beyond = cv2.resize(color.reshape(height, width, 3), (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
    cover = small[..., 3:]
    straight = np.where(cover > 0, small[..., :3] / np.maximum(cover, 1e-6), beyond)
    cutout: NDArray[np.uint8] = np.rint(np.dstack([straight, cover * 255])).clip(0, 255).astype(np.uint8)
    return cutout


if __name__ == "__main__":
    cv2.imwrite(str(_SITTERS / "hand.png"), hand(), [cv2.IMWRITE_PNG_COMPRESSION, 9])
