"""What goes wrong in a run and what becomes of it: counted by kind, and told in one line each."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Literal

Kind = Literal[
    "camera lost",
    "camera stuck",
    "camera frozen",
    "camera resized",
    "camera back",
    "camera off",
    "camera on",
    "model failed",
    "model hung",
    "model back",
    "matte refused",
    "output refused",
    "sink lost",
    "sink stuck",
    "sink back",
    "slept",
]

_QUIET = 10.0
"""Seconds for which the same line is not said again."""


class Journal:
    """Any thread may write; one reads the lines."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._said: dict[str, float] = {}
        self._lines: SimpleQueue[str] = SimpleQueue()

    def happened(self, kind: Kind, line: str = "") -> None:
        """Counts one of that kind. The line is said, unless it was within the last seconds."""
        with self._lock:
            self._counts[kind] += 1
            now = self._clock()
            if line and now - self._said.get(line, -_QUIET) >= _QUIET:
                self._said = {old: at for old, at in self._said.items() if now - at < _QUIET} | {line: now}
                self._lines.put(line)

    def say(self, line: str) -> None:
        """Says a line."""
        self._lines.put(line)

    def line(self) -> str | None:
        """The next line to be told."""
        try:
            return self._lines.get_nowait()
        except Empty:
            return None

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each kind has happened."""
        with self._lock:
            return dict(self._counts)
