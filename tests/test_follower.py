"""The box round the person: where it lies, when it moves, and that nobody is left outside for long."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.follower import INTERVAL, MARGIN, Follower, Sides
from rimlight.types import Mask, Size

GRID = Size(256, 144)
PICTURE = Size(1280, 720)
FRAME = 1 / 30


def person(left: float, top: float, right: float, bottom: float) -> Mask:
    """A mask of a person who fills this part of the picture."""
    mask = np.zeros((GRID.height, GRID.width), np.float32)
    rows = slice(round(top * GRID.height), round(bottom * GRID.height))
    mask[rows, round(left * GRID.width) : round(right * GRID.width)] = 0.9
    return Mask(mask)


SMALL = person(0.4, 0.5, 0.5, 0.9)


def followed(masks: list[Mask], at: float = 0.0) -> tuple[Follower, list[Sides | None]]:
    """What is looked at, frame by frame, when these are the masks found."""
    follower, parts = Follower(), []
    for number, mask in enumerate(masks):
        parts.append(follower.part(at + number * FRAME))
        follower.seen(mask, parts[-1])
    return follower, parts


def test_the_whole_picture_first_and_then_the_person_with_a_margin() -> None:
    _, parts = followed([SMALL, SMALL])
    assert parts[0] is None
    part = parts[1]
    assert part is not None
    margin = MARGIN * (0.9 - 0.5) * PICTURE.height
    wanted = (0.4 * 1280 - margin, 0.5 * 720 - margin, 0.5 * 1280 + margin, 720)
    assert np.allclose(part.of(PICTURE), wanted, atol=8)


@given(st.lists(st.integers(0, 100), min_size=4, max_size=4))
def test_a_box_lies_in_the_picture_on_even_pixels(sides: list[int]) -> None:
    left, right = sorted(sides[:2])
    top, bottom = sorted(sides[2:])
    _, parts = followed([person(left / 100, top / 100, right / 100, bottom / 100)] * 2)
    part = parts[1]
    if part is not None:
        region = part.of(PICTURE)
        assert all(side % 2 == 0 for side in region)
        assert 0 <= region.left < region.right <= PICTURE.width
        assert 0 <= region.top < region.bottom <= PICTURE.height


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.integers(2, 99), st.integers(2, 99))
def test_no_part_of_any_picture_is_empty(shares: list[float], width: int, height: int) -> None:
    (left, right), (top, bottom) = sorted(shares[:2]), sorted(shares[2:])
    region = Sides(left, top, right, bottom).of(Size(width, height))
    assert 0 <= region.left < region.right <= width
    assert 0 <= region.top < region.bottom <= height


def test_a_person_nearly_as_large_as_the_picture_gets_no_box() -> None:
    assert followed([person(0.2, 0.1, 0.8, 1.0)] * 3)[1] == [None] * 3


def test_the_box_stands_still_while_the_person_sways() -> None:
    sways = [person(0.4 + shift, 0.5, 0.5 + shift, 0.9) for shift in (0, 0.01, -0.01, 0.02, 0)]
    parts = followed(sways)[1][1:]
    assert parts[0] is not None
    assert len(set(parts)) == 1


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_the_whole_picture_is_looked_at_again_at_every_rate(fps: int) -> None:
    follower, whole = Follower(), []
    for number in range(3 * fps):
        part = follower.part(number / fps)
        follower.seen(SMALL, part)
        if part is None:
            whole.append(number / fps)
    assert len(whole) == round(3 / INTERVAL)
    assert np.allclose(np.diff(whole), INTERVAL, atol=1.5 / fps)


def test_who_grows_out_of_the_box_or_is_lost_brings_the_whole_picture_back() -> None:
    for gone in (person(0.4, 0.2, 0.8, 0.9), person(0, 0, 0, 0)):
        _, parts = followed([SMALL, SMALL, gone, SMALL, SMALL])
        assert parts[2] is not None
        assert parts[3] is None


def test_a_newcomer_is_found_and_both_are_kept() -> None:
    both = Mask(np.maximum(SMALL, person(0.85, 0.5, 0.95, 0.9)))
    frames = round(INTERVAL / FRAME) + 2
    _, parts = followed([both if part is None else SMALL for part in followed([SMALL] * frames)[1]])
    assert None in parts[1:-1]
    last = parts[-1]
    assert last is None or (last.left < 0.4 and last.right > 0.95)


def test_nothing_is_known_after_a_reset_or_when_time_goes_back() -> None:
    follower, _ = followed([SMALL, SMALL], at=5.0)
    assert follower.part(5.1) is not None
    assert follower.part(1.0) is None
    follower.reset()
    assert follower.part(1.1) is None
