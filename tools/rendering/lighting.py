"""Light for the path tracer: what a camera sees of a scene, and the noise taken out of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.tracer import Light, Scalars, Scene, Surface, Triple, Vectors, dot, surface, unit, vector

Image = NDArray[np.floating[Any]]
_CHUNK = 1 << 15
_BOUNCES = 3


@dataclass(frozen=True)
class Camera:
    """A pinhole at `eye` looking at `target`; `width_angle` in degrees."""

    eye: Triple
    target: Triple
    width_angle: float

    def rays(self, x: Scalars, y: Scalars, aspect: float) -> tuple[Vectors, Vectors]:
        """Rays through the points (x, y) of the picture, -1..1, y up."""
        eye = vector(self.eye)
        ahead = unit(vector(self.target) - eye)
        right = unit(_cross(vector((0, 1, 0)), ahead))
        up = _cross(ahead, right)
        half = np.float32(np.tan(np.radians(self.width_angle) / 2))
        way = ahead + right * x * half + up * y * half / np.float32(aspect)
        return np.repeat(eye, x.size, 1), unit(way)


@dataclass
class View:
    """A rendered picture in parts: linear colour = albedo * light."""

    albedo: Image
    light: Image
    normal: Image
    depth: Image
    variance: Image
    """Of the light's brightness, (h, w, 1)."""

    @property
    def picture(self) -> Image:
        return self.albedo * _denoised(self)


def render(scene: Scene, camera: Camera, width: int, height: int, samples: int, seed: int) -> View:
    """Traces `samples` rays a pixel. Minutes at 1920x1080."""
    rng = np.random.default_rng(seed)
    sums = np.zeros((11, width * height), np.float32)
    column, row = np.meshgrid(np.arange(width), np.arange(height))
    order = np.arange(width * height)
    for _ in range(samples):
        for chosen in np.array_split(order, max(1, order.size // _CHUNK)):
            x = (column.flat[chosen] + rng.random(chosen.size)) / width * 2 - 1
            y = 1 - (row.flat[chosen] + rng.random(chosen.size)) / height * 2
            start, way = camera.rays(x.astype(np.float32), y.astype(np.float32), width / height)
            sums[:, chosen] += _trace(scene, start, way, rng)
    albedo, lit, normal, depth, square = (
        np.ascontiguousarray(part.T).reshape(height, width, -1) / np.float32(samples)
        for part in np.split(sums, (3, 6, 9, 10))
    )
    light = lit / np.maximum(albedo, 1e-3)
    return View(albedo, light, normal, depth, (square - light.mean(-1, keepdims=True) ** 2).clip(0) / samples)


def _trace(scene: Scene, start: Vectors, way: Vectors, rng: np.random.Generator) -> Vectors:
    """Rows: albedo (3), colour (3), normal (3), depth (1), squared brightness (1) of what each ray sees."""
    first = met = surface(scene, start, way)
    depth = np.linalg.norm(first.point - start, axis=0, keepdims=True)
    light = _direct(scene, met, way, rng)
    through = np.ones_like(light)
    for _ in range(_BOUNCES - 1):
        start, way = met.point + met.normal * np.float32(1e-3), _scatter(met.normal, rng)
        met = surface(scene, start, way)
        through = through * met.color * (met.glow == 0)
        light += (through * _indirect(scene, met, rng)).clip(0, 2)
    shines = first.glow > 0
    albedo = np.where(shines, first.color * first.glow, first.color)
    light = np.where(shines, 1, light.clip(0, 12))
    square = light.mean(0, keepdims=True) ** 2
    return np.concatenate([albedo, albedo * light, first.normal, depth, square]).astype(np.float32)


def _direct(scene: Scene, met: Surface, way: Vectors, rng: np.random.Generator) -> Vectors:
    """Light straight from every lamp, for an albedo of 1, with the mirror lobe of what is glossy."""
    result = np.zeros_like(met.point)
    for lamp in scene.lights:
        to, amount = _arriving(scene, lamp, met.point, met.normal, rng)
        lobe = dot(met.normal, unit(unit(to) - way)).clip(0) ** 40 * 4 * met.gloss
        amount *= 1 + lobe / np.maximum(met.color.mean(0), 0.08)
        result += vector(lamp.color) * amount
    return result


def _indirect(scene: Scene, met: Surface, rng: np.random.Generator) -> Vectors:
    """The same from one lamp chosen by chance for each point, without gloss: cheap, right on average."""
    which = rng.choice(len(scene.lights), met.glow.size, p=[lamp.share for lamp in scene.lights])
    result = np.zeros_like(met.point)
    for number, lamp in enumerate(scene.lights):
        chosen = np.flatnonzero(which == number)
        amount = _arriving(scene, lamp, met.point[:, chosen], met.normal[:, chosen], rng)[1] / np.float32(
            lamp.share
        )
        result[:, chosen] = vector(lamp.color) * amount
    return result


def _arriving(
    scene: Scene, lamp: Light, point: Vectors, normal: Vectors, rng: np.random.Generator
) -> tuple[Vectors, Scalars]:
    """The way to a point of the lamp, and how much of it lights each point, shadows and slant included."""
    point = point + normal * np.float32(1e-3)
    to, strength = _aim(lamp, point, rng)
    amount = strength * dot(normal, unit(to)).clip(0)
    lit = np.flatnonzero(amount > 0)
    amount[lit[scene.blocked(point[:, lit], to[:, lit])]] = 0
    return to, amount


def _aim(lamp: Light, point: Vectors, rng: np.random.Generator) -> tuple[Vectors, Scalars]:
    """The way to a point of the lamp, and what arrives of a radiance (a bulb: an intensity) of 1, over pi."""
    u, v = vector(lamp.u), vector(lamp.v)
    a, b = rng.random((2, point.shape[1]), dtype=np.float32)
    to = vector(lamp.corner) + u * a + v * b - point
    square = np.maximum(dot(to, to), 0.003)
    if lamp.bulb:
        steep = np.abs(to[1]) / np.sqrt(square)
        return to, (0.3 + 0.7 / (1 + np.exp((0.78 - steep) * 30))) / square / np.float32(np.pi)
    face = _cross(u, v)
    return to, (-dot(to, face)).clip(0) / square**1.5 / np.float32(np.pi)


def _scatter(normal: Vectors, rng: np.random.Generator) -> Vectors:
    z = rng.random(normal.shape[1], dtype=np.float32) * 2 - 1
    turn = rng.random(normal.shape[1], dtype=np.float32) * np.float32(2 * np.pi)
    r = np.sqrt(1 - z * z)
    return unit(normal * np.float32(1.001) + np.stack([r * np.cos(turn), r * np.sin(turn), z]))


def _cross(a: Vectors, b: Vectors) -> Vectors:
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _denoised(view: View) -> Image:
    """Edge-avoiding a-trous wavelets on the light, guided by shape, place and noise (Schied et al. 2017)."""
    light, variance = view.light, cv2.GaussianBlur(view.variance, (0, 0), 1.5)[..., None]
    kernel = (1, 4, 6, 4, 1)
    for level in range(5):
        step = 1 << level
        bright = light.mean(-1, keepdims=True)
        spread = 2.5 * np.sqrt(cv2.GaussianBlur(variance, (0, 0), 1.0))[..., None] + np.float32(1e-3)
        total, weights, doubt = np.zeros_like(light), np.zeros_like(bright), np.zeros_like(bright)
        for i, ky in enumerate(kernel):
            for j, kx in enumerate(kernel):
                there = partial(_moved, dx=(j - 2) * step, dy=(i - 2) * step)
                turn = ((there(view.normal) - view.normal) ** 2).sum(-1, keepdims=True)
                away = np.abs(there(view.depth) - view.depth) / (view.depth * np.float32(0.012 * step))
                other = np.abs(there(bright) - bright) / spread
                w = np.exp(-turn * 6 - away - other) * np.float32(kx * ky)
                total += there(light) * w
                doubt += there(variance) * w * w
                weights += w
        light, variance = total / weights, doubt / weights**2
    return light


def _moved(image: Image, dx: int, dy: int) -> Image:
    height, width = image.shape[:2]
    padded = cv2.copyMakeBorder(image, max(dy, 0), max(-dy, 0), max(dx, 0), max(-dx, 0), cv2.BORDER_REPLICATE)
    moved: Image = padded[max(-dy, 0) :, max(-dx, 0) :][:height, :width].reshape(height, width, -1)
    return moved
