"""Notices that something hangs, and that the machine slept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_BLINK = 0.25
"""Seconds: the most that one look of the watcher's counts. While the program was stopped, nothing hung."""

_NAP = 1.0
"""Seconds of sleep that are worth a word; clocks that are set by a server stray by less."""


class Watchdog:
    """Tells when something has been at one task for longer than `limit` seconds.

    Only time that the watcher was awake to see counts: a suspended laptop or a stopped process hangs nobody.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._task: int | None = None
        self._looked_at = 0.0
        self._seen = 0.0

    def bites(self, task: int | None, now: float) -> bool:
        """Called again and again with the number of the task that is under way, None if none is."""
        if task is None or task != self._task:
            self._task, self._seen = task, 0.0
        else:
            self._seen += min(_BLINK, now - self._looked_at)
        self._looked_at = now
        return self._seen > self._limit


class Tasks:
    """Numbers what a thread does, for a watchdog: `with tasks: ...`; `current` is None in between."""

    def __init__(self) -> None:
        self._count = 0
        self.current: int | None = None

    def __enter__(self) -> None:
        self._count += 1
        self.current = self._count

    def __exit__(self, *_: object) -> None:
        self.current = None


class SleepWatch:
    """Notices that the machine slept: two clocks, of which one stands still meanwhile."""

    def __init__(
        self, awake: Callable[[], float] = time.monotonic, always: Callable[[], float] | None = None
    ) -> None:
        """Both in seconds; `always` goes on while the machine sleeps."""
        self._awake = awake
        self._always = always or _always
        self._ahead = self._always() - awake()

    def slept(self) -> float:
        """Seconds of sleep since the last call; 0 if the machine was awake."""
        ahead = self._always() - self._awake()
        asleep, self._ahead = ahead - self._ahead, ahead
        return asleep if asleep > _NAP else 0.0


def _always() -> float:
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    # Set by hand or by a server, it jumps as after a sleep: that costs a moment of the card.
    return time.time()
