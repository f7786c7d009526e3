"""A small staged room with a person in front, and mattes of them: what the room is learned from."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.types import Alpha, Plane, Planes

WIDTH, HEIGHT = 192, 108
_WIDER = 16
"""Pixels of the room beyond each side of the frame."""

Levels = NDArray[np.float32]


@dataclass
class Stage:
    """Draws pictures; every setting may change from one to the next."""

    x: float = 96.0
    """Where the person is; beyond the frame, nobody is."""
    shirt: tuple[float, float, float] = (90.0, 110.0, 190.0)
    """Y, U and V."""
    gain: float = 1.0
    nudge: int = 0
    """Pixels by which the camera was pushed to the right."""
    noise: float = 1.0
    seed: int = 0
    """Of the room."""
    thing: int | None = None
    """Where something dark stands, 24 pixels wide."""
    shadow: float = 0.0
    """By how much the person darkens what is within 12 pixels to the right."""
    wall: float = 0.0
    """0: a room full of things; 1: an empty wall."""
    _noise: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def room(self) -> Planes:
        """The room alone, in its light, without noise."""
        return _planes(self._lit(self._behind()))

    def truth(self, x: float | None = None) -> Alpha:
        """The person's exact matte, or that of somebody at `x`."""
        fine = np.zeros((4 * HEIGHT, 4 * WIDTH), np.uint8)
        center = round(4 * (self.x if x is None else x))
        cv2.circle(fine, (center, 4 * 40), 4 * 16, 255, cv2.FILLED)
        cv2.ellipse(fine, (center, 4 * 112), (4 * 34, 4 * 54), 0, 0, 360, 255, cv2.FILLED)
        return Alpha(cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))

    def shot(self) -> Planes:
        """What the camera sees."""
        behind = self._behind()
        if self.shadow:
            cast = np.roll(self.truth(), 12, axis=1).astype(np.float32) / 255
            behind[0] = 16 + (behind[0] - 16) * (1 - self.shadow * cast)
            behind[1:] = 128 + (behind[1:] - 128) * (1 - self.shadow * cast)
        share = self.truth().astype(np.float32) / 255
        person = np.stack([np.full((HEIGHT, WIDTH), level, np.float32) for level in self.shirt])
        rows = np.arange(HEIGHT)[:, None] + np.zeros(WIDTH)
        person[0] += 6 * np.sin(rows / 3 + np.arange(WIDTH) / 5)
        person[:, :50] = np.array([150, 112, 148], np.float32)[:, None, None]
        seen = self._lit(np.add(share * person, (1 - share) * behind, dtype=np.float32))
        return _planes(
            seen + self._noise.normal(0, 1, seen.shape) * self.noise * np.array([1, 0.4, 0.4])[:, None, None]
        )

    def _behind(self) -> Levels:
        random = np.random.default_rng(self.seed)
        shape = (HEIGHT, WIDTH + 2 * _WIDER)
        coarse = random.normal(0, 1, (3, shape[0] // 6 + 1, shape[1] // 6 + 1)).astype(np.float32)
        things = np.stack([cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_NEAREST) for plane in coarse])
        scales = np.array([30, 9, 9], np.float32)[:, None, None] * (1 - self.wall)
        levels = np.array([140, 122, 134], np.float32)[:, None, None] + scales * things
        behind: Levels = levels[:, :, _WIDER + self.nudge : _WIDER + self.nudge + WIDTH].copy()
        if self.thing is not None:
            behind[:, 20:, self.thing : self.thing + 24] = np.array([45, 128, 128], np.float32)[:, None, None]
        return behind

    def _lit(self, levels: Levels) -> Levels:
        black = np.array([16, 128, 128], np.float32)[:, None, None]
        return black + (levels - black) * self.gain


def _planes(levels: Levels) -> Planes:
    y, u, v = (np.rint(plane).clip(0, 255).astype(np.uint8) for plane in levels)
    half = (WIDTH // 2, HEIGHT // 2)
    return Planes(y, *(cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (u, v)))


def widened(alpha: Plane, pixels: int) -> Alpha:
    """The matte of a model that takes a margin of room for the person, its edge soft."""
    wide = cv2.dilate(alpha, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1,) * 2))
    return Alpha(cv2.GaussianBlur(wide, (0, 0), 1.5))


def error(alpha: Plane, truth: Plane) -> float:
    """Mean absolute difference, x 1000."""
    return float(cv2.absdiff(alpha, truth).mean()) / 0.255
