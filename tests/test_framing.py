"""Views: there and back."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rimlight.framing import SPENT, fitted, grid, squashed, squeezed
from rimlight.matting import Framing
from rimlight.picture import reduced
from rimlight.region import Region
from rimlight.types import Color, Mask, Picture, Planes, Size

MODEL = Size(256, 256)
sizes = st.builds(Size, st.integers(8, 900).map(lambda n: 2 * n), st.integers(8, 900).map(lambda n: 2 * n))


@given(sizes, st.sampled_from([MODEL, Size(256, 144)]), st.sampled_from([fitted, squeezed]))
def test_pictures_lie_inside_at_the_bottom(picture: Size, model: Size, framing: Framing) -> None:
    view = framing(picture, model)
    assert view.top + view.inner.height == model.height
    assert 0 <= view.left <= view.left + view.inner.width <= model.width
    assert view.inner.width == model.width or view.inner.height == model.height
    if framing is squeezed or picture.height >= picture.width:
        assert view.inner.width >= SPENT * model.width - 1
        assert view.inner.height >= SPENT * model.height - 1
    if min(view.inner.width / model.width, view.inner.height / model.height) > SPENT + 0.01 or (
        framing is fitted and picture.width > picture.height
    ):
        wanted = view.inner.width * picture.height / picture.width
        assert abs(view.inner.height - wanted) <= 0.51 * max(1, picture.height / picture.width)


@given(sizes, st.booleans())
def test_a_mark_in_the_picture_is_found_where_it_was(size: Size, mirrored: bool) -> None:
    picture = Picture.empty(size)
    picture.i420[:] = 128
    x, y = size.width // 3, size.height // 4
    radius = max(size) // 8
    cv2.circle(picture.y, (x, y), radius, 255, cv2.FILLED)
    planes = reduced(picture, 480)
    for frame in (fitted, squeezed, squashed):
        view = replace(frame(size, MODEL), mirrored=mirrored)
        seen = view.take(planes, Color())
        assert seen.shape == (256, 256, 3)
        mask = view.back(Mask((seen[:, :, 1] > 200).astype(np.float32)), planes.size, grid(size, MODEL))
        back = cv2.resize(mask, tuple(size), interpolation=cv2.INTER_LINEAR) > 0.5
        slack = 2 + max(size) / 100
        for found, place, side in ((back.any(axis=0), x, size.width), (back.any(axis=1), y, size.height)):
            where = np.flatnonzero(found)
            if not len(where):  # a mark thinner than a pixel of the mask
                assert min(mask.shape) < 16
                continue
            assert abs(where[0] - max(0, place - radius)) <= slack
            assert abs(where[-1] - min(side - 1, place + radius)) <= slack


PARTS = st.tuples(*[st.integers(0, 30)] * 2, *[st.integers(40, 100)] * 2)


@given(PARTS, st.booleans())
def test_a_mark_in_a_part_is_found_where_it_was(sides: tuple[int, int, int, int], mirrored: bool) -> None:
    size = Size(640, 360)
    part = Region(*(side * whole // 200 * 2 for side, whole in zip(sides, size * 2, strict=True)))
    picture = Picture.empty(size)
    picture.i420[:] = 128
    x, y = (part.left + part.right) // 2, (part.top + part.bottom) // 2
    cv2.circle(picture.y, (x, y), 40, 255, cv2.FILLED)
    view = fitted(Size(part.right - part.left, part.bottom - part.top), MODEL)
    view = replace(view, part=part, mirrored=mirrored)
    seen = view.take(Planes(*picture.planes), Color())
    mask = view.back(Mask((seen[:, :, 1] > 200).astype(np.float32)), size, Size(640, 360))
    rows, columns = np.nonzero(mask > 0.5)
    assert abs(columns.mean() - x) < 1.5
    assert abs(rows.mean() - y) < 1.5
    spread = [min(40, abs(edge - place)) for edge, place in zip(part, (x, y, x, y), strict=True)]
    assert np.allclose([np.ptp(columns), np.ptp(rows)], [spread[0] + spread[2], spread[1] + spread[3]], atol=6)


def test_what_a_part_does_not_show_is_no_person() -> None:
    view = replace(fitted(Size(100, 100), MODEL), part=Region(100, 100, 200, 200))
    mask = view.back(Mask(np.ones((256, 256), np.float32)), Size(400, 300), Size(200, 150))
    assert mask[55:95, 55:95].min() == 1
    mask[49:101, 49:101] = 0
    assert mask.max() == 0


def test_bars_repeat_the_edge() -> None:
    picture = Picture.empty(Size(64, 32))
    picture.i420[:] = 128
    picture.y[0] = 250
    seen = fitted(picture.size, MODEL).take(reduced(picture, 480), Color())
    assert seen[0, 0, 0] == seen[127, 0, 0]
    assert seen[0, 0, 0] > seen[200, 0, 0]


@given(sizes)
def test_masks_of_whole_pictures_keep_the_proportions(picture: Size) -> None:
    size = grid(picture, MODEL)
    assert max(size) <= 256
    assert abs(size.width * picture.height - size.height * picture.width) <= max(picture)
