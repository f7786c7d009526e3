"""A small path tracer in numpy: enough light transport to make rooms that look like rooms.

Vectors are arrays of shape (3, N): metres, y up, z away from the camera. Colours are linear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.floating[Any]]
Scalars = NDArray[np.floating[Any]]
Triple = tuple[float, float, float]
Texture = Callable[[Vectors, Vectors, Vectors], Vectors]
"""(colours, local coordinates -1..1, world coordinates) -> colours."""


def vector(values: Sequence[float] | NDArray[Any]) -> Vectors:
    """One vector, (3, 1), that goes with (3, N)."""
    return np.asarray(values, np.float32).reshape(3, 1)


_NEAR = np.float32(1e-4)
_FAR = np.float32(1e9)
_CORNER = vector((1, 1, 1))


@dataclass(frozen=True)
class Material:
    """Matt, with an optional gloss (0..1), glow (seen by the camera, lights nothing) and texture."""

    color: Triple
    texture: Texture | None = None
    gloss: float = 0.0
    glow: float = 0.0
    shadow: bool = True


class Shape:
    """A box, ball, leaf (in its x-z plane) or cone frustum: a unit shape, -1..1, stretched along `axes`."""

    def __init__(
        self,
        kind: Literal["box", "ball", "leaf", "cone"],
        center: Triple,
        axes: Triple | Vectors,
        material: Material,
        taper: float = 1.0,
    ) -> None:
        self.kind = kind
        self.material = material
        self.center = vector(center)
        a = np.asarray(axes, np.float32)
        self.axes = np.diag(a) if a.ndim == 1 else a
        self.inverse = np.linalg.inv(self.axes).astype(np.float32)
        self.straight = a.ndim == 1
        self.taper = np.float32(taper)
        reach = np.abs(self.axes).sum(1, keepdims=True) * np.float32(max(1.0, taper))
        self.low, self.high = self.center - reach, self.center + reach

    def local(self, points: Vectors) -> Vectors:
        return self._turn(points - self.center)

    def hit(self, start: Vectors, way: Vectors) -> Scalars:
        """Distance to the shape along each ray, in lengths of `way`; _FAR where it is missed."""
        o, d = self.local(start), self._turn(way)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            t = getattr(self, f"_hit_{self.kind}")(o, d)
        return np.where(t > _NEAR, t, _FAR)

    def normal(self, local: Vectors) -> Vectors:
        """Outward normals at points of the surface given in local coordinates."""
        n = np.zeros_like(local)
        if self.kind == "box":
            face = np.abs(local).argmax(0)
            columns = np.arange(local.shape[1])
            n[face, columns] = np.sign(local[face, columns])
        elif self.kind == "leaf":
            n[1], n[2] = 1, 0.5 * np.sign(local[2])
        else:
            n[:] = local
            if self.kind == "cone":
                n[1] = (1 - self.taper) / 2
        n = self.inverse.T @ n
        return unit(n)

    def _turn(self, v: Vectors) -> Vectors:
        return self.inverse.diagonal()[:, None] * v if self.straight else self.inverse @ v

    def _hit_box(self, o: Vectors, d: Vectors) -> Scalars:
        near, far = _slabs(o, d, -_CORNER, _CORNER)
        return np.where(near < far, near, _FAR)

    def _hit_ball(self, o: Vectors, d: Vectors) -> Scalars:
        return _nearest_root(dot(d, d), dot(o, d), dot(o, o) - 1)

    def _hit_leaf(self, o: Vectors, d: Vectors) -> Scalars:
        t = -o[1] / d[1]
        x, z = o[0] + t * d[0], o[2] + t * d[2]
        return np.where(np.abs(z) < 1 - x * x, t, _FAR)

    def _hit_cone(self, o: Vectors, d: Vectors) -> Scalars:
        slope = (self.taper - 1) / 2
        r, dr = 1 + slope * (o[1] + 1), slope * d[1]
        a = d[0] ** 2 + d[2] ** 2 - dr**2
        b = o[0] * d[0] + o[2] * d[2] - r * dr
        c = o[0] ** 2 + o[2] ** 2 - r**2
        root = np.sqrt(b * b - a * c)
        first, second = (-b - root) / a, (-b + root) / a
        t: Scalars = np.full_like(a, _FAR)
        for s in (second, first):
            t = np.where((np.abs(o[1] + s * d[1]) < 1) & (s > _NEAR), s, t)
        return t


def _slabs(o: Vectors, d: Vectors, low: Vectors, high: Vectors) -> tuple[Scalars, Scalars]:
    a, b = (low - o) / d, (high - o) / d
    near, far = np.minimum(a, b), np.maximum(a, b)
    return np.maximum(np.maximum(near[0], near[1]), near[2]), np.minimum(np.minimum(far[0], far[1]), far[2])


def dot(a: Vectors, b: Vectors) -> Scalars:
    product: Scalars = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


def unit(v: Vectors) -> Vectors:
    return v / np.sqrt(dot(v, v))


def _nearest_root(a: Scalars, b: Scalars, c: Scalars) -> Scalars:
    t: Scalars = (-b - np.sqrt(b * b - a * c)) / a
    return np.where(np.isnan(t), _FAR, t)


@dataclass(frozen=True)
class Light:
    """A rectangle that shines from its front (`u` x `v`), or a small ball if `u` and `v` are short."""

    corner: Triple
    u: Triple
    v: Triple
    color: Triple
    share: float
    """Of all samples of light; the shares of a scene sum to 1."""
    bulb: bool = False
    """Shines all ways, less through its shade than above and below it."""


@dataclass
class Scene:
    """Shapes in groups that are near each other, and lights."""

    groups: list[list[Shape]] = field(default_factory=list)
    lights: list[Light] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        self.groups.append(list(shapes))

    def nearest(self, start: Vectors, way: Vectors) -> tuple[Scalars, NDArray[np.int32]]:
        """Distance to and number of the nearest shape; number -1 where there is none."""
        best = np.full(start.shape[1], _FAR, np.float32)
        which = np.full(start.shape[1], -1, np.int32)
        number = 0
        for group in self.groups:
            near = self._near(group, start, way, best)
            o, d, t, w = start[:, near], way[:, near], best[near], which[near]
            for shape in group:
                hit = shape.hit(o, d)
                closer = hit < t
                t[closer], w[closer] = hit[closer], number
                number += 1
            best[near], which[near] = t, w
        return best, which

    def blocked(self, start: Vectors, way: Vectors) -> NDArray[np.bool_]:
        """Whether anything that throws a shadow is between `start` and `start + way`."""
        reach = np.ones(start.shape[1], np.float32) * np.float32(0.999)
        result = np.zeros(start.shape[1], bool)
        for group in self.groups:
            near = self._near(group, start, way, np.where(result, -1, reach))
            o, d = start[:, near], way[:, near]
            hit = np.zeros(o.shape[1], bool)
            for shape in group:
                if shape.material.shadow:
                    hit |= shape.hit(o, d) < 0.999
            result[near] |= hit
        return result

    @staticmethod
    def _near(group: list[Shape], start: Vectors, way: Vectors, limit: Scalars) -> NDArray[np.intp]:
        if not start.shape[1]:
            return np.zeros(0, np.intp)
        low = np.min([s.low for s in group], axis=0) - np.float32(1e-3)
        high = np.max([s.high for s in group], axis=0) + np.float32(1e-3)
        with np.errstate(divide="ignore", invalid="ignore"):
            enter, leave = _slabs(start, way, low, high)
        return np.flatnonzero((enter < leave) & (leave > 0) & (enter < limit))


@dataclass
class Surface:
    """What rays met: points, normals towards the ray, and the material's numbers."""

    point: Vectors
    normal: Vectors
    color: Vectors
    glow: Scalars
    gloss: Scalars


def surface(scene: Scene, start: Vectors, way: Vectors) -> Surface:
    distance, which = scene.nearest(start, way)
    point = start + way * np.minimum(distance, 100)
    normal, color = -way.copy(), np.zeros_like(way)
    glow, gloss = np.zeros_like(distance), np.zeros_like(distance)
    shapes = [s for group in scene.groups for s in group]
    order = np.argsort(which, kind="stable")
    numbers, starts = np.unique(which[order], return_index=True)
    for number, chosen in zip(numbers, np.split(order, starts[1:]), strict=True):
        if number < 0:
            continue
        shape, m = shapes[number], shapes[number].material
        local = shape.local(point[:, chosen])
        normal[:, chosen] = shape.normal(local)
        tint = np.repeat(vector(m.color), len(chosen), 1)
        color[:, chosen] = m.texture(tint, local, point[:, chosen]) if m.texture else tint
        glow[chosen], gloss[chosen] = m.glow, m.gloss
    normal *= -np.sign(dot(normal, way))
    return Surface(point, normal, color, glow, gloss)
