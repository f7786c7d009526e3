"""The synthetic sitter: a real portrait that moves in front of a room, seen by a noisy camera. Needs no device.

Its true matte is known exactly, because the frames are made with it.
"""

from __future__ import annotations

import math
import threading
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.assets import asset
from rimlight.errors import SettingError, SourceError
from rimlight.pacing import Pacer
from rimlight.picture import cover, from_bgr
from rimlight.sources.portrait import Portrait
from rimlight.types import Alpha, Frame, Picture, Plane, Size, Source, StreamFormat

_SMALLEST, _LARGEST = Size(160, 90), Size(3840, 2160)
_TILE = 512
_MIDDLE = 8


def open_sitter(
    size: Size = Size(1280, 720),
    fps: Fraction = Fraction(30),
    *,
    duration: float | None = None,
    paced: bool = True,
    seed: int = 0,
    noise: float = 2.0,
) -> SitterSource:
    """Opens the sitter: the same `size`, `fps`, `seed` and `noise` give the same frames, bit by bit.

    `size` (made even) is from 160x90 to 3840x2160, or upright; `duration` is in seconds, None has no end. `paced`
    gives frames like a camera: each at its time, skipping those that nobody fetched; without it every frame comes
    as fast as asked for. `noise` is the sensor noise's standard deviation in levels of luma, 0 (none) to 4.

    Raises SettingError for what is out of range, SourceError if the shipped pictures are missing.
    """
    size = size.even
    if not (min(_SMALLEST) <= min(size) <= min(_LARGEST) and max(_SMALLEST) <= max(size) <= max(_LARGEST)):
        raise SettingError(f"the sitter cannot be {size}", f"Choose a size from {_SMALLEST} to {_LARGEST}.")
    if fps <= 0:
        raise SettingError(f"the sitter cannot move at {fps} frames a second", "Choose a rate above 0, such as 30.")
    if not 0 <= noise <= 4:
        raise SettingError(f"the sitter's noise cannot be {noise}", "Choose a value from 0 to 4.")
    portrait = Portrait(_read(asset("sitters", "astronaut.png"), cv2.IMREAD_UNCHANGED), size)
    room = cover(from_bgr(_read(asset("sitters", "room.jpg"), cv2.IMREAD_COLOR)), size)
    return SitterSource(StreamFormat(size, fps), portrait, room, _Noise(size, noise, seed), duration, paced)


class SitterSource(Source):
    """A source whose true mattes are known. Open it with `open_sitter`."""

    name = "sitter"

    def __init__(
        self,
        stream: StreamFormat,
        portrait: Portrait,
        room: Picture,
        noise: _Noise,
        duration: float | None,
        paced: bool,
    ) -> None:
        self._format = stream
        self._portrait = portrait
        self._room = room
        self._noise = noise
        self._duration = math.inf if duration is None else duration
        self._closed = threading.Event()
        self._pacer = Pacer(stream.fps, sleep=self._closed.wait) if paced else None
        self._next = 0

    @property
    def format(self) -> StreamFormat:
        return self._format

    def truth(self, index: int) -> Alpha:
        """The exact matte that frame `index` was made with, (H, W) uint8, in new memory. Any thread, any time."""
        return self._portrait.alpha(self._seconds(index))

    def render(self, index: int) -> Picture:
        """The picture of frame `index`, noise and all, in new memory. Any thread, any time."""
        picture = Picture(self._room.i420.copy(), self._room.color)
        self._portrait.over(picture, self._seconds(index))
        self._noise.add(picture, index)
        return picture

    def read(self) -> Frame | None:
        """The next frame; when paced, at its time and with its deadline as `at`. None at the end or when closed."""
        ahead = self._next
        if not self._gives(ahead):
            return None
        # Rendered before its time has come, so that it is there when it comes: a camera has nothing to render.
        picture = self.render(ahead)
        index, at = self._pacer.wait() if self._pacer else (ahead, self._seconds(ahead))
        if not self._gives(index):
            return None
        self._next = index + 1
        return Frame(picture if index == ahead else self.render(index), at, index)

    def close(self) -> None:
        self._closed.set()

    def _gives(self, index: int) -> bool:
        return not self._closed.is_set() and self._seconds(index) < self._duration

    def _seconds(self, index: int) -> float:
        return float(index / self._format.fps)


class _Noise:
    """Sensor noise, strong in luma and weak in chroma: windows into two banks, at places drawn for each frame."""

    def __init__(self, size: Size, strength: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._strength = strength
        self._seed = seed
        self._banks = [
            _bank(rng, strength * part, Size(size.width // step, size.height // step))
            for part, step in ((1.0, 1), (0.4, 2))
        ]

    def add(self, picture: Picture, index: int) -> None:
        if not self._strength:
            return
        rng = np.random.default_rng((self._seed, index))
        for plane, bank in zip(picture.planes, (self._banks[0], self._banks[1], self._banks[1]), strict=True):
            x, y = rng.integers(0, _TILE, 2)
            cv2.add(plane, bank[y : y + plane.shape[0], x : x + plane.shape[1]], plane)
            cv2.subtract(plane, _MIDDLE, plane)


def _bank(rng: np.random.Generator, strength: float, size: Size) -> Plane:
    """Noise around _MIDDLE, one tile repeated to hold every window of `size`."""
    tile = rng.standard_normal((_TILE, _TILE), np.float32) * np.float32(strength) + _MIDDLE
    tile = np.rint(tile).clip(0, 2 * _MIDDLE).astype(np.uint8)
    return np.pad(tile, ((0, size.height), (0, size.width)), "wrap")


def _read(path: Path, how: int) -> NDArray[np.uint8]:
    image: NDArray[np.uint8] | None = cv2.imread(str(path), how)
    if image is None:
        raise SourceError(f"a picture of the sitter is missing or unreadable: {path}", "Install Rimlight again.")
    return image
