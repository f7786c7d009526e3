"""How a run is told to its user: one line that is rewritten on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from rimlight.meter import Snapshot
from rimlight.protocols import Closes

_PLAIN_EVERY = 5.0
"""Seconds between two lines where they cannot be rewritten: logs are read later and should stay short."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a run is doing."""

    numbers: Snapshot
    background: str
    recording: bool = False
    effort: str = ""
    """How much work frames get, and why no more; empty where nobody governs."""
    trouble: str = ""
    """Why there is no picture at the moment: then nothing else is worth telling."""

    wish: str = ""
    """Who reads the virtual camera, where the camera is on for them alone."""

    paused: bool = False
    """Whether the recording pauses."""

    mic: str = ""
    """Which microphone is open, and how loud it is."""

    def line(self, between: str = ", ") -> str:
        """'29.9 fps, 21 ms, 0 dropped, blur': rate, p95 latency, dropped frames, background; and the effort."""
        recording = [f"recording{' paused' if self.paused else ''}"] * self.recording
        recording += filter(None, [self.mic])
        if self.trouble:
            return between.join([f"no picture: {self.trouble}", *recording])
        numbers = self.numbers
        latency = f"{numbers.latency.p95 * 1000:.0f} ms"
        parts = [f"{numbers.fps:.1f} fps", latency, f"{numbers.dropped} dropped", self.background]
        return between.join([*parts, *recording, *filter(None, [self.effort, self.wish])])


class StatusLine(Closes):
    """Writes to `stream`. On a terminal the latest status stays in one line, and what is said scrolls above it.

    Closing ends that line, so that whatever is printed next begins on its own.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._rewrites = stream.isatty()
        self._shown = ""
        self._next = clock() + _PLAIN_EVERY

    def show(self, status: Status) -> None:
        """Replaces the status."""
        if self._rewrites:
            self._rewrite(status.line())
        elif self._clock() >= self._next:
            self._next = self._clock() + _PLAIN_EVERY
            self._write(status.line() + "\n")

    def say(self, line: str) -> None:
        """Prints a line that stays."""
        shown = self._shown
        self._rewrite("")
        self._write(line + "\n")
        self._rewrite(shown)

    def close(self) -> None:
        """Ends the line; nothing to do twice."""
        if self._shown:
            self._shown = ""
            self._write("\n")

    def _rewrite(self, line: str) -> None:
        if line == self._shown:
            return
        line = line[: self._columns() - 1]  # the last column would wrap
        blanks = " " * (len(self._shown) - len(line))
        self._write("\r" + line + blanks + ("\r" if not line else ""))
        self._shown = line

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):  # a terminal in name only
            return 80

    def _write(self, text: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        # A terminal of another time: the bars of the microphone's level are question marks there.
        self._stream.write(text.encode(encoding, "replace").decode(encoding))
        self._stream.flush()
