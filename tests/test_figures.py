"""The field's figures, against hand-made cases and against their definitions written out plainly."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from rimlight.figures import (
    LABELS,
    Figures,
    Flags,
    boundary,
    change_error,
    connectivity_error,
    frame_figures,
    mean_of,
    overlap,
)
from rimlight.types import Plane

LEVELS = (0, 25, 26, 51, 64, 102, 127, 128, 190, 229, 230, 255)
"""Both sides of tenths and of a half."""


def mattes(longest: int = 12) -> st.SearchStrategy[tuple[Plane, Plane]]:
    """Two small mattes of one size."""
    shapes = st.tuples(st.integers(1, longest), st.integers(1, longest))
    return shapes.flatmap(lambda shape: st.tuples(*[arrays(np.uint8, shape, elements=st.sampled_from(LEVELS))] * 2))


@st.composite
def blobs(draw: st.DrawFn, size: tuple[int, int]) -> Plane:
    """A matte like those of persons: a few soft ellipses."""
    height, width = size
    matte = np.zeros((height, width), np.uint8)
    for _ in range(draw(st.integers(0, 3))):
        centre = (draw(st.integers(0, width)), draw(st.integers(0, height)))
        axes = (draw(st.integers(1, width)), draw(st.integers(1, height)))
        cv2.ellipse(matte, centre, axes, draw(st.integers(0, 180)), 0, 360, draw(st.sampled_from(LEVELS)), -1)
    blur = draw(st.sampled_from([0, 1, 4]))
    return cv2.GaussianBlur(matte, (0, 0), blur) if blur else matte


def flat(level: int, height: int = 8, width: int = 12) -> Plane:
    return np.full((height, width), level, np.uint8)


def eroded_away(mask: Flags, width: int) -> Flags:
    """The definition: what erosion by a disc takes away, the picture's border being no edge."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), width, width, width, width, cv2.BORDER_REPLICATE)
    away: Flags = mask & (cv2.erode(padded, disc)[width:-width, width:-width] == 0)
    return away


def slope(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(alpha, (0, 0), 1.4)
    both: NDArray[np.float32] = (
        np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8
    )
    return both


def largest_region(places: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Of the regions whose pixels touch by their sides; the first of equals."""
    left, largest = sorted(places, reverse=True), set[tuple[int, int]]()
    seen: set[tuple[int, int]] = set()
    while left:
        todo, region = [left.pop()], set[tuple[int, int]]()
        while todo:
            y, x = place = todo.pop()
            if place in places and place not in seen:
                seen.add(place)
                region.add(place)
                todo += [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        largest = region if len(region) > len(largest) else largest
    return largest


def loose_ends(alpha: Plane, truth: Plane) -> float:
    """The connectivity error pixel by pixel, in 2550ths of alpha so that all is exact."""
    everywhere = {(int(y), int(x)) for y, x in np.ndindex(alpha.shape)}
    held, holding = dict.fromkeys(everywhere, 0), everywhere
    for level in range(1, 11):
        reached = {place for place in everywhere if int(min(alpha[place], truth[place])) * 10 >= 255 * level}
        holding = holding & largest_region(reached)
        held |= dict.fromkeys(holding, level)
    total = 0
    for place in everywhere:
        hangs = [10 * int(matte[place]) - 255 * held[place] for matte in (alpha, truth)]
        a, t = (value if value >= 0.15 * 2550 else 0 for value in hangs)
        total += abs(a - t)
    return total / 2550 / 1000


@given(st.integers(1, 33), st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_boundary_is_what_erosion_takes_away(width: int, height: int, length: int, data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    speckled = random.random((height, length)) > data.draw(st.sampled_from([-1, 0.003, 0.03, 0.5, 0.99, 2]))
    mask = speckled & (data.draw(blobs((height, length))) < 128)
    assert np.array_equal(boundary(mask, width), eroded_away(mask, width))


@pytest.mark.parametrize("width", [1, 2, 3, 5, 16, 29, 44, 61])
def test_the_boundary_around_one_hole_is_the_ellipse_itself(width: int) -> None:
    mask = np.ones((2 * width + 3, 2 * width + 3), np.bool_)
    mask[width + 1, width + 1] = False
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1)).astype(np.bool_)
    expected = np.pad(ellipse, 1) & mask
    assert np.array_equal(boundary(mask, width), expected)


@given(mattes(40))
def test_a_matte_that_is_its_reference_is_perfect(pair: tuple[Plane, Plane]) -> None:
    found = frame_figures(pair[0], pair[0])
    # OpenCV's blur of floats differs in the last bit from one place in memory to another.
    assert found.grad == pytest.approx(0, abs=1e-9)
    assert found._replace(grad=0) == Figures(1, 1, 0, 0, 0, 0, None)


@settings(deadline=None)
@given(st.tuples(st.integers(1, 70), st.integers(1, 70)).flatmap(lambda size: st.tuples(*[blobs(size)] * 2)))
def test_each_figure_is_its_definition_in_plain_floats(pair: tuple[Plane, Plane]) -> None:
    alpha, truth = (matte.astype(np.float32) / np.float32(255) for matte in pair)
    person, true_person = alpha > 0.5, truth > 0.5
    width = max(1, round(0.02 * math.hypot(*truth.shape)))
    found = frame_figures(*pair)
    assert found.miou == pytest.approx((overlap(person, true_person) + overlap(~person, ~true_person)) / 2)
    assert found.biou == pytest.approx(overlap(eroded_away(person, width), eroded_away(true_person, width)))
    assert found.mad == pytest.approx(float(np.abs(alpha - truth).mean()) * 1e3, rel=1e-4, abs=1e-4)
    assert found.mse == pytest.approx(float(((alpha - truth) ** 2).mean()) * 1e3, rel=1e-4, abs=1e-4)
    grad = float(((slope(alpha) - slope(truth)) ** 2).mean()) * 1e5
    assert found.grad == pytest.approx(grad, rel=1e-3, abs=1e-4)


@given(mattes(6))
def test_the_connectivity_error_is_its_definition_pixel_by_pixel(pair: tuple[Plane, Plane]) -> None:
    assert connectivity_error(*pair) == pytest.approx(loose_ends(*pair))


@given(mattes(20))
def test_who_is_the_reference_does_not_matter_to_the_distance(pair: tuple[Plane, Plane]) -> None:
    assert frame_figures(*pair)[:-1] == pytest.approx(frame_figures(*reversed(pair))[:-1], rel=1e-6, abs=1e-6)


@given(mattes(20))
def test_figures_keep_to_their_ranges(pair: tuple[Plane, Plane]) -> None:
    found = frame_figures(*pair)
    assert 0 <= found.miou <= 1
    assert 0 <= found.biou <= 1
    assert 0 <= found.mse <= found.mad + 1e-9 <= 1000 + 1e-9
    assert found.grad >= 0
    assert 0 <= found.conn <= pair[0].size / 1000


@given(mattes(), st.integers(0, 9), st.integers(0, 9))
def test_emptiness_around_adds_nothing_loose(pair: tuple[Plane, Plane], above: int, before: int) -> None:
    wider = [np.pad(matte, ((above, 3), (before, 2))) for matte in pair]
    assert frame_figures(*wider).conn == frame_figures(*pair).conn


def test_differences_are_counted_in_thousandths() -> None:
    found = frame_figures(flat(51), flat(0))
    assert found.mad == pytest.approx(200)
    assert found.mse == pytest.approx(40)
    half = flat(0)
    half[:, :6] = 255
    found = frame_figures(flat(255), half)
    assert (found.mad, found.mse, found.miou) == pytest.approx((500, 500, 0.25))


def test_a_ramp_beside_nothing_has_the_ramps_slope() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    # The few columns at both ends are flattened by the blur.
    assert frame_figures(ramp, np.zeros_like(ramp)).grad == pytest.approx(1e5 / 255**2, rel=0.03)


def test_a_half_is_background_and_more_is_person() -> None:
    assert frame_figures(flat(127), flat(0)).miou == 1
    assert frame_figures(flat(128), flat(0)).miou == 0


@pytest.mark.parametrize(
    ("place", "alpha", "truth", "loose"),
    [
        ((0, 0), 255, 0, 1.0),  # a speck that is not there
        ((0, 0), 255, 255, 0.0),  # one that is: as loose in both
        ((0, 0), 26, 0, 0.0),  # a veil too faint to count
        ((0, 0), 51, 0, 0.2),
        ((3, 5), 255, 128, 0.5),  # hangs on at 0.5, and half of alpha is above that
        ((3, 5), 230, 255, 0.0),  # hangs on at 0.9
        ((2, 5), 230, 255, 1 - 230 / 255),  # touches by a corner only, so it hangs on nowhere
    ],
)
def test_what_hangs_loose(place: tuple[int, int], alpha: int, truth: int, loose: float) -> None:
    got, want = flat(0), flat(0)
    got[3:6, 2:5] = want[3:6, 2:5] = 255
    got[place], want[place] = alpha, truth
    assert connectivity_error(got, want) == pytest.approx(loose / 1000)


def test_flicker_is_change_that_the_reference_has_not() -> None:
    assert change_error(flat(51), flat(0), flat(9), flat(9)) == pytest.approx(20)
    assert change_error(flat(0), flat(51), flat(9), flat(9)) == pytest.approx(20)
    assert change_error(flat(90), flat(20), flat(170), flat(100)) == 0
    assert change_error(flat(255), flat(0), flat(0), flat(255)) == pytest.approx(200)


def test_a_mean_leaves_out_who_has_no_figure() -> None:
    one, other = Figures(1, 1, 2, 2, 2, 2), Figures(0, 0, 4, 4, 4, 4, 3)
    assert mean_of([one, other]) == Figures(0.5, 0.5, 3, 3, 3, 3, 3)
    assert mean_of([one]) == one
    with pytest.raises(ValueError, match="no figures"):
        mean_of([])


def test_every_figure_has_a_label() -> None:
    assert [label.lower() for label in LABELS] == list(Figures._fields)
