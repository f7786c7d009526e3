"""What drivers give uncompressed, against what OpenCV and arithmetic make of it. Real drivers: tests/devices."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.errors import SourceError
from rimlight.picture import to_bgr
from rimlight.sources.raw import BgrDecoder, Decoder, open_raw_decoder
from rimlight.types import Color, Picture, Plane, Size

SIZE = Size(48, 32)
PACKED, PLANAR = (32, 48, 2), (48, 48)
SHAPES = {"YUYV": PACKED, "UYVY": PACKED, "NV12": PLANAR, "NV21": PLANAR, "YU12": PLANAR, "YV12": PLANAR}
"""What OpenCV hands over, by V4L2's names."""


def noise(seed: int) -> Picture:
    return Picture(np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8))


def as_driver_gives(picture: Picture, fourcc: str) -> Plane:
    """The picture in a driver's order of bytes (V4L2's documentation, 'Image Formats')."""
    y, u, v = picture.planes
    if fourcc in {"YUYV", "UYVY"}:
        chroma = np.stack([u, v], -1).repeat(2, axis=0).reshape(y.shape)
        return np.stack([y, chroma] if fourcc == "YUYV" else [chroma, y], -1)
    first, second = (u, v) if fourcc in {"NV12", "YU12"} else (v, u)
    chroma = np.stack([first, second], -1 if fourcc.startswith("NV") else 0)
    return np.concatenate([y, chroma.reshape(-1, y.shape[1])])


def opened(fourcc: str) -> Decoder:
    decoder = open_raw_decoder(fourcc, SIZE)
    assert decoder is not None
    return decoder


@pytest.mark.parametrize("fourcc", SHAPES)
@given(seed=st.integers(0, 2**32))
def test_every_byte_finds_its_place(fourcc: str, seed: int) -> None:
    data = as_driver_gives(noise(seed), fourcc)
    assert data.shape == SHAPES[fourcc]
    with opened(fourcc) as decoder:
        picture = decoder.decode(data)
    assert picture.color == Color()
    assert np.array_equal(picture.i420, noise(seed).i420)


@pytest.mark.parametrize("fourcc", ["YUYV", "UYVY"])
def test_colours_are_those_of_opencv(fourcc: str) -> None:
    bgr = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (32, 48, 3), np.uint8), (0, 0), 8)
    data = cv2.cvtColor(bgr, getattr(cv2, f"COLOR_BGR2YUV_{fourcc}"))
    assert np.abs(to_bgr(opened(fourcc).decode(data)).astype(int) - bgr).max() <= 8


@given(st.integers(0, 255), st.integers(0, 255))
def test_chroma_of_two_rows_is_averaged(upper: int, lower: int) -> None:
    data = np.full((32, 48, 2), 128, np.uint8)
    data[::2, ::2, 1], data[1::2, ::2, 1] = upper, lower
    picture = opened("YUYV").decode(data)
    assert np.abs(picture.u - (upper + lower) / 2).max() <= 0.5
    assert (picture.v == 128).all()


@pytest.mark.parametrize("fourcc", SHAPES)
def test_memory_is_the_pictures_own_while_it_is_held_and_then_serves_again(fourcc: str) -> None:
    decoder = opened(fourcc)
    data = as_driver_gives(noise(1), fourcc)
    first, second = decoder.decode(data), decoder.decode(as_driver_gives(noise(2), fourcc))
    data[:] = 0
    assert np.array_equal(first.i420, noise(1).i420)
    assert np.array_equal(second.i420, noise(2).i420)
    where = second.i420.ctypes.data
    del second
    assert decoder.decode(data).i420.ctypes.data == where


@pytest.mark.parametrize("fourcc", SHAPES)
@pytest.mark.parametrize("shape", [(32, 48, 3), (32, 50, 2), (1, 3072), (45, 48), (0,)])
def test_what_has_another_shape_is_refused(fourcc: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match="the camera gave a picture of"):
        opened(fourcc).decode(np.zeros(shape, np.uint8))
    with pytest.raises(SourceError, match="uint16"):
        opened(fourcc).decode(np.zeros(SHAPES[fourcc], np.uint16))


@pytest.mark.parametrize(
    ("fourcc", "size"),
    [
        ("BGR3", SIZE),
        ("", SIZE),
        ("MJPG", SIZE),
        ("YUYV", Size(48, 31)),
        ("NV12", Size(47, 32)),
        ("YU12", Size(0, 0)),
    ],
)
def test_the_rest_is_left_to_opencv(fourcc: str, size: Size) -> None:
    assert open_raw_decoder(fourcc, size) is None


def test_bgr_is_converted_and_padded() -> None:
    bgr = np.full((31, 47, 3), (255, 0, 0), np.uint8)
    with BgrDecoder(Size(47, 31)) as decoder:
        picture = decoder.decode(bgr)
        with pytest.raises(SourceError):
            decoder.decode(bgr[1:])
    assert picture.size == SIZE
    assert np.abs(to_bgr(picture).astype(int) - (255, 0, 0)).max() <= 3
