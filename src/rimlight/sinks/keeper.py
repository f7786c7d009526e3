"""Keeps a live run's own pictures with their mattes, for those outputs that were shown.

The pictures come from where they are cut, and go nowhere else but into the one private file. They wait here until
the output of the same number comes by as it comes to every sink: so nothing is kept while the card is up, and no
matte that was refused is ever composed anew. What was cut but never shown is kept too, marked as such: the room was
learned of it.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rimlight.kept import Header
from rimlight.protocols import Ears, Records, Sink
from rimlight.sinks.film import TICKS
from rimlight.sinks.kept_file import KeptFile, open_kept_file
from rimlight.soundline import SoundLine
from rimlight.timeline import Timeline
from rimlight.types import Frame, Matted, Output, Sound

_WAITING_BYTES = 256_000_000
"""Of pictures that wait for the disk; beyond, frames are left out, and counted."""
_UNSHOWN = 30
"""Frames that wait for their outputs; older ones never come."""
_SOUNDS = 1000
_OVERDUE = 0.5
"""As in `recorder`."""


class _One(NamedTuple):
    frame: Frame
    matted: Matted


def open_keeper(path: Path, header: Header, *, force: bool = False, ears: Ears | None = None) -> Keeper:
    """Begins such a file, which appears when the keeper is closed; with sound where it has `ears`, which it closes.

    Raises OutputExistsError if `path` exists and not `force`, DiskError if it cannot be written.
    """
    try:
        file = open_kept_file(path, header, force=force, hears=ears is not None)
    except BaseException:
        if ears is not None:
            ears.close()
        raise
    return Keeper(path, header, file, ears)


class Keeper(Sink, Records):
    """A sink that is told by outputs what of the frames it was given is to be kept. A thread of its own writes."""

    prompt = True

    def __init__(self, path: Path, header: Header, file: KeptFile, ears: Ears | None) -> None:
        self._path = path
        self._file = file
        self._ears = ears
        size = header.format.size
        self._room = max(4, _WAITING_BYTES // (size.width * size.height * 3 // 2))
        self._length = round(TICKS / header.format.fps)
        self._changed = threading.Condition()
        self._unshown: deque[_One] = deque(maxlen=_UNSHOWN)
        self._queue: deque[_One] = deque()
        self._sounds: deque[Sound] = deque(maxlen=_SOUNDS)
        self._timeline = Timeline()
        self._line = SoundLine(self._timeline)
        self._last = -1
        self._closing = False
        self._error: BaseException | None = None
        self._told = False
        self._written = 0
        self.dropped = 0
        """Frames left out because the disk or the encoder was too slow."""
        self._thread = threading.Thread(target=self._work, name="rimlight-keeper", daemon=True)
        self._thread.start()
        if ears is not None:
            ears.tell(self.hear)

    @property
    def name(self) -> str:
        return self._path.name

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

    def take(self, frame: Frame, matted: Matted) -> None:
        """A frame as it was cut; from any one thread. Never waits, never raises."""
        with self._changed:
            self._unshown.append(_One(frame, matted))

    def send(self, output: Output) -> None:
        """Has the frame of this output kept, and those before it that were not shown.

        Raises DiskError or SinkError when they can be written no more.
        """
        with self._changed:
            if self._error is not None:
                self._told = True
                raise self._error
            while self._unshown and self._unshown[0].frame.index <= output.index:
                self._put(self._unshown.popleft(), shown=output.index)
            self._changed.notify()

    def close(self) -> None:
        """Writes what is queued and moves the file to its place; without a single frame there is none.

        Raises DiskError or SinkError if that failed, unless `send` has raised it already.
        """
        if self._ears is not None:
            self._ears.close()
        with self._changed:
            self._closing = True
            self._unshown.clear()
            self._changed.notify()
        self._thread.join()
        if self._error is not None and not self._told:
            self._told = True
            raise self._error

    def _put(self, one: _One, shown: int) -> None:
        self._timeline.begin(one.frame.at)
        if self._timeline.paused and self._timeline.place(one.frame.at) is None:
            return
        if len(self._queue) >= self._room:
            self.dropped += 1
            return
        seen = one.frame.index == shown
        self._queue.append(one if seen else _One(one.frame, replace(one.matted, shown=False)))

    def _work(self) -> None:
        try:
            with self._file:
                while self._keep():
                    pass
                if self._written:
                    self._file.finish()
                    self._file.publish()
        except BaseException as error:  # noqa: BLE001  (`send` and `close` raise it)
            self._error = error

    def _keep(self) -> bool:
        """Writes what waits, the sound first; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._sounds or self._closing)
            sounds = [self._sounds.popleft() for _ in range(len(self._sounds))]
            one = self._queue.popleft() if self._queue else None
        for sound in sounds:
            self._line.take(sound)
        if one is not None:
            self._write(one)
        if self._ears is not None and self._written:
            for samples in self._line.woven(self._last / TICKS - _OVERDUE):
                self._file.hear(samples)
        return bool(sounds or one)

    def _write(self, one: _One) -> None:
        place = self._timeline.place(one.frame.at)
        if place is None:
            return
        self._last = max(round(place * TICKS), self._last + 1)
        self._file.write(one.frame, one.matted, self._last, self._length)
        self._written += 1
