"""The synthetic sitter: frames that repeat, a matte that is true, a portrait whose cut edges never show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from rimlight.assets import asset
from rimlight.errors import SettingError, SourceError
from rimlight.pacing import Pacer
from rimlight.sources import portrait, sitter
from rimlight.sources.sitter import SitterSource, open_sitter
from rimlight.types import Color, Frame, Picture, Size, StreamFormat

SMALL = Size(320, 180)


def frames(source: SitterSource, count: int) -> list[Frame]:
    taken = [source.read() for _ in range(count)]
    assert None not in taken
    return [frame for frame in taken if frame is not None]


def first(source: SitterSource) -> Picture:
    return frames(source, 1)[0].picture


def in_room(
    color: tuple[int, int, int], folder: Path, monkeypatch: pytest.MonkeyPatch, *, size: Size = SMALL
) -> SitterSource:
    """A noiseless sitter in a room of one colour (BGR)."""
    room = folder / "room.png"
    cv2.imwrite(str(room), np.full((size.height, size.width, 3), color, np.uint8))
    with monkeypatch.context() as patch:
        patch.setattr(sitter, "asset", lambda *parts: room if parts[-1] == "room.jpg" else asset(*parts))
        return open_sitter(size, paced=False, noise=0)


def test_the_same_seed_gives_the_same_frames_and_another_seed_the_same_person_in_other_noise() -> None:
    one, same, other = (open_sitter(SMALL, paced=False, seed=seed) for seed in (3, 3, 4))
    for a, b, c in zip(frames(one, 4), frames(same, 4), frames(other, 4), strict=True):
        assert (a.index, a.at) == (b.index, b.at)
        assert np.array_equal(a.picture.i420, b.picture.i420)
        assert not np.array_equal(a.picture.i420, c.picture.i420)
        assert np.array_equal(one.truth(a.index), other.truth(a.index))


@pytest.mark.parametrize("size", [SMALL, Size(1280, 720), Size(360, 640)])
def test_every_plane_is_alpha_times_person_plus_the_rest_times_room(
    size: Size, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two rooms tell the matte without knowing the person: picture1 - picture2 = (1 - alpha) * (room1 - room2).
    sources = [in_room(color, tmp_path, monkeypatch, size=size) for color in ((255, 0, 0), (0, 120, 255))]
    for a, b in zip(*(frames(source, 3) for source in sources), strict=True):
        truth = sources[0].truth(a.index)
        half = cv2.resize(truth, (size.width // 2, size.height // 2), interpolation=cv2.INTER_AREA)
        assert 0 < np.count_nonzero((truth > 0) & (truth < 255)) < truth.size / 20
        for one, two, alpha in zip(a.picture.planes, b.picture.planes, (truth, half, half), strict=True):
            span = int(one[0, 0]) - int(two[0, 0])
            assert abs(span) > 60
            expected = (255 - alpha.astype(float)) / 255 * span
            assert np.abs(one.astype(float) - two - expected).max() <= 1.3
            assert np.array_equal(one[alpha == 255], two[alpha == 255])
            assert np.unique(one[alpha == 0]).size == 1


@pytest.mark.parametrize("size", [SMALL, Size(1280, 720), Size(360, 640)])
def test_truth_person_and_room_make_up_the_picture(size: Size) -> None:
    source = open_sitter(size, Fraction(3), paced=False, noise=0)
    for index in (0, 2, 7):
        picture, person, room = source.render(index), source.person(index), source.room(index)
        truth = source.truth(index)
        half = cv2.resize(truth, (size.width // 2, size.height // 2), interpolation=cv2.INTER_AREA)
        layers = zip(picture.planes, person.planes, room.planes, (truth, half, half), strict=True)
        for seen, mine, behind, alpha in layers:
            expected = (alpha.astype(float) * mine + (255.0 - alpha) * behind) / 255
            assert np.abs(seen - expected).max() <= 1
            assert np.abs(mine[alpha > 0].astype(float) - behind[alpha > 0]).mean() > 10, "a person, not the room"
        room.i420[:] = 0
        person.i420[:] = 0
        assert np.array_equal(source.render(index).i420, picture.i420), "own memory"


def test_the_motion_is_the_same_at_every_frame_rate() -> None:
    slow, usual, fast = (open_sitter(SMALL, Fraction(fps), paced=False) for fps in (10, 30, 60))
    for tenth in range(0, 60, 7):
        assert np.array_equal(slow.truth(tenth), usual.truth(tenth * 3))
        assert np.array_equal(slow.truth(tenth), fast.truth(tenth * 6))


def test_the_person_really_moves() -> None:
    source = open_sitter(SMALL, Fraction(10), paced=False)
    mattes = [source.truth(index) / 255.0 for index in range(80)]
    columns, rows = np.arange(SMALL.width), np.arange(SMALL.height)
    middles = [(m.sum(0) @ columns) / m.sum() for m in mattes]
    tops = [float(rows[m.max(1) > 0.5][0]) for m in mattes]
    assert np.ptp(middles) > 0.08 * SMALL.height
    assert np.ptp(tops) > 0.02 * SMALL.height
    assert max(abs(b - a) for a, b in pairwise(middles)) < 0.02 * SMALL.height, "sways, and does not jump"
    assert all(np.abs(b - a).max() > 0.1 for a, b in pairwise(mattes))


@pytest.mark.parametrize(
    "size",
    [
        Size(160, 90),
        Size(640, 480),
        Size(1280, 720),
        Size(1280, 538),
        Size(480, 480),
        Size(360, 640),
        Size(162, 288),
    ],
)
def test_the_photographs_own_edges_never_show(size: Size) -> None:
    source = open_sitter(size, Fraction(1), paced=False)
    for index in range(60):
        alpha = source.truth(index)
        inside, core = np.flatnonzero(alpha[-1]), np.flatnonzero(alpha[-1] == 255)
        assert core.size > 0.35 * min(size), "sits on the frame's lower edge"
        assert core.size == core[-1] - core[0] + 1
        assert inside.size - core.size < 10 + 0.02 * min(size)
        assert alpha[: size.height // 50 + 1].max() == 0, "has air above the head"
        if size.width > size.height:
            assert alpha[:, 0].max() == 0
            assert alpha[:, -1].max() == 0
        areas = cv2.connectedComponentsWithStats((alpha > 0).view(np.uint8))[2][1:, cv2.CC_STAT_AREA]
        assert areas.max() > 0.999 * areas.sum(), "no crumbs of the old background"


def test_the_parts_that_are_painted_hold_all_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_sitter(Size(1280, 720), Fraction(1, 2), paced=False)
    painted = [source.truth(index).astype(int) for index in range(40)]
    monkeypatch.setattr(portrait, "_BANDS", ((-60.0, 846.0, -400.0, 1200.0),))
    source = open_sitter(Size(1280, 720), Fraction(1, 2), paced=False)
    for index, matte in enumerate(painted):
        assert np.abs(matte - source.truth(index)).max() <= 40, "else something was cut off"


@pytest.mark.parametrize(
    "size", [Size(160, 90), Size(161, 91), Size(1920, 1080), Size(3840, 2160), Size(1080, 1920)]
)
def test_any_size_is_given_as_asked_and_even(size: Size) -> None:
    source = open_sitter(size, paced=False)
    assert source.format == StreamFormat(size.even, Fraction(30), Color("bt601", full_range=False))
    assert first(source).size == size.even
    assert source.truth(0).shape == (size.even.height, size.even.width)


@pytest.mark.parametrize(
    ("open_it", "named"),
    [
        (lambda: open_sitter(Size(158, 90)), "158x90"),
        (lambda: open_sitter(Size(3842, 2160)), "3842x2160"),
        (lambda: open_sitter(Size(2400, 2200)), "2400x2200"),
        (lambda: open_sitter(fps=Fraction(0)), "0 frames"),
        (lambda: open_sitter(noise=4.5), "4.5"),
    ],
)
def test_what_is_out_of_range_is_refused(open_it: Callable[[], SitterSource], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        open_it()


def test_a_missing_picture_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitter, "asset", tmp_path.joinpath)
    with pytest.raises(SourceError, match=r"astronaut\.png"):
        open_sitter(SMALL)


def test_noise_changes_with_time_is_unbiased_and_weaker_in_chroma() -> None:
    size = Size(640, 360)
    noisy, clean = (frames(open_sitter(size, paced=False, noise=n), 12) for n in (2.0, 0.0))
    left = slice(0, size.width // 8)
    assert np.array_equal(clean[0].picture.y[:, left], clean[1].picture.y[:, left]), "nobody is there"
    spreads = []
    for plane in range(3):
        seen = np.stack([f.picture.planes[plane][:, left] for f in noisy]).astype(float)
        still = np.stack([f.picture.planes[plane][:, left] for f in clean]).astype(float)
        assert abs((seen - still).mean()) < 0.05
        assert abs(np.corrcoef((seen - still)[0].ravel(), (seen - still)[1].ravel())[0, 1]) < 0.1
        spreads.append((seen - still).std())
    assert spreads[0] == pytest.approx(2.0, abs=0.15)
    assert spreads[1] == pytest.approx(spreads[2], abs=0.1)
    assert spreads[1] < spreads[0] / 2


def test_levels_stay_in_the_range_that_the_tags_say() -> None:
    source = open_sitter(Size(640, 360), paced=False, noise=0)
    for frame in frames(source, 3):
        assert frame.picture.y.min() >= 16
        assert frame.picture.y.max() <= 235
        assert min(p.min() for p in frame.picture.planes[1:]) >= 16
        assert max(p.max() for p in frame.picture.planes[1:]) <= 240


def test_a_frame_can_be_rendered_again() -> None:
    source = open_sitter(SMALL, paced=False)
    for frame in frames(source, 3):
        assert np.array_equal(source.render(frame.index).i420, frame.picture.i420)


def test_each_picture_has_its_own_memory() -> None:
    source, other = open_sitter(SMALL, paced=False), open_sitter(SMALL, paced=False)
    one = first(source)
    one.i420[:] = 0
    frames(other, 1)
    assert np.array_equal(first(source).i420, first(other).i420)
    assert not one.i420.any()


def test_unpaced_it_gives_every_frame_until_its_end() -> None:
    source = open_sitter(SMALL, Fraction(10), duration=0.5, paced=False)
    assert [(f.index, f.at) for f in frames(source, 5)] == [(i, i / 10) for i in range(5)]
    assert source.read() is None
    assert source.read() is None


class Clock:
    """A clock that only moves when somebody sleeps or is slow."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def simulated(fps: int, duration: float | None = None) -> tuple[SitterSource, Clock]:
    source, clock = open_sitter(SMALL, Fraction(fps), duration=duration), Clock()
    source._pacer = Pacer(Fraction(fps), clock, clock.sleep)
    return source, clock


def test_paced_it_gives_each_frame_at_its_time() -> None:
    source, clock = simulated(25)
    for expected in range(5):
        frame = source.read()
        assert frame is not None
        assert frame.index == expected
        assert frame.at == clock.now == pytest.approx(100 + expected / 25)
        clock.now += 0.03


def test_paced_it_skips_what_nobody_fetched_and_shows_the_moment_it_says() -> None:
    source, clock = simulated(25)
    frames(source, 2)
    clock.now += 0.3
    (frame,) = frames(source, 1)
    assert frame.index == 8
    assert frame.at == pytest.approx(100 + 8 / 25)
    assert np.array_equal(
        frame.picture.i420, frames(open_sitter(SMALL, Fraction(25), paced=False), 9)[8].picture.i420
    )


def test_paced_it_ends_in_time_even_if_the_reader_is_late() -> None:
    source, clock = simulated(10, duration=0.5)
    frames(source, 2)
    clock.now += 3
    assert source.read() is None


def test_closing_wakes_a_waiting_reader() -> None:
    source = open_sitter(SMALL, Fraction(1, 600))
    frames(source, 1)
    answers: list[Frame | None] = []
    reader = threading.Thread(target=lambda: answers.append(source.read()), daemon=True)
    reader.start()
    time.sleep(0.2)
    source.close()
    source.close()
    reader.join(10)
    assert not reader.is_alive()
    assert answers == [None]
    assert source.read() is None


def test_it_is_a_context_manager() -> None:
    with open_sitter(SMALL, paced=False) as source:
        assert source.name == "sitter"
        first(source)
    assert source.read() is None
