"""Photos as cameras and phones write them: with all that shows more than the picture does."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np


class Tag(NamedTuple):
    """An entry of an EXIF directory."""

    number: int
    kind: int
    values: int
    value: bytes


def ascii_tag(number: int, text: str) -> Tag:
    value = text.encode() + b"\0"
    return Tag(number, 2, len(value), value)


def short_tag(number: int, value: int, order: str = "<") -> Tag:
    return Tag(number, 3, 1, struct.pack(f"{order}H", value))


def bytes_tag(number: int, value: bytes) -> Tag:
    return Tag(number, 7, len(value), value)


def exif(
    root: Sequence[Tag] = (),
    photography: Sequence[Tag] = (),
    position: Sequence[Tag] = (),
    thumbnail: bytes = b"",
    order: str = "<",
) -> bytes:
    """EXIF data with these directories; a thumbnail stands in a directory of its own, as cameras write it."""
    content = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    entries = list(root)
    links = [(0x8769, photography), (0x8825, position)]
    entries += [Tag(number, 4, 1, bytes(4)) for number, inner in links if inner]
    at = 8 + len(_directory(order, 8, entries))
    behind = b""
    for number, inner in links:
        if inner:
            where = struct.pack(f"{order}I", at + len(behind))
            entries = [entry._replace(value=where) if entry.number == number else entry for entry in entries]
            behind += _directory(order, at + len(behind), inner)
    following = 0
    if thumbnail:
        following = at + len(behind)
        sizes = (thumbnail_tag(following + 30, order), thumbnail_tag(len(thumbnail), order, 0x0202))
        behind += _directory(order, following, sizes) + thumbnail
    return content + _directory(order, 8, entries, following) + behind


def thumbnail_tag(value: int, order: str, number: int = 0x0201) -> Tag:
    return Tag(number, 4, 1, struct.pack(f"{order}I", value))


def _directory(order: str, at: int, entries: Sequence[Tag], following: int = 0) -> bytes:
    table, values = struct.pack(f"{order}H", len(entries)), b""
    behind = at + 2 + 12 * len(entries) + 4
    for number, kind, count, value in sorted(entries):
        held = value
        if len(value) > 4:
            held = struct.pack(f"{order}I", behind + len(values))
            values += value + bytes(len(value) % 2)
        table += struct.pack(f"{order}HHI", number, kind, count) + held.ljust(4, b"\0")
    return table + struct.pack(f"{order}I", following) + values


def read_exif(content: bytes) -> dict[int, bytes]:
    """The raw values of all directories by tag, plainly read."""
    order = "<" if content.startswith(b"II") else ">"
    found: dict[int, bytes] = {}

    def walk(at: int) -> None:
        (count,) = struct.unpack_from(f"{order}H", content, at)
        for number in range(count):
            start = at + 2 + 12 * number
            tag, kind, values = struct.unpack_from(f"{order}HHI", content, start)
            length = values * {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}[kind]
            (link,) = struct.unpack_from(f"{order}I", content, start + 8)
            found[tag] = content[start + 8 : start + 8 + length] if length <= 4 else content[link : link + length]
            if tag in {0x8769, 0x8825}:
                walk(link)
        (following,) = struct.unpack_from(f"{order}I", content, at + 2 + 12 * count)
        if following:
            walk(following)

    walk(struct.unpack_from(f"{order}I", content, 4)[0])
    return found


def segment(marker: int, content: bytes) -> bytes:
    """A JPEG's segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def with_chunk(png: bytes, kind: bytes, content: bytes) -> bytes:
    """A PNG with a chunk more, behind its head."""
    chunk = struct.pack(">I", len(content)) + kind + content
    return png[:33] + chunk + zlib.crc32(kind + content).to_bytes(4, "big") + png[33:]


def save(path: Path, image: Any, *params: int) -> Path:
    path.write_bytes(bytes(cv2.imencode(path.suffix, image, params)[1]))
    return path


def load(path: Path) -> Any:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


def metadata(path: Path) -> dict[int, bytes]:
    """What OpenCV finds in a file besides the picture, by kind."""
    _, kinds, blocks = cv2.imdecodeWithMetadata(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    return {int(kind): np.asarray(block).tobytes() for kind, block in zip(kinds, blocks, strict=True)}


SRGB_PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
P3_PRIMARIES = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
"""Red, green and blue as X, Y, Z under D50, as Apple's profiles have them."""


def profile(primaries: Sequence[Sequence[float]] = P3_PRIMARIES, space: bytes = b"RGB ") -> bytes:
    """A matrix profile (ICC 2.1) with a gamma of 2.2."""

    def fixed(values: Sequence[float]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    gamma = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Test\0" + bytes(12 + 67)
    tags = [(b"desc", text), (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", fixed((0.9642, 1, 0.8249)))]
    tags += [(name, fixed(color)) for name, color in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)]
    tags += [(name, gamma) for name in (b"rTRC", b"gTRC", b"bTRC")]
    table, data, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags:
        table += name + struct.pack(">II", at + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(data), b"test", 0x02100000, b"mntr", space, b"XYZ ") + bytes(12)
    head += b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + data
