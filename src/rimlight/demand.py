"""Whether the webcam is wanted: while somebody reads the virtual camera, and a little longer."""

from __future__ import annotations

HOLD_OFF = 4.0
"""Seconds that the webcam stays on after the last reader left. Call programs open a camera anew when they go from
their green room into the call or change a setting; a webcam takes up to a second to start, and its light blinks."""


class Demand:
    """Pure: whoever knows the readers tells it, with the time."""

    def __init__(self, hold: float = HOLD_OFF) -> None:
        """`hold`: seconds, 0 or more, that the camera stays wanted after nobody reads any more."""
        self._hold = hold
        self._read = False
        self._left = float("-inf")

    def tell(self, read: bool, at: float) -> bool:
        """Whether the camera is wanted, now that somebody reads or nobody does; `at` in seconds, never goes back.

        The last reader left when that was first told. Before anybody has read, the camera is not wanted.
        """
        if self._read and not read:
            self._left = at
        self._read = read
        return read or at - self._left < self._hold
