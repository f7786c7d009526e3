"""How far a batch is: bars where somebody watches, a line now and then where not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from rimlight.printable import printable
from rimlight.protocols import Closes

_EVERY = 30.0
"""Seconds between two lines about one file."""

Step = Callable[[int, int | None], None]
"""Takes how many frames of a file are done, and of about how many; None if that is unknown."""


class Watched(Closes):
    """The progress of a batch. Files count by their size: a film is not done as fast as a photo."""

    def __init__(
        self, console: Console, sources: Sequence[Path], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._clock = clock
        self._weights = [_weight(path) for path in sources]
        self._number = 0
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[told]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._all: TaskID | None = None
        if len(sources) > 1:
            self._all = self._bars.add_task("all", total=sum(self._weights), told=f"0/{len(sources)} files")
        self._bars.start()

    def say(self, line: str) -> None:
        """Tells a line, above the bars."""
        self._console.print(printable(line), markup=False, soft_wrap=True)

    @contextmanager
    def file(self, name: str) -> Iterator[Step]:
        """The next file's own progress, while it lasts."""
        before, weight = sum(self._weights[: self._number]), self._weights[self._number]
        task = self._bars.add_task(printable(name), total=None, told="")
        begun = told = self._clock()

        def step(done: int, of: int | None) -> None:
            nonlocal told
            now = self._clock()
            rate = done / (now - begun) if now > begun else 0.0
            self._bars.update(task, completed=done, total=of, told=f"{done}/{of or '?'} frames, {rate:.1f} fps")
            if self._all is not None and of:
                self._bars.update(self._all, completed=before + weight * min(1.0, done / of))
            if not self._console.is_terminal and now - told >= _EVERY:
                told = now
                self.say(f"{name}: {done} of {of or '?'} frames, {rate:.1f} fps{_left(done, of, rate)}")

        try:
            yield step
        finally:
            self._bars.remove_task(task)

    def passed(self) -> None:
        """One file more is done with, be it made, left out or failed."""
        self._number += 1
        if self._all is not None:
            told = f"{self._number}/{len(self._weights)} files"
            self._bars.update(self._all, completed=sum(self._weights[: self._number]), told=told)

    def close(self) -> None:
        self._bars.stop()


def _weight(path: Path) -> int:
    try:
        return max(1, path.stat().st_size)
    except OSError:
        return 1


def _left(done: int, of: int | None, rate: float) -> str:
    if not of or not rate:
        return ""
    minutes, seconds = divmod(max(0, round((of - done) / rate)), 60)
    return f", {minutes}:{seconds:02} left"
