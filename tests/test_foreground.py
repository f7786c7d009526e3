"""The old room's colour is taken out of the edge, the person's is left alone."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from rimlight.composite import lay, over
from rimlight.foreground import clean, difference, own_colors
from rimlight.picture import from_bgr, reduced, shrink
from rimlight.region import Parts, Region, occupied, whole
from rimlight.types import Alpha, Cut, Picture, Planes, Size

SIZE = Size(640, 360)
WHOLE = whole(SIZE)
FLAT = {"bright": (230, 235, 240), "dark": (10, 10, 10), "blue": (200, 60, 60)}


def flat(bgr: tuple[int, int, int]) -> Picture:
    return from_bgr(np.full((SIZE.height, SIZE.width, 3), bgr, np.uint8))


def scene(room: Picture | None = None) -> tuple[Picture, Picture, Alpha]:
    """A textured person over a green room: the mixed picture, the person alone, and the true alpha."""
    drawn = np.zeros((SIZE.height, SIZE.width), np.uint8)
    cv2.circle(drawn, (320, 200), 120, 255, cv2.FILLED)
    alpha = Alpha(cv2.GaussianBlur(drawn, (0, 0), 4))
    texture = np.random.default_rng(0).integers(-6, 7, (SIZE.height, SIZE.width, 1))
    person = from_bgr((np.full((SIZE.height, SIZE.width, 3), (120, 130, 190)) + texture).astype(np.uint8))
    return over(person, alpha, room or flat((60, 190, 40))), person, alpha


def cut(picture: Picture, alpha: Alpha) -> Cut:
    planes = reduced(picture, 480)
    return Cut(picture, alpha, planes, Alpha(shrink(alpha, planes.size)), 0.0)


def composite(whole_cut: Cut, plate: Picture) -> Picture:
    return over(clean(whole_cut), whole_cut.alpha, plate)


def fringe(made: Picture, ideal: Picture, alpha: Alpha) -> float:
    band = (alpha > 12) & (alpha < 243)
    bands = (band, band[::2, ::2], band[::2, ::2])
    return float(sum(cv2.absdiff(a, b)[c].mean() for a, b, c in zip(made.planes, ideal.planes, bands, strict=True)))


@pytest.mark.parametrize("bgr", FLAT.values(), ids=FLAT)
def test_a_third_of_the_fringe_is_left_on_any_plate(bgr: tuple[int, int, int]) -> None:
    mixed, person, alpha = scene()
    plate = flat(bgr)
    ideal = over(person, alpha, plate)
    plain = fringe(over(mixed, alpha, plate), ideal, alpha)
    assert fringe(composite(cut(mixed, alpha), plate), ideal, alpha) < 0.34 * plain


def test_light_is_added_where_the_person_is() -> None:
    mixed, _, alpha = scene()
    given, lit, unlit = cut(mixed, alpha), Picture.empty(SIZE), Picture.empty(SIZE)
    light = [np.full((9, 16), level, np.float32) for level in (40, -10, 20)]
    own_colors(given, WHOLE, lit, light)
    own_colors(given, WHOLE, unlit)
    for one, other, level in zip(lit.planes, unlit.planes, (40, -10, 20), strict=True):
        assert np.abs(one.astype(int) - other - level).max() <= 2


def test_outside_of_the_region_nothing_is_written() -> None:
    mixed, _, alpha = scene()
    out = Picture(np.full_like(mixed.i420, 77))
    region = Region(160, 80, 480, 320)
    own_colors(cut(mixed, alpha), region, out)
    for plane, step in zip(out.planes, (1, 2, 2), strict=True):
        assert (region.of(plane, step) != 77).any()
        region.of(plane, step)[:] = 77
    assert (out.i420 == 77).all()


def test_the_part_where_the_person_is_is_as_good_as_the_whole() -> None:
    mixed, _, alpha = scene()
    half = cut(mixed, alpha)
    region = occupied(half.small, SIZE)
    assert region != WHOLE
    plate = flat((120, 100, 90))
    part, own = Picture(plate.i420.copy()), Picture.empty(SIZE)
    own_colors(half, region, own)
    lay(own, alpha, part, Picture.empty(SIZE), Parts([region], []))
    all_of_it = composite(half, plate)
    # A few pixels of the coarse estimate lie elsewhere.
    assert max(cv2.absdiff(a, b).max() for a, b in zip(part.planes, all_of_it.planes, strict=True)) <= 6
    assert cv2.absdiff(part.i420, all_of_it.i420).mean() < 0.02


def test_the_segmenters_own_colours_count_where_it_tells_them() -> None:
    mixed, person, alpha = scene()
    plain = cut(mixed, alpha)
    pink = Planes(*(np.full_like(plane, level) for plane, level in zip(plain.planes, (120, 90, 200), strict=True)))
    told = difference(replace(plain, foreground=pink), WHOLE)
    fused = difference(plain, WHOLE)
    edge = shrink(alpha, Size(told[0].shape[1], told[0].shape[0]))
    faint = (edge > 5) & (edge < 40)
    assert told[1][faint].mean() < fused[1][faint].mean() - 5
    assert fringe(composite(replace(plain, foreground=reduced(person, 480)), flat((9, 9, 9))), mixed, alpha) > 0


def test_the_inside_is_untouched_and_the_input_not_written_to() -> None:
    mixed, _, alpha = scene()
    before = mixed.i420.copy()
    cleaned = clean(cut(mixed, alpha))
    assert np.array_equal(cleaned.y[alpha == 255], mixed.y[alpha == 255])
    assert np.array_equal(mixed.i420, before)


def test_no_person_and_nothing_but_person_are_no_trouble() -> None:
    mixed, _, alpha = scene()
    everything = Alpha(np.full_like(alpha, 255))
    assert np.array_equal(clean(cut(mixed, everything)).i420, mixed.i420)
    nobody = difference(cut(mixed, Alpha(np.zeros_like(alpha))), WHOLE)
    assert all(np.isfinite(plane).all() for plane in nobody)
