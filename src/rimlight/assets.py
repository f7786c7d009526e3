"""Where the files that travel with Rimlight lie: inside the installed package, or in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent / "assets"
_CHECKOUT = Path(__file__).parents[2] / "assets"


def asset(*parts: str) -> Path:
    """Path of a shipped file, e.g. ``asset("models", "selfie_segmentation.tflite")``. It may be missing."""
    root = _PACKAGE if _PACKAGE.is_dir() else _CHECKOUT
    return root.joinpath(*parts)
