"""Two views made one: between the two, their mean at edges and amid the body, their minimum about areas outside."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rimlight.agreement import agreed
from rimlight.types import Mask

masks = arrays.arrays(np.float32, (20, 30), elements=st.floats(0, 1, width=32))


def body(wide: int = 40) -> Mask:
    mask = np.zeros((144, 256), np.float32)
    mask[40:, 128 - wide : 128 + wide] = 1
    return Mask(mask)


@given(masks, masks)
def test_lies_between_the_lesser_and_the_mean(one: Mask, other: Mask) -> None:
    found = agreed(one, other)
    assert np.all(found >= np.minimum(one, other) - 1e-6)
    assert np.all(found <= (one + other) / 2 + 1e-6)
    assert np.allclose(found, agreed(other, one), atol=1e-6)


@given(masks)
def test_two_equal_views_are_what_both_say(mask: Mask) -> None:
    assert np.allclose(agreed(mask, mask), mask, atol=1e-6)


def test_a_table_that_one_view_took_for_person_is_left_out() -> None:
    leak = body()
    leak[100:140, 20:70] = 0.8
    assert agreed(body(), leak)[110:130, 30:60].max() < 0.01


def test_an_edge_that_two_views_see_a_pixel_apart_is_in_the_middle() -> None:
    found = agreed(body(40), body(41))
    assert np.allclose(found[60:, 87], 0.5, atol=0.06)


def test_a_hole_that_one_view_saw_in_the_body_is_half_closed() -> None:
    holed = body()
    holed[90:100, 120:130] = 0
    assert agreed(body(), holed)[92:98, 122:128].min() > 0.4
