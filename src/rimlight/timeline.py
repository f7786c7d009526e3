"""Where what was captured lies in a recording: from its first picture on, without its pauses."""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from dataclasses import dataclass


@dataclass
class _Span:
    """What is recorded from `begin` to `end`, on the run's clock, lies from `place` on."""

    begin: float
    place: float
    end: float = math.inf

    @property
    def ends_at(self) -> float:
        return self.place + self.end - self.begin


class Timeline:
    """Times are seconds: of the run's clock (`at`), and of the recording (`place`). Used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[_Span] = []
        self._paused = False

    @property
    def paused(self) -> bool:
        return self._paused

    def begin(self, at: float) -> None:
        """The first picture was captured then; the recording begins with it. Later calls do nothing."""
        with self._lock:
            if not self._spans and not self._paused:
                self._spans.append(_Span(at, 0.0))

    def pause(self, at: float) -> None:
        """What is captured from `at` on is left out."""
        with self._lock:
            if not self._paused and self._spans:
                last = self._spans[-1]
                last.end = max(at, last.begin)
            self._paused = True

    def resume(self, at: float) -> None:
        """What is captured from `at` on follows at once."""
        with self._lock:
            if self._paused and self._spans:
                last = self._spans[-1]
                self._spans.append(_Span(max(at, last.end), last.ends_at))
            self._paused = False

    def place(self, at: float) -> float | None:
        """Where it lies in the recording; None if it is left out."""
        with self._lock:
            index = bisect_right(self._spans, at, key=lambda span: span.begin) - 1
            if index < 0 or at >= self._spans[index].end:
                return None
            return self._spans[index].place + at - self._spans[index].begin

    def captured(self, place: float) -> tuple[float, float]:
        """When what lies there was or will be captured, and up to which place that goes on without a cut.

        The place is 0 or more, and the recording has begun. Both are infinite where it ends, or pauses.
        """
        with self._lock:
            index = max(0, bisect_right(self._spans, place, key=lambda span: span.place) - 1)
            # By a rounding error, the end of one span may lie before the next one's begin.
            for span in self._spans[index:]:
                at = span.begin + max(0.0, place - span.place)
                if at < span.end:
                    return at, span.ends_at
        return math.inf, math.inf
