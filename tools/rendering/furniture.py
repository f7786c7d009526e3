"""Things that stand, hang and lie in the rooms. Metres, y up; a `back` or `wall` is the z behind a thing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rendering import materials as made
from rendering.tracer import Light, Material, Scene, Shape, Texture, Triple, vector


def box(low: Triple, high: Triple, material: Material) -> Shape:
    a, b = vector(low), vector(high)
    return Shape("box", made.triple((a + b) / 2), made.triple(np.maximum((b - a) / 2, 1e-4)), material)


def books(
    scene: Scene, rng: np.random.Generator, left: float, right: float, y: float, back: float, room: float
) -> None:
    """A row of books from `left` to `right` on a board at height `y`; `room` is the height above the board."""
    row, x = [], left
    while True:
        width, height = rng.uniform(0.016, 0.042), room * rng.uniform(0.60, 0.92)
        depth = rng.uniform(0.14, 0.19)
        if x + width > right:
            break
        color = vector(made.SPINES[rng.integers(len(made.SPINES))]) * np.float32(rng.uniform(0.8, 1.2))
        color += (color.mean() - color) * np.float32(0.25)
        tint: Triple = (0.62, 0.50, 0.24) if color.mean() < 0.25 else (0.10, 0.07, 0.06)
        back_of_it = made.spine(int(rng.integers(1 << 12)), tint)
        material = Material(made.triple(color), back_of_it, gloss=rng.uniform(0.0, 0.25))
        front = back - depth - rng.uniform(0.0, 0.015)
        row.append(box((x, y, front), (x + width - 0.0015, y + height, back), material))
        x += width
    scene.add(*row)


def pile(x: float, y: float, front: float, width: float, depth: float, colors: list[Triple]) -> list[Shape]:
    """Books that lie on each other; (x, y) is the lowest one's lower left corner."""
    lying = []
    for i, color in enumerate(colors):
        low = (x + 0.01 * (i % 2), y + 0.035 * i, front)
        high = (x + width - 0.015 * i, y + 0.035 * i + 0.031, front + depth)
        lying.append(box(low, high, Material(color, gloss=0.1)))
    return lying


def _leaning(x: float, y: float, back: float, height: float, material: Material) -> Shape:
    """A book that leans to the left; (x, y) is its lower left corner."""
    c, s = np.cos(0.17), np.sin(0.17)
    side, up = vector((c, s, 0)) * np.float32(0.015), vector((-s, c, 0)) * np.float32(height / 2)
    deep = vector((0, 0, 0.085))
    center = vector((x, y, back - 0.085)) + side + up
    return Shape("box", made.triple(center), np.hstack([side, up, deep]), material)


def shelf(scene: Scene, seed: int, left: float, right: float, back: float, levels: list[float]) -> None:
    """A bookcase against `back`, its boards at `levels` (the last is its top), with books and a few things."""
    rng = np.random.default_rng(seed)
    front = back - 0.29
    board = Material(made.OAK, made.wood(0, 2), gloss=0.08)
    upright = Material(made.OAK, made.wood(1, 2), gloss=0.08)
    parts = [box((x, 0, front), (x + 0.024, levels[-1], back), upright) for x in (left - 0.024, right)]
    parts += [box((left, y - 0.022, front), (right, y, back), board) for y in levels]
    panel = Material((0.20, 0.115, 0.055))
    scene.add(*parts, box((left, levels[0], back - 0.012), (right, levels[-1], back - 0.002), panel))
    for number, (y, above) in enumerate(pairwise(levels)):
        room = above - 0.022 - y
        gap = rng.uniform(0.30, 0.42) * (right - left)
        start = left + (right - left - gap) * rng.uniform(0.0, 1.0)
        books(scene, rng, left + 0.005, start, y, back, room)
        books(scene, rng, start + gap, right - 0.005, y, back, room)
        _ornament(scene, rng, number, start, gap, y, back, room)


def _ornament(
    scene: Scene, rng: np.random.Generator, number: int, x: float, gap: float, y: float, back: float, room: float
) -> None:
    """Something in the gap between two rows of books, and a book that leans into it."""
    middle, deep, spines = x + gap * 0.55, back - 0.16, made.SPINES
    style = number % 4
    if style == 0:
        scene.add(*vase((middle, y, deep), 0.065, room * 0.62, Material((0.13, 0.24, 0.27), gloss=0.5)))
    elif style == 1:
        ball = Material(spines[int(rng.integers(len(spines)))], gloss=0.4)
        flat = pile(x + 0.02, y, deep - 0.10, 0.20, 0.15, [spines[(3 * i + 6) % len(spines)] for i in range(3)])
        scene.add(*flat, Shape("ball", (x + 0.12, y + 0.142, deep), (0.04, 0.04, 0.04), ball))
    elif style == 2:
        china = Material(made.WHITE, gloss=0.4)
        pot = Shape("cone", (middle, y + 0.05, deep), (0.045, 0.05, 0.045), china, 1.35)
        scene.add(pot, *foliage(rng, (middle, y + 0.10, deep), room * 0.26, 26, 0.075))
    else:
        art = made.painting(int(rng.integers(1000)), [(0.62, 0.58, 0.5), (0.2, 0.3, 0.3), (0.1, 0.16, 0.2)])
        low, high = (middle - 0.07, y, deep + 0.02), (middle + 0.07, y + room * 0.68, deep + 0.04)
        scene.add(box(low, high, Material(made.WHITE, art)))
    height = room * 0.8
    lean = Material(spines[int(rng.integers(len(spines)))], gloss=0.1)
    scene.add(_leaning(x + height * 0.17 + 0.004, y, back, height, lean))


def vase(foot: Triple, radius: float, height: float, material: Material) -> list[Shape]:
    x, y, z = foot
    belly = Shape("ball", (x, y + height * 0.36, z), (radius, height * 0.36, radius), material)
    slim = radius * 0.42
    neck = Shape("cone", (x, y + height * 0.82, z), (slim, height * 0.18, slim), material, 1.25)
    return [belly, neck]


def plant(
    scene: Scene, rng: np.random.Generator, foot: Triple, size: float, pot: Material, reach: float, length: float
) -> None:
    """Sixty leaves in a pot `size` wide and high."""
    x, y, z = foot
    shape = Shape("cone", (x, y + size, z), (size, size, size), pot, 1.3)
    scene.add(shape, *foliage(rng, (x, y + 2 * size, z), reach, 60, length))


def foliage(rng: np.random.Generator, root: Triple, reach: float, count: int, length: float) -> list[Shape]:
    """Pointed leaves that rise from `root` and bend outwards."""
    leaves = []
    for number in range(count):
        turn, rise = number * 2.4 + rng.normal(0, 0.3), rng.uniform(0.15, 1.0)
        out = np.array([np.cos(turn), 0, np.sin(turn)])
        along = out * (1.25 - rise) + np.array([0, rise * 1.3 - 0.35, 0]) + rng.normal(0, 0.12, 3)
        along /= np.linalg.norm(along)
        side = np.cross(along, [0, 1, 0]) + rng.normal(0, 0.15, 3)
        side -= along * (side @ along)
        side /= np.linalg.norm(side)
        size = length * rng.uniform(0.7, 1.2)
        center = np.array(root) + out * reach * rng.uniform(0.1, 0.75) + np.array([0, reach * rise * 1.7, 0])
        axes = np.stack([along * size, np.cross(along, side) * 0.01, side * size * 0.36], 1).astype(np.float32)
        green = np.array([0.065, 0.17, 0.05]) * rng.uniform(0.6, 1.7) + np.array([0.03, 0.02, 0]) * rng.random()
        leaf = Material(made.triple(green), made.veins, gloss=0.35)
        leaves.append(Shape("leaf", made.triple(center), axes, leaf))
    return leaves


def framed(
    x: float, y: float, width: float, height: float, wall: float, art: Texture, frame: Triple
) -> list[Shape]:
    """A picture on the wall; (x, y) is its middle."""

    def panel(inset: float, near: float, far: float, material: Material) -> Shape:
        w, h = width / 2 - inset, height / 2 - inset
        return box((x - w, y - h, wall - near), (x + w, y + h, wall - far), material)

    return [
        panel(0, 0.03, 0, Material(frame, made.wood(1, 0))),
        panel(0.018, 0.032, 0.03, Material(made.WHITE, art, gloss=0.06)),
    ]


def lamp(scene: Scene, foot: Triple, glow: float, share: float) -> None:
    """A table lamp with a linen shade."""
    x, y, z = foot
    linen = Material((1.0, 0.56, 0.23), made.lit_linen, glow=glow, shadow=False)
    scene.add(
        *vase(foot, 0.075, 0.24, Material((0.42, 0.36, 0.28), gloss=0.5)),
        Shape("cone", (x, y + 0.28, z), (0.006, 0.05, 0.006), Material((0.3, 0.22, 0.1))),
        Shape("cone", (x, y + 0.40, z), (0.155, 0.10, 0.155), linen, 0.72),
    )
    color: Triple = (1.9 * glow, 1.12 * glow, 0.55 * glow)
    corner = (x - 0.02, y + 0.38, z - 0.02)
    scene.lights.append(Light(corner, (0.04, 0, 0), (0, 0, 0.04), color, share, bulb=True))


def globe(scene: Scene, x: float, y: float, z: float, ceiling: float, share: float) -> None:
    """A glass ball that hangs from the ceiling and shines."""
    glass = Material((1.0, 0.66, 0.34), glow=3.2, shadow=False)
    drop = (ceiling - y) / 2
    cord = Shape("cone", (x, ceiling - drop, z), (0.004, drop, 0.004), Material(made.BLACK))
    scene.add(Shape("ball", (x, y, z), (0.085, 0.085, 0.085), glass), cord)
    scene.lights.append(Light((x, y, z), (0.02, 0, 0), (0, 0, 0.02), (1.3, 0.80, 0.40), share, bulb=True))


def curtain(left: float, right: float, wall: float, color: Triple) -> Shape:
    return box((left, 0.02, wall - 0.09), (right, 2.42, wall - 0.05), Material(color, made.folds))


def cabinet(low: Triple, high: Triple, doors: int, top: Material, front: Material) -> list[Shape]:
    """A low cupboard; its doors fill its front."""
    step, gap = (high[0] - low[0]) / doors, 0.006
    parts = [box(low, high, top)]
    for number in range(doors):
        left = low[0] + step * number + gap
        corner = (left + step - 2 * gap, high[1] - 0.035, low[2])
        parts.append(box((left, low[1] + 0.02, low[2] - 0.015), corner, front))
    return parts
