"""Mattes of large pictures: sharper and truer at every edge, untouched elsewhere, without seams."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimlight import detail
from rimlight.detail import GRAIN, detailed, refined
from rimlight.figures import frame_figures
from rimlight.picture import from_bgr, reduced
from rimlight.region import enlarge
from rimlight.types import Alpha, Color, Cut, Picture, Planes, Size

JPEG = Color("bt601", full_range=True)


def scene(size: Size, seed: int = 0) -> tuple[Picture, Alpha]:
    """A green person with hair before a noisy gray room, and the true matte."""
    random = np.random.default_rng(seed)
    width, height = size
    drawn = np.zeros((height, width), np.uint8)
    middle = (width // 2, height * 3 // 5)
    cv2.ellipse(drawn, middle, (width // 5, height // 3), 0, 0, 360, 255, cv2.FILLED, cv2.LINE_AA)
    for angle in np.linspace(3.4, 6.0, 30):
        end = (round(middle[0] + width * 0.27 * np.cos(angle)), round(middle[1] + height * 0.45 * np.sin(angle)))
        cv2.line(drawn, middle, end, 255, max(1, width // 400), cv2.LINE_AA)
    share = drawn[..., None] / 255
    bgr = share * (60, 160, 70) + (1 - share) * (150, 140, 150) + random.normal(0, 3, (height, width, 1))
    return from_bgr(bgr.clip(0, 255).astype(np.uint8), JPEG), Alpha(drawn)


def cut_of(picture: Picture, truth: Alpha, long_side: int) -> Cut:
    """With a matte as it is made at that size: soft, and off by a pixel of it."""
    planes = reduced(picture, long_side)
    small = cv2.resize(truth, tuple(planes.size), interpolation=cv2.INTER_AREA)
    small = Alpha(np.roll(cv2.GaussianBlur(small, (0, 0), 1.5), 1, axis=1))
    alpha = Alpha(np.empty_like(truth))
    enlarge(small, alpha)
    return Cut(picture, alpha, planes, small, 0.0)


@pytest.mark.parametrize(("size", "guide"), [(Size(1200, 800), 240), (Size(728, 1288), 240), (Size(960, 640), 640)])
def test_the_matte_is_truer(size: Size, guide: int) -> None:
    picture, truth = scene(size)
    cut = cut_of(picture, truth, guide)
    before = frame_figures(cut.alpha, truth)

    after = frame_figures(detailed(cut).alpha, truth)

    assert after.mad < 0.6 * before.mad
    assert after.grad < 0.85 * before.grad
    assert after.biou > before.biou


def test_the_reduced_picture_and_matte_are_finer_and_fit_each_other() -> None:
    picture, truth = scene(Size(1600, 1200))
    made = detailed(cut_of(picture, truth, 320))

    assert made.alpha.shape == (1200, 1600)
    assert made.small.shape == made.planes.y.shape
    assert max(made.planes.size) > 700
    assert made.planes.u.shape == tuple(side // 2 for side in made.small.shape)


def test_a_picture_no_larger_than_its_matte_stays_as_it_is() -> None:
    picture, truth = scene(Size(320, 240))
    cut = cut_of(picture, truth, 640)
    assert detailed(cut) is cut


@given(st.integers(1, 60), st.integers(1, 60), st.integers(8, 64), st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_size_is_refined(columns: int, rows: int, long_side: int, nobody: bool) -> None:
    size = Size(columns * GRAIN, rows * GRAIN)
    picture, truth = scene(size)
    cut = cut_of(picture, Alpha(np.zeros_like(truth)) if nobody else truth, long_side)

    made = detailed(cut)

    assert made.alpha.shape == (size.height, size.width)
    assert not (nobody and made.alpha.any())


def test_tiles_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, truth = scene(Size(800, 640))
    small = cut_of(picture, truth, 320).small
    guide = Planes(*picture.planes)

    tiled = refined(guide, small, 1e-3)
    monkeypatch.setattr(detail, "_TILE", 10_000)

    np.testing.assert_array_equal(tiled, refined(guide, small, 1e-3))


def test_the_matte_may_be_redrawn_in_place() -> None:
    picture, truth = scene(Size(400, 320))
    small = cut_of(picture, truth, 200).small
    guide = Planes(*picture.planes)
    once = refined(guide, small, 1e-3)
    twice = refined(guide, once, 1e-3)

    assert refined(guide, once, 1e-3, once) is once
    np.testing.assert_array_equal(once, twice)
