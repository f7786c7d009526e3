"""Webcams' JPEGs: colours, kinds, what cameras leave out or add, and what gets lost on the way."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.errors import SourceError
from rimlight.picture import from_bgr
from rimlight.sinks.recorder import open_recorder
from rimlight.sources.mjpeg import open_mjpeg_decoder
from rimlight.types import Bgr, Color, Frame, Picture, Size, StreamFormat
from standins import composited

SIZE = Size(128, 96)
KINDS = ("411", "420", "422", "440", "444")
COLOURS = [(0, 0, 0), (255, 255, 255), (0, 0, 255), (0, 255, 0), (255, 0, 0), (128, 128, 128)]
"""Blue, green, red: black, white, red, green, blue and gray."""
END = b"\xff\xd9"


def jpeg(bgr: Bgr, kind: str = "422", *parameters: int) -> bytes:
    """A JPEG as UVC cameras send it, but for what `parameters` of OpenCV's say."""
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{kind}")]
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 95, *sampling, *parameters])[1])


def scene(size: Size = SIZE) -> Bgr:
    """A picture without symmetry whose colours change softly, as chroma of every kind can follow."""
    x, y = np.meshgrid(np.linspace(0, 1, size.width), np.linspace(0, 1, size.height))
    texture = 12 * np.sin(40 * x + 25 * y)
    return np.stack([60 + 150 * x + texture, 200 - 120 * y + texture, 40 + 160 * x * y + texture], -1).astype(
        np.uint8
    )


def decoded(data: bytes, size: Size = SIZE) -> Picture:
    with open_mjpeg_decoder(size) as decoder:
        return decoder.decode(data)


def without_tables(data: bytes) -> bytes:
    """The JPEG without its Huffman tables, which many cameras leave out: they are always the same."""
    kept, at = data[:2], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] != 0xC4:
            kept += data[at:end]
        at = end
    return kept + data[at:]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bgr", COLOURS)
def test_colours_arrive_as_every_reader_of_limited_range_sees_them(bgr: tuple[int, int, int], kind: str) -> None:
    picture = decoded(jpeg(np.full((SIZE.height, SIZE.width, 3), bgr, np.uint8), kind))

    assert picture.color == Color("bt601", full_range=False)
    seen = cv2.cvtColor(picture.i420, cv2.COLOR_YUV2BGR_I420)
    assert np.abs(seen.astype(int) - bgr).max() <= 3
    assert 16 <= picture.y.min() <= picture.y.max() <= 235


def test_colours_are_right_in_a_recording(tmp_path: Path) -> None:
    bars = np.repeat(np.array(COLOURS, np.uint8), 32, axis=0)[None].repeat(64, axis=0)
    size = Size(32 * len(COLOURS), 64)
    with open_recorder(tmp_path / "bars.mp4", StreamFormat(size, Fraction(30))) as recorder:
        recorder.send(composited(Frame(decoded(jpeg(bars), size), 0.0, 0)))

    with av.open(tmp_path / "bars.mp4") as file:
        shown = next(file.decode(video=0)).to_ndarray(format="bgr24")
    assert np.abs(shown[32, 16::32].astype(int) - COLOURS).max() <= 6


@pytest.mark.parametrize("size", [SIZE, Size(127, 95), Size(128, 95), Size(127, 96), Size(1, 1), Size(33, 64)])
@pytest.mark.parametrize("kind", KINDS)
def test_planes_are_those_of_the_detour_through_bgr(kind: str, size: Size) -> None:
    bgr = scene(size)

    picture = decoded(jpeg(bgr, kind), size)

    assert picture.size == size.even
    for plane, expected in zip(picture.planes, from_bgr(bgr).planes, strict=True):
        assert np.abs(plane.astype(int) - expected).mean() < 3


def test_a_gray_camera_is_gray() -> None:
    gray = cv2.cvtColor(scene(), cv2.COLOR_BGR2GRAY)

    picture = decoded(bytes(cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, 98])[1]))

    assert np.abs(picture.y - (gray * (219 / 255) + 16)).max() < 4
    assert (picture.i420[SIZE.height :] == 128).all()


def test_a_jpeg_that_says_to_be_of_limited_range_is_not_squeezed_again() -> None:
    data = jpeg(scene())
    remark = b"\xff\xfe\x00\x0bCS=ITU601"
    limited, full = decoded(data[:2] + remark + data[2:]), decoded(data)
    squeezed = limited.y * (219 / 255) + 16
    assert np.abs(full.y - squeezed).max() <= 1


@pytest.mark.parametrize("kind", ["420", "422"])
@pytest.mark.parametrize(
    "altered",
    [
        without_tables,
        lambda data: data + bytes(3000),
        lambda data: bytes(7) + data,
        lambda data: data[:-2],
        lambda data: data[:-2] + b"\x12\x34\x56" + END,
        lambda data: data + data,
    ],
    ids=["no tables", "zeros after", "zeros before", "no end", "bytes too many", "sent twice"],
)
def test_what_cameras_leave_out_or_add_does_no_harm(altered: object, kind: str) -> None:
    assert callable(altered)
    data = jpeg(scene(), kind)
    assert np.array_equal(decoded(altered(data)).i420, decoded(data).i420)


@pytest.mark.parametrize(
    "parameters",
    [(cv2.IMWRITE_JPEG_RST_INTERVAL, 3), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_OPTIMIZE, 1)],
)
def test_restart_markers_and_other_ways_to_code_give_the_same(parameters: tuple[int, int]) -> None:
    assert np.array_equal(decoded(jpeg(scene(), "422", *parameters)).i420, decoded(jpeg(scene())).i420)


@cache
def good() -> bytes:
    return jpeg(scene())


@given(st.floats(0, 0.98))
def test_what_lost_its_end_is_damaged_and_the_next_one_is_good(share: float) -> None:
    with open_mjpeg_decoder(SIZE) as decoder:
        expected = decoder.decode(good()).i420.copy()
        for end in (b"", END):  # some cameras add it whatever was lost
            with pytest.raises(SourceError, match="the camera gave a"):
                decoder.decode(good()[: int(share * len(good()))] + end)
            assert np.array_equal(decoder.decode(good()).i420, expected)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(1000),
        b"no JPEG at all",
        good()[: len(good()) // 2] + good()[len(good()) // 2 + 800 :],
        jpeg(scene(Size(64, 48))),
        bytes(cv2.imencode(".png", scene())[1]),
    ],
    ids=["empty", "zeros", "text", "a hole in it", "another size", "PNG"],
)
def test_what_is_no_jpeg_of_that_size_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match="the camera gave a"):
        decoded(data)


@given(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=20))
def test_whatever_happened_to_the_bytes_it_is_a_picture_or_damage(changes: list[tuple[float, int]]) -> None:
    data = bytearray(good())
    for where, value in changes:
        data[int(where * len(data))] = value
    try:
        size = decoded(bytes(data)).size
    except SourceError:
        return
    assert size == SIZE


def test_a_picture_keeps_its_memory_while_it_is_held_and_then_it_serves_again() -> None:
    with open_mjpeg_decoder(SIZE) as decoder:
        first = decoder.decode(np.frombuffer(good(), np.uint8)[None])
        before = first.i420.copy()
        second = decoder.decode(jpeg(255 - scene()))
        assert not np.shares_memory(first.i420, second.i420)
        assert np.array_equal(first.i420, before)
        where = second.i420.ctypes.data
        del second
        assert decoder.decode(good()).i420.ctypes.data == where
