"""What a user asks for while it runs, by a key or from outside: carried out, or passed on to the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import cast

from rimlight.delivery import Delivery
from rimlight.journal import Journal
from rimlight.protocols import Answer, Key, Order, Sink


class Orders:
    """Used by one thread."""

    def __init__(
        self,
        delivery: Delivery,
        asked: SimpleQueue[Key],
        journal: Journal,
        open_recording: Callable[[], Sink] | None,
    ) -> None:
        """`asked` is the pipeline's. Without `open_recording` none can be begun."""
        self._delivery = delivery
        self._asked = asked
        self._journal = journal
        self._open_recording = open_recording
        self.quit = False
        """Whether that was asked for."""

    def obey(self, order: Order) -> Answer:
        """Does it, or sees to it. Never waits."""
        if order == "quit":
            self.quit = True
            return Answer("it ends")
        if order in {"record", "start", "stop"}:
            return self._record(order)
        if order in {"pause", "hold", "resume"}:
            done = self._delivery.pause(on={"hold": True, "resume": False}.get(order))
            self._journal.say(done.line)
            return done
        if order == "replay":
            return self._delivery.save_replay()
        self._asked.put(cast(Key, order))
        return Answer("asked for")

    def _record(self, order: Order) -> Answer:
        if order == "stop":
            return self._delivery.end_recording()
        if self._open_recording is None:
            return Answer("no recording can be begun in this run", done=False)
        if order == "start":
            return self._delivery.begin_recording(self._open_recording)
        return self._delivery.toggle_recording(self._open_recording)
