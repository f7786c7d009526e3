"""Views: there and back."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rimlight.framing import fitted, squashed
from rimlight.picture import reduced
from rimlight.types import Color, Mask, Picture, Size

MODEL = Size(256, 256)
sizes = st.builds(Size, st.integers(8, 900).map(lambda n: 2 * n), st.integers(8, 900).map(lambda n: 2 * n))


@given(sizes, st.sampled_from([MODEL, Size(256, 144)]))
def test_fitted_lies_inside_at_the_bottom_in_proportion(picture: Size, model: Size) -> None:
    view = fitted(picture, model)
    assert view.top + view.inner.height == model.height
    assert 0 <= view.left <= view.left + view.inner.width <= model.width
    assert view.inner.width == model.width or view.inner.height == model.height
    wanted = view.inner.width * picture.height / picture.width
    assert abs(view.inner.height - wanted) <= 0.51 * max(1, picture.height / picture.width) or view.inner.width == 1


@given(sizes)
def test_a_mark_in_the_picture_is_found_where_it_was(size: Size) -> None:
    picture = Picture.empty(size)
    picture.i420[:] = 128
    x, y = size.width // 3, size.height // 4
    radius = max(size) // 8
    cv2.circle(picture.y, (x, y), radius, 255, cv2.FILLED)
    for frame in (fitted, squashed):
        view = frame(size, MODEL)
        seen = view.take(reduced(picture, 480), Color())
        assert seen.shape == (256, 256, 3)
        mask = view.back(Mask((seen[:, :, 1] > 200).astype(np.float32)))
        back = cv2.resize(mask, tuple(size), interpolation=cv2.INTER_LINEAR) > 0.5
        slack = 2 + max(size) / 100
        for found, place, side in ((back.any(axis=0), x, size.width), (back.any(axis=1), y, size.height)):
            where = np.flatnonzero(found)
            if not len(where):  # a mark thinner than a pixel of the input
                assert min(view.inner) < 16
                continue
            assert abs(where[0] - max(0, place - radius)) <= slack
            assert abs(where[-1] - min(side - 1, place + radius)) <= slack


def test_bars_repeat_the_edge() -> None:
    picture = Picture.empty(Size(64, 32))
    picture.i420[:] = 128
    picture.y[0] = 250
    seen = fitted(picture.size, MODEL).take(reduced(picture, 480), Color())
    assert seen[0, 0, 0] == seen[127, 0, 0]
    assert seen[0, 0, 0] > seen[200, 0, 0]


def test_back_undoes_squashing() -> None:
    view = squashed(Size(1280, 720), Size(256, 144))
    mask = Mask(np.ones((144, 256), np.float32))
    assert view.back(mask).shape == (144, 256)
