"""The privacy card: drawn, or the last safe picture beyond recognition."""

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rimlight.card import blurred_card, drawn_card
from rimlight.picture import from_bgr
from rimlight.types import Color, Picture, Size


@pytest.mark.parametrize("size", [Size(16, 8), Size(64, 48), Size(1280, 720), Size(720, 1280), Size(3840, 2160)])
def test_every_size_has_a_card_with_its_sign_in_the_middle(size: Size) -> None:
    card = drawn_card(size)
    assert card.size == size
    middle = card.y[size.height * 2 // 5 : size.height * 3 // 5, size.width * 2 // 5 : size.width * 3 // 5]
    assert middle.max() > 120 > card.y[0].max(), "a light sign on a dark card"
    assert blurred_card(card).size == size


def test_it_keeps_the_colour_tags() -> None:
    color = Color("bt709", full_range=True)
    assert drawn_card(Size(64, 48), color).color == color
    assert blurred_card(Picture.empty(Size(64, 48), color)).color == color


@given(st.integers(2, 12), st.integers(0, 99))
@example(2, 12)
@example(2, 19)
def test_no_detail_of_the_picture_is_left(cells: int, seed: int) -> None:
    """Letters on a blackboard behind somebody, an eighth of the picture high: gone."""
    board = np.random.default_rng(seed).integers(0, 2, (cells * 8, cells * 8, 1)).astype(np.uint8) * 255
    bgr = cv2.resize(np.repeat(board, 3, axis=2), (640, 480), interpolation=cv2.INTER_NEAREST)
    card = blurred_card(from_bgr(bgr))
    corner = card.y[:180, :200].astype(np.float32)
    detail = corner - cv2.GaussianBlur(corner, (0, 0), 20)
    assert np.abs(detail).max() < 12


def test_the_colours_of_the_place_are_left_dimmed() -> None:
    bgr = np.zeros((480, 640, 3), np.uint8)
    bgr[:, :320], bgr[:, 320:] = (200, 80, 20), (20, 60, 200)
    card = blurred_card(from_bgr(bgr))
    original = from_bgr(bgr)
    assert abs(int(card.u[10, 10]) - int(original.u[10, 10])) < 6
    assert abs(int(card.v[10, -10]) - int(original.v[10, -10])) < 6
    assert card.y[10, 10] < original.y[10, 10]
