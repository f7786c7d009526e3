"""A window that shows the picture and listens to keys, in a process of its own (`sinks/window.py`).

So the run is touched neither by a display that goes away, which ends the process whose window it shows, nor by one
that hangs.
"""

from __future__ import annotations

from collections.abc import Sequence

from rimlight.picture import scale
from rimlight.protocols import Key, Sink, Window
from rimlight.sinks.shown import Shown
from rimlight.sinks.window_process import WindowProcess, open_window
from rimlight.types import Output, Picture, Size, StreamFormat

_LARGEST = Size(1280, 720)
"""Of the picture in the window: fits every laptop's screen, and scaling to it stays cheap."""


def open_preview(title: str, format: StreamFormat) -> Preview:  # noqa: A002
    """Opens a window for pictures of this format. Raises NoDisplayError when there is no screen for it."""
    size = window_size(format.size)
    return Preview(open_window(title, size), size)


def window_size(size: Size) -> Size:
    """The size of the picture in the window: even, proportions kept, no larger than it is or than 1280x720."""
    ratio = min(1.0, _LARGEST.width / size.width, _LARGEST.height / size.height)
    return Size(max(2, round(size.width * ratio / 2) * 2), max(2, round(size.height * ratio / 2) * 2))


class Preview(Sink, Window):
    """An open window; closing it counts as `quit`, losing it does not. It does not come back by itself.

    `send`, `keys` and `close` may each be called from a thread of its own; `close` ends a `send` that waits.
    """

    def __init__(self, window: WindowProcess, size: Size) -> None:
        self._window = window
        self._small = Picture.empty(size)
        self.caption = ""
        self.recording = False
        self.paused = False

    @property
    def name(self) -> str:
        return "preview"

    def send(self, output: Output) -> None:
        picture = output.picture
        if picture.size != self._small.size:
            if picture.color != self._small.color:
                self._small = Picture.empty(self._small.size, picture.color)
            picture = scale(picture, self._small.size, self._small)
        self._window.show(Shown(picture, self.caption, self.recording, self.paused))

    def keys(self) -> Sequence[Key]:
        return self._window.keys()

    def close(self) -> None:
        self._window.close()
