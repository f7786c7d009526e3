"""When each sample of a microphone was captured: its own clock against the computer's.

A sound card counts samples with a crystal of its own, up to some hundred parts in a million fast or slow, and its
driver tells the time of each block up to some milliseconds late. Both are found by a Kalman filter of two states,
offset and drift (R. E. Kalman, A New Approach to Linear Filtering and Prediction Problems, 1960).
"""

from __future__ import annotations

from collections import deque
from statistics import median

from typing_extensions import Self

_JITTER = 0.004
"""Seconds by which the time of one block strays, standard deviation: PortAudio's do by 0.1 to 5 ms."""
_DRIFT = 300e-6
"""What crystals stray by, standard deviation, before anything was measured."""
_WANDER = 0.5e-6
"""By how much drift changes in a second: a sound card that warms up changes by some ppm in minutes."""
_STRAY = 0.03
"""Seconds: further off, a block is late for a reason of its own, and nothing is learned of it."""
_LEAP = 0.25
"""Seconds: further off, sound was lost before it."""
_SURE = 0.5
"""Seconds for which blocks are off by more than `_STRAY` until that is sound that was lost, too."""


class SoundClock:
    """Fed with each block; samples are counted from 0. Times are seconds."""

    def __init__(self, rate: int, at: float, drift: float = 0.0) -> None:
        """The first sample was captured `at`. `drift`: what was known before about this microphone."""
        self._rate = rate
        self._start = at
        self._count = 0
        self._offset, self._drift = 0.0, drift
        self._elapsed = 0.0
        # Covariances: of the offset, of both, of the drift.
        self._oo, self._od, self._dd = _JITTER**2, 0.0, _DRIFT**2
        self._strays: deque[tuple[float, float]] = deque()

    @property
    def drift(self) -> float:
        """By how much longer than nominal samples take; 0.0002 is 200 ppm."""
        return self._drift

    def tell(self, at: float, count: int) -> bool:
        """So many samples came, the first of them captured `at`; False if others were lost before it.

        Then nothing is learned: `after` gives the clock to go on with.
        """
        elapsed = self._count / self._rate
        self._predict(elapsed - self._elapsed)
        self._elapsed = elapsed
        off = at - self._start - elapsed - self._offset
        if self._leapt(off, elapsed):
            return False
        if abs(off) < _STRAY:
            self._correct(off)
        self._count += count
        return True

    def after(self, at: float) -> Self:
        """A clock of the same microphone whose first sample was captured `at`."""
        return type(self)(self._rate, at, self._drift)

    def position(self, at: float) -> float:
        """Which sample was captured then, with its fraction."""
        since = (at - self._start - self._elapsed - self._offset) / (1 + self._drift)
        return (self._elapsed + since) * self._rate

    @property
    def pace(self) -> float:
        """Samples that come in a true second."""
        return self._rate / (1 + self._drift)

    def _leapt(self, off: float, elapsed: float) -> bool:
        if abs(off) < _STRAY:
            self._strays.clear()
            return False
        self._strays.append((elapsed, off))
        while elapsed - self._strays[0][0] > _SURE:
            self._strays.popleft()
        if abs(off) > _LEAP:
            return True
        lasted = elapsed - self._strays[0][0] > 0.9 * _SURE
        return lasted and abs(median(stray for _, stray in self._strays)) > _STRAY

    def _predict(self, seconds: float) -> None:
        self._offset += self._drift * seconds
        self._oo += seconds * (2 * self._od + seconds * self._dd)
        self._od += seconds * self._dd
        self._dd += seconds * _WANDER**2

    def _correct(self, off: float) -> None:
        spread = self._oo + _JITTER**2
        gain, drift_gain = self._oo / spread, self._od / spread
        self._offset += gain * off
        self._drift += drift_gain * off
        self._dd -= drift_gain * self._od
        self._od -= gain * self._od
        self._oo -= gain * self._oo
