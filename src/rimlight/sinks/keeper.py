"""Keeps a live run's own pictures with their mattes, for those outputs that were shown.

The pictures come from where they are cut, and go nowhere else but into the one private file. They wait here until
the output of the same number comes by as it comes to every sink: so nothing is kept while the card is up, and no
matte that was refused is ever composed anew. What was cut but never shown is kept too, marked as such: the room was
learned of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rimlight.kept import Header
from rimlight.protocols import Ears
from rimlight.sinks.film import TICKS
from rimlight.sinks.kept_file import KeptFile, open_kept_file
from rimlight.sinks.writer import Writer
from rimlight.types import Frame, Matted, Output

_WAITING_BYTES = 256_000_000
"""Of pictures that wait for the disk; beyond, frames are left out, and counted."""
_UNSHOWN = 30
"""Frames that wait for their outputs; older ones never come."""


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


class Keeper(Writer[_One]):
    """A sink that is told by outputs what of the frames it was given is to be kept."""

    beside = True

    def __init__(self, path: Path, header: Header, file: KeptFile, ears: Ears | None) -> None:
        self._file = file
        self._length = round(TICKS / header.format.fps)
        self._unshown: deque[_One] = deque(maxlen=_UNSHOWN)
        self._awaits = self._fresh = False
        size = header.format.size
        super().__init__(path, file, ears, max(4, _WAITING_BYTES // (size.width * size.height * 3 // 2)))

    @property
    def forgetting(self) -> bool:
        return self._awaits

    def resume(self, at: float) -> None:
        """As of any recorder, from the first frame on of which the pipeline has no past.

        What it learned during the pause is not in the file, and could not be learned of it.
        """
        with self._changed:
            self._awaits = self.paused
        super().resume(at)

    def take(self, frame: Frame, matted: Matted) -> None:
        """A frame as it was cut; from any one thread. Never waits, never raises."""
        with self._changed:
            self._unshown.append(_One(frame, matted))

    def send(self, output: Output) -> None:
        """Has the frame of this output kept, and those before it that were not shown.

        Raises DiskError or SinkError when they can be written no more, as a `Recorder` does.
        """
        with self._changed:
            self._check()
            while self._unshown and self._unshown[0].frame.index <= output.index:
                self._keep(self._unshown.popleft(), output.index)

    def _keep(self, one: _One, shown: int) -> None:
        frame, matted = one
        # Wherever something is left out.
        self._fresh = self._fresh or matted.fresh
        if (self._awaits and not matted.fresh) or not self._admits(frame.at):
            return
        matted = replace(matted, shown=frame.index == shown, fresh=self._fresh)
        self._awaits = self._fresh = False
        self._put(_One(frame, matted), frame.at)

    def _write(self, item: _One, pts: int) -> None:
        self._file.write(item.frame, item.matted, pts, self._length)
