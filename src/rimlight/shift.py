"""One line's time at work: a pipeline that cuts and composes on a thread each, with who obeys and who governs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from rimlight.errors import DoubtedError, RimlightError, emptied
from rimlight.journal import Journal
from rimlight.overlap import Belt
from rimlight.plausible import Plausibility
from rimlight.protocols import Background, Key
from rimlight.slot import LatestSlot
from rimlight.types import Cut, Frame, Output
from rimlight.watchdog import Tasks, Watchdog

LIMIT = 2.0
"""Seconds after which a frame that is not cut, or composed, is given up with the pipeline that works on it. The
slowest model takes 0.3 s for a frame on two slow cores, and twice as long for its first."""
_GAP = 1.0
"""Seconds without a frame after which the next is of another scene: what was learned is forgotten."""
_LOOK = 0.25
"""Seconds between two looks of a waiting thread whether it was left behind."""


class Processor(Protocol):
    """What a run needs of the pipeline. `cut` and `compose` have a thread each."""

    @property
    def background(self) -> Background: ...

    def cut(self, frame: Frame) -> Cut: ...

    def compose(self, cut: Cut) -> Output: ...

    def reset(self) -> None: ...


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


@dataclass(frozen=True)
class Line:
    """A pipeline, with who obeys and who governs."""

    pipeline: Processor
    controls: Controls | None = None
    governor: Governs | None = None
    close: Callable[[], None] = lambda: None
    """Called once its threads have ended, by one of them where nobody waits for it."""


class Shift:
    """Takes from `frames`, puts what it makes into `outputs`. Used by one thread."""

    def __init__(self, line: Line, frames: LatestSlot[Frame], journal: Journal, asked: SimpleQueue[Key]) -> None:
        self.line = line
        self.outputs: LatestSlot[Output] = LatestSlot()
        self.error: BaseException | None = None
        self.forget = False
        self.refused = 0
        """Frames whose mattes were not believed."""
        self._frames = frames
        self._journal = journal
        self._asked = asked
        self._plausibility = Plausibility()
        self._over = threading.Event()
        # One waits at most: more would grow old.
        self._cuts: Belt[Cut] = Belt(room=1)
        self._working = 2
        self._lock = threading.Lock()
        self._tasks = {"the model": Tasks(), "the background": Tasks()}
        self._dogs = {name: Watchdog(LIMIT) for name in self._tasks}
        cut = threading.Thread(target=self._run, args=(self._cut, self._cuts.end), name="cut", daemon=True)
        compose = threading.Thread(target=self._run, args=(self._compose, self._end), name="compose", daemon=True)
        self._threads = (compose, cut)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def leave(self) -> None:
        """What it still makes is not wanted."""
        self._over.set()
        self._end()

    @property
    def dropped(self) -> int:
        return self.outputs.dropped + self.refused

    @property
    def is_alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def join(self, limit: float) -> list[str]:
        for thread in self._threads:
            thread.join(max(0.0, limit - time.monotonic()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    def hung(self, now: float) -> str:
        """What has not answered for too long; empty if all goes on."""
        bitten = [name for name, tasks in self._tasks.items() if self._dogs[name].bites(tasks.current, now)]
        return bitten[0] if bitten else ""

    def _end(self) -> None:
        self._cuts.stop()
        self.outputs.close()

    def _run(self, work: Callable[[], None], end: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread, or told there
            self.error = self.error or emptied(error)
        finally:
            end()
            with self._lock:
                self._working -= 1
                last = self._working == 0
            if last:
                self.line.close()

    def _cut(self) -> None:
        line, tasks, last = self.line, self._tasks["the model"], None
        while not self._over.is_set():
            frame = self._frames.take(_LOOK)
            if frame is None:
                if self._frames.closed:
                    return
                continue
            with tasks:
                if self.forget or (last is not None and frame.at - last > _GAP):
                    self.forget = False
                    line.pipeline.reset()
                last = frame.at
                try:
                    cut = line.pipeline.cut(frame)
                except DoubtedError as error:
                    self._refuse(error.what)
                    continue
                if line.governor is not None and (said := line.governor.tend()):
                    self._journal.say(said)
            # Not held while the next one is waited for: their memory may be wanted.
            del frame
            if not self._cuts.put(cut):
                return
            del cut

    def _compose(self) -> None:
        tasks = self._tasks["the background"]
        while (cut := self._cuts.take()) is not None:
            with tasks:
                self._obey()
                if why := self._plausibility.doubt(cut.planes.y, cut.small, cut.at):
                    self._refuse(why)
                else:
                    self.outputs.put(self.line.pipeline.compose(cut))
            del cut

    def _refuse(self, why: str) -> None:
        self.refused += 1
        self._journal.happened("matte refused", why)

    def _obey(self) -> None:
        while not self._over.is_set():
            try:
                key = self._asked.get_nowait()
            except Empty:
                return
            if self.line.controls is not None:
                try:
                    self._journal.say(self.line.controls.apply(key))
                except RimlightError as error:
                    self._journal.say(str(error))
