"""Ctrl-C and SIGTERM, once: an orderly stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM set the event once, for an orderly stop; a second one ends the process as usual."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    old = {int(number): signal.getsignal(number) for number in numbers}

    def set_stop(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, old[number])

    for number in numbers:
        signal.signal(number, set_stop)
    try:
        yield stop
    finally:
        for number in numbers:
            signal.signal(number, old[number])
