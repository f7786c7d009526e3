"""The rooms that are rendered: what stands where, and where the light comes from."""

from __future__ import annotations

import numpy as np

from rendering import furniture as put
from rendering import materials as made
from rendering.tracer import Light, Material, Scene, Shape, Triple

Hole = tuple[float, float, float, float]
"""The window's place in the back wall: left, right, low, high."""

_SIDE, _CEILING, _REAR = 2.4, 2.6, -2.3


def sitting_room() -> Scene:
    """The room behind the sitter: bookcase, pictures, sideboard with lamp and plant, window."""
    wall, scene = 3.2, Scene()
    hole: Hole = (1.02, 1.86, 1.06, 2.2)
    _shell(scene, wall, hole, made.WALL)
    _behind_the_camera(scene, 0.7, 1.6, -0.6, 2.0, (5.6, 5.2, 4.7), 0.5)
    _window(scene, hole, wall, 1)
    linen: Triple = (0.66, 0.60, 0.50)
    rod = Shape("box", (1.5, 2.44, wall - 0.07), (0.75, 0.012, 0.012), Material(made.BLACK))
    scene.add(put.curtain(0.84, 1.04, wall, linen), put.curtain(1.86, 2.16, wall, linen), rod)
    put.shelf(scene, 5, -2.05, -0.88, wall - 0.002, [0.08, 0.46, 0.83, 1.19, 1.54, 1.88, 2.20])
    scene.add(
        *put.framed(-0.46, 1.74, 0.46, 0.60, wall, made.painting(3, made.HILLS), made.WALNUT),
        *put.framed(0.50, 1.92, 0.30, 0.38, wall, made.painting(8, made.BLUSH), made.BLACK),
        *put.framed(0.50, 1.48, 0.30, 0.38, wall, made.painting(12, made.HILLS[::-1]), made.BLACK),
    )
    top = 0.82
    walnut = Material(made.WALNUT, made.wood(0, 2), gloss=0.15)
    doors = Material(made.WALNUT, made.wood(1, 0), gloss=0.1)
    scene.add(*put.cabinet((0.48, 0.12, 2.76), (2.10, top, wall - 0.01), 3, walnut, doors))
    put.lamp(scene, (0.80, top, 2.98), 0.85, 0.15)
    china = Material((0.70, 0.68, 0.62), gloss=0.4)
    stack = put.pile(1.02, top, 2.86, 0.25, 0.17, [made.SPINES[i] for i in (11, 3, 7)])
    scene.add(*stack, *put.vase((1.15, top + 0.105, 2.95), 0.05, 0.16, china))
    clay = Material(made.TERRACOTTA, made.plaster)
    put.plant(scene, np.random.default_rng(11), (1.62, top, 2.93), 0.085, clay, 0.26, 0.13)
    return scene


def office() -> Scene:
    """A bright study: large window, plants on a low cabinet, a bookcase, two globe lamps."""
    wall, scene = 3.9, Scene()
    hole: Hole = (-1.78, -0.42, 0.92, 2.28)
    _shell(scene, wall, hole, (0.60, 0.565, 0.51))
    _behind_the_camera(scene, 0.6, 1.7, 0.2, 2.4, (4.6, 4.4, 4.2), 0.4)
    _window(scene, hole, wall, 2)
    linen: Triple = (0.74, 0.70, 0.63)
    scene.add(put.curtain(-2.25, -1.80, wall, linen), put.curtain(-0.42, -0.20, wall, linen))
    put.shelf(scene, 21, 0.72, 2.2, wall - 0.002, [0.08, 0.48, 0.86, 1.22, 1.57, 1.90, 2.22])
    scene.add(*put.framed(0.24, 1.62, 0.52, 0.70, wall, made.painting(8, made.SAND), made.OAK))
    top, front = 0.66, wall - 0.45
    oak = Material((0.27, 0.155, 0.075), made.wood(0, 1), gloss=0.12)
    scene.add(*put.cabinet((-2.1, 0.1, front), (0.5, top, wall - 0.02), 4, oak, oak))
    rng = np.random.default_rng(4)
    colors: list[Triple] = [made.TERRACOTTA, made.WHITE, (0.10, 0.17, 0.19)]
    for x, size, color in zip((-1.62, -0.72, 0.36), (0.10, 0.075, 0.06), colors, strict=True):
        pot = Material(color, made.plaster, gloss=0.2)
        put.plant(scene, rng, (x, top, wall - 0.24), size, pot, size * 3.2, size * 1.6)
    scene.add(*put.pile(-1.30, top, wall - 0.34, 0.26, 0.18, [made.SPINES[i] for i in (1, 10, 7)]))
    put.globe(scene, 0.56, 2.02, 3.2, _CEILING, 0.125)
    put.globe(scene, 0.84, 2.12, 2.8, _CEILING, 0.125)
    return scene


def _shell(scene: Scene, wall: float, hole: Hole, color: Triple) -> None:
    """Floor, ceiling, four walls, and the daylight that comes in through the hole."""
    left, right, low, high = hole
    paint, side = Material(color, made.plaster), Material((0.62, 0.61, 0.57), made.plaster)
    thick = wall + 0.1
    scene.add(
        put.box((-_SIDE, 0, wall), (left, _CEILING, thick), paint),
        put.box((right, 0, wall), (_SIDE, _CEILING, thick), paint),
        put.box((left, 0, wall), (right, low, thick), paint),
        put.box((left, high, wall), (right, _CEILING, thick), paint),
        put.box((-_SIDE, -0.1, _REAR), (_SIDE, 0, wall), Material(made.OAK, made.wood(2, 0), gloss=0.2)),
        put.box((-_SIDE, _CEILING, _REAR), (_SIDE, _CEILING + 0.1, wall), Material(made.WHITE)),
        put.box((-_SIDE - 0.1, 0, _REAR), (-_SIDE, _CEILING, wall), side),
        put.box((_SIDE, 0, _REAR), (_SIDE + 0.1, _CEILING, wall), side),
        put.box((-_SIDE, 0, _REAR - 0.1), (_SIDE, _CEILING, _REAR), side),
        put.box((-_SIDE, 0, wall - 0.015), (_SIDE, 0.10, wall), Material(made.WHITE)),
    )
    up, across = (0.0, high - low, 0.0), (right - left, 0.0, 0.0)
    scene.lights.append(Light((left, low, wall - 0.02), up, across, (3.0, 3.3, 3.6), 0.35))


def _behind_the_camera(
    scene: Scene, low: float, height: float, near: float, length: float, color: Triple, share: float
) -> None:
    """A second window, unseen in the left wall: it lights what the camera sees from the front."""
    corner = (-_SIDE + 0.02, low, near)
    scene.lights.append(Light(corner, (0, height, 0), (0, 0, length), color, share))


def _window(scene: Scene, hole: Hole, wall: float, bars: int) -> None:
    """Frame, sill, bars and what is outside."""
    left, right, low, high = hole
    paint = Material((0.72, 0.71, 0.68), gloss=0.1)
    edge, out = 0.045, wall + 0.06
    parts = [
        put.box((left, low, wall - 0.03), (left + edge, high, out), paint),
        put.box((right - edge, low, wall - 0.03), (right, high, out), paint),
        put.box((left, high - edge, wall - 0.03), (right, high, out), paint),
        put.box((left - 0.06, low - 0.03, wall - 0.12), (right + 0.06, low, out), paint),
    ]
    for number in range(1, bars + 1):
        x = left + (right - left) * number / (bars + 1)
        parts.append(put.box((x - 0.016, low, wall + 0.01), (x + 0.016, high, wall + 0.04), paint))
    middle = low + (high - low) * 0.62
    parts.append(put.box((left, middle - 0.014, wall + 0.01), (right, middle + 0.014, wall + 0.04), paint))
    scene.add(*parts)
    view = Material((0.86, 0.93, 1.0), made.outside, glow=1.5, shadow=False)
    scene.add(put.box((left - 1.0, low - 0.6, wall + 0.9), (right + 1.0, high + 0.6, wall + 0.92), view))
