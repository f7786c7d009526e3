"""The works of a live run: a pipeline with its threads, and another one in its place where it fails or hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import SimpleQueue

from rimlight.errors import RimlightError, SegmenterError
from rimlight.journal import Journal, Kind
from rimlight.pending import Pending
from rimlight.protocols import Key
from rimlight.shift import LIMIT, Line, Shift
from rimlight.slot import LatestSlot
from rimlight.types import Frame, Output
from rimlight.watchdog import Watchdog

OPENING = 15.0
"""Seconds after which a pipeline that is still being opened is given up; MediaPipe takes up to 3 on a busy
machine."""
TRIES = 3
"""Pipelines that are opened in the place of others that failed, within `_MEMORY`; then the error ends the run."""

_MEMORY = 60.0
"""Seconds after which a failure is forgotten: one an hour is no reason to end a call."""

OpenLine = Callable[[int], Line | None]
"""Opens a line in the place of so many that were given up, each in a thread of its own; None if there is no
other."""


def only(line: Line) -> OpenLine:
    """No other than `line`: its errors end the run."""
    return lambda given_up: None if given_up else line


class Works:
    """Takes from `frames`, gives outputs. Used by one thread, which calls `tend` a few times a second."""

    def __init__(
        self,
        open_line: OpenLine,
        frames: LatestSlot[Frame],
        journal: Journal,
    ) -> None:
        self.asked: SimpleQueue[Key] = SimpleQueue()
        """What the user asks for; carried out between two frames."""
        self._open_line = open_line
        self._frames = frames
        self._journal = journal
        self._shift: Shift | None = None
        self._failures: list[float] = []
        self._given_up = 0
        self._why: BaseException = SegmenterError("there is no pipeline")
        self._dog = Watchdog(OPENING)
        self._dropped = 0
        self._left: list[Shift] = []
        self._pending = self._open()

    @property
    def line(self) -> Line | None:
        """The one at work; None while it is being opened."""
        return self._shift.line if self._shift else None

    @property
    def dropped(self) -> int:
        """Frames of which nothing was shown: outputs that nobody took, mattes that were not believed."""
        return self._dropped + (self._shift.dropped if self._shift else 0)

    @property
    def ended(self) -> bool:
        """Whether all frames that there will be are composed, and all outputs taken."""
        return self._shift is not None and self._shift.outputs.closed and self._shift.error is None

    def take(self, timeout: float) -> Output | None:
        """The newest output, waiting at most so many seconds."""
        if self._shift is None:
            self._pending.wait(timeout)
            return None
        return self._shift.outputs.take(timeout)

    def tend(self, now: float) -> None:
        """Puts another line to work where one failed or hangs. Raises the error where there is none, or no use."""
        # Their pipelines are held no longer than their threads hang.
        self._left = [shift for shift in self._left if shift.is_alive]
        if self._shift is None:
            self._begin(now)
        elif self._shift.error is not None:
            self._give_up("model failed", self._shift.error, now)
        elif hung := self._shift.hung(now):
            self._give_up("model hung", SegmenterError(f"{hung} has not answered for {LIMIT:g} s"), now)

    def reset(self) -> None:
        """Forgets the past before the next frame: it may be of another scene."""
        if self._shift is not None:
            self._shift.forget = True

    def stop(self, limit: float) -> list[str]:
        """Ends its threads, until `limit` on the monotonic clock; names those that do not end."""
        if self._shift is None:
            self._pending.close(max(0.0, limit - time.monotonic()))
        else:
            self._shift.leave()
            self._left.append(self._shift)
        return [name for shift in self._left for name in shift.join(limit)]

    def _open(self) -> Pending[Line]:
        given_up = self._given_up
        return Pending(lambda: self._open_line(given_up), "opening")

    def _begin(self, now: float) -> None:
        """Puts the line to work that was being opened, if it is there."""
        try:
            ended = self._pending.wait(0)
            line = self._pending.taken()
        except Exception as error:
            if not self._given_up:
                raise
            self._give_up("model failed", error, now)
            return
        if line is not None:
            self._shift = Shift(line, self._frames, self._journal, self.asked)
            self._shift.start()
            if self._given_up:
                self._journal.happened("model back", "another one has taken over")
        elif ended:
            raise self._why
        elif self._dog.bites(self._given_up, now):
            self._give_up("model hung", SegmenterError(f"the model has not loaded for {OPENING:g} s"), now)

    def _give_up(self, kind: Kind, error: BaseException, now: float) -> None:
        self._why = error
        self._given_up += 1
        self._failures = [at for at in self._failures if now - at < _MEMORY] + [now]
        self._pending.close(0)
        shift, self._shift = self._shift, None
        if shift is not None:
            self._dropped += shift.dropped
            shift.leave()
            self._left.append(shift)
        if len(self._failures) > TRIES:
            raise error
        what = error.what if isinstance(error, RimlightError) else f"{type(error).__name__}: {error}"
        self._journal.happened(kind, what)
        self._pending = self._open()
