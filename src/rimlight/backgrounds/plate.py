"""A background that stands still: its plate is made once for each kind of picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rimlight.protocols import Background
from rimlight.types import Color, Cut, Picture, Size


class PlateBackground(Background):
    """Shows what `make` gives for a picture's size and colour tags."""

    def __init__(self, name: str, make: Callable[[Size, Color], Picture]) -> None:
        self._name = name
        self._make = make
        self._plate: Picture | None = None

    @property
    def name(self) -> str:
        return self._name

    def paint(self, cut: Cut, out: Picture) -> None:  # noqa: ARG002
        size, color = out.size, out.color
        if self._plate is None or (self._plate.size, self._plate.color) != (size, color):
            self._plate = self._make(size, color)
        np.copyto(out.i420, self._plate.i420)

    def close(self) -> None:
        """Nothing is held."""
