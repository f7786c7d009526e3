"""Writes pictures and sound as they come, on a thread of its own, never holding up who sends them."""

from __future__ import annotations

import math
import threading
from abc import abstractmethod
from collections import deque
from pathlib import Path
from typing import Generic, TypeVar

from rimlight.errors import DiskError, SinkError, translated
from rimlight.protocols import Ears, Records, Sink
from rimlight.sinks.film import TICKS, Film
from rimlight.soundline import SoundLine
from rimlight.timeline import Timeline
from rimlight.types import Sound

_SOUNDS = 1000
"""Pieces of sound that wait, 20 s of a usual microphone's; the oldest are lost then, and silent."""
_OVERDUE = 0.5
"""Seconds that sound may come later than pictures; what was not heard by then is silence. Files are written no
further than the later of both."""
PATIENCE = 10.0
"""Seconds without a picture written after which the disk is given up."""

Item = TypeVar("Item")


class Writer(Sink, Records, Generic[Item]):
    """A recording that runs, into a film that it closes. What has no room is dropped, and counted."""

    prompt = True

    def __init__(self, path: Path, film: Film, ears: Ears | None, room: int) -> None:
        """At most `room` items wait."""
        self._path = path
        self._into = film
        self._ears = ears
        self._room = room
        self._changed = threading.Condition()
        self._queue: deque[tuple[float, Item]] = deque()
        self._sounds: deque[Sound] = deque(maxlen=_SOUNDS)
        self._timeline = Timeline()
        self._line = SoundLine(self._timeline)
        self._latest = -math.inf
        self._last = -1
        self._closing = False
        self._error: BaseException | None = None
        self._told = False
        self._given_up = False
        self._dropped = 0
        self._full_since: float | None = None
        self._written = 0
        self._thread = threading.Thread(target=self._work, name="rimlight-writer", daemon=True)
        self._thread.start()
        if ears is not None:
            ears.tell(self.hear)

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def dropped(self) -> int:
        return self._dropped

    @property
    def written(self) -> int:
        return self._written

    @property
    def paused(self) -> bool:
        return self._timeline.paused

    def pause(self, at: float) -> None:
        self._timeline.pause(at)

    def resume(self, at: float) -> None:
        self._timeline.resume(at)

    def hear(self, sound: Sound) -> None:
        """Queues a piece of sound, which is not written to afterwards; from any one thread. Never waits."""
        with self._changed:
            self._sounds.append(sound)
            self._changed.notify()

    def close(self) -> None:
        """Writes what is queued and moves the file to its place; without a single picture there is none.

        Raises DiskError or SinkError if that failed, unless `send` has raised it already; DiskError also when
        nothing was written for `PATIENCE` seconds: the thread is left behind then.
        """
        if self._ears is not None:
            self._ears.close()
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._wait()
        if self._error is not None and not self._told:
            self._told = True
            raise self._error

    @abstractmethod
    def _write(self, item: Item, pts: int) -> None:
        """Writes it, shown from that tick on, on the writer's thread. Raises SinkError in its several kinds."""

    def _done(self, item: Item) -> None:
        """Takes it back, whether it was written or not."""

    def _check(self) -> None:
        """Raises what writing raised, or SinkError if this is closed. To be called with `_changed`."""
        if self._error is not None:
            self._told = True
            raise self._error
        if self._closing:
            raise SinkError(f"{self.name} is closed: it records no more")

    def _admits(self, at: float) -> bool:
        """Whether what was captured then is wanted, and has room. To be called with `_changed`.

        Raises DiskError when nothing had room for `PATIENCE` seconds.
        """
        self._timeline.begin(at)
        if self._timeline.paused and self._timeline.place(at) is None:
            return False
        if len(self._queue) < self._room:
            self._full_since = None
            return True
        self._dropped += 1
        self._full_since = at if self._full_since is None else self._full_since
        if at - self._full_since >= PATIENCE:
            self._told = True
            raise self._give_up()
        return False

    def _put(self, item: Item, at: float) -> None:
        """Queues what was captured then. To be called with `_changed`."""
        self._queue.append((at, item))
        self._changed.notify()

    def _wait(self) -> None:
        """For the thread to end, while it goes forward."""
        while self._thread.is_alive() and not self._given_up:
            written = self._written
            self._thread.join(PATIENCE)
            if self._thread.is_alive() and written == self._written:
                self._give_up()

    def _give_up(self) -> DiskError:
        self._given_up = self._closing = True
        self._error = error = DiskError(
            f"{self._path} cannot be written: the disk took nothing for {PATIENCE:g} s. What was recorded until "
            f"then lies in {self._into.part}, or in {self._path} if the disk answers after all",
            "Record to another disk.",
        )
        return error

    def _work(self) -> None:
        try:
            with self._into:
                self._write_all()
                if self._written:
                    self._into.publish()
        except BaseException as error:  # noqa: BLE001  (`send` and `close` raise it)
            self._error = error

    def _write_all(self) -> None:
        try:
            while self._step():
                pass
            if self._written:
                self._into.finish()
        except Exception as error:
            failed = translated(error, SinkError, self.name)
            part = self._into.abandon() if self._written else None
            if part is None:
                raise failed from error
            where = f"What was recorded until then lies in {part}"
            raise type(failed)(f"{failed.what}. {where}", failed.hint) from error

    def _step(self) -> bool:
        """Writes what waits, the sound first; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._sounds or self._closing)
            sounds = [self._sounds.popleft() for _ in range(len(self._sounds))]
            one = self._queue.popleft() if self._queue else None
        for sound in sounds:
            self._line.take(sound)
            self._weave()
        if one is not None:
            self._show(*one)
            self._weave()
        return bool(sounds or one)

    def _show(self, at: float, item: Item) -> None:
        self._latest = max(self._latest, at)
        place = self._timeline.place(self._latest)
        if place is not None:
            self._last = max(round(place * TICKS), self._last + 1)
            self._write(item, self._last)
            self._written += 1
        self._done(item)

    def _weave(self) -> None:
        """Writes the sound that is there, once the recording has begun."""
        if self._ears is None or not self._written:
            return
        for samples in self._line.woven(self._last / TICKS - _OVERDUE):
            self._into.hear(samples)
