"""Where mattes lie between the first pass over a clip and the second: packed, in a file that nobody sees."""

from __future__ import annotations

import struct
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from rimlight.effort import Effort
from rimlight.errors import ClipError
from rimlight.picture import reduced
from rimlight.protocols import Closes, MatteMaker
from rimlight.types import Alpha, Frame, Matted, Plane, Planes
from rimlight.unfinished import disk_error

_HEAD = struct.Struct("<HHBI")
"""Height and width of a plane, what is said of it, and how many bytes follow."""

_EXACT, _FRESH, _COLORED = 1, 2, 4

_LEVEL = 1
"""Of zlib: mattes are nearly all 0 and 255, and shrink to a fiftieth in 0.4 ms."""


def open_shelf(folder: Path | None = None) -> Shelf:
    """An empty shelf on the disk of that folder, or of the system's temporary files. Raises DiskError."""
    place = folder or Path(tempfile.gettempdir())
    try:
        return Shelf(place)
    except OSError as error:
        raise disk_error(place / "mattes", error) from error


class Shelf(Closes, MatteMaker):
    """Takes the mattes of a clip's frames, and then, after `reset`, gives them back in the same order.

    An hour of mattes takes 0.5 GB; the person's own colours, of models that tell them, ten times that.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._file = tempfile.TemporaryFile(dir=place)  # noqa: SIM115 - closed with the shelf

    def put(self, matted: Matted) -> None:
        """Lays by the next frame's matte. Raises DiskError."""
        colored = _COLORED if matted.foreground is not None else 0
        said = (_EXACT if matted.exact else 0) | (_FRESH if matted.fresh else 0) | colored
        try:
            self._write(matted.small, said)
            for plane in matted.foreground or ():
                self._write(plane, 0)
        except OSError as error:
            raise disk_error(self._place / "mattes", error) from error

    def matted(self, frame: Frame, effort: Effort) -> Matted:  # noqa: ARG002
        """The next frame with the matte that it was laid by with. Raises ClipError if there were fewer."""
        small, said = self._read()
        foreground = Planes(*(self._read()[0] for _ in range(3))) if said & _COLORED else None
        planes = reduced(frame.picture, max(small.shape))
        matted = Matted(frame.picture, planes, Alpha(small), frame.at, frame.index, foreground)
        return replace(matted, exact=bool(said & _EXACT), fresh=bool(said & _FRESH))

    def reset(self) -> None:
        """Goes back to the first one."""
        self._file.seek(0)

    def close(self) -> None:
        self._file.close()

    def _write(self, plane: Plane, said: int) -> None:
        packed = zlib.compress(plane.tobytes(), _LEVEL)
        self._file.write(_HEAD.pack(*plane.shape, said, len(packed)))
        self._file.write(packed)

    def _read(self) -> tuple[Plane, int]:
        head = self._file.read(_HEAD.size)
        if not head:
            raise ClipError(
                "the clip has more pictures when it is read the second time: something still writes it",
                "Process it once it is complete, or with --quick, which reads it once.",
            )
        height, width, said, length = _HEAD.unpack(head)
        plane = np.frombuffer(zlib.decompress(self._file.read(length)), np.uint8)
        return plane.reshape(height, width), said
