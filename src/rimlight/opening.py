"""Opens a model beside a run, which goes on meanwhile, and times it."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import numpy as np

from rimlight.pending import Pending
from rimlight.protocols import Segmenter

_TRIALS = 3
"""Timed looks, after one that is not: the first allocates."""


class Timed(NamedTuple):
    """An open model, and the seconds of a look."""

    segmenter: Segmenter
    seconds: float

    def close(self) -> None:
        """Closes the model."""
        self.segmenter.close()


def open_timed(open_model: Callable[[], Segmenter]) -> Pending[Timed]:
    """Begins at once. Raises, when it is taken, what opening or trying the model raised."""

    def open_and_try() -> Timed:
        segmenter = open_model()
        try:
            return Timed(segmenter, look_time(segmenter))
        except BaseException:
            segmenter.close()
            raise

    return Pending(open_and_try, "opening")


def look_time(segmenter: Segmenter) -> float:
    """Seconds that the model looks at a picture, whose past it then forgets. Raises SegmenterError if it fails."""
    gray = np.full((segmenter.size.height, segmenter.size.width, 3), 128, np.uint8)
    segmenter.segment(gray)
    taken = []
    for _ in range(_TRIALS):
        start = time.perf_counter()
        segmenter.segment(gray)
        taken.append(time.perf_counter() - start)
    segmenter.reset()
    return median(taken)
