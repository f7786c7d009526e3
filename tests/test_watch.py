"""The model rests while nothing moves, and no longer than it may."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.picture import from_bgr, reduced
from rimlight.types import Planes
from rimlight.watch import REST, Watch

FRAME = 1 / 30


def planes(left: int = 300, noise: float = 0.0, seed: int = 0) -> Planes:
    """A bright disc before a dark wall at 1280x720, reduced."""
    gray = np.full((720, 1280), 60, np.float32)
    cv2.circle(gray, (left, 360), 150, (160,), cv2.FILLED, cv2.LINE_AA)
    gray += np.random.default_rng(seed).normal(0, noise, gray.shape) if noise else 0
    return reduced(from_bgr(cv2.merge([np.clip(gray, 0, 255).astype(np.uint8)] * 3)), 384)


def looks(watch: Watch, pictures: list[Planes], cadence: float = 0.0, step: float = FRAME) -> list[bool]:
    return [watch.wants(picture, number * step, cadence) for number, picture in enumerate(pictures)]


def test_a_still_picture_is_looked_at_five_times_a_second() -> None:
    assert sum(looks(Watch(), [planes()] * 300)) in range(50, 52)


def test_noise_is_no_motion() -> None:
    noisy = [planes(noise=8, seed=seed) for seed in range(30)]
    assert sum(looks(Watch(), noisy)) <= 6


def test_a_pixels_motion_is_motion() -> None:
    assert all(looks(Watch(), [planes(left=300 + number % 2) for number in range(30)]))


def test_what_creeps_is_compared_with_what_was_seen_and_not_with_a_moment_ago() -> None:
    watch = Watch(rest=1.0)
    quarter = planes().y.astype(np.float32)
    creeping = [Planes((quarter + 0.5 * number).astype(np.uint8), planes().u, planes().v) for number in range(25)]
    assert sum(looks(watch, creeping)) >= 4


def test_rest_0_never_rests() -> None:
    assert all(looks(Watch(rest=0), [planes()] * 10))


@pytest.mark.parametrize("cadence", [1 / 15, 1 / 10])
def test_a_cadence_holds_though_all_moves(cadence: float) -> None:
    moving = [planes(left=300 + 9 * number) for number in range(60)]
    assert sum(looks(Watch(), moving, cadence)) == pytest.approx(60 * FRAME / cadence, abs=1)


@given(st.floats(0.005, 0.5), st.floats(0, 0.3))
def test_never_longer_than_rest_and_cadence_allow(step: float, cadence: float) -> None:
    watch, last = Watch(), 0.0
    still = Planes(*(np.full(shape, 90, np.uint8) for shape in ((54, 96), (27, 48), (27, 48))))
    for number in range(20):
        at = number * step
        if watch.wants(still, at, cadence):
            last = at
        assert at - last <= max(REST, cadence)


def test_another_size_and_a_time_that_goes_back_are_looked_at() -> None:
    watch = Watch()
    small = Planes(*(np.full(shape, 90, np.uint8) for shape in ((54, 96), (27, 48), (27, 48))))
    assert watch.wants(planes(), 5.0, 0.0)
    assert not watch.wants(planes(), 5.01, 0.0)
    assert watch.wants(small, 5.02, 0.0)
    assert watch.wants(small, 1.0, 0.0)
    watch.reset()
    assert watch.wants(small, 1.01, 0.0)
