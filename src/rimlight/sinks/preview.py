"""A window that shows the picture and listens to keys, through OpenCV. One thread, the one that opened it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from rimlight.errors import SinkError
from rimlight.picture import scale, to_bgr
from rimlight.protocols import Key, Sink, Window
from rimlight.sinks.display import prepare_display
from rimlight.sinks.overlay import draw_caption, draw_help, draw_recording
from rimlight.types import Output, Picture, Size, StreamFormat

_LARGEST = Size(1280, 720)
"""Of the picture in the window: fits every laptop's screen, and converting it stays cheap."""

_KEYS: dict[str, Key] = {
    "q": "quit",
    "\x1b": "quit",
    "b": "next-background",
    "[": "less-blur",
    "]": "more-blur",
    "m": "mirror",
    "r": "record",
    "o": "overlay",
    "h": "help",
}

_HELP = (
    ("b", "next background"),
    ("[ ]", "less blur, more blur"),
    ("m", "mirror"),
    ("r", "start or stop a recording"),
    ("o", "hide or show the caption"),
    ("h", "close this help"),
    ("q", "quit"),
)


def open_preview(title: str, format: StreamFormat) -> Preview:  # noqa: A002
    """Opens a window for pictures of this format. Raises NoDisplayError when there is no screen for it."""
    prepare_display()
    size = window_size(format.size)
    try:
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.resizeWindow(title, *size)
    except cv2.error as error:
        raise SinkError(f"the preview's window cannot be opened: {error.err}") from error
    return Preview(title, size)


def window_size(size: Size) -> Size:
    """The size of the picture in the window: even, proportions kept, no larger than it is or than 1280x720."""
    ratio = min(1.0, _LARGEST.width / size.width, _LARGEST.height / size.height)
    return Size(max(2, round(size.width * ratio / 2) * 2), max(2, round(size.height * ratio / 2) * 2))


class Preview(Sink, Window):
    """An open window. Keys `o` and `h` are its own business; closing it counts as `quit`."""

    def __init__(self, title: str, size: Size) -> None:
        self._title = title
        self._small = Picture.empty(size)
        self._bgr = np.empty((size.height, size.width, 3), np.uint8)
        self._captioned = True
        self._helping = False
        self._closed = False
        self.caption = ""
        self.recording = False

    @property
    def name(self) -> str:
        return "preview"

    def send(self, output: Output) -> None:
        if self._closed:
            return
        picture = output.picture
        if picture.size != self._small.size:
            if picture.color != self._small.color:
                self._small = Picture.empty(self._small.size, picture.color)
            picture = scale(picture, self._small.size, self._small)
        to_bgr(picture, self._bgr)
        self._decorate()
        try:
            cv2.imshow(self._title, self._bgr)
        except cv2.error as error:
            raise SinkError(f"the preview's window cannot be drawn: {error.err}") from error

    def keys(self) -> Sequence[Key]:
        asked: list[Key] = []
        while not self._closed and (code := cv2.pollKey()) != -1:
            key = _KEYS.get(chr(code).lower()) if code < 128 else None
            if key == "overlay":
                self._captioned = not self._captioned
            elif key == "help":
                self._helping = not self._helping
            elif key is not None:
                asked.append(key)
        if not self._closed and not self._visible():
            self._closed = True
            asked.append("quit")
        return asked

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._visible():
            cv2.destroyWindow(self._title)
            cv2.pollKey()  # lets the window system hear of it

    def _decorate(self) -> None:
        if self._captioned and self.caption:
            draw_caption(self._bgr, self.caption.splitlines())
        if self.recording:
            draw_recording(self._bgr)
        if self._helping:
            draw_help(self._bgr, _HELP)

    def _visible(self) -> bool:
        try:
            visible: bool = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # what Qt's side answers once its last window was closed
            return False
        return visible
