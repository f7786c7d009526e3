"""Another background in the colours of a photo's profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2

from rimlight.picture import from_bgr, scale, size_of, to_bgr
from rimlight.protocols import Background
from rimlight.types import Cut, Picture, Plane, Rgb, Size

_LONG_SIDE = 1200
"""Pixels at which the change of colours is found: it varies as slowly as the colours do."""


class ProfiledBackground(Background):
    """Does not own the other background. One made of the photo's own colours (`reduced`) is left as it is."""

    def __init__(self, background: Background, convert: Callable[[Rgb], Rgb]) -> None:
        """`convert` takes RGB in the background's colours and gives it in the photo's."""
        self._background = background
        self._convert = convert

    @property
    def name(self) -> str:
        return self._background.name

    def reduced(self, cut: Cut) -> Sequence[Plane] | None:
        return self._background.reduced(cut)

    def paint(self, cut: Cut, out: Picture) -> None:
        self._background.paint(cut, out)
        width, height = out.size
        ratio = min(1.0, _LONG_SIDE / max(width, height))
        small = scale(out, Size(*(max(2, round(side * ratio / 2) * 2) for side in (width, height))))
        rgb = cv2.cvtColor(to_bgr(small), cv2.COLOR_BGR2RGB)
        changed = from_bgr(cv2.cvtColor(self._convert(rgb), cv2.COLOR_RGB2BGR), out.color)
        for before, after, plane in zip(small.planes, changed.planes, out.planes, strict=True):
            change = cv2.subtract(after, before, dtype=cv2.CV_16S)
            cv2.add(plane, cv2.resize(change, size_of(plane)), plane, dtype=cv2.CV_8U)

    def close(self) -> None:
        """Nothing is held."""
