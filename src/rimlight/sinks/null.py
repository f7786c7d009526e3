"""A sink that shows nothing: it counts, for measurements and tests."""

from __future__ import annotations

import time
from collections.abc import Callable

from rimlight.protocols import Sink
from rimlight.types import Output


def open_null(clock: Callable[[], float] = time.monotonic) -> NullSink:
    """Opens a sink that forgets what it is given; `clock` must be that of `Output.at`."""
    return NullSink(clock)


class NullSink(Sink):
    """`count` outputs were sent; `latency` is that of the last one, in seconds."""

    prompt = True

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.count = 0
        self.latency = 0.0

    @property
    def name(self) -> str:
        return "nowhere"

    def send(self, output: Output) -> None:
        self.count += 1
        self.latency = self._clock() - output.at

    def close(self) -> None:
        """Nothing is held."""
