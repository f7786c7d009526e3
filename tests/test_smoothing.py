"""Temporal smoothing: never overshoots, means the same at every frame rate, forgets what is old."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.smoothing import FORGOTTEN, Smoother, doubt
from rimlight.types import Mask

probability = st.floats(0, 1, width=32)


def mask(value: float) -> Mask:
    return Mask(np.full((4, 6), value, np.float32))


@given(st.lists(probability, min_size=2, max_size=8), st.floats(0, 1), st.floats(0.001, 0.5))
def test_never_overshoots(values: list[float], tau: float, step: float) -> None:
    smoother = Smoother(tau)
    past = float(smoother.smooth(mask(values[0]), 0.0)[0, 0])
    for number, value in enumerate(values[1:], 1):
        now = float(smoother.smooth(mask(value), number * step)[0, 0])
        assert min(past, value) - 1e-6 <= now <= max(past, value) + 1e-6
        past = now


@given(st.sampled_from([0.0, 1.0]), probability)
def test_sure_pixels_follow_at_once(sure: float, before: float) -> None:
    smoother = Smoother(0.1)
    smoother.smooth(mask(before), 0.0)
    assert np.allclose(smoother.smooth(mask(sure), 0.033), sure)


@pytest.mark.parametrize("fps", [10, 30, 60, 240])
def test_the_past_decays_alike_at_every_rate(fps: int) -> None:
    smoother = Smoother(0.1)
    smoother.smooth(mask(1.0), 0.0)
    for frame in range(1, fps // 10 + 1):  # a tenth of a second of full doubt
        last = smoother.smooth(mask(0.5), frame / fps)
    assert float(last[0, 0]) == pytest.approx(0.5 + 0.5 * math.exp(-1), abs=1e-4)


def test_nothing_is_kept_across_a_pause_a_reset_or_time_that_goes_back() -> None:
    smoother = Smoother(0.5)
    smoother.smooth(mask(1.0), 10.0)
    assert np.all(smoother.smooth(mask(0.5), 10.0 + FORGOTTEN) == 0.5)
    smoother.smooth(mask(1.0), 20.0)
    assert np.all(smoother.smooth(mask(0.5), 3.0) == 0.5)
    smoother.smooth(mask(1.0), 3.1)
    smoother.reset()
    assert np.all(smoother.smooth(mask(0.5), 3.2) == 0.5)


def test_another_shape_starts_anew() -> None:
    smoother = Smoother(0.5)
    smoother.smooth(mask(1.0), 0.0)
    assert np.all(smoother.smooth(Mask(np.full((9, 9), 0.5, np.float32)), 0.03) == 0.5)


def test_doubt_is_greatest_in_the_middle() -> None:
    values = Mask(np.linspace(0, 1, 101, dtype=np.float32).reshape(1, -1))
    found = doubt(values)[0]
    assert found[0] == pytest.approx(0, abs=1e-6)
    assert found[50] == pytest.approx(1)
    assert np.all(np.diff(found[:51]) >= 0)
    assert np.allclose(found, found[::-1], atol=1e-6)


def test_the_given_mask_is_not_written_to() -> None:
    smoother = Smoother(0.5)
    smoother.smooth(mask(1.0), 0.0)
    given_mask = mask(0.5)
    smoother.smooth(given_mask, 0.01)
    assert np.all(given_mask == 0.5)
