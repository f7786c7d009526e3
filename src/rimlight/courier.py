"""A courier carries outputs to one sink: never waited for where the sink may wait, and it has a lost sink back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rimlight.errors import SinkError, translated
from rimlight.journal import Journal, Kind
from rimlight.protocols import Sink
from rimlight.slot import LatestSlot
from rimlight.types import Output
from rimlight.watchdog import Tasks, Watchdog

LIMIT = 2.0
"""Seconds after which a sink that does not return from `send` is given up, and opened anew if it can be."""
RETRY = 1.0
"""Seconds between two attempts to have a sink back."""
STUCK = 2
"""Threads left behind in one sink at a time; with a third it is lost for good."""


class Courier:
    """Used by one thread, which calls `tend` a few times a second. Owns what it opened anew, not the first sink."""

    def __init__(
        self,
        sink: Sink,
        delivered: Callable[[Courier, Output], None],
        journal: Journal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`delivered` is told what the sink has taken, on the thread that sent it."""
        self.sink = sink
        """The one it was given."""
        self._journal = journal
        self._dog = Watchdog(LIMIT)
        self._stuck: list[_Round] = []
        self._told = lambda output: delivered(self, output)
        self._round = _Round(sink, self._told, journal, clock)
        self._clock = clock

    @property
    def error(self) -> SinkError | None:
        """Why the sink is lost for good."""
        return self._round.error

    @property
    def dropped(self) -> int:
        """Outputs that the sink was too slow for."""
        return self._round.outputs.dropped

    def send(self, output: Output) -> None:
        """Never waits: of a sink that does, the newest output wins."""
        if self.sink.prompt:
            self._round.send(output)
        else:
            self._round.outputs.put(output)

    def tend(self, now: float) -> None:
        """Gives up a sink that hangs, and has it opened anew on another thread."""
        hung = self._round
        if hung.error is not None or not self._dog.bites(hung.tasks.current, now):
            return
        self._stuck = [one for one in (*self._stuck, hung) if one.is_alive]
        error = SinkError(f"{self.sink.name} has not taken a picture for {LIMIT:g} s")
        hung.leave()
        self._round = _Round(hung.sink, self._told, self._journal, self._clock)
        self._round.lose("sink stuck", error)
        if len(self._stuck) > STUCK:
            self._round.error = error

    def close(self, limit: float) -> list[str]:
        """Ends its thread, until `limit` on the monotonic clock; its name if it does not end."""
        return [f"sink {self.sink.name}"] if not self._round.close(self.sink, limit) else []


class _Round:
    """What one thread does; another follows if it has to be left behind."""

    def __init__(
        self,
        sink: Sink,
        delivered: Callable[[Output], None],
        journal: Journal,
        clock: Callable[[], float],
    ) -> None:
        self.sink = sink
        self.outputs: LatestSlot[Output] = LatestSlot()
        self.tasks = Tasks()
        self.error: SinkError | None = None
        self._delivered = delivered
        self._journal = journal
        self._clock = clock
        self._away = False
        self._retry_at = 0.0
        self._told = ""
        self._left = False
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}", daemon=True)
        if not sink.prompt:
            self._thread.start()

    def send(self, output: Output) -> None:
        if self.error is not None or (self._away and not self._is_back()):
            return
        try:
            with self.tasks:
                self.sink.send(output)
        except Exception as error:  # noqa: BLE001  whatever it is: the other sinks go on
            self.lose("sink lost", translated(error, SinkError, self.sink.name))
        else:
            if not self._left:
                self._delivered(output)

    def lose(self, kind: Kind, error: SinkError) -> None:
        if self._left:
            return
        if not self.sink.returns:
            self._journal.happened(kind)
            self.error = error
            return
        self._away, self._retry_at = True, self._clock()
        self._journal.happened(kind, f"{error.what}; it is used again as soon as it can be")

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def leave(self) -> None:
        self._left = True
        self.outputs.close()

    def close(self, first: Sink, limit: float) -> bool:
        self.leave()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, limit - time.monotonic()))
        if self.sink is not first:
            self.sink.close()
        return not self._thread.is_alive()

    def _is_back(self) -> bool:
        if self._clock() < self._retry_at:
            return False
        try:
            with self.tasks:
                self.sink.close()
                again = self.sink.reopened()
        except Exception as error:  # noqa: BLE001  whatever it is: it may be back the next time
            self._retry_at = self._clock() + RETRY
            what = translated(error, SinkError, self.sink.name).what
            if what != self._told:
                self._told = what
                self._journal.say(f"{what}; still waiting")
            return False
        if again is None:
            self.error = SinkError(f"{self.sink.name} is lost, and cannot be opened anew")
            return False
        self.sink, self._away = again, False
        if self._left:
            again.close()
            return False
        self._journal.happened("sink back", f"{again.name} is back")
        return True

    def _run(self) -> None:
        while self.error is None and (output := self.outputs.take()) is not None:
            self.send(output)
            del output
