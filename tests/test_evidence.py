"""Colour as evidence: decides what the model doubts, and nothing that it is sure of."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rimlight.evidence import STRENGTH, Evidence
from rimlight.types import Mask, Plane, Planes

HIGH, WIDE = 144, 256
PERSON, ROOM, OTHER = (60, 120, 140), (140, 100, 110), (220, 160, 60)


def scene(middle: tuple[int, int, int]) -> tuple[Planes, Mask]:
    """The person on the left, the room on the right; between them an area that the model doubts, of this colour."""
    image = np.empty((HIGH, WIDE, 3), np.uint8)
    image[:, :100], image[:, 100:150], image[:, 150:] = PERSON, middle, ROOM
    mask = np.zeros((HIGH, WIDE), np.float32)
    mask[:, :100], mask[:, 100:150] = 1, 0.5
    planes = Planes(*(np.ascontiguousarray(image[:, :, n]) for n in range(3)))
    return planes, Mask(mask)


@pytest.mark.parametrize(("middle", "low", "high"), [(PERSON, 0.85, 1), (ROOM, 0, 0.15), (OTHER, 0.45, 0.55)])
def test_a_doubtful_area_is_what_its_colour_says(middle: tuple[int, int, int], low: float, high: float) -> None:
    planes, mask = scene(middle)
    found = Evidence().judge(planes, mask, 0.0)
    assert low <= found[:, 112:138].min()
    assert found[:, 112:138].max() <= high


@pytest.mark.parametrize("channel", [0, 1, 2])
@pytest.mark.parametrize(("levels", "low", "high"), [(1, 0.85, 1), (-1, 0.85, 1), (3, 0.45, 0.55)])
def test_colours_a_level_beside_the_known_ones_are_known_too(
    channel: int, levels: int, low: float, high: float
) -> None:
    beside = list(PERSON)
    beside[channel] += 8 * levels
    planes, mask = scene((beside[0], beside[1], beside[2]))
    found = Evidence().judge(planes, mask, 0.0)
    assert low <= found[:, 112:138].min()
    assert found[:, 112:138].max() <= high


@pytest.mark.parametrize("left", [0, 61, 130, 205])
@pytest.mark.parametrize("top", [0, 37, 94])
@pytest.mark.parametrize("luma", [(216, 384), (360, 640), (144, 256)])
def test_colours_are_those_of_the_doubtful_place(left: int, top: int, luma: tuple[int, int]) -> None:
    mask = np.zeros((HIGH, WIDE), np.float32)
    mask[:, 80:120] = 1
    image = np.empty((HIGH, WIDE, 3), np.uint8)
    image[:] = np.where(mask[..., None] > 0, PERSON, ROOM)
    mask[top : top + 50, left : left + 50] = 0.5
    image[top : top + 25, left : left + 50] = PERSON
    image[top + 25 : top + 50, left : left + 50] = ROOM
    chroma = (luma[1] // 2, luma[0] // 2)
    sizes = (luma[::-1], chroma, chroma)
    planes = Planes(*(cv2.resize(image[:, :, n], size) for n, size in enumerate(sizes)))
    found = Evidence().judge(planes, Mask(mask), 0.0)[top : top + 50, left : left + 50]
    assert found[10:22, 12:38].min() > 0.8
    assert found[28:40, 12:38].max() < 0.2


def test_masks_of_odd_size_are_judged_to_their_last_pixel() -> None:
    planes, mask = scene(PERSON)
    # The doubtful area comes to lie at the right.
    moved = np.roll(np.arange(WIDE), WIDE - 150)[:255]
    odd = Mask(np.take(mask[:141], moved, axis=1))
    found = Evidence().judge(Planes(*(np.take(plane[:141], moved, axis=1) for plane in planes)), odd, 0.0)
    assert found.shape == odd.shape
    assert found[:, 220:].min() > 0.85


def test_sure_pixels_stay_whatever_their_colour() -> None:
    planes, mask = scene(PERSON)
    found = Evidence().judge(planes, mask, 0.0)
    assert np.array_equal(found[:, :80], mask[:, :80])
    assert np.array_equal(found[:, 170:], mask[:, 170:])


def test_the_line_of_an_edge_is_left_to_the_refiner() -> None:
    planes, mask = scene(ROOM)
    mask[:, 100:150] = 0
    mask[:, 99:101] = 0.5
    found = Evidence().judge(planes, mask, 0.0)
    assert np.allclose(found[:, 99:101], 0.5, atol=0.05)


@given(
    arrays.arrays(np.float32, (24, 32), elements=st.floats(0, 1, width=32)),
    arrays.arrays(np.uint8, (3, 24, 32)),
)
def test_the_odds_turn_by_no_more_than_they_may(mask: Mask, image: Plane) -> None:
    evidence = Evidence()
    found = evidence.judge(Planes(image[0], image[1], image[2]), mask, 0.0)
    assert found.dtype == np.float32
    assert np.all((found >= 0) & (found <= 1))
    inside = (mask > 0.01) & (mask < 0.99)
    before, after = (np.log(m[inside] / (1 - m[inside] + 1e-9) + 1e-9) for m in (mask, found))
    assert np.all(np.abs(after - before) <= STRENGTH + 0.01)


def test_colours_learnt_are_remembered_and_forgotten_by_reset() -> None:
    planes, mask = scene(PERSON)
    evidence = Evidence()
    evidence.judge(planes, mask, 0.0)
    doubtful = Mask(np.full_like(mask, 0.5))
    assert evidence.judge(planes, doubtful, 0.2)[:, :80].min() > 0.85
    evidence.reset()
    assert np.allclose(evidence.judge(planes, doubtful, 0.4), 0.5, atol=1e-6)


def test_a_new_light_is_learnt_at_every_rate() -> None:
    for fps in (10, 30, 60):
        evidence = Evidence()
        planes, mask = scene(PERSON)
        evidence.judge(planes, mask, 0.0)
        brighter, _ = scene((180, 120, 140))
        brighter.y[:, :100] = 180
        for number in range(1, fps + 1):
            found = evidence.judge(brighter, mask, number / fps)
        assert found[:, 112:138].min() > 0.8
