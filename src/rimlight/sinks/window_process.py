"""The preview's window from outside: its process, started, fed, listened to and ended. No call waits for long."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from io import FileIO
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import cast

from rimlight.errors import NoDisplayError, SinkError
from rimlight.protocols import Closes, Key
from rimlight.sinks.display import display_name, no_answer
from rimlight.sinks.shown import CLOSED, KEY, LACKING, OPEN, Shown, heard, write_shown
from rimlight.types import Size

_OPEN_LIMIT = 10.0
"""Seconds until a display counts as hanging: twenty times what a window takes to open on a free core."""
_END_LIMIT = 0.5
"""Seconds that the process has to end by itself, and that a write has to end."""
_KILL_LIMIT = 2.0
"""Seconds until a process that was killed and does not end is left behind."""
_LOST = "could not connect to display", "X11 connection broke", "XIO:"
"""What Qt says before it aborts, Qt, and Xlib, when the display went while the window was opened, or later."""
_PIPE_BYTES = 1 << 20
"""What Linux lets a pipe hold without privileges (/proc/sys/fs/pipe-max-size): most of a picture."""


def open_window(title: str, size: Size) -> WindowProcess:
    """Opens a window for pictures of `size` (even). Raises NoDisplayError when there is no screen for it."""
    display = display_name()  # a process that could only say that there is none is not worth its start
    window = WindowProcess(_start(title, size), display)
    try:
        window.wait(_OPEN_LIMIT)
    except BaseException:
        window.close()
        raise
    return window


def _start(title: str, size: Size) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(  # noqa: S603  our own
            [sys.executable, "-m", "rimlight.sinks.window", title, str(size.width), str(size.height)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Python looks for modules first where it is started: in this package's folder, not in the user's.
            cwd=Path(__file__).parents[2],
            # Ctrl-C, and a terminal that closes, are for the run to judge.
            start_new_session=True,
        )
    except OSError as error:
        raise NoDisplayError(f"the preview's window cannot be opened: {error}") from error
    _enlarge(process)
    return process


def _enlarge(process: subprocess.Popen[bytes]) -> None:
    if sys.platform != "linux":
        return
    import fcntl

    assert process.stdin is not None
    try:
        fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:  # a system that allows less: pictures go through it in more steps
        return


class WindowProcess(Closes):
    """A process that shows a window. `show`, `keys` and `close` may each be called from a thread of its own."""

    def __init__(self, process: subprocess.Popen[bytes], display: str) -> None:
        self._process = process
        self._display = display
        # Both are raw: nothing is buffered.
        self._pictures = cast(FileIO, process.stdin)
        self._words = cast(FileIO, process.stdout)
        self._writing = threading.Lock()
        self._first: SimpleQueue[str] = SimpleQueue()
        self._keys: deque[Key] = deque()
        self._complaints: deque[str] = deque(maxlen=20)
        self._lack: NoDisplayError | None = None
        self._over = False
        """Closed, by the user or by us: what is shown then is nobody's business."""
        self._listener = threading.Thread(target=self._listen, name="preview", daemon=True)
        self._listener.start()

    def wait(self, limit: float) -> None:
        """Until the window is open, at most `limit` seconds. Raises NoDisplayError when it cannot be."""
        try:
            word = self._first.get(timeout=limit)
        except Empty:
            raise no_answer(self._display) from None
        if word != OPEN:
            raise self._lack or NoDisplayError(f"the preview's window cannot be opened: {self._why()}")

    def show(self, shown: Shown) -> None:
        """Waits only while the process is held up as a whole. Raises SinkError when it is gone for good.

        Nothing is done, and nothing raised, once the window was closed.
        """
        if self._over:
            return
        try:
            with self._writing:
                write_shown(self._pictures, shown)
        except (OSError, ValueError) as error:  # its end of the pipe is gone; ours was closed
            self._listener.join(_KILL_LIMIT)  # it tells why, and whether it was the user
            if not self._over:
                what = f"the preview is gone: {self._why()}"
                raise SinkError(what, "Start Rimlight again to have one.") from error

    def keys(self) -> list[Key]:
        """What was asked for since the last call; a closed window asks to quit, one that is lost does not."""
        return [self._keys.popleft() for _ in range(len(self._keys))]

    def close(self) -> None:
        self._over = True
        # The end of its input ends it, unless it is held up: then whoever still writes is as well.
        if self._end_input(_END_LIMIT):
            self._listener.join(_END_LIMIT)
        if self._listener.is_alive():
            self._process.kill()
            self._end_input(_KILL_LIMIT)
            self._listener.join(_KILL_LIMIT)
        if not self._listener.is_alive():
            self._words.close()

    def _end_input(self, limit: float) -> bool:
        free = self._writing.acquire(timeout=limit)
        if free:
            self._pictures.close()
            self._writing.release()
        return free

    def _listen(self) -> None:
        """Until the process ended; then it takes note of that, so that no zombie is left."""
        for line in self._words:
            word, complaint = heard(line)
            if word:
                self._obey(word)
            if complaint:
                self._complaints.append(complaint)
        self._process.wait()
        self._first.put("")

    def _obey(self, word: str) -> None:
        if word.startswith(KEY):
            self._keys.append(cast(Key, word.removeprefix(KEY)))
        elif word == CLOSED:
            self._over = True
            self._keys.append("quit")
        else:
            if word.startswith(LACKING):
                self._lack = NoDisplayError(*json.loads(word.removeprefix(LACKING)))
            self._first.put(word)

    def _why(self) -> str:
        code = self._process.poll()
        if self._lack is not None:
            return self._lack.what
        if any(sign in line for line in self._complaints for sign in _LOST):
            return f"the display {self._display} was lost"
        if code is not None and code < 0:
            return f"its process was killed by signal {-code}"
        said = self._complaints[-1] if self._complaints else "it did not say why"
        return f"its process ended with exit code {code}: {said}"
