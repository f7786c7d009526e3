"""The capture thread of a live run; another one where it hangs in a driver."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rimlight.errors import SourceError
from rimlight.journal import Journal
from rimlight.lasting import LastingSource, Wish
from rimlight.protocols import Source
from rimlight.slot import LatestSlot
from rimlight.types import Frame
from rimlight.watchdog import Watchdog

LIMIT = 4.5
"""Seconds after which a read, or an opening, that does not return is given up. A webcam says after 2 that it is
silent, and after 3 that it cannot be opened."""
STUCK = 3
"""Threads left behind in drivers at a time; a fourth would change nothing, and the run ends."""

_PATIENCE = 0.5
"""Seconds that the thread has to end by itself; then the source is closed under it."""


class Capture:
    """Puts a source's frames into `frames`, numbered on over losses; all of the format that the source has now.

    Used by one thread, which calls `watch` a few times a second.
    """

    def __init__(
        self,
        source: Source,
        journal: Journal,
        wish: Wish | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.frames: LatestSlot[Frame] = LatestSlot()
        self.captured = 0
        self.error: BaseException | None = None
        """Why it ended, if not in order."""
        self._source = LastingSource(source, source.format, journal, wish, clock)
        self._dog = Watchdog(LIMIT)
        self._stuck: list[threading.Thread] = []
        self._thread = self._begin()

    @property
    def trouble(self) -> str:
        """Why no frames come at the moment, in a few words."""
        return self._source.trouble

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def watch(self, now: float) -> None:
        """Leaves a thread behind that hangs in the driver, and has another one open the camera anew."""
        if not self._dog.bites(self._source.tasks.current, now):
            return
        self._stuck = [thread for thread in (*self._stuck, self._thread) if thread.is_alive()]
        name = self._source.name
        self._source = self._source.successor()
        if len(self._stuck) > STUCK:
            what = f"{name} does not answer, and did not when it was opened anew {STUCK} times"
            self._end(SourceError(what, "Plug it out and in again, then start Rimlight anew."))
            return
        self._thread = self._begin()
        self._thread.start()

    def stop(self, limit: float) -> list[str]:
        """Ends the thread, until `limit` on the monotonic clock; its name if it does not end."""
        self._source.leave()
        self.frames.close()
        self._thread.join(_PATIENCE)
        self._source.close()
        self._thread.join(max(0.0, limit - time.monotonic()))
        return [self._thread.name] if self._thread.is_alive() else []

    def _begin(self) -> threading.Thread:
        return threading.Thread(target=self._run, args=(self._source,), name="capture", daemon=True)

    def _run(self, source: LastingSource) -> None:
        try:
            while (frame := source.read()) is not None and source is self._source:
                self.captured += 1
                self.frames.put(frame)
                # Not held while the next one is waited for: its memory may be wanted.
                del frame
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            if not source.left:  # else it was closed under its reader
                self._end(error)
        else:
            if source is self._source:
                self._end(None)
        finally:
            if source is not self._source:
                source.close()

    def _end(self, error: BaseException | None) -> None:
        self.error = error
        self.frames.close()
