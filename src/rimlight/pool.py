"""Pool: arrays that are given out again once nobody holds them, so that a frame costs no fresh memory.

Fresh memory of a picture's size comes from the kernel page by page: at 1080p, faulting it in costs as much as
compositing into it (over: 4.9 ms into fresh arrays, 2.2 ms into known ones, one core).
"""

from __future__ import annotations

import sys

import numpy as np

from rimlight.types import Plane

_LIMIT = 16
"""Arrays kept at most; who holds more outputs than that gets fresh ones, which are not kept."""


class Pool:
    """Gives (rows, columns) uint8 arrays. Used by one thread; arrays may be let go of by any."""

    def __init__(self) -> None:
        self._arrays: list[Plane] = []

    def take(self, rows: int, columns: int) -> Plane:
        """An array of that shape, its content not set, that nobody else holds, nor a view of it."""
        if self._arrays and self._arrays[0].shape != (rows, columns):
            self._arrays.clear()
        for i in range(len(self._arrays)):
            # Two references: the list's and the call's. A view, and a Picture, holds one more.
            if sys.getrefcount(self._arrays[i]) <= _UNHELD:
                return self._arrays[i]
        array = np.empty((rows, columns), np.uint8)
        if len(self._arrays) < _LIMIT:
            self._arrays.append(array)
        return array


def _references_of_an_unheld_item() -> int:
    items = [np.empty(0, np.uint8)]
    return sys.getrefcount(items[0])


_UNHELD = _references_of_an_unheld_item()
"""What `sys.getrefcount(items[i])` says of an item that only its list holds: 2, or 1 in newer Pythons."""
