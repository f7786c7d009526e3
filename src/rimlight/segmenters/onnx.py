"""Matting models from ONNX files, through ONNX Runtime: RobustVideoMatting, or what else the user brings."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from rimlight.errors import ModelError, SegmenterError
from rimlight.plain_file import read_plain
from rimlight.protocols import Segmenter
from rimlight.segmenters import quarantine
from rimlight.segmenters.nets import Net, recognised
from rimlight.segmenters.onnx_runtime import open_session
from rimlight.types import Mask, Rgb, Size

LONG_SIDES = (256, 344, 384, 512)
"""Sizes to choose from, in pixels of the input's long side.

RobustVideoMatting's boundary IoU (keyed/other clips) and milliseconds (16:9) on a shared 2.8 GHz core:
0.78/0.80 and 35 ms, 0.85/0.86 and 60 ms, 0.87/0.87 and 75 ms, 0.88/0.89 and 134 ms.
"""

SMALLEST = 32
"""Pixels of the short side at least: networks halve four or five times."""

MOST_BYTES = 512 << 20
"""Largest file that is read. RobustVideoMatting has 15 MB, its larger variant 107 MB."""

_RUNS = 3
"""Timed runs for each size, after one that is not: the first allocates."""


class OnnxSegmenter(Segmenter):
    """A network of `nets.py` at one size."""

    def __init__(self, net: Net, size: Size, name: str) -> None:
        self._net = net
        self._size = size
        self._name = name

    @property
    def name(self) -> str:
        return f"onnx {self._name} {self._size}"

    @property
    def size(self) -> Size:
        return self._size

    @property
    def is_matte(self) -> bool:
        return self._net.is_matte

    @property
    def foreground(self) -> Rgb | None:
        return self._net.foreground()

    def reset(self) -> None:
        self._net.reset()

    def segment(self, rgb: Rgb) -> Mask:
        return self._net.run(rgb)

    def close(self) -> None:
        """Nothing is held beyond memory."""


def open_onnx(file: Path, picture: Size, budget: float | None = None) -> OnnxSegmenter:
    """Loads the model, for pictures of about the proportions of `picture`, once it has been tried elsewhere.

    `budget`: seconds that one run may take, which picks the size by a trial, on a thread or two; None: the largest
    size, always the same, and both threads. A model of one fixed size has that.

    Raises ModelError if the file cannot be read, is no model, one of an unknown kind, or harmful, SegmenterError
    if ONNX Runtime is not installed or cannot be loaded.
    """
    content = _content(file)
    quarantine.check(content, file, picture)
    return opened(content, file, picture, budget)


def opened(content: bytes, file: Path, picture: Size, budget: float | None) -> OnnxSegmenter:
    """The same of what is in the file, in this process."""
    session = _session(content, file, _threads(budget is not None))
    try:
        net = recognised(session, file.name)
    except UnicodeError as error:
        raise ModelError(f"{file} is damaged: its names are no text", "Give a whole .onnx file.") from error
    try:
        size = net.fixed or _picked(net, picture, budget)
        net.prepare(size)
        _trial(net, size)
    except SegmenterError as error:
        raise ModelError(f"{file} cannot be used: {error.what}", "Give another model: rimlight models") from error
    net.reset()
    return OnnxSegmenter(net, size, file.stem)


def _threads(live: bool) -> int:
    """Two at most: more gain little at these sizes. Live on two cores one is left for everything else."""
    return min(2, (os.cpu_count() or 1) // 2 or 1) if live else min(2, os.cpu_count() or 1)


def _session(content: bytes, file: Path, threads: int) -> Any:
    try:
        return open_session(content, threads)
    except ImportError as error:
        raise SegmenterError(
            f"{file} needs ONNX Runtime, which is not installed: {error}", "pip install 'rimlight[best]'"
        ) from error
    except OSError as error:
        raise SegmenterError(f"{file} needs ONNX Runtime, which cannot be loaded: {error}") from error
    except Exception as error:  # the runtime's errors have no class in common but this
        reason = str(error).splitlines()[0]
        raise ModelError(f"ONNX Runtime cannot load {file}: {reason}", "Give a whole .onnx file.") from error


def _content(file: Path) -> bytes:
    try:
        return read_plain(file, MOST_BYTES)
    except OSError as error:
        hint = "Check its name and folder."
        if error.errno == errno.EFBIG:
            hint = "Give a smaller model: one of that size could not keep up with a camera."
        raise ModelError(f"the model {file} cannot be read: {error.strerror}", hint) from error


def _picked(net: Net, picture: Size, budget: float | None) -> Size:
    sizes = [_sized(picture, side, net.step) for side in LONG_SIDES]
    if budget is None:
        return sizes[-1]
    for i, size in enumerate(sizes[1:]):
        net.prepare(size)
        if _trial(net, size) > budget:
            return sizes[i]
    return sizes[-1]


def _sized(picture: Size, long_side: int, step: int) -> Size:
    """The picture's proportions, as nearly as multiples of `step` allow."""
    ratio = long_side / max(picture)
    return Size(*(max(SMALLEST, round(side * ratio / step) * step) for side in picture))


def _trial(net: Net, size: Size) -> float:
    """Seconds that a run takes. Raises SegmenterError if the model cannot be run at this size."""
    gray = np.full((size.height, size.width, 3), 128, np.uint8)
    taken = []
    for _ in range(1 + _RUNS):
        start = time.perf_counter()
        net.run(gray)
        taken.append(time.perf_counter() - start)
    return median(taken[1:])
