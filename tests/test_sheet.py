"""The picture sheet: each panel shows what its column says, whatever the sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.sheet import COLUMNS, GAP, HEAD, LABEL, PANEL, ZOOM, Example, row, sheet, worst_place
from rimlight.types import Bgr, Plane, Size

INPUT, REFERENCE, MATTE, EDGE, DIFFERENCE = range(5)


def example(size: Size = Size(720, 540)) -> Example:
    """A person in the left half of an orange picture; the matte has a patch too much and lacks one."""
    picture = np.full((size.height, size.width, 3), (40, 120, 220), np.uint8)
    truth = np.zeros((size.height, size.width), np.uint8)
    truth[:, : size.width // 2] = 255
    alpha = truth.copy()
    across, down = size.width // 8, size.height // 8
    alpha[down : 3 * down, 5 * across : 7 * across] = 255
    alpha[5 * down : 6 * down, across : 2 * across] = 0
    return Example("walk-a", picture, truth, alpha)


def panel(drawn: Bgr, column: int) -> Bgr:
    left = GAP + column * (PANEL.width + GAP)
    return drawn[LABEL : LABEL + PANEL.height, left : left + PANEL.width]


def at(image: Bgr, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place given in parts of the image's size."""
    return tuple(int(level) for level in image[int(y * image.shape[0]), int(x * image.shape[1])])


def test_every_panel_shows_what_its_column_says() -> None:
    drawn = row(example())
    assert at(panel(drawn, INPUT), 0.1, 0.9) == (40, 120, 220)
    for column, (on_the_right, on_the_left) in ((REFERENCE, (0, 255)), (MATTE, (255, 0))):
        assert at(panel(drawn, column), 0.75, 0.25) == (on_the_right,) * 3
        assert at(panel(drawn, column), 0.19, 0.69) == (on_the_left,) * 3
        assert at(panel(drawn, column), 0.1, 0.2) == (255,) * 3
        assert at(panel(drawn, column), 0.9, 0.9) == (0,) * 3


def test_too_much_is_red_and_missing_is_blue_over_the_dimmed_input() -> None:
    shown = panel(row(example()), DIFFERENCE)
    blue, green, red = at(shown, 0.75, 0.25)
    assert red > 200
    assert max(blue, green) < 100
    blue, green, red = at(shown, 0.19, 0.69)
    assert blue > 200
    assert red < 100
    for same in (at(shown, 0.1, 0.2), at(shown, 0.9, 0.9)):
        assert len(set(same)) == 1
        assert 20 < same[0] < 80


def test_a_difference_of_one_pixel_is_seen_in_a_panel_of_a_fifth() -> None:
    one = example(Size(1800, 1350))
    alpha = one.truth.copy()
    alpha[1000, 1200] = 255
    shown = panel(row(one._replace(alpha=alpha)), DIFFERENCE).astype(int)
    assert (shown[..., 2] - shown[..., 0]).max() > 50


def test_the_edge_is_what_the_matte_cuts_out_four_times_as_large() -> None:
    size = Size(900, 700)
    random = np.random.default_rng(1)
    picture = random.integers(0, 256, (size.height, size.width, 3), np.uint8)
    truth = np.zeros((size.height, size.width), np.uint8)
    alpha = truth.copy()
    alpha[300:330, 400:440] = 255
    rows, columns = worst_place(alpha, truth)
    edge = panel(row(Example("", picture, truth, alpha)), EDGE)
    high, wide = (rows.stop - rows.start) * ZOOM, (columns.stop - columns.start) * ZOOM
    left = (PANEL.width - wide) // 2
    kept = alpha[rows, columns] == 255
    assert 100 < kept.sum() < kept.size
    each = edge[:high:ZOOM, left : left + wide : ZOOM]
    assert np.array_equal(each[kept], picture[rows, columns][kept])
    # The rest is nearly, but not quite, of one colour.
    covered = each[~kept].astype(int)
    assert (np.ptp(covered, axis=0) <= 255 * 0.2 + 1).all()
    assert np.corrcoef(covered[:, 1], picture[rows, columns][~kept][:, 1])[0, 1] > 0.99
    # Each pixel is a square: nothing is made up between two.
    assert np.array_equal(np.repeat(np.repeat(each, ZOOM, 0), ZOOM, 1), edge[:high, left : left + wide])


def test_the_reference_is_outlined_where_it_ends() -> None:
    size = Size(400, 300)
    truth = np.zeros((size.height, size.width), np.uint8)
    truth[:, 200:] = 255
    alpha = cv2.GaussianBlur(truth, (0, 0), 3)
    picture = np.zeros((size.height, size.width, 3), np.uint8)
    _, columns = worst_place(alpha, truth)
    edge = panel(row(Example("", picture, truth, alpha)), EDGE)
    yellow = np.nonzero((edge[100, :, 1] > 150) & (edge[100, :, 2] > 150))[0]
    assert len(yellow) in {1, 2}
    assert abs(yellow.mean() - (200 - columns.start) * ZOOM) <= 2


def test_the_zoomed_place_is_framed_in_the_input() -> None:
    one = example()
    rows, columns = worst_place(one.alpha, one.truth)
    shown = panel(row(one), INPUT)
    half = PANEL.width / one.truth.shape[1]
    left, top = round(columns.start * half), round(rows.start * half)
    assert tuple(shown[top + 5, left]) != (40, 120, 220)
    assert tuple(shown[top + 5, left + 8]) == (40, 120, 220)


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_the_worst_place_is_in_the_picture_and_holds_the_only_difference(
    width: int, height: int, data: st.DataObject
) -> None:
    truth: Plane = np.zeros((height, width), np.uint8)
    alpha = truth.copy()
    y, x = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    alpha[y, x] = 255
    rows, columns = worst_place(alpha, truth)
    assert 0 <= rows.start <= y < rows.stop <= height
    assert 0 <= columns.start <= x < columns.stop <= width
    assert rows.stop - rows.start == min(height, PANEL.height // ZOOM)
    assert columns.stop - columns.start == min(width, PANEL.width // ZOOM)


def test_the_worst_place_is_where_most_differs_not_where_one_pixel_does() -> None:
    truth: Plane = np.zeros((600, 800), np.uint8)
    alpha = truth.copy()
    alpha[50, 60] = 255
    alpha[400:430, 500:530] = 90
    rows, columns = worst_place(alpha, truth)
    assert rows.start < 400
    assert rows.stop > 430
    assert columns.start < 500
    assert columns.stop > 530


@pytest.mark.parametrize("size", [Size(640, 480), Size(270, 1920), Size(1920, 100), Size(1, 1), Size(33, 47)])
def test_every_row_has_the_same_size_and_stays_within_its_panels(size: Size) -> None:
    drawn = row(example(size)._replace(label=""))
    assert drawn.shape == (LABEL + PANEL.height + GAP, GAP + len(COLUMNS) * (PANEL.width + GAP), 3)
    paper = drawn[-1, -1]
    gaps = [drawn[:, column * (PANEL.width + GAP) :][:, :GAP] for column in range(len(COLUMNS) + 1)]
    for empty in (drawn[:LABEL], drawn[LABEL + PANEL.height :], *gaps):
        assert (empty == paper).all()


def test_a_sheet_is_its_rows_under_the_names_of_the_columns() -> None:
    first, second = row(example()), row(example(Size(640, 640)))
    whole = sheet([first, second])
    assert np.array_equal(whole[HEAD:], np.vstack([first, second]))
    paper = whole[0, 0]
    for column in range(len(COLUMNS)):
        left = GAP + column * (PANEL.width + GAP)
        assert (whole[:HEAD, left : left + 90] != paper).any()


def test_a_label_is_written_above_its_row() -> None:
    assert not np.array_equal(row(example())[:LABEL], row(example()._replace(label="run-b"))[:LABEL])
