"""Opens a model beside a run, which goes on meanwhile, and times it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from rimlight.protocols import Closes, Segmenter

_TRIALS = 3
"""Timed looks, after one that is not: the first allocates."""


class Opening(Closes):
    """Begins at once, in its own thread. What it opened is the taker's; closing closes it if nobody took it."""

    def __init__(self, open_model: Callable[[], Segmenter]) -> None:
        self._open_model = open_model
        self._lock = threading.Lock()
        self._opened: tuple[Segmenter, float] | None = None
        self._error: BaseException | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="opening", daemon=True)
        self._thread.start()

    def taken(self) -> tuple[Segmenter, float] | None:
        """The model, and the seconds of a look; None while it is not open, or once it was taken. Never waits.

        Raises what opening or trying it raised.
        """
        with self._lock:
            if self._error is not None:
                raise self._error
            opened, self._opened = self._opened, None
            return opened

    def close(self) -> None:
        """Does not wait: what is still to be opened is closed by its own thread."""
        with self._lock:
            self._closed = True
            opened, self._opened = self._opened, None
        if opened is not None:
            opened[0].close()

    def _run(self) -> None:
        try:
            segmenter = self._open_model()
            try:
                opened = segmenter, look_time(segmenter)
            except BaseException:
                segmenter.close()
                raise
        except BaseException as error:  # noqa: BLE001  raised again in the taker's thread
            with self._lock:
                self._error = error
            return
        with self._lock:
            if not self._closed:
                self._opened = opened
                return
        segmenter.close()


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
