"""Temporal smoothing: never overshoots, means the same at every frame rate, forgets what is old."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.smoothing import FORGOTTEN, OPENING, Smoother, doubt, stillness
from rimlight.types import Mask, Plane, Planes

probability = st.floats(0, 1, width=32)


def mask(value: float) -> Mask:
    return Mask(np.full((40, 60), value, np.float32))


def picture(luma: Plane) -> Planes:
    gray = np.full((20, 30), 128, np.uint8)
    return Planes(luma, gray, gray)


def moving(number: int) -> Planes:
    """A picture of which every part changes from one number to the next."""
    return picture(np.full((40, 60), 200 * (number % 2), np.uint8))


STILL = picture(np.full((40, 60), 90, np.uint8))


@given(
    st.lists(probability, min_size=2, max_size=8),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0.001, 0.5),
    st.booleans(),
)
def test_never_overshoots(values: list[float], tau: float, still: float, step: float, moves: bool) -> None:
    smoother = Smoother(tau, still)
    past = float(smoother.smooth(mask(values[0]), moving(0), 0.0)[0, 0])
    for number, value in enumerate(values[1:], 1):
        now = float(smoother.smooth(mask(value), moving(number * moves), number * step)[0, 0])
        assert min(past, value) - 1e-6 <= now <= max(past, value) + 1e-6
        past = now


@given(st.sampled_from([0.0, 1.0]), probability)
def test_sure_pixels_follow_at_once_where_the_picture_moves(sure: float, before: float) -> None:
    smoother = Smoother(0.1, 0.3)
    smoother.smooth(mask(before), moving(0), 0.0)
    assert np.allclose(smoother.smooth(mask(sure), moving(1), 0.033), sure, atol=1e-3)


@pytest.mark.parametrize("fps", [10, 30, 60, 240])
@pytest.mark.parametrize(("tau", "still", "value"), [(0.1, 0.0, 0.5), (0.0, 0.1, 0.0)])
def test_the_past_decays_alike_at_every_rate(fps: int, tau: float, still: float, value: float) -> None:
    smoother = Smoother(tau, still)
    smoother.smooth(mask(1.0), STILL, 0.0)
    for frame in range(1, fps // 10 + 1):  # a tenth of a second of full doubt, or of stillness
        last = smoother.smooth(mask(value), STILL, frame / fps)
    assert float(last[0, 0]) == pytest.approx(value + (1 - value) * math.exp(-1), abs=1e-4)


def test_a_dropped_frame_is_made_up_for() -> None:
    every, dropped = Smoother(0.1, 0.2), Smoother(0.1, 0.2)
    for smoother in (every, dropped):
        smoother.smooth(mask(1.0), STILL, 0.0)
    every.smooth(mask(0.3), STILL, 1 / 30)
    one = float(every.smooth(mask(0.3), STILL, 2 / 30)[0, 0])
    assert float(dropped.smooth(mask(0.3), STILL, 2 / 30)[0, 0]) == pytest.approx(one, abs=1e-5)


def test_opens_faster_than_it_closes() -> None:
    opening, closing = Smoother(0.0, 0.2), Smoother(0.0, 0.2)
    opening.smooth(mask(0.0), STILL, 0.0)
    closing.smooth(mask(1.0), STILL, 0.0)
    kept = float(closing.smooth(mask(0.0), STILL, 0.03)[0, 0])
    assert float(opening.smooth(mask(1.0), STILL, 0.03)[0, 0]) == pytest.approx(1 - OPENING * kept, abs=1e-5)


def test_lets_go_where_the_picture_moves_and_only_there() -> None:
    smoother = Smoother(0.0, 0.3)
    smoother.smooth(mask(1.0), STILL, 0.0)
    half = STILL.y.copy()
    half[:, 30:] += 60
    found = smoother.smooth(mask(0.0), picture(half), 0.03)
    assert found[:, :25].min() > 0.8
    assert found[:, 35:].max() < 1e-3


def test_noise_is_no_motion_and_a_shaken_camera_is() -> None:
    rng = np.random.default_rng(1)
    room = cv2.GaussianBlur(rng.integers(0, 256, (40, 60)).astype(np.uint8), (0, 0), 1)

    def seen(shift: int) -> Plane:
        noisy = np.roll(room, shift, axis=1) + rng.normal(0, 2, room.shape)
        return np.asarray(np.clip(noisy, 0, 255), np.uint8)

    assert np.median(stillness(seen(0), seen(0))) > 0.85
    assert np.median(stillness(seen(0), seen(5))) < 0.2


def test_nothing_is_kept_across_a_pause_a_reset_or_time_that_goes_back() -> None:
    smoother = Smoother(0.5, 0.5)
    smoother.smooth(mask(1.0), STILL, 10.0)
    assert np.all(smoother.smooth(mask(0.5), STILL, 10.0 + FORGOTTEN) == 0.5)
    smoother.smooth(mask(1.0), STILL, 20.0)
    assert np.all(smoother.smooth(mask(0.5), STILL, 3.0) == 0.5)
    smoother.smooth(mask(1.0), STILL, 3.1)
    smoother.reset()
    assert np.all(smoother.smooth(mask(0.5), STILL, 3.2) == 0.5)


def test_another_shape_starts_anew() -> None:
    smoother = Smoother(0.5, 0.5)
    smoother.smooth(mask(1.0), STILL, 0.0)
    other = Mask(np.full((9, 9), 0.5, np.float32))
    assert np.all(smoother.smooth(other, STILL, 0.03) == 0.5)


def test_doubt_is_greatest_in_the_middle() -> None:
    values = Mask(np.linspace(0, 1, 101, dtype=np.float32).reshape(1, -1))
    found = doubt(values)[0]
    assert found[0] == pytest.approx(0, abs=1e-6)
    assert found[50] == pytest.approx(1)
    assert np.all(np.diff(found[:51]) >= 0)
    assert np.allclose(found, found[::-1], atol=1e-6)


def test_the_given_mask_is_not_written_to() -> None:
    smoother = Smoother(0.5, 0.5)
    smoother.smooth(mask(1.0), STILL, 0.0)
    given_mask = mask(0.5)
    smoother.smooth(given_mask, STILL, 0.01)
    assert np.all(given_mask == 0.5)
