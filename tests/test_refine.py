"""The matte follows the picture's edges, keeps what is sure, and fits any size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight import refine
from rimlight.picture import from_bgr, reduced, resize
from rimlight.refine import Refiner, matte_curve
from rimlight.region import whole
from rimlight.settings import Tuning
from rimlight.types import Alpha, Mask, Picture, Plane, Planes, Size

TUNING = Tuning()


def matte(picture: Picture, mask: np.ndarray) -> Alpha:
    small = Refiner(TUNING).refine(reduced(picture, TUNING.guide_size), Mask(mask.astype(np.float32)))
    return Alpha(resize(small, picture.size))


def disc(size: Size, radius: int, blurred: float = 0) -> np.ndarray:
    drawn = np.zeros((size.height, size.width), np.float32)
    cv2.circle(drawn, (size.width // 2, size.height // 2), radius, 1.0, cv2.FILLED)
    return cv2.GaussianBlur(drawn, (0, 0), blurred) if blurred else drawn


def test_the_matte_meets_the_pictures_edge_better_than_the_mask_does() -> None:
    size = Size(640, 480)
    person = disc(size, 150)
    noise = np.random.default_rng(3).normal(0, 3, (480, 640, 3))
    colors = np.where(person[..., None] > 0, (180, 140, 120), (60, 90, 70)) + noise
    picture = from_bgr(colors.clip(0, 255).astype(np.uint8))
    mask = cv2.resize(disc(size, 158, blurred=12), (256, 192), interpolation=cv2.INTER_AREA)
    up = cv2.resize(mask, tuple(size)) > 0.5
    refined = matte(picture, mask)
    assert np.count_nonzero((refined > 127) != (person > 0)) < 0.5 * np.count_nonzero(up != (person > 0))
    assert np.all(refined[230:250, 300:340] == 255)
    assert np.all(refined[:20] == 0)


@given(st.integers(4, 300), st.integers(4, 300), st.sampled_from([0.0, 1.0]))
def test_what_is_sure_everywhere_stays_so_at_any_size(half_w: int, half_h: int, sure: float) -> None:
    size = Size(2 * half_w, 2 * half_h)
    picture = Picture(np.random.default_rng(0).integers(0, 256, (size.height * 3 // 2, size.width), np.uint8))
    refined = matte(picture, np.full((144, 256), sure))
    assert refined.shape == (size.height, size.width)
    assert np.all(refined == round(255 * sure))


def test_a_flat_picture_leaves_the_masks_shape_as_it_is() -> None:
    mask = disc(Size(160, 90), 30, blurred=8)
    refined = matte(from_bgr(np.full((90, 160, 3), 100, np.uint8)), mask)
    assert np.count_nonzero((refined > 127) != (mask > 0.55)) < 0.02 * mask.size


def test_one_refiner_serves_frames_of_any_size_one_after_the_other() -> None:
    refiner = Refiner(TUNING)
    for size in (Size(64, 200), Size(320, 180), Size(64, 200)):
        picture = Picture(np.full((size.height * 3 // 2, size.width), 90, np.uint8))
        refined = refiner.refine(reduced(picture, TUNING.guide_size), Mask(np.ones((9, 16), np.float32)))
        assert refined.shape == (size.height, size.width)
        assert np.all(refined == 255)


def clouds(size: Size, seed: int) -> Plane:
    noise = np.random.default_rng(seed).normal(0, 1, (size.height, size.width)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    return np.asarray(cv2.normalize(soft, None, 20, 230, cv2.NORM_MINMAX, cv2.CV_8U))


GUIDE = Planes(clouds(Size(384, 216), 0), clouds(Size(192, 108), 1), clouds(Size(192, 108), 2))


def test_a_mask_that_is_a_linear_function_of_the_colours_is_drawn_from_them() -> None:
    y, u, v = (resize(plane, GUIDE.size) / 255 for plane in GUIDE)
    linear = np.clip(0.3 + 0.5 * y - 0.4 * u + 0.5 * v, 0, 1).astype(np.float32)
    tuning = Tuning(edge_softness=1e-6, curve_low=0, curve_high=1)
    drawn = Refiner(tuning).refine(GUIDE, Mask(cv2.resize(linear, (192, 108), interpolation=cv2.INTER_AREA)))
    wanted = matte_curve(0, 1)[np.rint(255 * linear).astype(np.uint8)]
    assert np.mean(cv2.absdiff(drawn, wanted)) < 0.8


@given(st.integers(0, 255), st.integers(0, 143), st.integers(0, 90))
def test_what_is_left_out_as_empty_would_be_drawn_as_nothing(x: int, y: int, radius: int) -> None:
    drawn = np.zeros((144, 256), np.float32)
    if radius:
        cv2.circle(drawn, (x, y), radius, 1.0, cv2.FILLED)
    mask = Mask(cv2.GaussianBlur(drawn, (9, 9), 0))
    found = Refiner(TUNING).refine(GUIDE, mask)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(refine, "_reached", lambda target, guide, reach: whole(guide))  # noqa: ARG005
        everything = Refiner(TUNING).refine(GUIDE, mask)
    # Sums that begin elsewhere round otherwise: a level before the matte curve.
    assert cv2.absdiff(found, everything).max() <= 3
    assert not found[everything == 0].any()


def test_a_matte_stays_as_it_is_when_the_next_one_is_drawn() -> None:
    refiner = Refiner(TUNING)
    first = refiner.refine(GUIDE, Mask(np.ones((144, 256), np.float32)))
    refiner.refine(GUIDE, Mask(np.zeros((144, 256), np.float32)))
    assert np.all(first == 255)


@given(st.floats(0, 0.45), st.floats(0.55, 1))
def test_the_curve_rises_from_nothing_to_all(low: float, high: float) -> None:
    curve = matte_curve(low, high)
    assert curve[0] == 0
    assert curve[255] == 255
    assert np.all(np.diff(curve.astype(int)) >= 0)
    assert curve[int(low * 255)] == 0


def test_the_curves_middle_lies_between_its_ends() -> None:
    assert matte_curve(0.0, 1.0)[127] == pytest.approx(127, abs=1)
