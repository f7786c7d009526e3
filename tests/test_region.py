"""Scaling the part of a matte that is not empty gives what scaling all of it would."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rimlight.composite import lay, over
from rimlight.region import Parts, Region, enlarge, occupied, parts, whole
from rimlight.types import Alpha, Picture, Size

sides = st.integers(1, 60).map(lambda n: 2 * n)


@given(st.integers(1, 90), st.integers(1, 90), sides, sides, st.data())
def test_it_is_what_scaling_all_would_give(w: int, h: int, wide: int, high: int, data: st.DataObject) -> None:
    width, height = max(wide, w + w % 2), max(high, h + h % 2)
    small = np.zeros((h, w), np.uint8)
    x, y = data.draw(st.integers(0, w - 1)), data.draw(st.integers(0, h - 1))
    small[y : y + 1 + data.draw(st.integers(0, h)), x : x + 1 + data.draw(st.integers(0, w))] = 200
    out = Alpha(np.full((height, width), 77, np.uint8))
    enlarge(Alpha(small), out)
    region = occupied(Alpha(small), Size(width, height))
    expected = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    assert np.abs(out.astype(int) - expected).max() <= 1
    outside = out.copy()
    region.of(outside)[:] = 0
    assert not outside.any()
    assert all(side % 2 == 0 for side in region)


def test_common_sizes_really_leave_something_out() -> None:
    for size, guide in ((Size(1280, 720), Size(480, 270)), (Size(1920, 1080), Size(480, 270))):
        small = np.zeros((guide.height, guide.width), np.uint8)
        small[100:, 150:330] = 255
        region = occupied(Alpha(small), size)
        assert region.right - region.left < 0.41 * size.width
        assert region.bottom == size.height


def test_nobody_is_an_empty_region() -> None:
    out = Alpha(np.full((8, 8), 9, np.uint8))
    nobody = Alpha(np.zeros((4, 4), np.uint8))
    enlarge(nobody, out)
    assert occupied(nobody, Size(8, 8)) == Region(0, 0, 0, 0)
    assert not out.any()


def test_laying_within_the_region_is_laying_over_all() -> None:
    random = np.random.default_rng(0)
    person, plate = (Picture(random.integers(0, 256, (270, 320), np.uint8)) for _ in range(2))
    small = np.zeros((90, 160), np.uint8)
    small[30:, 40:90] = random.integers(0, 256, (60, 50), np.uint8)
    alpha = Alpha(np.empty((180, 320), np.uint8))
    enlarge(Alpha(small), alpha)
    region = occupied(Alpha(small), person.size)
    assert region != whole(person.size)
    laid = Picture(plate.i420.copy())
    lay(person, alpha, laid, Picture.empty(person.size), Parts([region], []))
    assert np.array_equal(laid.i420, over(person, alpha, plate).i420)


@given(st.integers(0, 2**31))
@settings(max_examples=25)
def test_parts_of_a_large_picture_are_laid_as_all_of_it_is(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = Size(2560, 1440)
    small = np.zeros((216, 384), np.uint8)
    for _ in range(random.integers(0, 4)):
        center, axes = random.integers(0, (384, 216)), random.integers(3, 140, 2)
        cv2.ellipse(small, center.tolist(), axes.tolist(), 0, 0, 360, 255, cv2.FILLED)
    small = Alpha(cv2.blur(small, (3, 3)))
    alpha = Alpha(np.empty((1440, 2560), np.uint8))
    enlarge(small, alpha)
    person, plate = (Picture(np.full((2160, 2560), level, np.uint8)) for level in (200, 20))
    laid = Picture(plate.i420.copy())
    where = parts(small, size, occupied(small, size))
    lay(person, alpha, laid, Picture.empty(size), where)
    assert np.array_equal(laid.i420, over(person, alpha, plate).i420)
    assert all((region.of(alpha) == 255).all() for region in where.sure)
    assert all(side % 2 == 0 for region in (*where.sure, *where.mixed) for side in region)


def test_a_large_picture_and_a_matte_of_sides_without_a_common_factor_are_laid_whole() -> None:
    """A photo of 6000x4000, whose matte has 640x427, lost its person."""
    size, small = Size(6000, 4000), Alpha(np.zeros((427, 640), np.uint8))
    small[60:, 100:300] = 255

    where = parts(small, size, occupied(small, size))

    assert not where.sure
    [mixed] = where.mixed
    assert mixed.left <= 100 * 6000 / 640
    assert mixed.right >= 300 * 6000 / 640
    assert (mixed.top, mixed.bottom) == (0, 4000)


def test_a_small_picture_is_not_taken_apart_and_nobody_has_no_parts() -> None:
    small, large, hd = Alpha(np.zeros((216, 384), np.uint8)), Size(2560, 1440), Size(1280, 720)
    assert parts(small, large, occupied(small, large)) == Parts([], [])
    small[60:, 100:300] = 255
    assert parts(small, hd, occupied(small, hd)) == Parts([occupied(small, hd)], [])
    # The upmost of four bands has the upper edge in it.
    assert len(parts(small, large, occupied(small, large)).sure) == 3
