"""Mattes that wait for their future: steadier, without trails or ghosts, and a lone wrong answer is struck out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimlight.lookahead import AHEAD, AT_ONCE, FORGOTTEN, Lookahead
from rimlight.tracing import Trace, Tracer
from rimlight.types import Alpha, Matted, Picture, Plane, Planes, Size

HEIGHT, WIDTH = 96, 160
NOBODY = Picture.empty(Size(2, 2))
FPS = 30


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Plane:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    drawn: Plane = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 20, 230, cv2.NORM_MINMAX)
    return drawn


ROOM, PERSON = texture(1), texture(2, 60, 50)


def seen(left: int, room: Plane = ROOM) -> tuple[Plane, Alpha]:
    """Somebody at `left` in the room, and the true matte."""
    luma, matte = room.copy(), np.zeros((HEIGHT, WIDTH), np.uint8)
    luma[20:80, left : left + 50] = PERSON
    matte[20:80, left : left + 50] = 255
    return luma, Alpha(matte)


def matted(luma: Plane, small: Alpha, index: int, at: float | None = None) -> Matted:
    gray = np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.uint8)
    return Matted(NOBODY, Planes(luma, gray, gray), small, index / FPS if at is None else at, index)


def settled(frames: Sequence[Matted]) -> list[Matted]:
    lookahead = Lookahead()
    given = [one for frame in frames for one in lookahead.put(frame)]
    return [*given, *lookahead.end()]


def walk(count: int, step: int = 2) -> list[Matted]:
    return [matted(*seen(20 + step * index), index) for index in range(count)]


def spoilt(frames: Sequence[Matted], wrong: Callable[[int, Alpha], Alpha]) -> list[Matted]:
    return [replace(frame, small=wrong(frame.index, frame.small)) for frame in frames]


def trembling(frames: Sequence[Matted]) -> list[Matted]:
    """Each matte a pixel or two off to one side or the other."""
    rng = np.random.default_rng(3)
    return spoilt(frames, lambda _, small: Alpha(np.roll(small, int(rng.integers(-2, 3)), axis=1)))


def off(frames: Sequence[Matted], truth: Sequence[Matted]) -> list[float]:
    """Mean error of each frame, in levels."""
    return [float(cv2.absdiff(a.small, b.small).mean()) for a, b in zip(frames, truth, strict=True)]


def flicker(frames: Sequence[Matted], truth: Sequence[Matted]) -> float:
    """How far the change from frame to frame is from the true one, in levels."""
    errors = [a.small.astype(float) - b.small for a, b in zip(frames, truth, strict=True)]
    return float(np.mean([np.sqrt(np.square(b - a).mean()) for a, b in pairwise(errors)]))


def test_what_trembles_becomes_steady() -> None:
    truth = [matted(*seen(40), index) for index in range(24)]
    before = trembling(truth)
    after = settled(before)

    assert flicker(after, truth) < 0.15 * flicker(before, truth)
    assert np.mean(off(after, truth)) < 0.8 * np.mean(off(before, truth))


def test_what_moves_becomes_steadier_where_it_can_be_followed() -> None:
    # Seen so small, what surrounds the edges of who moves is found nowhere.
    truth = walk(24)
    before = trembling(truth)
    assert flicker(settled(before), truth) < 0.8 * flicker(before, truth)


@pytest.mark.parametrize("many", [1, 2, 3])
@pytest.mark.parametrize("level", [0, 255])
def test_lone_wrong_answers_are_voted_down(many: int, level: int) -> None:
    truth = walk(20)
    wrong = range(9, 9 + many)

    after = settled(
        spoilt(truth, lambda index, small: Alpha(np.full_like(small, level)) if index in wrong else small)
    )

    # But for a band round who moves, of which nothing is known before or after.
    assert max(off(after, truth)) < 0.08 * 255
    for number in wrong:
        left = 20 + 2 * number
        assert after[number].small[30:70, left + 10 : left + 40].min() > 215, "the middle of the body"
        assert after[number].small[:, : left - 14].max(initial=0) < 40, "the room"
        assert after[number].small[:, left + 64 :].max() < 40, "the room"


def test_what_comes_and_goes_at_once_is_shown_while_it_is_there_and_not_after() -> None:
    there = range(8, 11)
    truth = []
    for index in range(20):
        luma, matte = seen(20)
        if index in there:
            luma[30:60, 90:140], matte[30:60, 90:140] = texture(5)[:30, :50], 255
        truth.append(matted(luma, matte, index))

    after = settled(truth)

    for frame in after:
        part = frame.small[34:56, 94:136]
        assert part.min() > 200 if frame.index in there else part.max() < 40, frame.index


def test_nothing_trails_behind_fast_motion() -> None:
    # A quarter of the body's width a frame, faster than it can be followed everywhere.
    truth = walk(8, step=12)
    after = settled(truth)

    for number, frame in enumerate(after):
        left = 20 + 12 * number
        assert frame.small[:, : left - 6].max(initial=0) < 60
        assert frame.small[30:70, left + 6 : left + 44].min() > 195


def test_scenes_have_nothing_to_say_to_each_other() -> None:
    def scene(number: int, begin: int) -> list[Matted]:
        luma, (_, small) = texture(number), seen(10 * number)
        return trembling([matted(np.roll(luma, index, axis=1), small, begin + index) for index in range(8)])

    both = settled([*scene(6, 0), *scene(8, 8)])

    for other, part in (
        (settled([*scene(6, 0), *scene(9, 8)]), slice(8)),
        (settled([*scene(7, 0), *scene(8, 8)]), slice(8, 16)),
    ):
        assert [frame.small.tobytes() for frame in other[part]] == [frame.small.tobytes() for frame in both[part]]
        assert [frame.small.tobytes() for frame in other] != [frame.small.tobytes() for frame in both]


@pytest.mark.parametrize("change", ["fresh", "size", "pause"])
def test_nor_has_what_was_before_a_new_start(change: str) -> None:
    one, two = trembling(walk(8)), trembling(walk(16)[8:])
    if change == "fresh":
        two[0] = replace(two[0], fresh=True)
    elif change == "size":
        two = [matted(f.planes.y[:80, :120].copy(), Alpha(f.small[:80, :120].copy()), f.index) for f in two]
    else:
        two = [replace(frame, at=frame.at + FORGOTTEN) for frame in two]

    assert [f.small.tolist() for f in settled([*one, *two])[8:]] == [f.small.tolist() for f in settled(two)]


@given(st.integers(0, 3 * (AHEAD + AT_ONCE)))
@settings(max_examples=12, deadline=None)
def test_each_frame_comes_back_once_in_order_and_few_are_held(count: int) -> None:
    lookahead = Lookahead()
    small = Alpha(np.zeros((24, 32), np.uint8))
    came: list[int] = []
    for index in range(count):
        came += [one.index for one in lookahead.put(matted(texture(1, 24, 32), small, index))]
        assert index + 1 - len(came) < AHEAD + AT_ONCE

    assert came + [one.index for one in lookahead.end()] == list(range(count))
    assert list(lookahead.end()) == []


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


def test_the_same_comes_out_each_time_on_any_number_of_threads(threads: Callable[[int], None]) -> None:
    frames, found = trembling(walk(14)), []
    for count in (1, 4, 1):
        threads(count)
        found.append([frame.small.tobytes() for frame in settled(frames)])

    assert found[0] == found[1] == found[2]


def test_after_a_reset_nothing_is_left() -> None:
    lookahead, frames = Lookahead(), trembling(walk(14))
    for frame in frames:
        lookahead.put(frame)
    lookahead.reset()

    again = [one for frame in frames for one in lookahead.put(frame)] + list(lookahead.end())

    assert [f.small.tobytes() for f in again] == [f.small.tobytes() for f in settled(frames)]


def traced(luma: Plane, other: Plane) -> Trace:
    traces = Tracer().between(luma, other)
    assert traces is not None
    return traces[0]


def test_motion_is_found_where_there_is_some() -> None:
    trace = traced(seen(40)[0], seen(37)[0])

    assert np.median(trace.way[30:70, 50:80], axis=(0, 1)) == pytest.approx([-3, 0], abs=0.3)
    assert np.abs(trace.way[:, 120:]).max() < 0.5
    assert np.median(trace.same[25:75, 45:85]) > 200


def test_what_was_hidden_is_found_nowhere() -> None:
    one, other = seen(60)[0], seen(20)[0]
    # Where the body was stands the room now, of which nothing was to be seen.
    assert np.median(traced(one, other).same[25:75, 25:55]) < 60


def test_another_scene_is_none() -> None:
    assert Tracer().between(ROOM, texture(9)) is None


@pytest.mark.parametrize("shape", [(1, 1), (2, 40), (15, 15), (16, 16), (33, 17)])
def test_tiny_pictures_are_no_fault(shape: tuple[int, int]) -> None:
    picture = texture(1, *shape)
    trace = traced(picture, picture)
    assert trace.same.min() == 255
    assert np.allclose(trace.follow(picture.astype(np.float32)), picture, atol=1)
