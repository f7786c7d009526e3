"""A screen of our own for windows (Xvfb), with keys pressed and windows closed as a user would."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from rimlight.types import Bgr
from standins import WAIT

needs_screen = pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")),
    reason="windows are tested with Xvfb and xdotool, which are not installed (Debian: apt install xvfb xdotool)",
)


def wait_for(holds: Callable[[], bool], what: str) -> None:
    """Returns when it holds; fails with `what` if it does not in time."""
    limit = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


class Screen:
    """A running X server. `environment` lets a child process use it."""

    def __init__(self, display: str, memory: Path, server: subprocess.Popen[str]) -> None:
        self.display = display
        self._memory = memory
        self._server = server

    @property
    def environment(self) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if name not in {"WAYLAND_DISPLAY", "DISPLAY"}}
        return {**others, "DISPLAY": self.display}

    def window(self, title: str) -> str:
        """The number of the window with this title, which may be a moment in coming.

        It is put on the screen once more, as a window manager would: there is none, and OpenCV's Qt misses one time
        in four on a busy machine that its window is on the screen already, and then never draws into it.
        """
        window = self._xdotool("search", "--sync", "--onlyvisible", "--name", f"^{title}$").split()[0]
        self._xdotool("windowunmap", window, "windowmap", window)
        return window

    def has_window(self, title: str) -> bool:
        """Whether there is a window with this title."""
        return bool(self._xdotool("search", "--name", f"^{title}$", check=False))

    def press(self, window: str, *keys: str) -> None:
        """Presses keys by their X names, one after the other, in this window, which may go away over it.

        Slowly, for OpenCV tells one key for each time that it is asked.
        """
        self._xdotool("key", "--window", window, "--delay", "150", *keys, check=False)

    def close(self, window: str) -> None:
        """Asks the window to close, as the cross in its corner does. A window that is gone is no error."""
        xcb = ctypes.CDLL("libxcb.so.1")  # Xlib would end the whole process on an error
        xcb.xcb_connect.restype = xcb.xcb_intern_atom_reply.restype = ctypes.c_void_p
        connection = ctypes.c_void_p(xcb.xcb_connect(self.display.encode(), None))

        def atom(name: bytes) -> int:
            asked = xcb.xcb_intern_atom(connection, 0, ctypes.c_uint16(len(name)), name)
            reply = xcb.xcb_intern_atom_reply(connection, asked, None)
            return int(struct.unpack_from("=I", ctypes.string_at(reply, 12), 8)[0])

        # A client message: type, format, sequence, window, message type, data.
        protocols, delete = atom(b"WM_PROTOCOLS"), atom(b"WM_DELETE_WINDOW")
        event = struct.pack("=BBHII5I", 33, 32, 0, int(window), protocols, delete, 0, 0, 0, 0)
        xcb.xcb_send_event(connection, 0, int(window), 0, event)
        atom(b"WM_PROTOCOLS")  # a round trip: what a server has not read yet is lost when its client leaves
        xcb.xcb_disconnect(connection)

    def shot(self) -> Bgr:
        """What the screen shows, (H, W, 3) uint8. Xvfb keeps it as an XWD file that is always current."""
        data = self._memory.read_bytes()
        header = struct.unpack(">25I", data[:100])
        width, height, stride, colours = header[4], header[5], header[12], header[19]
        pixels = np.frombuffer(data, np.uint8, stride * height, header[0] + 12 * colours)
        return pixels.reshape(height, stride // 4, 4)[:, :width, :3].copy()

    def end(self) -> None:
        """The server ends, and with it every connection to it."""
        self._server.terminate()
        self._server.wait()

    def hang(self) -> None:
        """The server answers nobody any more."""
        self._server.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It answers again."""
        self._server.send_signal(signal.SIGCONT)

    def _xdotool(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True, timeout=30, check=check
        )
        return done.stdout


@contextmanager
def open_screen(width: int = 1600, height: int = 1000) -> Iterator[Screen]:
    """Starts an X server on a free display and ends it."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24", "-fbdir", folder]
        # A server starts anew when its last client has left, as who only asks whether it answers does; on a busy
        # machine one window in ten was refused meanwhile.
        command += ["-nolisten", "tcp", "-noreset"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            try:
                assert server.stdout is not None
                yield Screen(f":{server.stdout.readline().strip()}", Path(folder, "Xvfb_screen0"), server)
            finally:
                server.send_signal(signal.SIGCONT)
                server.terminate()
