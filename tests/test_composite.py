"""'Over' is exact to one level, and exact where alpha is 0 or 255."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.composite import over
from rimlight.types import Alpha, Picture, Size

level = st.integers(0, 255)


def flat(value: int, size: Size = Size(8, 6)) -> Picture:
    picture = Picture.empty(size)
    picture.i420[:] = value
    return picture


@given(level)
def test_exact_to_one_level_for_all_alphas_and_pictures(room: int) -> None:
    size = Size(256, 256)
    person, plate = Picture.empty(size), flat(room, size)
    person.i420[:] = 128
    person.y[:] = np.arange(256, dtype=np.uint8)[:, None]
    alpha = Alpha(np.repeat(np.arange(256, dtype=np.uint8)[None], 256, axis=0))
    exact = (person.y.astype(float) * alpha + room * (255.0 - alpha)) / 255
    assert np.abs(over(person, alpha, plate).y - exact).max() <= 1


@given(level, level, level)
def test_chroma_too(person: int, room: int, share: int) -> None:
    alpha = Alpha(np.full((6, 8), share, np.uint8))
    result = over(flat(person), alpha, flat(room))
    assert np.abs(result.u - (person * share + room * (255.0 - share)) / 255).max() <= 1


@given(st.integers(0, 2**31))
def test_copies_where_alpha_is_all_or_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    person, plate = (Picture(random.integers(0, 256, (9, 8), np.uint8)) for _ in range(2))
    alpha = Alpha(np.repeat(np.repeat(random.integers(0, 2, (3, 4), np.uint8) * np.uint8(255), 2, 0), 2, 1))
    result = over(person, alpha, plate)
    assert np.array_equal(result.y, np.where(alpha == 255, person.y, plate.y))
    assert np.array_equal(result.v, np.where(alpha[::2, ::2] == 255, person.v, plate.v))


def test_what_is_laid_over_something_is_not_written_to() -> None:
    person, plate = flat(200), flat(0)
    result = over(person, Alpha(np.full((6, 8), 255, np.uint8)), plate)
    assert np.all(result.i420 == 200)
    assert np.all(person.i420 == 200)
    assert np.all(plate.i420 == 0)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="8x6"):
        over(flat(0), Alpha(np.zeros((6, 6), np.uint8)), flat(0))
    with pytest.raises(ValueError, match="4x4"):
        over(flat(0), Alpha(np.zeros((6, 8), np.uint8)), flat(0, Size(4, 4)))
