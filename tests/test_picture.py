"""Conversions and scaling of I420 pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.picture import cover, from_bgr, mirror, reduced, rgb_at, scale, shrink, shrunk, to_bgr
from rimlight.types import Color, Matrix, Picture, Size

COLORS = [Color(matrix, full) for matrix in ("bt601", "bt709", "bt2020") for full in (False, True)]
sides = st.integers(2, 70)


def gradient(size: Size) -> np.ndarray:
    """Smooth in both directions, so that chroma at half size loses nothing to speak of."""
    x = np.linspace(40, 200, size.width)[None, :]
    y = np.linspace(60, 180, size.height)[:, None]
    return np.dstack([x + 0 * y, y + 0 * x, (x + y) / 2]).astype(np.uint8)


@pytest.mark.parametrize("color", COLORS)
def test_there_and_back_stays_within_four_levels(color: Color) -> None:
    bgr = gradient(Size(64, 48))
    back = to_bgr(from_bgr(bgr, color))
    assert np.abs(back.astype(int) - bgr).max() <= 4


@pytest.mark.parametrize(
    ("matrix", "full", "yuv"),
    [  # Rec. 601, 709 and 2020 for pure red, by their own tables
        ("bt601", False, (82, 90, 240)),
        ("bt709", False, (63, 102, 240)),
        ("bt2020", False, (74, 97, 240)),
        ("bt601", True, (76, 85, 255)),
    ],
)
def test_red_has_the_standards_levels(matrix: Matrix, full: bool, yuv: tuple[int, int, int]) -> None:
    red = np.full((4, 4, 3), (0, 0, 255), np.uint8)
    picture = from_bgr(red, Color(matrix, full))
    found = [int(plane[0, 0]) for plane in picture.planes]
    assert found == pytest.approx(yuv, abs=1)


@given(sides, sides)
def test_odd_sizes_become_even_by_repeating_the_edge(width: int, height: int) -> None:
    bgr = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    picture = from_bgr(bgr, Color("bt709", True))
    assert picture.size == Size(width, height).even
    if width % 2:
        assert np.array_equal(picture.y[:, -1], picture.y[:, -2])


@given(sides, sides, sides, sides)
def test_shrink_gives_the_size_and_keeps_a_flat_plane_flat(w: int, h: int, to_w: int, to_h: int) -> None:
    shrunk = shrink(np.full((h, w), 77, np.uint8), Size(to_w, to_h))
    assert shrunk.shape == (to_h, to_w)
    assert np.all(shrunk == 77)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(8, 90))
def test_reduced_keeps_proportions_and_never_enlarges(half_w: int, half_h: int, long_side: int) -> None:
    size = Size(2 * half_w, 2 * half_h)
    planes = reduced(Picture(np.zeros((size.height * 3 // 2, size.width), np.uint8)), long_side)
    assert max(planes.size) == min(long_side, max(size))
    assert planes.u.shape == planes.v.shape == ((planes.size.height + 1) // 2, (planes.size.width + 1) // 2)


def test_the_model_sees_red_as_red() -> None:
    bgr = np.full((48, 64, 3), (10, 20, 220), np.uint8)
    rgb = rgb_at(shrunk(reduced(from_bgr(bgr), 32), Size(16, 12)), Color())
    assert rgb[10, 10].tolist() == pytest.approx([220, 20, 10], abs=4)


def test_cover_keeps_proportions_and_the_middle() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    cv2.circle(wide, (150, 50), 30, (255, 255, 255), cv2.FILLED)
    covered = cover(from_bgr(wide), Size(64, 64))
    disc = covered.y > 128
    rows, columns = np.flatnonzero(disc.any(axis=1)), np.flatnonzero(disc.any(axis=0))
    assert abs(len(rows) - len(columns)) <= 1
    assert abs(rows.mean() - 31.5) <= 1
    assert abs(columns.mean() - 31.5) <= 1


@given(sides, sides, sides, sides)
def test_cover_fills_any_size(w: int, h: int, half_w: int, half_h: int) -> None:
    flat = from_bgr(np.full((h, w, 3), 90, np.uint8))
    size = Size(2 * half_w, 2 * half_h)
    covered = cover(flat, size)
    assert covered.size == size
    assert np.unique(covered.y).tolist() == np.unique(flat.y).tolist()


def test_scale_and_mirror() -> None:
    picture = from_bgr(gradient(Size(64, 48)))
    assert scale(picture, Size(32, 24)).size == Size(32, 24)
    mirrored = mirror(picture)
    assert np.array_equal(mirrored.y, picture.y[:, ::-1])
    assert np.array_equal(mirrored.u, picture.u[:, ::-1])
    assert np.array_equal(mirror(mirrored).i420, picture.i420)


@pytest.mark.parametrize("array", [np.zeros((6, 5), np.uint8), np.zeros((6, 4)), np.zeros((7, 4), np.uint8)])
def test_what_is_no_picture_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not an I420 picture"):
        Picture(array)
