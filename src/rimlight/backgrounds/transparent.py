"""No background: for outputs that carry alpha. On those that cannot, the key green that editors take out."""

from __future__ import annotations

from rimlight.backgrounds.color import ColorBackground

KEY_GREEN = (0, 177, 64)
"""Chroma-key green, #00b140."""


def open_transparent() -> ColorBackground:
    """A green plate whose name says that who can write alpha should."""
    return ColorBackground("transparent", KEY_GREEN)
