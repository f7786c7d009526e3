"""Files that came from somewhere: only regular ones are read, and only up to a size."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_PIECE = 1 << 20
"""Bytes that are read at a time of what has more than it says."""
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def read_plain(path: Path, most: int) -> bytes:
    """What is in a file of at most so many bytes.

    Raises OSError, whose `strerror` says what is wrong: the system's own, or that it is no regular file, or too
    large. Nothing is waited for: a pipe that nobody writes to is told apart before it is read.
    """
    handle = _opened(path)
    try:
        status = os.fstat(handle)
        _check(status, path, most)
        with open(handle, "rb", closefd=False) as file:
            content = file.read(status.st_size + 1)
            while status.st_size < len(content) <= most and (more := file.read(_PIECE)):
                content += more
    finally:
        os.close(handle)
    if len(content) > most:
        # It grew meanwhile, or does not know its size, as those of /proc.
        raise OSError(errno.EFBIG, f"it has more than the {_amount(most)} that are read", str(path))
    return content


def check_plain(path: Path, most: int | None = None) -> int:
    """The size in bytes of a file that somebody else will open. Raises OSError as `read_plain`."""
    try:
        status = path.stat()
    except ValueError as error:
        raise OSError(errno.EINVAL, "its name is none", repr(str(path))) from error
    _check(status, path, most)
    return status.st_size


def _opened(path: Path) -> int:
    # Opening a pipe waits for its writer unless it is told not to; Windows knows neither.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        return os.open(path, flags)
    except ValueError as error:
        raise OSError(errno.EINVAL, "its name is none", repr(str(path))) from error
    except OSError as error:
        # A socket cannot be opened, and says something that nobody understands.
        raise OSError(errno.ENXIO, "it is no file", str(path)) if error.errno == errno.ENXIO else error from None


def _check(status: os.stat_result, path: Path, most: int | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))
    if most is not None and status.st_size > most:
        raise OSError(
            errno.EFBIG, f"it has {_amount(status.st_size)}, more than the {_amount(most)} that are read", str(path)
        )


def _amount(size: int) -> str:
    return f"{size / (1 << 20):.0f} MB" if size >= 1 << 20 else f"{size} bytes"
