"""Text for a terminal: names of files, cameras and tensors come from others, and may hold what a terminal obeys."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text with what cannot be seen written out, as '\x1b[2J' for what clears the screen; lines stay lines."""
    return "".join(c if c == "\n" or c.isprintable() else _written_out(c) for c in text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
