"""What goes between the preview and its window, which is a process of its own: pictures there, words back.

Two pipes, so that nothing of a picture ever lies in a file or in memory that has a name. A picture is a header, the
caption in UTF-8, and the planes as they are. A word is a line that begins with a mark, since libraries print into
the same pipe.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import FileIO
from typing import get_args

from rimlight.pool import Pool
from rimlight.types import Color, Matrix, Picture

_HEADER = struct.Struct("=IIBBBI")
"""Width, height, matrix, full range, recording (2: paused); bytes of the caption."""

_MATRICES: tuple[Matrix, ...] = get_args(Matrix)
_MARK = "\x1e"

OPEN = "open"
"""The window is open."""
LACKING = "lacking "
"""It cannot be opened, or can no more be drawn; what happened and the hint follow, as a list in JSON."""
CLOSED = "closed"
"""The user closed the window."""
KEY = "key "
"""A key that is the run's business follows, by its name."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of the window's size, and what is laid over it."""

    picture: Picture
    caption: str
    recording: bool
    paused: bool = False
    """Whether the recording pauses."""


def write_shown(pipe: FileIO, shown: Shown) -> None:
    """Writes it, waiting for the other side to take it. Raises OSError when that is gone."""
    size, color = shown.picture.size, shown.picture.color
    caption = shown.caption.encode(errors="replace")
    matrix = _MATRICES.index(color.matrix)
    recording = (2 if shown.paused else 1) if shown.recording else 0
    header = _HEADER.pack(*size, matrix, color.full_range, recording, len(caption))
    for part in (header + caption, shown.picture.i420.reshape(-1)):
        rest = memoryview(part)
        while rest:
            rest = rest[pipe.write(rest) :]


def read_shown(pipe: FileIO, pool: Pool) -> Shown | None:
    """Waits for the next one, its picture in memory of the pool; None when the other side is gone."""
    header = bytearray(_HEADER.size)
    if not _fill(pipe, memoryview(header)):
        return None
    width, height, matrix, full_range, recording, length = _HEADER.unpack(header)
    caption = bytearray(length)
    planes = pool.take(height * 3 // 2, width)
    if not (_fill(pipe, memoryview(caption)) and _fill(pipe, memoryview(planes.reshape(-1)))):
        return None
    picture = Picture(planes, Color(_MATRICES[matrix], bool(full_range)))
    return Shown(picture, caption.decode(), bool(recording), recording == 2)


def _fill(pipe: FileIO, rest: memoryview) -> bool:
    """Whether all of it came before the end."""
    while rest:
        count = pipe.readinto(rest)
        if not count:
            return False
        rest = rest[count:]
    return True


def marked(word: str) -> bytes:
    """The line that says a word."""
    return f"{_MARK}{word}\n".encode()


def heard(line: bytes) -> tuple[str, str]:
    """The word that a line says, or nothing; and what else stands there."""
    text, _, word = line.decode(errors="replace").rstrip().rpartition(_MARK)
    return (word, text) if _MARK.encode() in line else ("", word)
