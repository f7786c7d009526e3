"""The synthetic sitter: a real portrait that moves in front of a room, seen by a noisy camera. Needs no device.

Its true matte is known exactly, because the frames are made with it. `scenes` has what it can be set in.
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
from rimlight.picture import from_bgr
from rimlight.protocols import Source
from rimlight.sources.cast import Cast
from rimlight.sources.exposure import Camera, Noise, Room
from rimlight.sources.portrait import Patch, over, put
from rimlight.sources.scenes import SCENES
from rimlight.types import Alpha, Frame, Picture, Size, StreamFormat

_SMALLEST, _LARGEST = Size(160, 90), Size(3840, 2160)


def open_sitter(
    size: Size = Size(1280, 720),
    fps: Fraction = Fraction(30),
    *,
    duration: float | None = None,
    paced: bool = True,
    seed: int = 0,
    noise: float = 2.0,
    scene: str = "plain",
) -> SitterSource:
    """Opens the sitter: the same `size`, `fps`, `seed`, `noise` and `scene` give the same frames, bit by bit.

    `size` (made even) is from 160x90 to 3840x2160, or upright; `duration` is in seconds, None has no end. `paced`
    gives frames like a camera: each at its time, skipping those that nobody fetched; without it every frame comes
    as fast as asked for. `noise` is the sensor noise's standard deviation in levels of luma, 0 (none) to 4, which
    dark scenes multiply. `scene` is one of `scenes.SCENES`.

    Raises SettingError for what is out of range or no scene, SourceError if the shipped pictures are missing.
    """
    size = size.even
    if not (min(_SMALLEST) <= min(size) <= min(_LARGEST) and max(_SMALLEST) <= max(size) <= max(_LARGEST)):
        raise SettingError(f"the sitter cannot be {size}", f"Choose a size from {_SMALLEST} to {_LARGEST}.")
    if fps <= 0:
        raise SettingError(f"the sitter cannot move at {fps} frames a second", "Choose a rate above 0, such as 30.")
    if not 0 <= noise <= 4:
        raise SettingError(f"the sitter's noise cannot be {noise}", "Choose a value from 0 to 4.")
    if scene not in SCENES:
        raise SettingError(f"the sitter has no scene '{scene}'", f"Choose one of: {', '.join(SCENES)}.")
    setting = SCENES[scene]
    cutouts = [_read(asset("sitters", name), cv2.IMREAD_UNCHANGED) for name in setting.cutouts]
    cast = Cast(setting.cast(cutouts, size))
    view = _read(asset(*setting.place), cv2.IMREAD_COLOR)
    if setting.furnish:
        setting.furnish(view)
    room = Room(from_bgr(view), size, setting.shake)
    camera = Camera(Noise(size, noise * setting.noise, seed, setting.grain), setting.gain, setting.quality)
    name = "sitter" if scene == "plain" else f"sitter:{scene}"
    return SitterSource(name, StreamFormat(size, fps), cast, room, camera, duration, paced)


class SitterSource(Source):
    """A source whose true mattes are known. Open it with `open_sitter`."""

    name = "sitter"

    def __init__(
        self,
        name: str,
        stream: StreamFormat,
        cast: Cast,
        room: Room,
        camera: Camera,
        duration: float | None,
        paced: bool,
    ) -> None:
        self.name = name
        self._format = stream
        self._cast = cast
        self._room = room
        self._camera = camera
        self._duration = math.inf if duration is None else duration
        self._closed = threading.Event()
        self._pacer = Pacer(stream.fps, sleep=self._closed.wait) if paced else None
        self._next = 0

    @property
    def format(self) -> StreamFormat:
        return self._format

    def truth(self, index: int) -> Alpha:
        """The exact matte that frame `index` was made with, (H, W) uint8, in new memory. Any thread, any time."""
        width, height = self._format.size
        whole = np.zeros((height, width), np.uint8)
        for patch in self._cast.patches(self._seconds(index)):
            whole[patch.rows, patch.columns] = patch.alpha
        return Alpha(whole)

    def room(self, index: int) -> Picture:
        """The room alone as the camera would see it in frame `index`, in new memory. Any thread, any time.

        Without noise and compression, as `person` is.
        """
        room = self._room.at(self._seconds(index))
        for plane, seen in zip(room.planes, self._camera.exposed(room.planes, self._seconds(index)), strict=True):
            np.copyto(plane, seen)
        return room

    def person(self, index: int) -> Picture:
        """The person's own, unmixed colours in frame `index`, in new memory. Any thread, any time.

        They mean something wherever `truth` is above 0, and are black elsewhere or go on. In each plane
        truth * person + (1 - truth) * room is the picture without noise and compression, to one level; a chroma
        pixel's truth is the mean of its four.
        """
        picture = Picture.empty(self._format.size, self._format.color)
        for plane, black in zip(picture.planes, (16, 128, 128), strict=True):
            plane.fill(black)
        for patch in self._patches(index):
            put(picture, patch)
        return picture

    def render(self, index: int) -> Picture:
        """The picture of frame `index`, noise and all, in new memory. Any thread, any time."""
        picture = self.room(index)
        for patch in self._patches(index):
            over(picture, patch)
        return self._camera.recorded(picture, index)

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

    def _patches(self, index: int) -> list[Patch]:
        """The cast's patches in the light of that frame."""
        seconds = self._seconds(index)
        return [
            Patch(
                patch.rows, patch.columns, *self._camera.exposed((patch.y, patch.u, patch.v), seconds), patch.alpha
            )
            for patch in self._cast.patches(seconds)
        ]

    def _gives(self, index: int) -> bool:
        return not self._closed.is_set() and self._seconds(index) < self._duration

    def _seconds(self, index: int) -> float:
        return float(index / self._format.fps)


def _read(path: Path, how: int) -> NDArray[np.uint8]:
    image: NDArray[np.uint8] | None = cv2.imread(str(path), how)
    if image is None:
        raise SourceError(f"a picture of the sitter is missing or unreadable: {path}", "Install Rimlight again.")
    return image
