"""The selfie models through LiteRT: the kernels that MediaPipe runs, without MediaPipe around them.

One shared 2.8 GHz core, calls in turns, best of 450: the general model 5.2 ms where MediaPipe Tasks takes 7.3, the
landscape model 3.0 and 4.6; the first mask after 0.03 s where MediaPipe's comes after 0.8. tests/contracts compare.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from rimlight.errors import SegmenterError
from rimlight.segmenters.chatter import native_chatter_hidden
from rimlight.segmenters.selfie import SelfieModel
from rimlight.types import Mask, Rgb, Segmenter, Size

_SCALE = np.float32(1 / 255)
"""As MediaPipe scales 8-bit pictures. numpy's multiplication straight into the model's input takes 0.05 ms, as long
as the fastest of OpenCV's ways; a look-up table 0.08, OpenCV's multiplication 0.13."""


class LiteRtSegmenter(Segmenter):
    """A selfie model in LiteRT's interpreter, on the thread that calls it and no other."""

    def __init__(self, interpreter: Any, model: SelfieModel) -> None:
        self._interpreter = interpreter
        # Functions that give views of the interpreter's memory, which nobody may hold while it runs.
        self._input = interpreter.tensor(interpreter.get_input_details()[0]["index"])
        self._output = interpreter.tensor(interpreter.get_output_details()[0]["index"])
        self._model = model

    @property
    def name(self) -> str:
        return f"litert {self._model.name}"

    @property
    def size(self) -> Size:
        return self._model.size

    def segment(self, rgb: Rgb) -> Mask:
        try:
            np.multiply(rgb, _SCALE, out=self._input()[0])
            self._interpreter.invoke()
            return Mask(self._output()[0, :, :, 0].copy())
        except (RuntimeError, TypeError, ValueError) as error:
            raise SegmenterError(f"LiteRT failed on a frame: {error}") from error

    def close(self) -> None:
        """Nothing is held beyond memory."""


def has_litert() -> bool:
    """Whether LiteRT is installed; nothing is loaded to find out."""
    return find_spec("ai_edge_litert") is not None


def open_litert(model: SelfieModel) -> LiteRtSegmenter:
    """Loads LiteRT and the model.

    It starts no thread and its library holds no network call, so it needs no seal (tests/test_no_network.py).

    Raises ModelError if the file is not what it should be, SegmenterError if LiteRT is missing or cannot load.
    """
    content = model.checked()
    try:
        with native_chatter_hidden():
            from ai_edge_litert.interpreter import Interpreter

            interpreter = Interpreter(model_content=content, num_threads=1)
            interpreter.allocate_tensors()
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise SegmenterError(
            f"LiteRT cannot be loaded: {reason}",
            "pip install 'rimlight[lean]', or leave --runtime out: what can run here runs the same model.",
        ) from error
    return LiteRtSegmenter(interpreter, model)
