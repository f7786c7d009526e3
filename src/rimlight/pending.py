"""Something that is being opened meanwhile: begun at once on a thread of its own, fetched when it is there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from rimlight.errors import emptied

_PATIENCE = 5.0
"""Seconds that closing waits; then what hangs while it opens is left behind."""


class _Closes(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=_Closes)


class Pending(Generic[T]):
    """Calls `open_it` at once, in its own thread; None from it means that there is nothing to open.

    What it opened is the taker's; closing closes it if nobody took it, whenever it comes.
    """

    def __init__(self, open_it: Callable[[], T | None], name: str) -> None:
        """`name` is the thread's."""
        self._open_it = open_it
        self._lock = threading.Lock()
        self._opened: T | None = None
        self._error: BaseException | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __enter__(self) -> Pending[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, seconds: float | None = None) -> bool:
        """Waits, at most so long, until opening has ended, well or badly; True if it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def taken(self) -> T | None:
        """What was opened, once; None before, after, or if there is nothing. Raises what opening raised."""
        with self._lock:
            if self._error is not None:
                raise self._error
            opened, self._opened = self._opened, None
            return opened

    def take(self) -> T | None:
        """Waits for it first."""
        self.wait()
        return self.taken()

    def close(self, patience: float = _PATIENCE) -> None:
        """Waits at most so many seconds; what comes later is closed by its own thread."""
        with self._lock:
            self._closed = True
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()
        self._thread.join(patience)

    def _run(self) -> None:
        try:
            opened = self._open_it()
        except BaseException as error:  # noqa: BLE001  raised again in the taker's thread
            self._error = emptied(error)
            return
        with self._lock:
            if not self._closed:
                self._opened = opened
                return
        if opened is not None:
            opened.close()
