"""The cast: all that belongs to the persons before the synthetic camera, flattened to one matte and its colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from rimlight.picture import from_bgr, scale, shrink
from rimlight.sources.ink import Bgra, Floats
from rimlight.sources.portrait import Patch
from rimlight.types import Plane, Size

_EXPOSURES = 6
"""Moments that a blurred exposure is the mean of: about three pixels apart where things are fastest at 720p."""


class Actor(Protocol):
    """What is cut out and moves. Keeps nothing between calls: any thread may ask for any time."""

    def patches(self, seconds: float) -> list[Patch]:
        """All of the frame that it may touch at that time; the patches do not overlap."""


class Cast:
    """Several actors as one, from back to front."""

    def __init__(self, actors: Sequence[Actor]) -> None:
        self._actors = list(actors)

    def patches(self, seconds: float) -> list[Patch]:
        """Theirs, flattened where there are several actors: alpha and colours of what is seen of each."""
        layers = [actor.patches(seconds) for actor in self._actors]
        return layers[0] if len(layers) == 1 else _flattened([patch for layer in layers for patch in layer])


class Blurred:
    """An actor exposed for `shutter` seconds.

    Alpha is the mean of those of its moments, and the colour the mean of theirs weighted by alpha: what a
    shutter does to light.
    """

    def __init__(self, actor: Actor, shutter: float) -> None:
        self._actor = actor
        middle = (_EXPOSURES - 1) / 2
        self._moments = [shutter * (k - middle) / _EXPOSURES for k in range(_EXPOSURES)]

    def patches(self, seconds: float) -> list[Patch]:
        """The one patch that holds all of the exposure, or none."""
        return _averaged([p for m in self._moments for p in self._actor.patches(seconds + m)], len(self._moments))


class _Light:
    """Colours multiplied by alpha, and alpha, of luma and of chroma; float32, in the box that holds all patches."""

    def __init__(self, patches: Sequence[Patch]) -> None:
        self._rows = slice(min(p.rows.start for p in patches), max(p.rows.stop for p in patches))
        self._columns = slice(min(p.columns.start for p in patches), max(p.columns.stop for p in patches))
        full = (self._rows.stop - self._rows.start, self._columns.stop - self._columns.start)
        shapes = (full, *((full[0] // 2, full[1] // 2),) * 2)
        self._colors = [np.zeros(shape, np.float32) for shape in shapes]
        self._alphas = [np.zeros(shape, np.float32) for shape in shapes[:2]]

    def add(self, patch: Patch) -> None:
        """Adds the patch's light."""
        for color, alpha, plane, coverage in self._places(patch):
            cv2.accumulateProduct(plane, coverage, color)
            if alpha is not None:
                cv2.accumulate(coverage, alpha)

    def cover(self, patch: Patch) -> None:
        """Puts the patch before what is there."""
        for color, alpha, plane, coverage in self._places(patch):
            left = 1 - coverage * np.float32(1 / 255)
            cv2.multiply(color, left, color)
            cv2.accumulateProduct(plane, coverage, color)
            if alpha is not None:
                cv2.multiply(alpha, left, alpha)
                cv2.accumulate(coverage, alpha)

    def flat(self, moments: int) -> Patch:
        """The mean of that many moments, its colours unmixed again."""
        # The least alpha is 1: below is nothing, and no colour to be found.
        luma, chroma = (cv2.max(alpha, 0.5) for alpha in self._alphas)
        y, u, v = (
            cv2.divide(color, alpha, dtype=cv2.CV_8U)
            for color, alpha in zip(self._colors, (luma, chroma, chroma), strict=True)
        )
        return Patch(self._rows, self._columns, y, u, v, cv2.convertScaleAbs(self._alphas[0], alpha=1 / moments))

    def _places(self, patch: Patch) -> Iterator[tuple[Floats, Floats | None, Plane, Plane]]:
        """For each plane its part of the colours and, once a size, of alpha; then the patch's plane and alpha."""
        half: Plane = cv2.resize(patch.alpha, patch.u.shape[::-1], interpolation=cv2.INTER_LINEAR)
        for number, (plane, coverage) in enumerate(((patch.y, patch.alpha), (patch.u, half), (patch.v, half))):
            step = 2 if number else 1
            top, left = (
                (patch.rows.start - self._rows.start) // step,
                (patch.columns.start - self._columns.start) // step,
            )
            part = (slice(top, top + plane.shape[0]), slice(left, left + plane.shape[1]))
            alpha = self._alphas[number][part] if number < 2 else None
            yield self._colors[number][part], alpha, plane, coverage


def _flattened(patches: Sequence[Patch]) -> list[Patch]:
    """One patch of several that lie over each other, the last in front."""
    if not patches:
        return []
    light = _Light(patches)
    for patch in patches:
        light.cover(patch)
    return [light.flat(1)]


def _averaged(patches: Sequence[Patch], moments: int) -> list[Patch]:
    """One patch of those of several moments."""
    if not patches:
        return []
    light = _Light(patches)
    for patch in patches:
        light.add(patch)
    return [light.flat(moments)]


class Mirrored:
    """An actor with left and right exchanged."""

    def __init__(self, actor: Actor, size: Size) -> None:
        self._actor = actor
        self._width = size.width

    def patches(self, seconds: float) -> list[Patch]:
        """The actor's, mirrored."""
        return [self._mirrored(patch) for patch in self._actor.patches(seconds)]

    def _mirrored(self, patch: Patch) -> Patch:
        columns = slice(self._width - patch.columns.stop, self._width - patch.columns.start)
        y, u, v, alpha = (np.ascontiguousarray(plane[:, ::-1]) for plane in patch[2:])
        return Patch(patch.rows, columns, y, u, v, alpha)


class Grip(NamedTuple):
    """How a stiff thing is held: its turning point in the frame, in pixels, and its angle, clockwise in radians."""

    x: float
    y: float
    angle: float


class Stiff:
    """A cut-out thing that is moved as a whole. `pivot` is the turning point in its pixels, `ratio` its size."""

    def __init__(
        self, bgra: Bgra, size: Size, held: Callable[[float], Grip], pivot: tuple[float, float], ratio: float
    ) -> None:
        height, width = bgra.shape[:2]
        # Bilinear sampling aliases when it shrinks much: it is shrunk before.
        kept = Size(*(max(2, round(side * min(1.0, ratio * 1.25) / 2) * 2) for side in (width, height)))
        self._color = scale(from_bgr(np.ascontiguousarray(bgra[..., :3])), kept)
        self._alpha: Plane = shrink(np.ascontiguousarray(bgra[..., 3]), kept)
        self._ratio = ratio * height / kept.height
        self._pivot = (pivot[0] * kept.width / width, pivot[1] * kept.height / height)
        self._size, self._held = size, held

    def patches(self, seconds: float) -> list[Patch]:
        """The one patch around it, or none where it is out of the frame."""
        now = self._held(seconds)
        to_frame = self._to_frame(now)
        height, width = self._alpha.shape
        corners = to_frame @ np.array([(0, 0, 1), (width, 0, 1), (0, height, 1), (width, height, 1)], np.float64).T
        (left, top), (right, bottom) = corners.min(1), corners.max(1)
        rows, columns = _even(top, bottom, self._size.height), _even(left, right, self._size.width)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return []
        box = (columns.stop - columns.start, rows.stop - rows.start)
        half = (box[0] // 2, box[1] // 2)
        matrix = to_frame - np.array([(0, 0, columns.start), (0, 0, rows.start)])
        coarse = _half_matrix(matrix)
        y = cv2.warpAffine(self._color.y, matrix, box, borderMode=cv2.BORDER_REPLICATE)
        u, v = (
            cv2.warpAffine(plane, coarse, half, borderMode=cv2.BORDER_REPLICATE)
            for plane in (self._color.u, self._color.v)
        )
        return [Patch(rows, columns, y, u, v, cv2.warpAffine(self._alpha, matrix, box))]

    def _to_frame(self, now: Grip) -> Floats:
        """The 2x3 matrix from its pixels (at their indices) to the frame's."""
        c, s = math.cos(now.angle) * self._ratio, math.sin(now.angle) * self._ratio
        x, y = self._pivot
        matrix: Floats = np.array([(c, -s, now.x - c * x + s * y), (s, c, now.y - s * x - c * y)])
        return matrix


def _half_matrix(matrix: Floats) -> Floats:
    """The same motion between planes of half the size, whose pixels lie between the luma's."""
    halved = matrix.copy()
    halved[:, 2] = (matrix[:, 2] + matrix[:, :2] @ (0.5, 0.5) - 0.5) / 2
    return halved


def _even(start: float, stop: float, end: int) -> slice:
    """Whole pairs of pixels that hold it, inside of 0..end."""
    first, last = math.floor(start / 2) * 2, math.ceil(stop / 2) * 2
    return slice(min(max(0, first), end), min(max(0, last), end))
