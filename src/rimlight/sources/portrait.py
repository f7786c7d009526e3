"""A person cut out of a photograph, who moves as somebody in a call does: sways, leans, tilts the head, nods."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import from_bgr, scale, shrink
from rimlight.types import Picture, Plane, Size

_Grid = NDArray[np.float32]

_FOOT = (384.0, 846.0)
"""The cut-out's point that stays at the frame's lower edge, in its pixels. The rows below are for leaning."""
_TOP = 30.0
_SHOULDERS = 690.0
_HEAD, _HEAD_RADIUS = (456.0, 184.0), 182.0
_NECK = (448.0, 372.0)
_HEIGHT_USED, _WIDTH_USED = 0.90, 1.1
"""Parts of the frame that head to foot, or the shoulders in a tall frame, take."""
_BANDS = ((-8.0, 270.0, 224.0, 688.0), (270.0, _FOOT[1], -8.0, 776.0))
"""Where anything of the person can be, sway apart: head and body, each top, bottom, left, right in its pixels."""
_ALL = ((-80.0, _FOOT[1], -140.0, 910.0),)
"""The same for whoever sways more."""
_CELL = 16
_HALF = np.float32(0.5)


class Pose(NamedTuple):
    """Where the person is at one moment. Angles in radians, clockwise."""

    shift: float
    """To the right, in frame heights."""
    lean: float
    zoom: float
    tilt: float
    """Of the head, against the body."""
    turn: float
    """Of the head to the right, in pixels of the cut-out."""
    nod: float
    """Of the head downwards, in pixels of the cut-out."""
    rise: float = 0.0
    """Upwards, in frame heights."""


Motion = Callable[[float], Pose]
"""The pose at a time in seconds."""


def pose(seconds: float) -> Pose:
    """The person's pose at a time: slow waves whose periods have no common measure."""

    def wave(period: float, phase: float) -> float:
        return math.sin(2 * math.pi * (seconds / period + phase))

    return Pose(
        shift=0.055 * wave(5.3, 0.0) + 0.012 * wave(2.3, 0.2),
        lean=math.radians(1.5 * wave(5.3, 0.05) + 0.5 * wave(3.1, 0.4)),
        zoom=1 + 0.025 * wave(7.3, 0.3),
        tilt=math.radians(2.4 * wave(3.7, 0.1) + 1.0 * wave(1.9, 0.6)),
        turn=8 * wave(4.3, 0.5),
        nod=9 * wave(2.1, 0.0) * (0.5 + 0.5 * wave(9.1, 0.75)),
    )


class Patch(NamedTuple):
    """A part of the frame that the person may touch: unmixed colours and matte, in new memory."""

    rows: slice
    columns: slice
    """Both begin and end at even pixels."""
    y: Plane
    u: Plane
    v: Plane
    alpha: Plane
    """The matte's part, the size of y. A chroma pixel is covered by the mean of its four alphas."""


class _Place(NamedTuple):
    """A part of the frame, and where its pixels lie in the cut-out."""

    rows: slice
    columns: slice
    x: _Grid
    y: _Grid
    half_x: _Grid
    half_y: _Grid


def over(picture: Picture, patch: Patch) -> None:
    """Puts the patch into the picture, each plane: alpha * person + (1 - alpha) * picture, exact to one level."""
    half = cv2.resize(patch.alpha, (patch.u.shape[1], patch.u.shape[0]), interpolation=cv2.INTER_LINEAR)
    rows, columns = _half(patch.rows), _half(patch.columns)
    _blend(patch.y, patch.alpha, picture.y[patch.rows, patch.columns])
    _blend(patch.u, half, picture.u[rows, columns])
    _blend(patch.v, half, picture.v[rows, columns])


def put(picture: Picture, patch: Patch) -> None:
    """Puts the patch's colours into the picture as if they covered all of it."""
    rows, columns = _half(patch.rows), _half(patch.columns)
    picture.y[patch.rows, patch.columns] = patch.y
    picture.u[rows, columns] = patch.u
    picture.v[rows, columns] = patch.v


def _half(pixels: slice) -> slice:
    return slice(pixels.start // 2, pixels.stop // 2)


def _blend(person: Plane, alpha: Plane, room: Plane) -> None:
    """Writes alpha * person + (1 - alpha) * room into `room`."""
    cv2.multiply(room, cv2.bitwise_not(alpha), room, 1 / 255)
    cv2.add(cv2.multiply(person, alpha, scale=1 / 255), room, room)


class Portrait:
    """The cut-out, fitted to frames of one size. Keeps nothing between calls: any thread may ask for any time.

    `bgra` is (H, W, 4) uint8 with straight alpha; its colours go on where it is transparent. From head to foot it
    is `tall` frame heights, and sits on the line that is `floor` frame heights below the upper edge: 1 is the
    lower edge. `lively` motions go beyond those of a call.
    """

    def __init__(
        self,
        bgra: NDArray[np.uint8],
        size: Size,
        motion: Motion = pose,
        *,
        tall: float = _HEIGHT_USED,
        floor: float = 1.0,
        lively: bool = False,
    ) -> None:
        height, width = bgra.shape[:2]
        self._size, self._motion = size, motion
        self._floor = size.height * floor
        self._bands = _ALL if lively else _BANDS
        self._scale = min(tall * size.height / (_FOOT[1] - _TOP), _WIDTH_USED * size.width / _SHOULDERS)
        # Bilinear sampling aliases when it shrinks much: small frames are sampled from a smaller cut-out.
        ratio = 1.0 if self._scale > 0.6 else self._scale * 1.25
        kept = Size(max(2, round(width * ratio / 2) * 2), max(2, round(height * ratio / 2) * 2))
        self._color = scale(from_bgr(cv2.cvtColor(bgra, cv2.COLOR_BGRA2BGR)), kept)
        self._alpha: Plane = shrink(np.ascontiguousarray(bgra[..., 3]), kept)
        self._kept = (kept.width / width, kept.height / height)

    def patches(self, seconds: float) -> list[Patch]:
        """All of the frame that the person may touch at that time, if any; the patches do not overlap."""
        return [self._patch(place) for place in self._places(self._motion(seconds)) if place.x.size]

    def _patch(self, place: _Place) -> Patch:
        y = _sampled(self._color.y, place.x, place.y)
        u, v = (_sampled(plane, place.half_x, place.half_y) for plane in (self._color.u, self._color.v))
        return Patch(place.rows, place.columns, y, u, v, self._matte(place))

    def _matte(self, place: _Place) -> Plane:
        matte: Plane = cv2.remap(self._alpha, place.x, place.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return matte

    def _places(self, now: Pose) -> list[_Place]:
        return [self._place(now, *band) for band in self._bands]

    def _place(self, now: Pose, top: float, bottom: float, left: float, right: float) -> _Place:
        width, height = self._size
        middle = width / 2 + now.shift * height
        foot = self._floor - now.rise * height
        rows = _even(foot + (top - _FOOT[1]) * self._scale, foot + (bottom - _FOOT[1]) * self._scale, height)
        columns = _even(middle + (left - _FOOT[0]) * self._scale, middle + (right - _FOOT[0]) * self._scale, width)
        grid = self._grid(now, rows, columns)
        shape = Size(columns.stop - columns.start, rows.stop - rows.start)
        fine = [_enlarged(g, _CELL, shape) for g in grid]
        half = Size(shape.width // 2, shape.height // 2)
        coarse = [_enlarged(g * _HALF - _HALF / 2, _CELL // 2, half) for g in grid]
        return _Place(rows, columns, fine[0], fine[1], coarse[0], coarse[1])

    def _grid(self, now: Pose, rows: slice, columns: slice) -> tuple[_Grid, _Grid]:
        """Where the middle of each cell of a patch, and of a ring of cells around it, lies in the cut-out."""
        x, y = np.meshgrid(_middles(columns), _middles(rows))
        size = self._scale * now.zoom
        x = (x - self._size.width / 2 - now.shift * self._size.height) / size
        y = (y - self._floor + now.rise * self._size.height) / size
        x, y = _turned(x, y, -now.lean)
        x, y = x + _FOOT[0], y + _FOOT[1]
        away = np.hypot(x - _HEAD[0], y - _HEAD[1]) / _HEAD_RADIUS
        head = np.clip((1.55 - away) / 0.8, 0, 1)
        head = head * head * (3 - 2 * head)
        nx, ny = x - _NECK[0], y - _NECK[1]
        hx, hy = _turned(nx, ny, -now.tilt)
        x, y = x + head * (hx - nx - now.turn), y + head * (hy - ny - now.nod)
        x, y = x * self._kept[0] - 0.5, y * self._kept[1] - 0.5
        return x.astype(np.float32), y.astype(np.float32)


def _even(start: float, stop: float, end: int) -> slice:
    """Whole pairs of pixels, inside of 0..end."""
    first, last = (min(max(0, round(edge / 2) * 2), end) for edge in (start, stop))
    return slice(first, last)


def _middles(pixels: slice) -> NDArray[np.float64]:
    cells = -(-(pixels.stop - pixels.start) // _CELL)
    middles: NDArray[np.float64] = (np.arange(-1, cells + 1) + 0.5) * _CELL + pixels.start
    return middles


def _turned(
    x: NDArray[np.float64], y: NDArray[np.float64], angle: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    c, s = math.cos(angle), math.sin(angle)
    return c * x - s * y, s * x + c * y


def _enlarged(grid: _Grid, cell: int, size: Size) -> _Grid:
    """Values for each of `size` pixels from values at the middles of cells; the ring of cells is cut off."""
    rows, columns = grid.shape
    fine: _Grid = cv2.resize(grid, (columns * cell, rows * cell), interpolation=cv2.INTER_LINEAR)
    return fine[cell : cell + size.height, cell : cell + size.width]


def _sampled(plane: Plane, x: _Grid, y: _Grid) -> Plane:
    sampled: Plane = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return sampled
