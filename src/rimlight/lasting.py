"""A source that lasts: has its camera back when it was lost, lets it rest while nobody looks, numbers frames on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np

from rimlight.errors import SourceError, translated
from rimlight.journal import Journal, Kind
from rimlight.picture import cover
from rimlight.protocols import Source
from rimlight.types import Frame, Plane, StreamFormat
from rimlight.watchdog import Tasks

RETRY = 0.4
"""Seconds between two attempts to have a camera back."""
FROZEN = 5.0
"""Seconds of the very same picture after which a camera that can be opened anew is. Every sensor is noisy; a
covered lens may give one black picture after the other, so it is done once, and again only after the picture has
changed."""

_LOOK = 0.1
"""Seconds between two looks whether it is being closed, or the camera is wanted."""
_COMPARED = 16
"""One row in so many tells whether a picture has changed."""


class Wish(Protocol):
    """Whether the camera is wanted at all. Any thread."""

    @property
    def wanted(self) -> bool: ...

    @property
    def note(self) -> str:
        """Who wants it, or what has to happen first: 'read by chromium', 'off until somebody looks'."""

    def wait(self, seconds: float) -> None:
        """Returns when that may have changed, or after so many seconds."""


class WhileRecording(Wish):
    """As another wish, and while something records: that was asked for, whoever else looks."""

    def __init__(self, wish: Wish, recording: Callable[[], bool]) -> None:
        self._wish = wish
        self._recording = recording

    @property
    def wanted(self) -> bool:
        # Asked at any rate: it follows who looks.
        return self._wish.wanted or self._recording()

    @property
    def note(self) -> str:
        return "on for the recording" if self._recording() else self._wish.note

    def wait(self, seconds: float) -> None:
        self._wish.wait(seconds)


class LastingSource(Source):
    """Frames of `format` from a source and from whatever it is opened as anew; owns the latter.

    What happens is told to `journal`. `read` waits while there is no camera; it raises what the source raised only
    if that cannot come back. Pictures of another size are scaled, and cropped where their proportions differ.
    """

    def __init__(
        self,
        source: Source,
        format: StreamFormat,  # noqa: A002
        journal: Journal,
        wish: Wish | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tasks = Tasks()
        """What is under way in the driver, for a watchdog; waiting for a camera to come back is nothing."""
        self.trouble = ""
        """Why no frames come at the moment, in a few words."""
        self._source = source
        self._owned = False
        self._format = format
        self._journal = journal
        self._wish = wish if source.returns else None
        self._clock = clock
        self._still = Stillness()
        self._away = False
        self._base = self._next = 0
        self._over = threading.Event()

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def format(self) -> StreamFormat:
        return self._format

    def read(self) -> Frame | None:
        while not self._over.is_set():
            if self._wish is not None and not self._wish.wanted:
                self._rest(self._wish)
            elif self._away:
                self._come_back()
            elif (frame := self._frame()) is not None:
                return self._fitted(frame)
            elif not self._away:
                return None
        return None

    @property
    def left(self) -> bool:
        """Whether no more is wanted."""
        return self._over.is_set()

    def leave(self) -> None:
        """No more is wanted: `read` gives None as soon as it does not wait for a driver."""
        self._over.set()

    def successor(self) -> LastingSource:
        """What takes over from this one, whose driver does not answer: opens the camera anew."""
        self.leave()
        other = LastingSource(self._source, self._format, self._journal, self._wish, self._clock)
        other._base = other._next = self._next
        line = f"{self.name} does not answer: it is given up and opened anew"
        other._lose("camera stuck", SourceError(line))
        return other

    def close(self) -> None:
        """Closes the camera if it was opened anew, or under a `read` that waits for it."""
        self.leave()
        if self._owned or self.tasks.current is not None:
            self._source.close()

    def _frame(self) -> Frame | None:
        """The next one; None if there are no more, or if the camera is away."""
        try:
            with self.tasks:
                frame = self._source.read()
        except Exception as error:
            if self._over.is_set() and isinstance(error, SourceError):
                return None
            if not self._source.returns:
                raise
            self._lose("camera lost", translated(error, SourceError, self.name))
            return None
        if frame is None or not self._source.returns:
            return frame
        if self._still.lasts(frame.picture.y, self._clock()):
            what = f"{self.name} has given the same picture for {FROZEN:g} s"
            self._lose("camera frozen", SourceError(what))
            return None
        return frame

    def _fitted(self, frame: Frame) -> Frame:
        picture = frame.picture
        if picture.size != self._format.size:
            line = f"{self.name} gives {picture.size} now: fitted to {self._format.size}"
            self._journal.happened("camera resized", line)
            picture = cover(picture, self._format.size)
        self._next = max(self._next, self._base + frame.index) + 1
        return replace(frame, picture=picture, index=self._next - 1)

    def _lose(self, kind: Kind, error: SourceError) -> None:
        self._away, self.trouble = True, error.what
        self._journal.happened(kind, f"{error.what}; it is taken again as soon as it can be")

    def _come_back(self) -> None:
        """Tries once to open the camera anew, and waits a little if it cannot be."""
        try:
            with self.tasks:
                self._source.close()
                again = self._source.reopened()
        except Exception as error:  # noqa: BLE001  whatever it is: it may be back the next time
            if (what := translated(error, SourceError, self.name).what) != self.trouble:
                self.trouble = what
                self._journal.say(f"{what}; still waiting")
            self._over.wait(RETRY)
            return
        if again is None:
            raise SourceError(f"{self.name} is lost, and cannot be opened anew")
        if self._over.is_set():
            again.close()
            return
        self._source, self._owned = again, True
        self._away, self.trouble, self._base = False, "", self._next
        who = f", {self._wish.note}" if self._wish is not None else ""
        self._journal.happened("camera back", f"on: {again.note}{who}")

    def _rest(self, wish: Wish) -> None:
        """Closes the camera, and waits a little for somebody to want it."""
        if not self._away:
            self._away = True
            self._source.close()
            self._journal.happened("camera off", f"{self.name} is {wish.note}")
        self.trouble = wish.note
        wish.wait(_LOOK)


class Stillness:
    """Whether a camera has given one picture for too long. Once it was told, the picture has to change first."""

    def __init__(self) -> None:
        self._rows: Plane | None = None
        self._since: float | None = None

    def lasts(self, luma: Plane, at: float) -> bool:
        """Whether it has, with this picture that came at `at`."""
        rows = luma[::_COMPARED]
        if self._rows is None or not np.array_equal(rows, self._rows):
            self._rows, self._since = rows.copy(), at
            return False
        if self._since is None or at - self._since < FROZEN:
            return False
        self._since = None
        return True
