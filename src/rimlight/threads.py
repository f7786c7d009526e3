"""The threads of a live run: capture, cut and compose. The only place that starts them."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from rimlight.errors import RimlightError
from rimlight.overlap import Belt
from rimlight.protocols import Background, Key, Source
from rimlight.slot import LatestSlot
from rimlight.types import Cut, Frame, Output

_Item = TypeVar("_Item")

_PATIENCE = 0.5
"""Seconds that a thread has to end by itself; then the source is closed under it."""
_STOP_LIMIT = 1.5
"""Seconds after which a thread that does not end is left behind."""


class Processor(Protocol):
    """What a run needs of the pipeline. Each of the two has its thread."""

    @property
    def background(self) -> Background: ...

    def cut(self, frame: Frame) -> Cut: ...

    def compose(self, cut: Cut) -> Output: ...


class Controls(Protocol):
    """Carries out what a user asks for while it runs; on the thread that composes, between two frames."""

    def apply(self, key: Key) -> str:
        """Does it and returns a line that says so: 'background: office.jpg'. Raises RimlightError if it cannot."""


class Governs(Protocol):
    """Decides how much work frames get; on the thread that cuts."""

    @property
    def note(self) -> str:
        """How much that is, and why no more."""

    def tend(self) -> str:
        """Called between two frames. A line that says what changed, or nothing."""


class Threads:
    """Capture, cut and compose. An error in one ends all, and is kept for the caller."""

    def __init__(
        self, source: Source, pipeline: Processor, controls: Controls | None, governor: Governs | None
    ) -> None:
        self._source = source
        self._pipeline = pipeline
        self._controls = controls
        self._governor = governor
        self._stopping = threading.Event()
        self._errors: SimpleQueue[BaseException] = SimpleQueue()
        self._said: SimpleQueue[str] = SimpleQueue()
        self._frames: LatestSlot[Frame] = LatestSlot()
        # One waits at most: more would grow old.
        self._cuts: Belt[Cut] = Belt(room=1)
        self._capture = threading.Thread(target=self._run_capture, name="capture", daemon=True)
        self._cut = threading.Thread(target=self._run_cut, name="cut", daemon=True)
        self._compose = threading.Thread(target=self._run_compose, name="compose", daemon=True)
        self.outputs: LatestSlot[Output] = LatestSlot()
        self.asked: SimpleQueue[Key] = SimpleQueue()
        self.captured = 0

    @property
    def dropped(self) -> int:
        return self._frames.dropped + self.outputs.dropped

    def said(self) -> str | None:
        """The next line that the controls returned."""
        return _next(self._said)

    def start(self) -> None:
        for thread in reversed(self._all):
            thread.start()

    def stop(self) -> list[str]:
        """Ends all, at most `_STOP_LIMIT` from now; names those that do not end."""
        limit = time.monotonic() + _STOP_LIMIT
        self._stopping.set()
        self._frames.close()
        self._cuts.stop()
        self.outputs.close()
        self._capture.join(_PATIENCE)
        if self._capture.is_alive():
            self._source.close()
        for thread in self._all:
            thread.join(max(0.0, limit - time.monotonic()))
        return [thread.name for thread in self._all if thread.is_alive()]

    @property
    def _all(self) -> tuple[threading.Thread, ...]:
        return self._capture, self._cut, self._compose

    def raise_error(self) -> None:
        """Raises the first error of any thread, if there was one."""
        if (error := _next(self._errors)) is not None:
            raise error

    def _run_capture(self) -> None:
        try:
            while not self._stopping.is_set() and (frame := self._source.read()) is not None:
                self.captured += 1
                self._frames.put(frame)
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            if not self._stopping.is_set():  # else: the source was closed under its reader
                self._errors.put(error)
        finally:
            self._frames.close()

    def _run_cut(self) -> None:
        try:
            while (frame := self._frames.take()) is not None and self._cuts.put(self._pipeline.cut(frame)):
                if self._governor is not None and (line := self._governor.tend()):
                    self._said.put(line)
                # Not held while the next one is waited for: its memory may be wanted.
                del frame
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            self._errors.put(error)
        finally:
            self._cuts.end()

    def _run_compose(self) -> None:
        try:
            while (cut := self._cuts.take()) is not None:
                self._obey()
                self.outputs.put(self._pipeline.compose(cut))
                del cut
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            self._errors.put(error)
        finally:
            self._cuts.stop()
            self.outputs.close()

    def _obey(self) -> None:
        while (key := _next(self.asked)) is not None:
            if self._controls is not None:
                try:
                    self._said.put(self._controls.apply(key))
                except RimlightError as error:
                    self._said.put(str(error))


def _next(queue: SimpleQueue[_Item]) -> _Item | None:
    try:
        return queue.get_nowait()
    except Empty:
        return None
