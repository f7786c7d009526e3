"""The selfie models through ONNX Runtime: the leanest way to run them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.errors import SegmenterError
from rimlight.protocols import Segmenter
from rimlight.segmenters.onnx_runtime import open_session
from rimlight.segmenters.selfie import SelfieModel
from rimlight.types import Mask, Rgb, Size


class SelfieOnnxSegmenter(Segmenter):
    """A selfie model in ONNX Runtime, on the thread that calls it and no other."""

    def __init__(self, session: Any, model: SelfieModel) -> None:
        self._session = session
        self._model = model
        width, height = model.size
        self._planes: NDArray[np.float32] = np.empty((1, 3, height, width), np.float32)

    @property
    def name(self) -> str:
        return f"onnx {self._model.name}"

    @property
    def size(self) -> Size:
        return self._model.size

    def segment(self, rgb: Rgb) -> Mask:
        try:
            for plane, channel in zip(self._planes[0], cv2.split(rgb), strict=True):
                np.copyto(plane, channel)
            ((corners,),) = self._session.run(None, {"rgb": self._planes})
        except Exception as error:  # its errors have no class in common but this
            raise SegmenterError(f"ONNX Runtime failed on a frame: {error}") from error
        return _interleaved(corners, self.size)

    def close(self) -> None:
        """Nothing is held beyond memory."""


def open_selfie_onnx(model: SelfieModel) -> SelfieOnnxSegmenter:
    """Loads ONNX Runtime and the model.

    Raises ModelError if the file is not what it should be, SegmenterError if ONNX Runtime is missing or does not
    load.
    """
    content = model.onnx.checked()
    try:
        return SelfieOnnxSegmenter(open_session(content, threads=1), model)
    except Exception as error:  # its errors have no class in common but this
        reason = str(error).partition("\n")[0]
        raise SegmenterError(
            f"ONNX Runtime cannot be loaded: {reason}",
            "pip install 'rimlight[lean]', or leave --runtime out: what can run here runs the same model.",
        ) from error


def _interleaved(corners: NDArray[np.float32], size: Size) -> Mask:
    """One plane of four: upper left, upper right, lower left and lower right of each 2x2 pixels."""
    mask = np.empty((size.height, size.width), np.float32)
    mask[0::2] = cv2.merge(tuple(corners[:2])).reshape(-1, size.width)
    mask[1::2] = cv2.merge(tuple(corners[2:])).reshape(-1, size.width)
    return Mask(mask)
