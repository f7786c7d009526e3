"""A fixed cadence against absolute deadlines: errors of one tick never add up to drift."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from fractions import Fraction


class Pacer:
    """Ticks `fps` times a second, counted from the first `wait`.

    `clock` gives seconds and never goes back; `sleep` waits that long. Tests pass simulated ones.
    """

    def __init__(
        self,
        fps: Fraction,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if fps <= 0:
            raise ValueError(f"a cadence needs a positive rate, not {fps}")
        self._fps = fps
        self._clock = clock
        self._sleep = sleep
        self._start: float | None = None
        self._tick = -1

    def wait(self) -> tuple[int, float]:
        """Waits for the next tick: its number from 0, and its deadline on the clock.

        Whoever comes late gets the newest tick that is due; those in between are skipped, never caught up.
        """
        now = self._clock()
        if self._start is None:
            self._start = now
        due = math.floor((now - self._start) * self._fps)
        self._tick = max(self._tick + 1, due)
        deadline = self._start + float(self._tick / self._fps)
        if deadline > now:
            self._sleep(deadline - now)
        return self._tick, deadline
