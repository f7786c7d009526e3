"""What the synthetic camera makes of the light: gain, sensor noise, compression, and a hand that shakes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from rimlight.errors import SourceError
from rimlight.picture import cover, from_bgr, to_bgr
from rimlight.types import Bgr, Picture, Plane, Size

Gain = Callable[[float], float]
"""What the levels above black are multiplied by at a time in seconds; they are gamma-coded, so 0.5 is 1/4 of the
light."""

Shake = Callable[[float], tuple[float, float]]
"""How far the picture is moved to the right and upwards at a time in seconds, in frame heights."""

_TILE = 512
_MIDDLE = 8
_ROOM_TO_MOVE = 1.06
"""A shaken room is this much larger than the frame."""


def exposed(planes: tuple[Plane, Plane, Plane], gain: float) -> tuple[Plane, Plane, Plane]:
    """Y, U and V (limited range) at that gain, in new memory; what is too bright clips at white, 235."""
    levels = np.arange(256)
    luma = np.rint(16 + (levels - 16) * gain).clip(16, 235).astype(np.uint8)
    chroma = np.rint(128 + (levels - 128) * gain).clip(16, 240).astype(np.uint8)
    y, u, v = (cv2.LUT(plane, table) for plane, table in zip(planes, (luma, chroma, chroma), strict=True))
    return y, u, v


def compressed(picture: Picture, quality: int) -> Picture:
    """The picture after a webcam's MJPEG, in new memory; `quality` is libjpeg's, 0 to 100."""
    done, data = cv2.imencode(".jpg", to_bgr(picture), (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not done:
        raise SourceError(f"OpenCV did not compress a picture of {picture.size} as JPEG")
    decoded: Bgr = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return from_bgr(decoded, picture.color)


class Room:
    """The room's picture as the camera's position shows it."""

    def __init__(self, picture: Picture, size: Size, shake: Shake | None = None) -> None:
        self._shake = shake
        self._size = size
        wide = Size(*(round(side * _ROOM_TO_MOVE / 2) * 2 for side in size)) if shake else size
        self._picture = cover(picture, wide)

    def at(self, seconds: float) -> Picture:
        """The room alone, in new memory."""
        if not self._shake:
            return Picture(self._picture.i420.copy(), self._picture.color)
        right, up = self._shake(seconds)
        wide = self._picture.size
        x = (self._size.width - wide.width) / 2 + right * self._size.height
        y = (self._size.height - wide.height) / 2 - up * self._size.height
        moved = Picture.empty(self._size, self._picture.color)
        for plane, target, step in zip(self._picture.planes, moved.planes, (1, 2, 2), strict=True):
            matrix = np.array([(1, 0, x / step), (0, 1, y / step)])
            cv2.warpAffine(plane, matrix, target.shape[::-1], target, borderMode=cv2.BORDER_REPLICATE)
        return moved


class Noise:
    """Sensor noise, strong in luma and weak in chroma: windows into two banks, at places drawn for each frame.

    `strength` is luma's standard deviation in levels, `grain` the size of its blotches as the standard deviation of
    a Gaussian in pixels; 0 is one pixel.
    """

    def __init__(self, size: Size, strength: float, seed: int, grain: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self._strength = strength
        self._seed = seed
        self._middle = _MIDDLE if strength <= _MIDDLE / 2 else round(3 * strength)
        self._banks = [
            self._bank(rng, strength * part, Size(size.width // step, size.height // step), grain)
            for part, step in ((1.0, 1), (0.4, 2))
        ]

    def add(self, picture: Picture, index: int) -> None:
        """Adds the noise of frame `index`, in place."""
        if not self._strength:
            return
        rng = np.random.default_rng((self._seed, index))
        for plane, bank in zip(picture.planes, (self._banks[0], self._banks[1], self._banks[1]), strict=True):
            x, y = rng.integers(0, _TILE, 2)
            cv2.add(plane, bank[y : y + plane.shape[0], x : x + plane.shape[1]], plane)
            cv2.subtract(plane, self._middle, plane)

    def _bank(self, rng: np.random.Generator, strength: float, size: Size, grain: float) -> Plane:
        """Noise around the middle, one tile repeated to hold every window of `size`."""
        tile = rng.standard_normal((_TILE, _TILE), np.float32)
        if grain:
            tile = cv2.GaussianBlur(tile, (0, 0), grain)
            tile /= tile.std()
        tile = tile * np.float32(strength) + self._middle
        tile = np.rint(tile).clip(0, 2 * self._middle).astype(np.uint8)
        return np.pad(tile, ((0, size.height), (0, size.width)), "wrap")


class Camera:
    """Gain, noise and compression, as a scene has them; any thread may use it at any time."""

    def __init__(self, noise: Noise, gain: Gain | None = None, quality: int | None = None) -> None:
        self._noise, self._gain, self._quality = noise, gain, quality

    def exposed(self, planes: tuple[Plane, Plane, Plane], seconds: float) -> tuple[Plane, Plane, Plane]:
        """The planes at the gain that it has then."""
        return exposed(planes, self._gain(seconds)) if self._gain else planes

    def recorded(self, picture: Picture, index: int) -> Picture:
        """What it delivers of that light, noise and all; the given picture may serve for it."""
        self._noise.add(picture, index)
        return compressed(picture, self._quality) if self._quality else picture
