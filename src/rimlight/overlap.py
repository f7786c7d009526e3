"""Work that goes on beside the caller's: what is read ahead of it, and what is written behind it.

In order, bounded, and failing as one: an error on either side ends both and is raised where the caller is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")

ROOM = 3
"""Items that wait between two threads: enough for a picture that takes longer than its neighbours, and no more
than a few pictures' memory. 2 to 8 measured the same."""


class Belt(Generic[T]):
    """Carries items from one thread to another, in order; at most `room` lie on it."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._stopped = False
        self._error: BaseException | None = None

    def put(self, item: T) -> bool:
        """Waits until there is room; False if the other side has stopped, and the item is not wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or len(self._items) < self._room)
            if not self._stopped:
                self._items.append(item)
                self._changed.notify_all()
            return not self._stopped

    def take(self) -> T | None:
        """The next item, waiting for it; None once there will be none. Raises the error that `end` was given."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._ended or bool(self._items))
            if self._items:
                self._changed.notify_all()
                return self._items.popleft()
            if self._error is not None:
                raise self._error
            return None

    def end(self, error: BaseException | None = None) -> None:
        """No more items come, because all are there or because of an error."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def stop(self) -> None:
        """No more items are wanted; those on the belt are dropped."""
        with self._changed:
            self._stopped = True
            self._items.clear()
            self._changed.notify_all()


@contextmanager
def ahead(read: Callable[[], T | None]) -> Iterator[Callable[[], T | None]]:
    """What `read` gives until it gives None, fetched by another thread before it is asked for.

    The function in its place gives the same in the same order, and raises what `read` raised once all before that
    is taken. Leaving waits for a call of `read` under way; nothing else is read then.
    """
    belt: Belt[T] = Belt()

    def work() -> None:
        try:
            while (item := read()) is not None and belt.put(item):
                # Not held while the next one is waited for: its memory may be wanted.
                del item
        except BaseException as error:  # noqa: BLE001 - raised again where the items are taken
            belt.end(error)
        else:
            belt.end()

    with _running(work, "rimlight-reader", belt.stop):
        yield belt.take


@contextmanager
def behind(write: Callable[[T], None]) -> Iterator[Callable[[T], None]]:
    """Has `write` called by another thread, with each item that the function in its place is given, in order.

    That function raises what `write` raised meanwhile. Leaving waits until all is written, and raises likewise;
    leaving by an error drops what is not written yet.
    """
    belt: Belt[T] = Belt()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while (item := belt.take()) is not None:
                write(item)
                del item
        except BaseException as error:  # noqa: BLE001 - raised again where the items come from
            failed.append(error)
            belt.stop()

    def put(item: T) -> None:
        if not belt.put(item):
            raise failed[0]

    with _running(work, "rimlight-writer", belt.stop) as thread:
        yield put
        belt.end()
        thread.join()
        if failed:
            raise failed[0]


@contextmanager
def _running(work: Callable[[], None], name: str, stop: Callable[[], None]) -> Iterator[threading.Thread]:
    """A thread that is told to stop, and waited for, on leaving."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop()
        thread.join()
