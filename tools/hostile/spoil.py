"""Spoils whole files: bits, lengths, sizes, blocks; where a format checks sums, they are made right again."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Sequence

TELLING = (
    0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x3FFF, 0x4000, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFF,
    0xFFFFFF, 0x01000000, 0x10000000, 0x3FFFFFFF, 0x40000000, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
)  # fmt: skip
"""Numbers at which programs go wrong."""

BIG, LITTLE = ">", "<"
PNG = b"\x89PNG\r\n\x1a\n"


def spoilt(content: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """The file after one to six kinds of damage; `others` lend blocks."""
    data = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 6))):
        if not data:
            break
        dice.choice(DAMAGES)(data, dice)
        if dice.random() < 0.03:
            other = dice.choice(others)
            start = dice.randrange(len(other) or 1)
            at = dice.randrange(len(data) + 1)
            data[at:at] = other[start : start + dice.randrange(1, 2000)]
    return summed(bytes(data)) if dice.random() < 0.8 else bytes(data)


def _bits(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 2, 4, 16, 64))):
        data[_where(data, dice)] ^= 1 << dice.randrange(8)


def _bytes(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 2, 8))):
        data[_where(data, dice)] = dice.choice((0, 0xFF, 0x7F, 0x80, dice.randrange(256)))


def _number(data: bytearray, dice: random.Random) -> None:
    """Puts a telling number where one may be: a length, a size, a count, an offset."""
    width = dice.choice((2, 4, 4, 8))
    value = dice.choice(TELLING) & ((1 << 8 * width) - 1)
    at = _where(data, dice)
    data[at : at + width] = value.to_bytes(width, dice.choice(("big", "little")))


def _less_or_more(data: bytearray, dice: random.Random) -> None:
    """Changes a number by a little."""
    at = _where(data, dice)
    data[at] = (data[at] + dice.choice((-16, -2, -1, 1, 2, 16))) % 256


def _cut(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data)) :]


def _gone(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    del data[at : at + dice.choice((1, 4, 16, 256, 4096))]


def _again(data: bytearray, dice: random.Random) -> None:
    """Repeats a block, now and then very often."""
    at, length = dice.randrange(len(data)), dice.choice((1, 4, 16, 64, 256, 1024))
    data[at:at] = bytes(data[at : at + length]) * dice.choice((1, 1, 2, 3, 10, 100))


def _zeros(data: bytearray, dice: random.Random) -> None:
    at, length = dice.randrange(len(data)), dice.choice((4, 64, 512))
    data[at : at + length] = bytes([dice.choice((0, 0xFF))]) * len(data[at : at + length])


def _swapped(data: bytearray, dice: random.Random) -> None:
    """Exchanges two blocks."""
    one, other = sorted((dice.randrange(len(data)), dice.randrange(len(data))))
    length = min(dice.choice((4, 16, 128)), other - one, len(data) - other)
    data[one : one + length], data[other : other + length] = data[other : other + length], data[one : one + length]


def _blocks(data: bytearray, dice: random.Random) -> None:
    """Repeats, drops or exchanges whole blocks of a format that consists of such."""
    spans = blocks(bytes(data))
    if len(spans) < 2:
        return
    parts = [bytes(data[start:end]) for start, end in spans]
    head, tail = bytes(data[: spans[0][0]]), bytes(data[spans[-1][1] :])
    number = dice.randrange(len(parts))
    match dice.randrange(3):
        case 0:
            parts[number:number] = [parts[number]] * dice.choice((1, 2, 20, 500))
        case 1:
            del parts[number]
        case _:
            other = dice.randrange(len(parts))
            parts[number], parts[other] = parts[other], parts[number]
    data[:] = head + b"".join(parts)[: 1 << 20] + tail


def _size(data: bytearray, dice: random.Random) -> None:
    """Changes what a picture's header says about its size, where that is easily found."""
    side = dice.choice(
        (0, 1, 2, 3, 100, 5000, 16383, 20000, 20001, 65500, 65535, 100_000, 2**24, 2**31 - 1, 2**32 - 1)
    )
    at, width, order = 0, 4, "big"
    if data.startswith(PNG):
        at = 16 + 4 * dice.randrange(2)
    elif data.startswith(b"BM"):
        at, order = 18 + 4 * dice.randrange(2), "little"
    elif data.startswith(b"\xff\xd8"):
        found = next((n for n in range(2, len(data) - 9) if data[n] == 0xFF and data[n + 1] in (0xC0, 0xC2)), 0)
        at, width = found + 5 + 2 * dice.randrange(2), 2
    elif data.startswith((b"II*\0", b"MM\0*")):
        _tiff_tag(data, dice, side)
        return
    elif data[8:12] == b"WEBP":
        at, width, order = dice.choice((24, 27, 26, 28, 21)), 3, "little"
    elif (box := data.find(dice.choice((b"tkhd", b"avc1", b"mp4v", b"jpeg", b"stts", b"mvhd", b"mdhd")))) > 0:
        at = box + dice.choice((4, 8, 12, 16, 20, 24, 28, 32, 76, 80))
    else:
        return
    data[at : at + width] = (side & ((1 << 8 * width) - 1)).to_bytes(
        width, "little" if order == "little" else "big"
    )


def _tiff_tag(data: bytearray, dice: random.Random, value: int) -> None:
    """Changes one entry of the first directory."""
    order = "<" if data.startswith(b"II") else ">"
    if len(data) < 8:
        return
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    if at + 2 > len(data):
        return
    (count,) = struct.unpack_from(f"{order}H", data, at)
    entry = at + 2 + 12 * dice.randrange(max(1, count))
    if entry + 12 <= len(data):
        match dice.randrange(3):
            case 0:
                struct.pack_into(
                    f"{order}H", data, entry, dice.choice((256, 257, 258, 259, 262, 277, 278, 322, 323))
                )
            case 1:
                struct.pack_into(f"{order}I", data, entry + 4, value)
            case _:
                struct.pack_into(f"{order}I", data, entry + 8, dice.choice((value, dice.choice(TELLING))))


DAMAGES: Sequence[Callable[[bytearray, random.Random], None]] = (
    _bits, _bits, _bytes, _number, _number, _less_or_more, _cut, _gone, _again, _zeros, _swapped, _blocks,
    _size, _size,
)  # fmt: skip


def _where(data: bytearray, dice: random.Random) -> int:
    """A place in the file; headers, at both ends, are hit more often than what fills the middle."""
    match dice.randrange(4):
        case 0:
            return dice.randrange(min(len(data), 64))
        case 1:
            return dice.randrange(max(0, len(data) - 800), len(data))
        case 2:
            return dice.randrange(min(len(data), 800))
        case _:
            return dice.randrange(len(data))


def blocks(data: bytes) -> list[tuple[int, int]]:
    """Where the blocks of a PNG, RIFF or MP4 file lie."""
    if data.startswith(PNG):
        at, length_at, order, more = 8, 0, BIG, 12
    elif data.startswith(b"RIFF"):
        at, length_at, order, more = 12, 4, LITTLE, 8
    elif data[4:8] in {b"ftyp", b"wide", b"moov"}:
        at, length_at, order, more = 0, 0, BIG, 0
    else:
        return [(at, at + 188) for at in range(0, len(data) - 187, 188)] if data[:1] == b"G" else []
    found = []
    while at + 8 <= len(data):
        length = struct.unpack_from(f"{order}I", data, at + length_at)[0] + more
        length += length % 2 if order == LITTLE else 0
        if length < 8:
            break
        found.append((at, min(at + length, len(data))))
        at += length
    return found


def summed(data: bytes) -> bytes:
    """A PNG's check sums made right, so that what is wrong in it gets past them."""
    if not data.startswith(PNG):
        return data
    fixed = bytearray(data)
    for start, end in blocks(data):
        if end - start >= 12:
            fixed[end - 4 : end] = zlib.crc32(fixed[start + 4 : end - 4]).to_bytes(4, "big")
    return bytes(fixed)
