"""The sitter's scenes: each as hard as it says, none less exact than the plain sitter."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.assemble import open_source
from rimlight.errors import SettingError
from rimlight.settings import Settings
from rimlight.sources.cast import Blurred, Cast, Grip, Mirrored, Stiff
from rimlight.sources.exposure import exposed
from rimlight.sources.ink import Ink, onto_cutout
from rimlight.sources.portrait import Patch
from rimlight.sources.scenes import SCENES
from rimlight.sources.sitter import SitterSource, open_sitter
from rimlight.types import Picture, Size

SMALL = Size(320, 180)
FPS = Fraction(10)


@cache
def scene(name: str, size: Size = SMALL, noise: float = 0.0) -> SitterSource:
    return open_sitter(size, FPS, paced=False, noise=noise, scene=name)


def means(picture: Picture) -> list[float]:
    return [float(plane.mean()) for plane in picture.planes]


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("size", [SMALL, Size(640, 360), Size(162, 288)])
def test_truth_person_and_room_make_up_the_picture(name: str, size: Size) -> None:
    source = scene(name, size)
    exact = SCENES[name].quality is None
    for index in (0, 7, 16):
        truth = source.truth(index)
        half = cv2.resize(truth, (size.width // 2, size.height // 2), interpolation=cv2.INTER_AREA)
        pictures = (source.render(index), source.person(index), source.room(index))
        for seen, mine, behind, alpha in zip(*(p.planes for p in pictures), (truth, half, half), strict=True):
            expected = (alpha.astype(float) * mine + (255.0 - alpha) * behind) / 255
            assert np.abs(seen - expected).max() <= (1 if exact else 99)
            assert np.abs(seen - expected).mean() < (0.4 if exact else 6)
        assert np.count_nonzero((truth > 0) & (truth < 255)) > 50, "a soft edge"


@pytest.mark.parametrize("name", SCENES)
def test_the_same_scene_gives_the_same_frames_in_any_order(name: str) -> None:
    one, other = (open_sitter(SMALL, FPS, paced=False, scene=name) for _ in range(2))
    late, early = one.render(9), one.render(4)
    assert np.array_equal(early.i420, other.render(4).i420)
    assert np.array_equal(late.i420, other.render(9).i420)
    assert np.array_equal(one.truth(9), other.truth(9))
    assert not np.array_equal(early.i420, late.i420)


@pytest.mark.parametrize("name", [name for name in SCENES if name != "plain"])
def test_each_scene_is_another_picture_than_the_plain_one(name: str) -> None:
    plain, other = scene("plain"), scene(name)
    differences = [cv2.absdiff(plain.render(i).y, other.render(i).y) > 6 for i in (2, 7, 16)]
    assert max(np.count_nonzero(d) for d in differences) > 0.0015 * SMALL.width * SMALL.height
    assert other.name == f"sitter:{name}"


@pytest.mark.parametrize("name", ["chair", "busy", "coat", "glasses", "dark", "exposure", "mjpeg"])
def test_what_is_no_persons_outline_leaves_the_truth_as_it_was(name: str) -> None:
    for index in (0, 7, 16):
        assert np.array_equal(scene(name).truth(index), scene("plain").truth(index))


@pytest.mark.parametrize(
    ("name", "least", "most"), [("hair", 0.004, 0.05), ("boom", 0.004, 0.05), ("hand", 0.03, 0.3)]
)
def test_what_is_worn_or_raised_belongs_to_the_person(name: str, least: float, most: float) -> None:
    plain, more = (scene(n, Size(640, 360)).truth(3).astype(int) for n in ("plain", name))
    assert least < (more - plain).clip(0).sum() / plain.sum() < most
    assert (plain - more).max() <= 2, "nothing is taken away"


def test_the_boom_is_thin_and_whole() -> None:
    size = Size(1280, 720)
    added = cv2.subtract(scene("boom", size).truth(3), scene("plain", size).truth(3))
    boom = (added > 60).view(np.uint8)[200:330, 480:620]
    thin = boom & ~cv2.morphologyEx(boom, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(thin)
    assert count > 1
    longest = stats[1:][stats[1:, cv2.CC_STAT_AREA].argmax()]
    assert longest[cv2.CC_STAT_HEIGHT] > 35
    assert longest[cv2.CC_STAT_AREA] < 6 * (longest[cv2.CC_STAT_HEIGHT] + longest[cv2.CC_STAT_WIDTH])


def test_somebody_comes_in_and_stays() -> None:
    areas = [float(scene("newcomer").truth(i).sum()) for i in (0, 8, 14, 24, 30)]
    assert areas[0] == pytest.approx(areas[1], rel=0.06)
    assert areas[3] > 1.3 * areas[0]
    assert areas[3] == pytest.approx(areas[4], rel=0.1)
    assert areas[1] < areas[2] < areas[3]
    assert np.abs(np.diff(areas)).max() > 0


def test_somebody_far_is_small_and_ends_at_the_table() -> None:
    truth = scene("far", Size(1280, 720)).truth(5)
    assert 0.02 < truth.mean() / 255 < 0.06
    rows = np.flatnonzero(truth.max(1))
    assert rows[-1] + 1 == pytest.approx(0.72 * 720, abs=2)
    assert truth[rows[-1]].max() == 255


def test_the_camera_shakes_person_and_room_alike() -> None:
    source, calm = scene("shake", Size(640, 360)), scene("plain", Size(640, 360))
    before = source.room(0).y.astype(np.float32)
    moves = []
    for index in range(1, 12):
        (right, down), _ = cv2.phaseCorrelate(before, source.room(index).y.astype(np.float32))
        moves.append((right, down))
        way = [middle(s.truth(i)) for s, i in ((source, index), (source, 0), (calm, index), (calm, 0))]
        assert right == pytest.approx(way[0] - way[1] - (way[2] - way[3]), abs=0.8)
        way = [top(s.truth(i)) for s, i in ((source, index), (source, 0), (calm, index), (calm, 0))]
        assert down == pytest.approx(way[0] - way[1] - (way[2] - way[3]), abs=1.5)
    assert np.ptp(moves, axis=0).min() > 2, "pixels"


def top(truth: np.ndarray) -> int:
    """The row where the head begins."""
    return int(np.flatnonzero(truth.max(1) > 127)[0])


def middle(truth: np.ndarray) -> float:
    """The column of the head's middle."""
    head = truth[40:150].astype(float).sum(0)
    return float(head @ np.arange(head.size) / head.sum())


def test_gain_acts_on_room_and_person_alike_and_clips_at_white() -> None:
    source, plain = scene("exposure"), scene("plain")
    gains = []
    for index in range(30):
        room, person = source.room(index).y.astype(float) - 16, source.person(index).y.astype(float) - 16
        usual, own = plain.room(index).y.astype(float) - 16, plain.person(index).y.astype(float) - 16
        middling, inside = (usual > 60) & (usual < 120), (own > 60) & (own < 120)
        gains.append(float((room[middling] / usual[middling]).mean()))
        assert float((person[inside] / own[inside]).mean()) == pytest.approx(gains[-1], abs=0.02)
        assert room.max() <= 235 - 16
    assert max(gains) > 1.25
    assert min(gains) < 0.75
    assert abs(gains[0] - 1) < 0.05


@given(gain=st.floats(0.1, 3))
def test_black_and_gray_stay_what_they_are_at_any_gain(gain: float) -> None:
    y, u, v = exposed(
        (np.full((2, 2), 16, np.uint8), np.full((1, 1), 128, np.uint8), np.full((1, 1), 128, np.uint8)), gain
    )
    assert (y == 16).all()
    assert (u == 128).all()
    assert (v == 128).all()


def test_it_is_dark_and_noisy() -> None:
    dark, plain = (scene(name, Size(640, 360), 2.0) for name in ("dark", "plain"))
    assert means(dark.render(0))[0] - 16 < 0.45 * (means(plain.render(0))[0] - 16)
    spread = [float((s.render(0).y.astype(float) - s.render(5).y)[:, :60].std()) for s in (dark, plain)]
    assert spread[0] > 3 * spread[1]
    still = np.mean([dark.render(i).y[:, :60].astype(float) for i in range(24)], axis=0)
    assert abs((still - dark.room(0).y[:, :60])[dark.room(0).y[:, :60] > 40].mean()) < 0.3, "unbiased"


def test_mjpeg_leaves_blocks() -> None:
    seen, clean = scene("mjpeg").render(0), scene("plain").render(0)
    steps = np.abs(np.diff(seen.y.astype(float) - clean.y, axis=1)).mean(0)
    edges = np.arange(steps.size) % 8 == 7
    assert steps[edges].mean() > 1.1 * steps[~edges].mean()


class Sliding:
    """A white square that moves six pixels a second to the right."""

    def patches(self, seconds: float) -> list[Patch]:
        left = 8 + round(6 * seconds)
        alpha = np.zeros((16, 64), np.uint8)
        alpha[4:12, left : left + 8] = 255
        y, u, v = np.full_like(alpha, 200), np.full((8, 32), 90, np.uint8), np.full((8, 32), 170, np.uint8)
        return [Patch(slice(0, 16), slice(0, 64), y, u, v, alpha)]


def test_a_shutter_gives_the_mean_of_its_moments() -> None:
    (blurred,) = Blurred(Sliding(), 1.0).patches(1.0)
    moments = [Sliding().patches(1.0 + (k - 2.5) / 6)[0].alpha.astype(float) for k in range(6)]
    assert np.abs(blurred.alpha - np.mean(moments, 0)).max() <= 0.51
    assert ((blurred.alpha > 0) & (blurred.alpha < 255)).any()
    assert set(np.unique(blurred.y[blurred.alpha > 0])) == {200}, "blurred, and not mixed with anything"
    assert set(np.unique(blurred.u[2:6, 6:10])) == {90}


def test_the_actor_in_front_hides_the_one_behind() -> None:
    behind, front = Sliding(), Mirrored(Sliding(), Size(64, 16))
    (both,) = Cast([behind, front]).patches(2.5)
    assert np.array_equal(both.alpha, np.maximum(behind.patches(2.5)[0].alpha, front.patches(2.5)[0].alpha))
    soft = Patch(slice(0, 2), slice(0, 2), *(np.full(s, 100, np.uint8) for s in ((2, 2), (1, 1), (1, 1), (2, 2))))
    hard = soft._replace(y=np.full((2, 2), 20, np.uint8), alpha=np.full((2, 2), 255, np.uint8))
    (mixed,) = Cast([Still(hard), Still(soft)]).patches(0)
    assert (mixed.alpha == 255).all()
    assert mixed.y == pytest.approx(20 + 80 * 100 / 255, abs=0.51)


class Still:
    def __init__(self, patch: Patch) -> None:
        self._patch = patch

    def patches(self, _: float) -> list[Patch]:
        return [self._patch]


def test_mirrored_is_mirrored() -> None:
    plain, other = Sliding().patches(0)[0], Mirrored(Sliding(), Size(100, 16)).patches(0)[0]
    assert other.columns == slice(36, 100)
    assert np.array_equal(plain.alpha[:, ::-1], other.alpha)


@pytest.mark.parametrize("angle", [0.0, 0.35, -0.8])
def test_a_stiff_things_colour_and_matte_stay_together(angle: float) -> None:
    bgra = np.zeros((80, 60, 4), np.uint8)
    bgra[:, :30, 0], bgra[:, 30:, 2], bgra[10:70, 10:50, 3] = 255, 255, 255
    size = Size(160, 160)
    (patch,) = Stiff(bgra, size, lambda _: Grip(80, 80, angle), (30, 40), 1.2).patches(0)
    assert patch.alpha.astype(float).sum() / 255 == pytest.approx(40 * 60 * 1.44, rel=0.02)
    y, x = np.mgrid[patch.rows, patch.columns] - 79.5
    across = x * np.cos(angle) + y * np.sin(angle)
    solid = patch.alpha == 255
    for plane in (patch.u, patch.v):
        large = cv2.resize(plane, patch.alpha.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(float)
        left, right = large[solid & (across < -4)], large[solid & (across > 4)]
        assert left.std() < 2
        assert right.std() < 2
        assert abs(left.mean() - right.mean()) > 60
    gone = Stiff(bgra, size, lambda _: Grip(900, 80, angle), (30, 40), 1.2)
    assert gone.patches(0) == []


@given(left=st.floats(3, 10), top=st.floats(3, 10), wide=st.floats(2, 15), high=st.floats(2, 15))
def test_ink_covers_what_was_drawn(left: float, top: float, wide: float, high: float) -> None:
    ink = Ink(Size(32, 32))
    ink.shape(np.array([(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]), (9, 9, 9))
    dry = ink.dry()
    # OpenCV draws the outline too: a quarter of a pixel more, and as much again by rounding.
    assert wide * high - 0.25 * (wide + high) <= dry.coverage.sum() <= (wide + 0.51) * (high + 0.51) + 0.01
    assert np.abs(dry.color - 9 * dry.coverage[..., None]).max() < 1e-3


def test_ink_on_a_cutout_adds_to_its_matte_in_its_own_colour() -> None:
    cutout = np.zeros((40, 40, 4), np.uint8)
    cutout[:, 20:] = (200, 200, 200, 255)
    cutout[:, :20, :3] = 200
    ink = Ink(Size(40, 40))
    ink.line(np.array([(0.0, 20.0), (40.0, 20.0)]), 1.5, (10, 20, 30))
    dry = ink.dry()
    onto_cutout(cutout, dry)
    assert np.abs(cutout[20, :18, 3] - 255 * dry.coverage[20, :18]).max() < 0.51
    assert abs(float(dry.coverage[:, 5].sum()) - 1.5) <= 0.25
    assert (cutout[:, 21:, 3] == 255).all()
    assert (cutout[18:23, 2:16, :3] == (10, 20, 30)).all(), "goes on, unseen, beside itself"
    assert (cutout[:16, :, :3] == 200).all()


def test_a_scene_is_a_camera() -> None:
    with open_source(Settings(camera="sitter:boom", size=SMALL)) as source:
        assert source.name == "sitter:boom"
        frame = source.read()
        assert frame is not None
        assert frame.picture.size == SMALL


def test_a_scene_that_is_none_is_refused() -> None:
    with pytest.raises(SettingError, match="'bloom'") as refused:
        open_sitter(SMALL, scene="bloom")
    assert "boom" in refused.value.hint


def test_every_picture_that_a_scene_needs_travels_with_rimlight() -> None:
    sitters = Path(__file__).parents[1] / "assets" / "sitters"
    told = (sitters / "README.md").read_text(encoding="utf-8")
    for setting in SCENES.values():
        for name in setting.cutouts:
            assert (sitters / name).is_file()
            assert f"`{name}`" in told
