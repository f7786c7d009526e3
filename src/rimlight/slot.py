"""LatestSlot: a hand-over of one item between two threads where the newest wins and drops are counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class LatestSlot(Generic[Item]):
    """Holds at most one item. Putting never waits: an item that nobody took is dropped and counted.

    Closing lets the item that is still held be taken, then every `take` returns None; a `put` after closing
    is ignored.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: Item | None = None
        self._closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Items that were replaced before anybody took them."""
        with self._changed:
            return self._dropped

    @property
    def closed(self) -> bool:
        """True once closed and empty: no `take` will give an item again."""
        with self._changed:
            return self._closed and self._item is None

    def put(self, item: Item) -> None:
        with self._changed:
            if self._closed:
                return
            if self._item is not None:
                self._dropped += 1
            self._item = item
            self._changed.notify()

    def take(self, timeout: float | None = None) -> Item | None:
        """The newest item, waiting up to `timeout` seconds (None: for ever); None if none came or closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
