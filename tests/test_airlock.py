"""The gate before the sinks: safe outputs, or the card."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.airlock import LIMIT, LOST, Airlock
from rimlight.types import Alpha, Output, Size, StreamFormat
from standins import gray, output

SIZE = Size(64, 48)
FORMAT = StreamFormat(SIZE, Fraction(30))


def safe(index: int, at: float, size: Size = SIZE) -> Output:
    picture = gray(100 + index % 100, size)
    return Output(picture, Alpha(np.full_like(picture.y, 200)), at, index)


def is_card(output: Output | None) -> bool:
    return output is not None and not output.alpha.any()


def test_safe_outputs_pass_as_they_are() -> None:
    airlock = Airlock(FORMAT, 0.0)
    for index in range(10):
        one = safe(index, index / 30)
        assert airlock.passed(one, index / 30 + 0.02) is one
    assert (airlock.covered, airlock.refused) == (False, 0)


def test_before_the_first_output_the_drawn_card_is_shown_once() -> None:
    airlock = Airlock(FORMAT, 10.0)
    assert airlock.passed(None, 9.99 + LIMIT) is None
    card = airlock.passed(None, 10.01 + LIMIT)
    assert is_card(card)
    assert card is not None
    assert card.picture.size == SIZE
    assert airlock.covered
    assert airlock.passed(None, 20.0) is None, "once is enough: sinks that want it again repeat it"


def test_when_outputs_stop_the_card_is_up_within_half_a_second_and_the_next_output_takes_it_down() -> None:
    airlock = Airlock(FORMAT, 0.0)
    for index in range(30):
        airlock.passed(safe(index, index / 30), index / 30)
    times = [29 / 30 + step / 100 for step in range(100)]
    shown = [at for at in times if airlock.passed(None, at) is not None]
    assert len(shown) == 1
    assert shown[0] - 29 / 30 <= 0.5
    back = safe(30, 3.0)
    assert airlock.passed(back, 3.0) is back
    assert not airlock.covered


def test_of_a_camera_that_is_known_to_be_lost_nothing_stays_longer_than_what_is_under_way_takes() -> None:
    airlock = Airlock(FORMAT, 0.0)
    airlock.passed(safe(0, 0.0), 0.0)
    late = safe(1, 0.03)
    assert airlock.passed(late, 0.09, lost=True) is late
    assert airlock.passed(None, 0.09 + LOST, lost=True) is None
    assert is_card(airlock.passed(None, 0.1 + LOST, lost=True))


@pytest.mark.parametrize("fps", [4, 6, 10, 60])
def test_a_slow_camera_does_not_make_it_flash(fps: int) -> None:
    airlock = Airlock(FORMAT, 0.0)
    cards = 0
    for step in range(1000):
        now = step / 100
        due = step % round(100 / fps) == 0
        passed = airlock.passed(safe(step, now) if due else None, now)
        cards += is_card(passed)
    assert cards == 0


@pytest.mark.parametrize(
    "unsafe",
    [
        safe(5, 1.0, Size(32, 24)),
        replace(safe(5, 1.0), alpha=Alpha(np.zeros((24, 32), np.uint8))),
        replace(safe(5, 1.0), alpha=Alpha(np.zeros((48, 64), np.float32))),
        safe(2, 1.0),
        safe(5, -0.5),
    ],
    ids=["another size", "another matte's size", "no matte", "older than what was shown", "stale"],
)
def test_what_is_not_safe_does_not_pass(unsafe: Output) -> None:
    airlock = Airlock(FORMAT, 0.8)
    airlock.passed(safe(2, 0.9), 0.9)
    assert airlock.passed(unsafe, 1.0) is None
    assert airlock.refused == 1
    passed = [airlock.passed(replace(unsafe, at=unsafe.at + step / 50), 1.0 + step / 50) for step in range(1, 50)]
    assert sum(is_card(one) for one in passed) == 1


def test_shut_it_stays_until_something_captured_later_comes() -> None:
    airlock = Airlock(FORMAT, 0.0)
    airlock.passed(safe(0, 1.0), 1.0)
    assert is_card(airlock.shut(1.1))
    assert airlock.passed(safe(1, 1.05), 1.12) is None, "it was captured before"
    after = safe(2, 1.2)
    assert airlock.passed(after, 1.21) is after


def test_the_card_is_made_of_the_last_safe_output_and_nothing_is_recognised_in_it() -> None:
    airlock = Airlock(FORMAT, 0.0)
    rng = np.random.default_rng(0)
    picture = gray(0, SIZE)
    np.copyto(picture.i420, rng.integers(0, 256, picture.i420.shape).astype(np.uint8))
    airlock.passed(Output(picture, Alpha(np.full_like(picture.y, 255)), 0.0, 0), 0.0)
    card = airlock.passed(None, 1.0)
    assert card is not None
    left = card.picture.y[:, :20].astype(float)
    assert np.abs(np.diff(left, axis=1)).max() < 30 < np.abs(np.diff(picture.y[:, :20].astype(float), axis=1)).max()


@given(st.lists(st.tuples(st.floats(0, 0.7), st.booleans(), st.integers(-2, 3)), max_size=60))
def test_nothing_but_safe_outputs_and_cards_ever_leaves(steps: list[tuple[float, bool, int]]) -> None:
    """And what is shown is never older than the limit, unless it is the card."""
    airlock = Airlock(FORMAT, 0.0)
    now, index, last = 0.0, 0, 0.0
    for elapsed, comes, stride in steps:
        now += elapsed
        index += stride
        offered = output(index, now) if stride == 3 else safe(index, now)
        passed = airlock.passed(offered if comes else None, now)
        if passed is not None and not is_card(passed):
            assert passed is offered
            assert passed.picture.size == SIZE
            last = now
        assert airlock.covered or now - last <= 1.0 or passed is not None
