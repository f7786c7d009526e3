"""Light wrap brightens the person's inner edge by the plate behind it, softly, and nothing else."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from rimlight.assemble import open_background
from rimlight.composite import over
from rimlight.foreground import clean, own_colors
from rimlight.framing import fitted
from rimlight.light import REACH, light_wrap
from rimlight.picture import from_bgr, reduced, shrink
from rimlight.pipeline import Pipeline
from rimlight.region import whole
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.types import Alpha, Color, Cut, Frame, Picture, Size, StreamFormat

SIZE = Size(640, 360)
WHOLE = whole(SIZE)
WHITE, BLACK, RED = (255, 255, 255), (0, 0, 0), (0, 0, 255)


def flat(bgr: tuple[int, int, int], color: Color = Color()) -> Picture:
    return from_bgr(np.full((SIZE.height, SIZE.width, 3), bgr, np.uint8), color)


def cut(level: int = 60, color: Color = Color()) -> Cut:
    """A gray person on the right half, with a sharp edge."""
    alpha = np.zeros((SIZE.height, SIZE.width), np.uint8)
    alpha[:, 320:] = 255
    picture = flat((level,) * 3, color)
    planes = reduced(picture, 384)
    return Cut(picture, Alpha(alpha), planes, Alpha(shrink(alpha, planes.size)), 0.0)


def lit(whole_cut: Cut, plate: Picture, strength: float) -> tuple[Picture, Picture]:
    """The composite without and with light."""
    person = Picture.empty(SIZE, plate.color)
    own_colors(whole_cut, WHOLE, person, light_wrap(whole_cut, plate, strength, WHOLE))
    plain, made = (over(colors, whole_cut.alpha, plate) for colors in (clean(whole_cut), person))
    return plain, made


def test_strength_0_gives_no_light() -> None:
    plain, made = lit(cut(), flat(WHITE), 0.0)
    assert np.array_equal(plain.i420, made.i420)


def test_a_bright_plate_brightens_the_edge_and_only_the_edge() -> None:
    plain, made = lit(cut(), flat(WHITE), 1.0)
    gained = made.y.astype(int) - plain.y
    reach = round(REACH * SIZE.height)
    assert gained[:, 322].min() > 25
    assert (gained[:, 320 + 3 * reach :] == 0).all()
    assert (gained[:, :317] == 0).all()
    assert gained.min() >= -1


def test_it_fades_without_a_seam_and_grows_with_strength() -> None:
    plain, full = lit(cut(), flat(WHITE), 1.0)
    _, half = lit(cut(), flat(WHITE), 0.5)
    profile = (full.y.astype(int) - plain.y)[180, 322:360]
    assert np.diff(profile).max() <= 1
    assert np.diff(profile).min() >= -profile.max() / 2
    assert np.abs(2 * (half.y.astype(int) - plain.y)[180, 322:360] - profile).max() <= 4


@pytest.mark.parametrize("color", [Color(), Color("bt709", full_range=True)])
def test_a_black_plate_gives_none(color: Color) -> None:
    plain, made = lit(cut(color=color), flat(BLACK, color), 1.0)
    assert np.array_equal(plain.i420, made.i420)


def test_what_is_bright_already_is_not_clipped() -> None:
    plain, made = lit(cut(level=250), flat(WHITE), 1.0)
    assert made.y.max() <= 236
    assert int(made.y[180, 322]) - int(plain.y[180, 322]) <= 3


def test_the_light_has_the_plates_colour() -> None:
    plain, made = lit(cut(), flat(RED), 1.0)
    assert int(made.v[90, 160]) > int(plain.v[90, 160]) + 5
    assert int(made.u[90, 160]) < int(plain.u[90, 160])


def test_it_comes_from_where_the_plate_shows() -> None:
    """A lamp that the person hides gives no light."""
    plate = flat(BLACK)
    cv2.rectangle(plate.y, (400, 0), (639, 359), 235, cv2.FILLED)
    plain, made = lit(cut(), plate, 1.0)
    assert np.abs(made.y.astype(int) - plain.y).max() <= 1


@pytest.mark.parametrize(("background", "gives"), [("#ffffff", True), ("blur", False), ("transparent", False)])
def test_only_a_new_room_gives_light(background: str, gives: bool) -> None:
    frame = Frame(flat((60, 60, 60)), 0.0, 0)

    def output(light_wrap: float) -> Picture:
        with open_background(background, 0.5, StreamFormat(SIZE, Fraction(30))) as opened:
            return Pipeline(EllipseSegmenter(), opened, fitted, light_wrap=light_wrap).process(frame).picture

    assert np.array_equal(output(1.0).i420, output(0.0).i420) is not gives
