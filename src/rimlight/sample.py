"""MediaPipe's own segmentation sample, as published: the yardstick of `rimlight bench`.

https://ai.google.dev/edge/mediapipe/solutions/vision/image_segmenter/python: the task on the full frame, its
category mask, a Gaussian blur of the whole frame, and numpy's choice between the two.
"""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.protocols import Closes
from rimlight.segmenters.mediapipe import open_task
from rimlight.segmenters.selfie import SelfieModel
from rimlight.types import Bgr, Rgb

KERNEL = (55, 55)
THRESHOLD = 0.1


class Sample(Closes):
    """Frame in memory to blurred composite, the sample's way."""

    def __init__(self, model: SelfieModel) -> None:
        self._task, self._image = open_task(model, categories=True)

    def process(self, rgb: Rgb) -> Bgr:
        """(H, W, 3) RGB to (H, W, 3) BGR."""
        categories = self._task.segment(self._image(rgb)).category_mask.numpy_view()
        picture = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        blurred = cv2.GaussianBlur(picture, KERNEL, 0)
        person = np.stack((categories.reshape(rgb.shape[:2]),) * 3, axis=-1) > THRESHOLD
        composited: Bgr = np.where(person, picture, blurred)
        return composited

    def close(self) -> None:
        self._task.close()
