"""What EXIF data tell that is passed on: camera and date; no place, no preview, nothing that was not asked for."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photos import Tag, ascii_tag, bytes_tag, exif, read_exif, short_tag
from rimlight.exif import Kept, kept_exif

SECRET = b"the room as it was "
MAKE, ORIENTATION, DATE, LENS = 0x010F, 0x0112, 0x9003, 0xA434


def camera(order: str = "<") -> bytes:
    return exif(
        [
            ascii_tag(MAKE, "Nikon"),
            short_tag(ORIENTATION, 6, order),
            Tag(0x011A, 5, 1, struct.pack(f"{order}II", 72, 1)),
        ],
        [
            ascii_tag(DATE, "2026:01:02 03:04:05"),
            ascii_tag(LENS, "50 mm"),
            short_tag(0x8827, 400, order),
            bytes_tag(0x927C, SECRET * 40),
            bytes_tag(0x9286, SECRET),
            ascii_tag(0xA431, SECRET.decode()),
            ascii_tag(0x9010, "+05:45"),
        ],
        [ascii_tag(0x0001, "N"), Tag(0x0002, 5, 3, struct.pack(f"{order}6I", 52, 1, 31, 1, 0, 1))],
        SECRET * 30,
        order,
    )  # fmt: skip


@pytest.mark.parametrize("order", ["<", ">"])
def test_camera_and_date_are_kept_and_the_picture_is_upright(order: str) -> None:
    kept = kept_exif(camera(order))

    told = read_exif(kept.content)
    link = told.pop(0x8769)
    assert len(link) == 4
    assert told == {
        MAKE: b"Nikon\0",
        ORIENTATION: struct.pack(f"{order}H", 1),
        0x011A: struct.pack(f"{order}II", 72, 1),
        DATE: b"2026:01:02 03:04:05\0",
        LENS: b"50 mm\0",
        0x8827: struct.pack(f"{order}H", 400),
    }
    assert (kept.position, kept.damaged) == (True, False)


@pytest.mark.parametrize("order", ["<", ">"])
def test_nothing_else_is(order: str) -> None:
    content = kept_exif(camera(order)).content

    assert SECRET not in content
    assert b"+05:45" not in content
    assert len(content) < 250


def test_a_value_too_long_to_be_a_name_is_left_out() -> None:
    content = kept_exif(exif([ascii_tag(MAKE, "Nikon"), ascii_tag(0x010E, "x" * 5000)])).content
    assert set(read_exif(content)) == {MAKE, ORIENTATION}


def test_where_there_is_nothing_to_keep_nothing_is_written() -> None:
    assert kept_exif(exif([short_tag(ORIENTATION, 6)])) == Kept()
    assert kept_exif(exif(position=[ascii_tag(1, "N")])) == Kept(position=True)


def test_what_damage_leaves_is_kept_and_the_damage_told() -> None:
    whole = camera()
    cut = kept_exif(whole[: whole.index(b"50 mm")])

    assert cut.damaged
    assert read_exif(cut.content)[MAKE] == b"Nikon\0"
    assert LENS not in read_exif(cut.content)
    for content in (b"", b"II*\0", b"no EXIF data", whole[:9]):
        assert kept_exif(content) == Kept(damaged=True)


@given(st.data())
@settings(max_examples=200)
def test_damage_never_raises_nor_shows_more(data: st.DataObject) -> None:
    content = bytearray(camera(data.draw(st.sampled_from("<>"))))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))

    kept = kept_exif(bytes(content[: data.draw(st.integers(0, len(content)))]))

    if kept.content:
        told = read_exif(kept.content)
        assert told[ORIENTATION] in (b"\1\0", b"\0\1")
        assert not {0x927C, 0x8825, 0x0201} & set(told)
