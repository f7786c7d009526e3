"""How loud a microphone is, as a user is told: bars that move, and decibels below the loudest there is."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from rimlight.types import Sound

_STEP = 0.25
"""Seconds of sound that a bar stands for."""
_BARS = "▁▂▃▄▅▆▇█"
_SHOWN = 3
_QUIETEST = -60.0
"""Decibels of the lowest bar: a quiet room."""


class Loudness:
    """Of the last moments. May be read by any thread while one tells it."""

    def __init__(self) -> None:
        self._peaks: deque[float] = deque([0.0] * _SHOWN, maxlen=_SHOWN)
        self._loudest = 0.0
        self._seconds = 0.0

    def tell(self, sound: Sound) -> None:
        """The next piece."""
        if len(sound.samples):
            self._loudest = max(self._loudest, float(np.abs(sound.samples).max()))
        self._seconds += len(sound.samples) / sound.rate
        if self._seconds >= _STEP:
            self._peaks.append(self._loudest)
            self._loudest, self._seconds = 0.0, 0.0

    def __str__(self) -> str:
        """'▂▅▇ -12 dB': the peaks of the last quarters of a second, the loudest of them in dB of full scale."""
        peaks = list(self._peaks)
        loudest = decibels(max(peaks))
        told = "silent" if loudest == -math.inf else f"{loudest:.0f} dB"
        return f"{''.join(map(_bar, peaks))} {told}"


def decibels(peak: float) -> float:
    """Of full scale, 0 or less; minus infinity for digital silence."""
    return 20 * math.log10(min(1.0, peak)) if peak > 0 else -math.inf


def _bar(peak: float) -> str:
    share = (max(_QUIETEST, decibels(peak)) - _QUIETEST) / -_QUIETEST
    return _BARS[min(len(_BARS) - 1, int(share * len(_BARS)))]
