"""No model: always the same head and shoulders. For tests, and for trying the rest without a model."""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.protocols import Segmenter
from rimlight.types import Mask, Rgb, Size


class EllipseSegmenter(Segmenter):
    """A soft-edged head over soft-edged shoulders in the middle of the picture, whatever the picture."""

    name = "ellipse"

    def __init__(self, size: Size = Size(256, 256)) -> None:
        self._size = size
        drawn = np.zeros((size.height, size.width), np.float32)
        width, height = size
        for center, axes in (((0.5, 0.42), (0.13, 0.22)), ((0.5, 1.0), (0.33, 0.42))):
            at = (round(center[0] * width), round(center[1] * height))
            cv2.ellipse(drawn, at, (round(axes[0] * width), round(axes[1] * height)), 0, 0, 360, 1.0, cv2.FILLED)
        self._mask = cv2.blur(drawn, (5, 5))

    @property
    def size(self) -> Size:
        return self._size

    def segment(self, rgb: Rgb) -> Mask:  # noqa: ARG002
        return Mask(self._mask.copy())

    def close(self) -> None:
        """Nothing is held."""
