"""The pipeline that tutorials show, for comparison: what `docs/how-it-looks.md` sets Rimlight's pictures against.

The landscape selfie model on the whole frame squashed to its size, its mask enlarged and cut at one half, a
Gaussian blur of the whole frame, and numpy's choice between the two: what one writes first.
"""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.picture import to_bgr
from rimlight.protocols import Closes
from rimlight.segmenters.mediapipe import open_mediapipe
from rimlight.segmenters.selfie import LANDSCAPE
from rimlight.types import Alpha, Bgr, Picture

_KERNEL = (55, 55)


class Tutorial(Closes):
    """One frame at a time, without a past."""

    def __init__(self) -> None:
        self._segmenter = open_mediapipe(LANDSCAPE)

    def matte(self, picture: Picture) -> Alpha:
        """All or nothing, (H, W)."""
        rgb = cv2.cvtColor(to_bgr(picture), cv2.COLOR_BGR2RGB)
        mask = self._segmenter.segment(cv2.resize(rgb, tuple(self._segmenter.size)))
        return Alpha(np.where(cv2.resize(mask, tuple(picture.size)) > 0.5, 255, 0).astype(np.uint8))

    def close(self) -> None:
        self._segmenter.close()


def composited(picture: Picture, matte: Alpha, background: Bgr | None = None) -> Bgr:
    """The person before `background`, or before the blurred frame."""
    frame = to_bgr(picture)
    behind = cv2.GaussianBlur(frame, _KERNEL, 0) if background is None else background
    chosen: Bgr = np.where(matte[..., None] > 127, frame, behind)
    return chosen
