"""Views: ways to fit a picture, or a part of it, into the model's input, and to take the mask back out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rimlight.picture import resize, rgb_at, shrunk
from rimlight.region import Region
from rimlight.types import Color, Mask, Planes, Rgb, Size


@dataclass(frozen=True, slots=True)
class View:
    """Where a picture lies in the model's input: `inner` pixels, `left` and `top` from the corner."""

    model: Size
    inner: Size
    left: int
    top: int
    part: Region | None = None
    """What of the picture it shows, in pixels of its luma; None: all."""
    mirrored: bool = False
    """Left and right exchanged: the model sees another picture of the same thing."""

    def take(self, planes: Planes, color: Color) -> Rgb:
        """The model's input, (model.height, model.width, 3): the picture, its edge repeated into the bars."""
        if self.part is not None:
            planes = Planes(self.part.of(planes.y), self.part.of(planes.u, 2), self.part.of(planes.v, 2))
        rgb = rgb_at(shrunk(planes, self.inner), color)
        if self.inner != self.model:
            right = self.model.width - self.left - self.inner.width
            bottom = self.model.height - self.top - self.inner.height
            rgb = cv2.copyMakeBorder(rgb, self.top, bottom, self.left, right, cv2.BORDER_REPLICATE)
        return cv2.flip(rgb, 1) if self.mirrored else rgb

    def back(self, mask: Mask, picture: Size, size: Size) -> Mask:
        """What the model said, on the whole picture: (size.height, size.width), 0 where the view does not look.

        `picture` is the size of the luma that `take` was given.
        """
        if self.mirrored:
            mask = Mask(cv2.flip(mask, 1))
        mask = Mask(mask[self.top : self.top + self.inner.height, self.left : self.left + self.inner.width])
        if self.part is None:
            return Mask(resize(mask, size))
        left, top, right, bottom = self.part
        wide, high = size.width / picture.width, size.height / picture.height
        across = (right - left) * wide / self.inner.width
        down = (bottom - top) * high / self.inner.height
        # Pixels are areas: the middle of the first is half a pixel in.
        there = np.array(
            [[across, 0, left * wide + across / 2 - 0.5], [0, down, top * high + down / 2 - 0.5]], np.float64
        )
        placed: Mask = cv2.warpAffine(mask, there, tuple(size), flags=cv2.INTER_LINEAR)
        return placed


SPENT = 0.75
"""Part of the model's input, each way, that a squeezed picture fills at least: at 16:9 half-way to squashing."""


def fitted(picture: Size, model: Size) -> View:
    """At the bottom, centred, with bars above; proportions are kept, except those of tall pictures.

    At the bottom, because persons come into pictures from there: bars below would cut the body off. Repeating the
    edge into the bars scores 0.76/0.73 boundary IoU (keyed/other clips) where black bars score 0.73/0.70. Squashing
    wide pictures costs keyed clips 0.10, and takes a coat on the wall for a person; keeping the proportions of tall
    ones costs these 0.10.
    """
    return _laid(picture, model, 0 if picture.width > picture.height else SPENT)


def squeezed(picture: Size, model: Size) -> View:
    """As `fitted`, with smaller bars, for which wide pictures give up proportions too: another way to see them."""
    return _laid(picture, model, SPENT)


def _laid(picture: Size, model: Size, spent: float) -> View:
    ratio = min(model.width / picture.width, model.height / picture.height)
    sides = (max(1, side * ratio, spent * whole) for side, whole in zip(picture, model, strict=True))
    inner = Size(*(round(side) for side in sides))
    return View(model, inner, (model.width - inner.width) // 2, model.height - inner.height)


def squashed(picture: Size, model: Size) -> View:  # noqa: ARG001 a Framing as `fitted` is one
    """The whole input filled, proportions lost: every input pixel is spent on the picture."""
    return View(model, model, 0, 0)


def grid(picture: Size, model: Size) -> Size:
    """The size of masks of a whole picture: its proportions, as many pixels on the long side as the model's."""
    ratio = min(1.0, max(model) / max(picture))
    return Size(max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
