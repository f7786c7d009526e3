"""The edge of a composite is shifted by a(1 - a)D + aL, and nothing else is."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rimlight.edge import color_edge
from rimlight.region import Region, whole
from rimlight.types import Alpha, Picture, Size

SIZE = Size(64, 48)
levels = st.integers(-127, 127)


def gray(level: int = 128) -> Picture:
    picture = Picture.empty(SIZE)
    picture.i420[:] = level
    return picture


def constant(level: float) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return [np.full((6, 8), level, np.float32)] * 3


@given(st.integers(0, 255), levels, st.integers(0, 100))
@settings(max_examples=60)
def test_it_is_the_formula_to_three_levels(share: int, spill: int, light: int) -> None:
    made, a = gray(), share / 255
    color_edge(made, Alpha(np.full((48, 64), share, np.uint8)), constant(spill), constant(light), whole(SIZE))
    expected = np.clip(128 + a * (1 - a) * spill + a * light, 0, 255)
    assert np.abs(made.i420.astype(float) - expected).max() <= 3


@given(levels)
@settings(max_examples=20)
def test_nothing_is_shifted_away_from_the_edge(spill: int) -> None:
    alpha = np.zeros((48, 64), np.uint8)
    alpha[:, 32:] = 255
    alpha = cv2.GaussianBlur(alpha, (5, 5), 0)
    made = gray(77)
    color_edge(made, Alpha(alpha), constant(spill), None, whole(SIZE))
    assert (made.y[(alpha == 0) | (alpha == 255)] == 77).all()


def test_a_black_plate_gives_up_a_bright_rooms_spill() -> None:
    """The person's half of a pixel, 60, holds 30 of the room: 30 are left, though the plate has none to give."""
    made = gray(60)
    color_edge(made, Alpha(np.full((48, 64), 128, np.uint8)), constant(-120), None, whole(SIZE))
    assert np.abs(made.i420.astype(int) - 30).max() <= 2


def test_outside_of_the_region_nothing_is_written() -> None:
    made = gray(100)
    region = Region(16, 8, 48, 40)
    color_edge(made, Alpha(np.full((48, 64), 128, np.uint8)), constant(80), constant(20), region)
    assert made.y[20, 30] > 120
    outside = made.y.copy()
    region.of(outside)[:] = 100
    assert (outside == 100).all()
    assert (made.u[:4] == 100).all()
