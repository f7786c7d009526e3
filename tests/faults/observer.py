"""What a sink saw, by the clock: how long until the card, and until live pictures again."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from rimlight.types import Output

_KEPT = 3000
"""Outputs that are remembered: ten seconds of the fastest runs."""


class Observer:
    """Is told of outputs on one thread, and asked on another. Gives sources their turns besides."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._cards: deque[float] = deque(maxlen=_KEPT)
        self._lives: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._turns = _AHEAD
        self.live = 0
        """Outputs so far that were no cards."""

    def seen(self, output: Output) -> None:
        """An output came."""
        now = self._clock()
        with self._changed:
            if output.alpha.any():
                self._lives.append((now, output.at))
                self.live += 1
            else:
                self._cards.append(now)
            self._turns = min(_AHEAD, self._turns + 1)
            self._changed.notify_all()

    def card_after(self, since: float, limit: float) -> float | None:
        """Seconds from `since` to the next card; None if none comes within `limit` seconds."""
        return self._awaited(lambda: next((at for at in self._cards if at >= since), None), since, limit)

    def live_after(self, since: float, limit: float) -> float | None:
        """The same of a live output whose frame was captured after `since`."""
        return self._awaited(lambda: next((at for at, of in self._lives if of > since), None), since, limit)

    def turn(self, limit: float) -> None:
        """Waits until a frame more is worth capturing, `limit` seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._turns > 0, limit)
            self._turns = max(0, self._turns - 1)

    def _awaited(self, when: Callable[[], float | None], since: float, limit: float) -> float | None:
        with self._changed:
            self._changed.wait_for(lambda: when() is not None, max(0.0, since + limit - self._clock()))
            at = when()
        return None if at is None else at - since


_AHEAD = 2
"""Frames under way at a time: one is cut while the other is composed."""
