"""Memory that the C library keeps for later."""

from __future__ import annotations

import contextlib
import ctypes
import os

_M_MMAP_THRESHOLD = -3
_LARGE = 4 << 20
"""Bytes; planes of 1080p are smaller, and serve again without the kernel's help."""


def give_large_blocks_back() -> None:
    """Has blocks of 4 MiB and more go back to the system when they are let go of (glibc; elsewhere nothing).

    glibc raises its own limit to 32 MiB once such a block was freed (mallopt(3), M_MMAP_THRESHOLD): decoded
    backgrounds and photos then lie among small blocks that live on, in each thread's arena, and the process grows.
    Soaked in faults for 40 000 frames it held 112 MB instead of 138, and had stopped growing.
    """
    # Other C libraries know no such name, or no such option, and there is nothing to be done then.
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        if os.confstr("CS_GNU_LIBC_VERSION"):
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
