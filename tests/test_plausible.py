"""Which mattes are believed: none that takes everything for the person out of nowhere."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.plausible import ALL, NEARLY_ALL, Credibility, Plausibility
from rimlight.region import Region
from rimlight.types import Alpha, Cut, Mask, Picture, Plane, Planes, Size

SIZE = Size(96, 64)
ROOM = cv2.GaussianBlur(np.random.default_rng(1).integers(16, 235, (64, 96)).astype(np.uint8), (0, 0), 4)
ROOM = cv2.normalize(ROOM, None, 30, 220, cv2.NORM_MINMAX).astype(np.uint8)


def cut(at: float, luma: Plane, covered: float) -> Cut:
    """A cut of a picture of this luma, whose matte takes so large a part of it, from below, for the person."""
    picture = Picture.empty(SIZE)
    picture.i420.fill(128)
    np.copyto(picture.y, luma)
    alpha = np.zeros(luma.shape, np.uint8)
    alpha[luma.shape[0] - round(covered * luma.shape[0]) :] = 255
    return Cut(picture, Alpha(alpha), Planes(*picture.planes), Alpha(alpha), at)


def noisy(luma: Plane, seed: int, level: float = 4.0) -> Plane:
    noise = np.random.default_rng(seed).normal(0, level, luma.shape)
    return np.clip(luma + noise, 0, 255).astype(np.uint8)


def doubt(plausibility: Plausibility, one: Cut) -> str:
    return plausibility.doubt(one.planes.y, one.small, one.at)


def settled(seconds: float = 2.0, covered: float = 0.4) -> Plausibility:
    """Has seen somebody sit in the room for so long."""
    plausibility = Plausibility()
    for number in range(round(seconds * 30)):
        assert doubt(plausibility, cut(number / 30 - seconds, noisy(ROOM, number), covered)) == ""
    return plausibility


def test_a_matte_that_suddenly_covers_a_still_picture_is_doubted_until_it_lets_go() -> None:
    plausibility = settled()
    for number in range(90):
        assert "whole picture" in doubt(plausibility, cut(number / 30, noisy(ROOM, number), 1.0))
    # A change that comes later explains nothing.
    assert "whole picture" in doubt(plausibility, cut(3.0, 255 - ROOM, 1.0)), (
        "a change that comes later explains nothing"
    )
    assert doubt(plausibility, cut(3.1, ROOM, 0.4)) == ""


@pytest.mark.parametrize("frames", [2, 5, 10, 20])
def test_one_that_creeps_over_a_still_picture_within_a_second_is_doubted_too(frames: int) -> None:
    plausibility = settled()
    answers = [
        doubt(plausibility, cut(number / 30, noisy(ROOM, number), 0.4 + 0.6 * number / frames))
        for number in range(1, frames + 1)
    ]
    assert answers[-1] != ""
    assert all(answers[number] == "" for number in range(frames) if 0.4 + 0.6 * (number + 1) / frames <= NEARLY_ALL)


def test_who_comes_near_to_the_camera_is_believed() -> None:
    plausibility = settled()
    coat = noisy(np.full_like(ROOM, 40), 7)
    for number in range(30):
        covered = 0.4 + 0.6 * number / 29
        rows = round((1 - covered) * ROOM.shape[0])
        luma = np.vstack([ROOM[:rows], coat[rows:]])
        assert doubt(plausibility, cut(number / 30, luma, covered)) == ""


@pytest.mark.parametrize("light", [0.4, 0.7, 1.3])
def test_light_that_is_switched_explains_nothing(light: float) -> None:
    relit = np.clip(ROOM * light, 0, 255).astype(np.uint8)
    assert doubt(settled(), cut(0.0, relit, 1.0)) != ""


def test_at_the_start_nothing_that_covers_all_is_believed() -> None:
    assert doubt(Plausibility(), cut(0, ROOM, 1.0)) != ""
    near = (ALL + NEARLY_ALL) / 2
    assert doubt(Plausibility(), cut(0, ROOM, near)) == ""


@given(st.lists(st.floats(0, NEARLY_ALL - 0.02), min_size=1, max_size=12), st.integers(0, 9))
def test_whatever_leaves_a_fifth_of_the_picture_is_believed(parts: list[float], seed: int) -> None:
    plausibility = Plausibility()
    for number, covered in enumerate(parts):
        assert doubt(plausibility, cut(number / 30, noisy(ROOM, seed + number), covered)) == ""


def sitter(left: int) -> tuple[Mask, Plane]:
    """What a model says of somebody 32 pixels wide, and the picture."""
    mask, luma = np.zeros(ROOM.shape, np.float32), ROOM.copy()
    mask[20:, left : left + 32] = 1
    luma[20:, left : left + 32] = 90
    return Mask(cv2.blur(mask, (3, 3))), luma


WHOLE = Region(0, 0, *SIZE)
BOX = Region(20, 10, 76, 64)


def believed(credibility: Credibility, mask: Mask, luma: Plane, at: float, part: Region = WHOLE) -> str:
    return credibility.doubt(mask, mask, luma, at, part, mirrored=False)


def test_a_model_that_answers_well_is_believed() -> None:
    credibility = Credibility()
    for number in range(30):
        mask, luma = sitter(16 + number)
        assert believed(credibility, mask, noisy(luma, number), number / 30) == ""


def test_noise_is_no_answer() -> None:
    noise = Mask(np.random.default_rng(0).random(ROOM.shape, np.float32))
    assert "cannot tell" in believed(Credibility(), noise, ROOM, 0.0)
    faint = np.zeros_like(noise)
    faint[BOX.top : BOX.bottom, BOX.left : BOX.right] = 0.5
    assert "cannot tell" in believed(Credibility(), Mask(faint), ROOM, 0.0, BOX)


def test_an_answer_that_fills_the_part_that_was_looked_at_is_doubted_although_the_picture_is_larger() -> None:
    credibility = Credibility()
    mask, luma = sitter(30)
    for number in range(30):
        assert believed(credibility, mask, luma, number / 30, BOX) == ""
    everything = np.zeros_like(mask)
    everything[BOX.top : BOX.bottom, BOX.left : BOX.right] = 1
    assert "whole picture" in believed(credibility, Mask(everything), luma, 1.0, BOX)
    assert believed(credibility, mask, luma, 1.1, BOX) == ""


def test_the_answer_to_another_picture_is_doubted_until_there_is_a_new_one() -> None:
    credibility = Credibility()
    mask, luma = sitter(16)
    assert believed(credibility, mask, luma, 0.0) == ""
    for number in range(1, 5):
        _, moved = sitter(16 + 4 * number)
        assert "same answer" in believed(credibility, mask, moved, number / 30)
    assert believed(credibility, *sitter(36), 0.2) == ""
    assert credibility.doubt(mask, mask, luma, 0.3, WHOLE, mirrored=True) == "", "another view of it"


def test_the_same_answer_is_right_where_nobody_moved_and_where_nobody_is() -> None:
    credibility = Credibility()
    mask, luma = sitter(16)
    nobody = Mask(np.zeros_like(mask))
    for number in range(9):
        assert believed(credibility, mask, noisy(luma, number), number / 30) == ""
    credibility.reset()
    for number in range(9):
        assert believed(credibility, nobody, sitter(4 * number)[1], number / 30) == ""
