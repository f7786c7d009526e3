"""Arrays serve again only when nobody holds them."""

from __future__ import annotations

import numpy as np

from rimlight.pool import Pool
from rimlight.types import Picture


def test_a_held_array_is_never_given_out_again() -> None:
    pool = Pool()
    held = [pool.take(6, 4) for _ in range(40)]
    assert len({array.ctypes.data for array in held}) == 40


def test_a_view_and_a_picture_hold_too() -> None:
    pool = Pool()
    view = pool.take(6, 4)[2:]
    picture = Picture(pool.take(6, 4))
    third = pool.take(6, 4)
    assert not np.shares_memory(view, third)
    assert not np.shares_memory(picture.i420, third)
    assert not np.shares_memory(view, picture.i420)


def test_what_was_let_go_of_serves_again() -> None:
    pool = Pool()
    places = set()
    for _ in range(100):
        places.add(pool.take(6, 4).ctypes.data)
    assert len(places) == 1


def test_another_shape_starts_anew() -> None:
    pool = Pool()
    pool.take(6, 4)
    assert pool.take(9, 8).shape == (9, 8)
