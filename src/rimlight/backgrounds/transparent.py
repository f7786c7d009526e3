"""No background: for outputs that carry alpha. On those that cannot, the key green that editors take out."""

from __future__ import annotations

from rimlight.backgrounds.color import flat
from rimlight.backgrounds.plate import PlateBackground

KEY_GREEN = (0, 177, 64)
"""Chroma-key green, #00b140."""


def open_transparent() -> PlateBackground:
    """A green plate whose name says that who can write alpha should."""
    return PlateBackground("transparent", lambda size, color: flat(size, color, KEY_GREEN))
