"""Loads a model while something else waits: a camera takes its time to start, the model a core's."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rimlight.protocols import Closes, Segmenter

_PATIENCE = 5.0
"""Seconds that closing waits; then a library that hangs while it loads is left behind."""


class Loading(Closes):
    """Calls `load` at once, in a thread of its own; None from it means that there is nothing to load ahead.

    What it loaded is the taker's; closing closes it if nobody took it.
    """

    def __init__(self, load: Callable[[], Segmenter | None]) -> None:
        self._load = load
        self._loaded: Segmenter | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="loading", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Returns when it has ended, well or badly."""
        self._thread.join()

    def take(self) -> Segmenter | None:
        """Waits for the model and gives it, once. Raises what `load` raised."""
        self.wait()
        if self._error is not None:
            raise self._error
        loaded, self._loaded = self._loaded, None
        return loaded

    def close(self) -> None:
        self._thread.join(_PATIENCE)
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.close()

    def _run(self) -> None:
        try:
            self._loaded = self._load()
        except BaseException as error:  # noqa: BLE001  raised again in the taker's thread
            self._error = error
