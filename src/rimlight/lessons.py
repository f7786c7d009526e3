"""What lessons about the room are worth: evidence, counted in seconds."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from rimlight.types import Plane

Floats = NDArray[np.float32]

LONGEST = 0.3
"""Seconds that one lesson counts at most, however much was dropped before it."""

UNIT = 1 / 80
"""Seconds; evidence is counted in them, so that a byte holds it."""

_FAINTLY_KNOWN, _WELL_KNOWN = 0.2, 0.6
"""Seconds of evidence at which a pixel begins to be known, and is."""

MOST = 3.0
"""Seconds of evidence that a pixel can gather: what it takes to be believed wrong, once it was known for long."""

FALL = 2.0
"""How much faster evidence is lost where the room shows something else."""

_MEMORY = 1.5
"""Seconds in which a pixel's mean follows a slow change by two thirds."""


@cache
def weights(lesson: int) -> Floats:
    """By evidence, this lesson's included: its part of the mean. All at first, in the end a running mean's."""
    evidence = np.arange(256, dtype=np.float32)
    parts = np.maximum(lesson / np.maximum(evidence, 1), lesson * UNIT / _MEMORY)
    parts[0] = 0
    return np.minimum(parts, 1).astype(np.float32)


@cache
def sureness() -> Plane:
    """By evidence: 0 to 255."""
    seconds = np.arange(256) * UNIT
    return (255 * (seconds - _FAINTLY_KNOWN) / (_WELL_KNOWN - _FAINTLY_KNOWN)).clip(0, 255).astype(np.uint8)


def units(seconds: float) -> int:
    """So many seconds as evidence."""
    return round(seconds / UNIT)
