"""When a file is opened or closed by anyone, as Linux tells through inotify(7); device files too."""

from __future__ import annotations

import ctypes
import os
import select

from rimlight.protocols import Closes

# sys/inotify.h: the file was opened; closed; its node was changed or is gone.
_OPEN, _CLOSE, _ATTRIB, _DELETE_SELF = 0x20, 0x18, 0x04, 0x400


def open_opens(path: str) -> Opens:
    """Watches a file. Raises OSError if it is not there, may not be read, or the user's watches are used up."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if handle < 0:
        raise OSError(ctypes.get_errno(), "inotify cannot be used")
    mask = ctypes.c_uint32(_OPEN | _CLOSE | _ATTRIB | _DELETE_SELF)
    if libc.inotify_add_watch(handle, os.fsencode(path), mask) < 0:
        os.close(handle)
        raise OSError(ctypes.get_errno(), "cannot be watched", path)
    return Opens(handle)


class Opens(Closes):
    """Tells that the file was opened or closed, not by whom nor how often: like events in a row are made one."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._poll = select.poll()
        self._poll.register(handle, select.POLLIN)

    def wait(self, seconds: float) -> bool:
        """Whether something happened since the last call; waits so long for it."""
        happened = bool(self._poll.poll(seconds * 1000))
        if happened:
            os.read(self._handle, 1 << 16)
        return happened

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
