"""What a clip holds beside its pictures, for who carries it into another file: where to have it, and how much."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.stream import Stream

STDIN = Path("-")
"""Stands for the standard input, and as an output for the standard output."""


@dataclass(slots=True)
class Tap:
    """What comes along where a clip can be read but once: filled while its pictures are decoded."""

    container: InputContainer
    streams: list[Stream]
    packets: deque[Packet[Stream]] = field(default_factory=deque)
    """In the file's order; whoever takes them may be another thread."""
    wanted: bool = False
    """Whether anybody takes them; without, they are dropped once pictures are read."""
    begun: bool = False
    """Whether they are: before, nobody could say so."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Sound, subtitles, chapters and what the file says of itself."""

    path: Path
    begin: Fraction = Fraction(0)
    """Seconds of the clip that become 0."""
    end: Fraction | None = None
    sound: bool = True
    tap: Tap | None = None
    """None: the file is opened once more."""
