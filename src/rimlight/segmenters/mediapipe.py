"""The selfie models through MediaPipe Tasks: the default, two to five times faster than OpenCV's DNN."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from rimlight.errors import SegmenterError
from rimlight.segmenters.selfie import SelfieModel
from rimlight.types import Mask, Rgb, Segmenter, Size


class MediaPipeSegmenter(Segmenter):
    """A selfie model in MediaPipe's ImageSegmenter, in its image mode, fed at the model's own size.

    The confidence mask is used, never the thresholded category mask.
    """

    def __init__(self, task: Any, image: Any, model: SelfieModel) -> None:
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
    instance because libEGL.so.1 or libGLESv2.so.2 is missing.
    """
    content = model.checked()
    try:
        with _native_chatter_hidden():
            from mediapipe.tasks.python.core.base_options import BaseOptions
            from mediapipe.tasks.python.vision.core.image import Image, ImageFormat
            from mediapipe.tasks.python.vision.image_segmenter import ImageSegmenter, ImageSegmenterOptions

            options = ImageSegmenterOptions(base_options=BaseOptions(model_asset_buffer=content))
            task = ImageSegmenter.create_from_options(options)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise SegmenterError(f"MediaPipe cannot be loaded: {error}") from error
    return MediaPipeSegmenter(task, lambda rgb: Image(ImageFormat.SRGB, rgb), model)


@contextlib.contextmanager
def _native_chatter_hidden() -> Iterator[None]:
    """Sends file descriptor 2 to nowhere: the library writes there before its logging can be configured.

    What goes wrong still arrives as an exception.
    """
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
