"""Who reads a virtual camera of Linux now, told at once.

v4l2loopback tells from 0.13 on whether a program streams (`streaming.py`); before, whoever holds the device to read
it is taken for a reader, found in /proc when inotify says that the device was opened or closed (`opens.py`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rimlight.errors import SinkError
from rimlight.handles import Holder, counted, holders_of, loopbacks
from rimlight.protocols import Closes

if TYPE_CHECKING:
    from rimlight.opens import Opens
    from rimlight.streaming import Streaming

SETTLED = 0.13
"""Seconds for which a program must have held the device before it counts as a reader: programs that list cameras
open each for some milliseconds, and the webcam's light should not blink for them."""
SOON = 0.02
"""Seconds from an open or close to the look at who it was: an open is told before the handle is to be found, and a
program that lists cameras opens more than once."""
SLOW, FAST = 2.0, 0.25
"""Seconds after which to see, unasked, whether handles came or went: where opens are told, in case one was not (a
container may have a device file of its own), and where they are not."""
RARE = 10.0
"""Seconds after which to look even if their number is the same. A look is the one thing here that costs time."""

_UNSEEN = "a program"
"""Another user's: the system tells no name."""

Clock = Callable[[], float]


class Usage(Closes, Protocol):
    """Watches who reads a device. Used by one thread; to be closed before the sink that writes to the device."""

    def readers(self) -> Sequence[str]:
        """The other programs that read the device now, as 'chromium (process 123)'; never waits, never raises.

        'a program' where the system tells no name. Nobody while the device is gone.
        """

    def wait(self, seconds: float) -> None:
        """Returns when the readers may have changed, or after so many seconds; ask for them before the next one."""


def open_usage(device: str) -> Usage:
    """Watches a device of Linux in the best way there is. Raises SinkError if there is no such device."""
    path = Path(device).resolve()
    if not path.exists():
        raise SinkError(f"there is no device {device}", "This lists those that there are: rimlight devices")
    from rimlight.opens import open_opens
    from rimlight.streaming import open_streaming

    try:
        return Told(str(path), open_streaming)
    except OSError:  # a driver that does not tell, or does not let us ask: see for ourselves
        return Looked(str(path), open_opens)


class Told(Usage):
    """By the driver's word."""

    def __init__(
        self, device: str, open_streaming: Callable[[str], Streaming], clock: Clock = time.monotonic
    ) -> None:
        """`open_streaming` is called again for a device that comes back; raises OSError if it does so now."""
        self._device = device
        self._open = open_streaming
        self._streaming: Streaming | None = open_streaming(device)
        self._clock = clock
        self._due = clock() + SLOW
        self._read = False
        self._names: list[str] = []

    def readers(self) -> Sequence[str]:
        try:
            self._listen()
        except OSError:
            self._lose()
        return self._names

    def wait(self, seconds: float) -> None:
        left = min(seconds, max(0.0, self._due - self._clock()))
        if self._streaming is None:
            time.sleep(left)
            return
        try:
            self._streaming.wait(left)
        except OSError:
            self._lose()

    def close(self) -> None:
        self._lose()
        self._due = float("inf")

    def _lose(self) -> None:
        """The device is gone: nobody reads it until it is back."""
        streaming, self._streaming = self._streaming, None
        self._read, self._names = False, []
        if streaming is not None:
            streaming.close()

    def _listen(self) -> None:
        now = self._clock()
        if now >= self._due:
            self._due = now + SLOW
            self._ask()
        read = self._streaming is not None and self._streaming.is_read()
        if read and not self._read:
            self._names = [str(one) for one in _others(self._device, holders_of({self._device}))] or [_UNSEEN]
        elif not read:
            self._names = []
        self._read = read

    def _ask(self) -> None:
        if self._streaming is None:
            self._streaming = self._open(self._device)
        else:
            self._streaming.ask()
            self._read = False


class Looked(Usage):
    """By what /proc shows.

    Programs of other users show no handles there: where v4l2loopback has more handles open than can be seen, each
    counts as a reader, so that no call goes without a picture. Where there are several such devices it counts for
    all of them, as only their sum is known.
    """

    def __init__(self, device: str, open_opens: Callable[[str], Opens], clock: Clock = time.monotonic) -> None:
        """`open_opens` is called again for a device that comes back; if it raises OSError, looks are frequent."""
        self._device = device
        self._open = open_opens
        self._opens: Opens | None = None
        self._node: tuple[int, int] | None = None
        self._clock = clock
        self._every = FAST
        self._due = self._must = clock()
        self._count: int | None = None
        self._counts: dict[int, float] = {}
        """From when on each holder counts, by process; those that are not seen have numbers below 0."""
        self._names: list[str] = []

    def readers(self) -> Sequence[str]:
        self._hear(0.0)
        now = self._clock()
        if now >= self._must or (now >= self._due and counted() != self._count):
            self._look(now)
        elif now >= self._due:
            self._due = now + self._every
        return self._names

    def wait(self, seconds: float) -> None:
        end = self._clock() + seconds
        while (left := min(end, self._due, self._must) - self._clock()) > 0:
            self._hear(left)

    def close(self) -> None:
        self._deafen()
        self._due = self._must = float("inf")
        self._names = []

    def _deafen(self) -> None:
        opens, self._opens = self._opens, None
        if opens is not None:
            opens.close()

    def _follow(self) -> None:
        """Listens to the device file that is there now; one that came back is another."""
        node = _node(self._device)
        if node != self._node:
            self._deafen()
            self._node, self._every = node, FAST
            try:
                self._opens, self._every = self._open(self._device), SLOW
            except OSError:  # not there, or no watches left
                return

    def _hear(self, seconds: float) -> None:
        if self._opens is None:
            time.sleep(seconds)
        elif self._opens.wait(seconds):
            self._must = min(self._must, self._clock() + SOON)

    def _look(self, now: float) -> None:
        self._follow()
        alike = loopbacks()
        self._count = counted() if self._device in alike else None
        holders = holders_of(alike | {self._device}) if self._node else []
        found = dict(_found(self._device, holders, self._count or 0))
        self._counts = {process: self._counts.get(process, now + SETTLED) for process in found}
        self._names = [str(found[process]) for process, start in sorted(self._counts.items()) if start <= now]
        self._due = now + self._every
        until = self._due if self._count is None else now + RARE
        self._must = min((start for start in self._counts.values() if start > now), default=until)


def _node(device: str) -> tuple[int, int] | None:
    try:
        status = Path(device).stat()
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def _found(device: str, holders: Sequence[Holder], count: int) -> Iterator[tuple[int, Holder | str]]:
    """Who may read the device, each with a number that stays the same; `count`: of all handles on all its kind."""
    for holder in _others(device, holders):
        yield holder.process, holder
    for number in range(count - sum(holder.handles for holder in holders)):
        yield -1 - number, _UNSEEN


def _others(device: str, holders: Sequence[Holder]) -> list[Holder]:
    return [one for one in holders if one.path == device and one.reads and one.process != os.getpid()]
