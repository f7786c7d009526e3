"""The same selfie models through OpenCV's own DNN module: slower, and needs no system library of MediaPipe's."""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.errors import SegmenterError
from rimlight.protocols import Segmenter
from rimlight.segmenters.selfie import SelfieModel
from rimlight.types import Mask, Rgb, Size


class OpenCvSegmenter(Segmenter):
    """A selfie model in `cv2.dnn`: masks equal MediaPipe's to 2e-4 (tests/contracts hold it to 1e-3)."""

    def __init__(self, net: cv2.dnn.Net, model: SelfieModel) -> None:
        self._net = net
        self._model = model

    @property
    def name(self) -> str:
        return f"opencv {self._model.name}"

    @property
    def size(self) -> Size:
        return self._model.size

    def segment(self, rgb: Rgb) -> Mask:
        try:
            self._net.setInput(cv2.dnn.blobFromImage(rgb, 1 / 255))
            answer = self._net.forward()
        except cv2.error as error:
            raise SegmenterError(f"OpenCV's DNN failed on a frame: {error}") from error
        return Mask(np.array(answer, np.float32).reshape(self.size.height, self.size.width))

    def close(self) -> None:
        """Nothing is held beyond memory."""


def open_opencv(model: SelfieModel) -> OpenCvSegmenter:
    """Loads the model.

    Raises ModelError if the file is not what it should be, SegmenterError if OpenCV cannot read it.
    """
    content = np.frombuffer(model.tflite.checked(), np.uint8)
    try:
        net = cv2.dnn.readNetFromTFLite(content)
    except cv2.error as error:
        raise SegmenterError(f"OpenCV's DNN cannot read {model.tflite.path}: {error}") from error
    return OpenCvSegmenter(net, model)
