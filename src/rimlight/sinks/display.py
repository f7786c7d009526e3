"""Is there a screen for OpenCV's window? Asked first, because Qt ends the whole process when there is none."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import cv2

from rimlight.errors import NoDisplayError

_XCB_PLUGIN = Path(cv2.__file__).parent / "qt" / "plugins" / "platforms" / "libqxcb.so"
_HINT = "Send the picture elsewhere: --to virtual or --to talk.mp4"


def display_name() -> str:
    """The display that a window would be opened on; empty where that needs no name. Never waits.

    Raises NoDisplayError when none is named, or when OpenCV opens no windows at all.
    """
    if not cv2.currentUIFramework():
        why = "this OpenCV was built without windows, so that there is no preview"
        raise NoDisplayError(why, "pip uninstall opencv-python-headless; pip install opencv-contrib-python")
    if sys.platform != "linux":
        return ""
    display = os.environ.get("DISPLAY", "")
    if not display:
        wayland = os.environ.get("WAYLAND_DISPLAY")
        lack = "OpenCV's window needs XWayland, and DISPLAY is not set" if wayland else "DISPLAY is not set"
        raise NoDisplayError(f"there is no screen for the preview: {lack}", _HINT)
    return display


def prepare_display() -> None:
    """Readies Qt and makes sure that a window can be opened. Raises NoDisplayError.

    Waits for ever where the display takes connections and does not answer, as a server that hangs does.
    """
    display = display_name()
    if not display:
        return
    if not _answers(display):
        raise no_answer(display)
    if _XCB_PLUGIN.exists():
        _use_bundled_qt()


def no_answer(display: str) -> NoDisplayError:
    """The error for a display that cannot be reached, or says nothing."""
    which = f"display {display}" if display else "the window system"
    return NoDisplayError(f"there is no screen for the preview: {which} does not answer", _HINT)


def _answers(display: str) -> bool:
    """Connects as Qt would: the same library, the same address, the same credentials."""
    xcb = ctypes.CDLL("libxcb.so.1")  # cv2 itself is linked against it
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    try:
        return not xcb.xcb_connection_has_error(connection)
    finally:
        xcb.xcb_disconnect(connection)


def _use_bundled_qt() -> None:
    try:
        ctypes.CDLL(str(_XCB_PLUGIN))
    except OSError as error:
        why = f"the preview's window cannot be opened: {error}"
        raise NoDisplayError(why, "Install the library that is named there, or " + _HINT.lower()) from error
    # The wheels bring only this way to a screen; left to itself, Qt tries Wayland first and complains or aborts.
    os.environ["QT_QPA_PLATFORM"] = "xcb"
