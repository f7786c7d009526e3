"""Whether a program streams from a v4l2loopback device, as the driver itself tells from version 0.13 on.

Its event says 1 from the moment that a program begins to take pictures (VIDIOC_STREAMON) until it stops or closes,
else 0; opening alone is no use. Read in the source of 0.13 and 0.15: a handle that only subscribes counts as no
user, takes one of `max_openers` (10), and changes neither what the device says it can do nor its format; but before
0.15 a device that is held open keeps the format of a writer that left, and its looks as a camera. So it is to be
closed with the writer. Programs that read() instead of streaming, as cat does, are counted from 0.15 on.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
from collections.abc import Callable

from rimlight.protocols import Closes

# linux/videodev2.h on 64 bits; on 32 the driver knows no such request, and so it tells nothing there.
_DQEVENT = 0x80885659  # struct v4l2_event: type u32, 4 unused, u[64], pending, sequence, timespec, id, reserved[8]
_SUBSCRIBE_EVENT = 0x4020565A  # struct v4l2_event_subscription: type id flags reserved[5]
_UNSUBSCRIBE_EVENT = 0x4020565B
_SEND_INITIAL = 1

_CLIENT_USAGE = 0x08000000 + 0x08E00000 + 1
"""v4l2loopback.c: V4L2_EVENT_PRI_CLIENT_USAGE, whose `u` begins with the count, u32."""

Ioctl = Callable[[int, int, bytearray], object]
Pending = Callable[[int, float], bool]


def open_streaming(device: str) -> Streaming:
    """Subscribes. Raises OSError if the device cannot be opened or its driver does not tell."""
    handle = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return Streaming(handle)
    except OSError:
        os.close(handle)
        raise


def is_pending(handle: int, seconds: float) -> bool:
    """Waits so long for an event on the handle. Raises OSError if its device is gone."""
    poll = select.poll()
    poll.register(handle, select.POLLPRI)
    state = sum(mask for _, mask in poll.poll(seconds * 1000))
    if state & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
        raise OSError(errno.ENODEV, "the device is gone")
    return bool(state)


class Streaming(Closes):
    """A subscription. Any call raises OSError once the device is gone."""

    def __init__(self, handle: int, ioctl: Ioctl = fcntl.ioctl, pending: Pending = is_pending) -> None:
        """Owns `handle`, opened without blocking, unless this raises: OSError if the driver does not tell."""
        self._handle = handle
        self._ioctl = ioctl
        self._pending = pending
        self._count = 0
        self._subscribe()

    def is_read(self) -> bool:
        """Whether a program streams now, by what the driver has told. Never waits."""
        while self._pending(self._handle, 0):
            event = bytearray(136)
            self._ioctl(self._handle, _DQEVENT, event)
            (self._count,) = struct.unpack_from("<I", event, 8)
        return self._count > 0

    def ask(self) -> None:
        """Has the driver tell the state again; programs in the field were seen to miss an event for hours."""
        self._ioctl(self._handle, _UNSUBSCRIBE_EVENT, _subscription())
        self._subscribe()

    def wait(self, seconds: float) -> bool:
        """Waits so long for the driver to tell something; whether it has."""
        return self._pending(self._handle, seconds)

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _subscribe(self) -> None:
        self._ioctl(self._handle, _SUBSCRIBE_EVENT, _subscription())


def _subscription() -> bytearray:
    return bytearray(struct.pack("<3I", _CLIENT_USAGE, 0, _SEND_INITIAL).ljust(32, b"\0"))
