"""The airlock: the one gate before every sink. It lets pass what is safe, and shows the card where nothing is.

Fail closed: what counts is when something safe last came, not what went wrong. Whatever hangs, fails or is lost
behind it, the card is up within `LIMIT`.
"""

from __future__ import annotations

import math

import numpy as np

from rimlight.card import blurred_card, drawn_card
from rimlight.types import Alpha, Output, Picture, StreamFormat

LIMIT = 0.35
"""Seconds for which the last safe output stands in for those that do not come; then the card is shown. The eye
takes it for a hitch, and a camera that was unplugged is covered within half a second."""
LOST = 0.1
"""The same while it is known that no frames come: only what is still being made may follow."""
_LONGEST = 1.0
"""Seconds of the same, where pictures come seldom: three intervals, so that the card does not flash in between."""
_STALE = 1.0
"""Seconds: an output whose frame is older belongs to what was, and does not pass."""


class Airlock:
    """Used by one thread, the one that hands outputs to the sinks. `format` is the run's, `now` when it began."""

    def __init__(self, format: StreamFormat, now: float) -> None:  # noqa: A002
        self._format = format
        self._interval = float(1 / format.fps)
        self._last: Output | None = None
        self._last_at = now
        self._not_before = -math.inf
        self._newest = -1
        self._card: Picture | None = None
        self.covered = False
        """Whether the card is up."""
        self.refused = 0
        """Outputs that did not pass."""

    def passed(self, output: Output | None, now: float, *, lost: bool = False) -> Output | None:
        """What the sinks are given at this moment: the output, the card if it is time for it, or nothing new.

        `lost`: the camera is known to give nothing.
        """
        if output is not None and self._is_safe(output, now):
            if not self.covered:
                self._interval += 0.2 * (now - self._last_at - self._interval)
            self._last, self._last_at, self._newest = output, now, output.index
            self.covered = False
            return output
        if output is not None:
            self.refused += 1
        patience = LOST if lost else min(_LONGEST, max(LIMIT, 3 * self._interval))
        return None if self.covered or now - self._last_at <= patience else self._cover(now)

    def shut(self, now: float) -> Output:
        """The card, from now on, until an output passes that was captured later."""
        self._not_before = now
        return self._cover(now)

    def _cover(self, now: float) -> Output:
        self.covered = True
        if self._last is not None:
            self._card = blurred_card(self._last.picture)
        elif self._card is None:
            self._card = drawn_card(self._format.size, self._format.color)
        self._last = None
        return Output(self._card, Alpha(np.zeros_like(self._card.y)), now, self._newest)

    def _is_safe(self, output: Output, now: float) -> bool:
        """Of this run's size, with a matte of its own size, newer than what was shown, and not stale."""
        size, alpha = output.picture.size, output.alpha
        return (
            size == self._format.size
            and alpha.shape == (size.height, size.width)
            and alpha.dtype == np.uint8
            and output.index > self._newest
            and now - output.at <= _STALE
            and output.at >= self._not_before
        )
