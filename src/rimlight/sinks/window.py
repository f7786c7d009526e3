"""The preview's window, through OpenCV: `python -m rimlight.sinks.window TITLE WIDTH HEIGHT`.

In a process of its own because Qt ends the process when its screen goes away, and waits when its screen hangs.
Pictures come by standard input, words go by standard output (`sinks/shown.py`); the end of input ends it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from io import FileIO

import cv2
import numpy as np

from rimlight.errors import NoDisplayError
from rimlight.picture import to_bgr
from rimlight.pool import Pool
from rimlight.protocols import Key
from rimlight.sinks.display import prepare_display
from rimlight.sinks.overlay import draw_caption, draw_help, draw_recording
from rimlight.sinks.shown import CLOSED, KEY, LACKING, OPEN, Shown, marked, read_shown
from rimlight.slot import LatestSlot
from rimlight.types import Size

_GROUND = 24
"""Level of the window before the first picture; left to itself it is white."""
_TICK = 0.02
"""Seconds between two looks at keys while no picture comes."""
_END_LIMIT = 1.0
"""Seconds after the end of input until a display that hangs is waited for no more."""

_KEYS: dict[str, Key] = {
    "q": "quit",
    "\x1b": "quit",
    "b": "next-background",
    "[": "less-blur",
    "]": "more-blur",
    "m": "mirror",
    "r": "record",
    "p": "pause",
    "s": "replay",
    "o": "overlay",
    "h": "help",
}

_HELP = (
    ("b", "next background"),
    ("[ ]", "less blur, more blur"),
    ("m", "mirror"),
    ("r", "start or stop a recording"),
    ("p", "pause the recording, or go on"),
    ("s", "save the last moments (--replay)"),
    ("o", "hide or show the caption"),
    ("h", "close this help"),
    ("q", "quit"),
)


class Pane:
    """An open window. Keys `o` and `h` are its own business. Raises NoDisplayError when it cannot be opened."""

    def __init__(self, title: str, size: Size) -> None:
        prepare_display()
        self._title = title
        self._bgr = np.full((size.height, size.width, 3), _GROUND, np.uint8)
        self._shown: Shown | None = None
        self._captioned = True
        self._helping = False
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(title, *size)
        except cv2.error as error:
            raise NoDisplayError(f"the preview's window cannot be opened: {error.err}") from error
        self._draw()

    def show(self, shown: Shown) -> None:
        """Draws it. Raises NoDisplayError when that cannot be done any more."""
        self._shown = shown
        to_bgr(shown.picture, self._bgr)
        if self._captioned and shown.caption:
            draw_caption(self._bgr, shown.caption.splitlines())
        if shown.recording:
            draw_recording(self._bgr, paused=shown.paused)
        if self._helping:
            draw_help(self._bgr, _HELP)
        self._draw()

    def _draw(self) -> None:
        try:
            cv2.imshow(self._title, self._bgr)
        except cv2.error as error:
            raise NoDisplayError(f"the preview's window cannot be drawn: {error.err}") from error

    def pressed(self) -> list[Key]:
        """Those that were pressed since the last call and are not its own. Lets the window system work."""
        asked: list[Key] = []
        while (code := cv2.pollKey()) != -1:
            key = _KEYS.get(chr(code).lower()) if code < 128 else None
            if key == "overlay":
                self._captioned = not self._captioned
            elif key == "help":
                self._helping = not self._helping
            elif key is not None:
                asked.append(key)
            if key in {"overlay", "help"} and self._shown is not None:
                self.show(self._shown)
        return asked

    @property
    def visible(self) -> bool:
        """False once the user closed it."""
        try:
            visible: bool = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # what Qt's side answers once its last window was closed
            return False
        return visible


def main(title: str, size: Size) -> None:
    """Shows what comes until the input ends or the user closes the window."""
    # Ctrl-C reaches every process of a terminal; the one that started this decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    slot: LatestSlot[Shown] = LatestSlot()
    threading.Thread(target=_read, args=(slot,), name="window", daemon=True).start()
    try:
        _run(Pane(title, size), slot)
    except NoDisplayError as error:
        _say(LACKING + json.dumps([error.what, error.hint]))


def _run(pane: Pane, slot: LatestSlot[Shown]) -> None:
    _say(OPEN)
    while not slot.closed:
        if (shown := slot.take(_TICK)) is not None:
            pane.show(shown)
        for key in pane.pressed():
            _say(KEY + key)
        if not pane.visible:
            _say(CLOSED)
            return


def _read(slot: LatestSlot[Shown]) -> None:
    """Empties the pipe at once, whatever the display does: the newest picture wins, and who writes never waits."""
    pipe, pool = FileIO(0, closefd=False), Pool()
    while (shown := read_shown(pipe, pool)) is not None:
        slot.put(shown)
        del shown
    slot.close()
    time.sleep(_END_LIMIT)
    os._exit(0)


def _say(word: str) -> None:
    try:
        os.write(1, marked(word))
    except BrokenPipeError:  # who listened is gone, so that the input ends too
        return


if __name__ == "__main__":
    main(sys.argv[1], Size(int(sys.argv[2]), int(sys.argv[3])))
    # Nothing is to be saved, and Qt's own end may wait for its display.
    os._exit(0)
