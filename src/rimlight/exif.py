"""What a photo's EXIF data tell that may be passed on: camera, exposure, date; never where it was.

People replace the room behind them to hide it. So nothing is passed on but what is listed here: no position, no
time zone, no serial numbers, and no preview: thumbnails, and those in makers' notes, show the room as it was.
Values are copied byte by byte, in the file's own byte order, and not interpreted: damage has little to do harm to.

EXIF data are a TIFF file without a picture (CIPA DC-008-2019, 'Exif 2.32'): a directory of 12 bytes an entry, and
another one for what is about photography.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_ORIENTATION, _PHOTOGRAPHY, _POSITION = 0x0112, 0x8769, 0x8825
_ABOUT_THE_FILE = frozenset(
    # Description, make, model, resolution and its unit, software, date, artist, copyright.
    (0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x8298)
)
_ABOUT_PHOTOGRAPHY = frozenset(
    (
        *(0x829A, 0x829D, 0x8822, 0x8827, 0x8830, 0x8832),  # exposure, aperture, program, sensitivity
        *(0x9000, 0x9003, 0x9004, 0x9290, 0x9291, 0x9292),  # version, dates, parts of a second
        *range(0x9201, 0x920B),  # shutter, aperture, brightness, distance, metering, light, flash, focal length
        *(0xA001, 0xA217, 0xA300, 0xA301, *range(0xA401, 0xA40B)),  # colour space, sensor, how it was rendered
        *(0xA40C, 0xA432, 0xA433, 0xA434),  # distance, lens
    )
)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
"""Bytes of a value of each type that the tags above have."""
_LONGEST = 1024
"""Bytes of a value: more is no date and no name, and may be a picture."""
_MOST = 500
"""Entries of a directory: cameras write about forty."""
_SHORT, _LONG = 3, 4
_ENTRY = 12


class Kept(NamedTuple):
    """EXIF data to pass on, and what to tell of those that were there."""

    content: bytes = b""
    """As they stand in files, without `Exif\\0\\0` before them; empty if there is nothing to pass on."""
    position: bool = False
    """Whether they told where the photo was taken. They no longer do."""
    damaged: bool = False
    """Whether something is missing because it could not be read."""


class _Entry(NamedTuple):
    tag: int
    kind: int
    values: int
    value: bytes


def kept_exif(content: bytes) -> Kept:
    """What of EXIF data, or of a TIFF file, may be passed on, with orientation 1: the picture was turned.

    Never raises.
    """
    try:
        return _kept(content)
    except (struct.error, IndexError):
        return Kept(damaged=True)


def _kept(content: bytes) -> Kept:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(content[:4])
    if order is None:
        return Kept(damaged=True)
    reader = _Reader(content, order)
    (at,) = reader.unpacked("I", 4)
    root = reader.entries(at, _ABOUT_THE_FILE | {_PHOTOGRAPHY, _POSITION})
    links = {entry.tag: entry for entry in root if entry.tag in {_PHOTOGRAPHY, _POSITION}}
    kept = [entry for entry in root if entry.tag in _ABOUT_THE_FILE]
    photography: list[_Entry] = []
    if _PHOTOGRAPHY in links:
        (at,) = struct.unpack(f"{order}I", links[_PHOTOGRAPHY].value[:4])
        photography = reader.entries(at, _ABOUT_PHOTOGRAPHY)
    if not kept and not photography:
        return Kept(position=_POSITION in links, damaged=reader.damaged)
    return Kept(_written(order, kept, photography), _POSITION in links, reader.damaged)


class _Reader:
    """Reads directories; what lies outside of the data is left out and noted."""

    def __init__(self, content: bytes, order: str) -> None:
        self._content = content
        self._order = order
        self.damaged = False

    def unpacked(self, form: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + form, self._content, at)

    def entries(self, at: int, wanted: frozenset[int]) -> list[_Entry]:
        """Those of the directory at `at` whose tags are wanted, each once, as many as can be read."""
        found: dict[int, _Entry] = {}
        try:
            (count,) = self.unpacked("H", at)
            for number in range(min(count, _MOST)):
                start = at + 2 + _ENTRY * number
                tag, kind, values = self.unpacked("HHI", start)
                if tag in wanted and tag not in found and (value := self._value(start, kind, values)):
                    found[tag] = _Entry(tag, kind, values, value)
        except struct.error:
            self.damaged = True
        return sorted(found.values())

    def _value(self, start: int, kind: int, values: int) -> bytes:
        """Empty if it is of no type that is kept, too long, or not all there."""
        length = _SIZES.get(kind, 0) * values
        at = start + 8 if length <= 4 else self.unpacked("I", start + 8)[0]
        value = self._content[at : at + length]
        if not 0 < length <= _LONGEST or len(value) < length:
            self.damaged |= length > len(value)
            return b""
        return value


def _written(order: str, root: list[_Entry], photography: list[_Entry]) -> bytes:
    upright = _Entry(_ORIENTATION, _SHORT, 1, struct.pack(f"{order}H", 1))
    root = [*root, upright]
    if photography:
        # Where the other directory begins is known once this one's length is.
        length = len(_directory(order, 8, [*root, _Entry(_PHOTOGRAPHY, _LONG, 1, bytes(4))]))
        root.append(_Entry(_PHOTOGRAPHY, _LONG, 1, struct.pack(f"{order}I", 8 + length)))
    first = _directory(order, 8, root)
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    return start + first + (_directory(order, 8 + len(first), photography) if photography else b"")


def _directory(order: str, at: int, entries: list[_Entry]) -> bytes:
    """The entries in the order of their tags, no directory following, and their longer values behind them."""
    table, values = struct.pack(f"{order}H", len(entries)), b""
    behind = at + 2 + _ENTRY * len(entries) + 4
    for entry in sorted(entries):
        value = entry.value
        if len(value) > 4:
            value = struct.pack(f"{order}I", behind + len(values))
            # Values begin at even places.
            values += entry.value + bytes(len(entry.value) % 2)
        table += struct.pack(f"{order}HHI", entry.tag, entry.kind, entry.values) + value.ljust(4, b"\0")
    return table + bytes(4) + values
