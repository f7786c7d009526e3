"""The selfie models through MediaPipe Tasks: always installed, two to five times faster than OpenCV's DNN."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rimlight.errors import SegmenterError
from rimlight.protocols import Segmenter
from rimlight.segmenters.chatter import native_chatter_hidden
from rimlight.segmenters.sealed import run_sealed
from rimlight.segmenters.selfie import SelfieModel
from rimlight.types import Mask, Rgb, Size

_HINT = (
    "Leave --runtime out: what can run here runs the same model. "
    "MediaPipe wants Linux with libEGL.so.1 and libGLESv2.so.2 (Debian: apt-get install libegl1 libgles2)."
)


class MediaPipeSegmenter(Segmenter):
    """A selfie model in MediaPipe's ImageSegmenter, in its image mode, fed at the model's own size.

    The confidence mask is used, never the thresholded category mask.
    """

    def __init__(self, task: Any, image: Callable[[Rgb], Any], model: SelfieModel) -> None:
        self._task = task
        self._image = image
        self._model = model

    @property
    def name(self) -> str:
        return f"mediapipe {self._model.name}"

    @property
    def size(self) -> Size:
        return self._model.size

    def segment(self, rgb: Rgb) -> Mask:
        try:
            result = self._task.segment(self._image(rgb))
            view = result.confidence_masks[0].numpy_view()
        except Exception as error:
            raise SegmenterError(f"MediaPipe failed on a frame: {error}") from error
        # A copy, because the view dies with `result`.
        mask = np.array(view, np.float32).reshape(view.shape[:2])
        return Mask(mask)

    def close(self) -> None:
        self._task.close()


def open_mediapipe(model: SelfieModel) -> MediaPipeSegmenter:
    """Loads MediaPipe (a second or two) and the model.

    Raises ModelError if the file is not what it should be, SegmenterError if MediaPipe cannot be loaded, for
    instance because libEGL.so.1 or libGLESv2.so.2 is missing, or cannot be kept off the network.
    """
    return MediaPipeSegmenter(*open_task(model), model)


def open_task(model: SelfieModel, *, categories: bool = False) -> tuple[Any, Callable[[Rgb], Any]]:
    """MediaPipe's ImageSegmenter, giving confidences or, instead, categories; and what makes its images of RGB.

    Raises as `open_mediapipe`.
    """
    content = model.tflite.checked()

    def load() -> tuple[Any, Callable[[Rgb], Any]]:
        with native_chatter_hidden():
            from mediapipe.tasks.python.core.base_options import BaseOptions
            from mediapipe.tasks.python.vision.core.image import Image, ImageFormat
            from mediapipe.tasks.python.vision.image_segmenter import ImageSegmenter, ImageSegmenterOptions

            options = ImageSegmenterOptions(
                base_options=BaseOptions(model_asset_buffer=content),
                output_confidence_masks=not categories,
                output_category_mask=categories,
            )
            return ImageSegmenter.create_from_options(options), lambda rgb: Image(ImageFormat.SRGB, rgb)

    try:
        _check_system()
        return run_sealed(load)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise SegmenterError(f"MediaPipe cannot be loaded: {error}", _HINT) from error


def _check_system() -> None:
    """Raises OSError where the library would end the whole process instead of failing."""
    if sys.platform == "linux" and not Path("/sys/devices/system/cpu").is_dir():
        raise OSError("its allocator needs /sys, which is not mounted here")
