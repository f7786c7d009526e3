"""The room is learned where it shows, in any light and at any frame rate, and given up where it changes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rimlight.lighting import Lighting, fitted
from rimlight.room import Known, Room
from rimlight.types import Alpha, Planes
from staged import HEIGHT, WIDTH, Stage

SWAY = 22


def sway(stage: Stage, at: float) -> None:
    """A period takes two seconds: what the person hid shows within one."""
    stage.x = WIDTH / 2 + SWAY * float(np.sin(np.pi * at))


def stay(stage: Stage, at: float) -> None:
    """The person sits still."""


def learned(
    room: Room,
    stage: Stage,
    seconds: float,
    act: Callable[[Stage, float], None] = sway,
    since: float = 0.0,
    fps: float = 30.0,
    matte: Callable[[Stage], Alpha] = Stage.truth,
) -> Known | None:
    """What is known after that many seconds more."""
    known = None
    for number in range(round(seconds * fps)):
        at = since + number / fps
        act(stage, at)
        known = room.learn(stage.shot(), matte(stage), at)
    return known


def surely(known: Known | None) -> NDArray[np.bool_]:
    """Where the room is known, at the guide's size."""
    where: NDArray[np.bool_] = np.zeros((HEIGHT, WIDTH), bool)
    return where if known is None else known.known > 200


def mistake(known: Known, stage: Stage) -> float:
    """Mean absolute difference of luma from the true room, in levels, where it is known."""
    return float(cv2.absdiff(known.room.y, stage.room().y)[surely(known)].mean())


def at_least(known: Known | None, share: float) -> Known:
    assert known is not None
    assert surely(known).mean() >= share
    return known


def test_what_the_person_uncovers_becomes_known_and_what_is_always_hidden_does_not() -> None:
    stage = Stage()
    known = at_least(learned(Room(), stage, 3), 0.75)
    always_hidden = np.min([stage.truth(96 + SWAY * side) for side in (-1, 0, 1)], axis=0) > 250
    assert not surely(known)[always_hidden].any()
    assert mistake(known, stage) < 1


def test_nothing_is_known_at_once() -> None:
    assert learned(Room(), Stage(), 0.2) is None


def test_half_a_second_later_what_shows_is_known() -> None:
    at_least(learned(Room(), Stage(), 0.8, stay), 0.5)


@pytest.mark.parametrize("fps", [10, 15, 60])
def test_any_frame_rate_learns_the_same(fps: int) -> None:
    one, other = (surely(learned(Room(), Stage(), 3.0, fps=rate)) for rate in (30, fps))
    assert np.count_nonzero(one != other) < 0.03 * one.size


def test_dropped_frames_do_not_matter() -> None:
    whole, gaps = Room(), Room()
    stage, kept = Stage(), Stage()
    for number in range(90):
        sway(stage, number / 30)
        sway(kept, number / 30)
        known = whole.learn(stage.shot(), stage.truth(), number / 30)
        if number % 10 < 6:
            other = gaps.learn(kept.shot(), kept.truth(), number / 30)
    assert np.count_nonzero(surely(known) != surely(other)) < 0.04 * WIDTH * HEIGHT


@pytest.mark.parametrize("gain", [0.7, 0.9, 1.2, 1.35])
@pytest.mark.parametrize("frames", [60, 61], ids=["at a lesson", "between two"])
def test_a_jump_of_the_exposure_is_followed_within_a_frame(gain: float, frames: int) -> None:
    room, stage = Room(), Stage()
    at_least(learned(room, stage, frames / 30), 0.7)
    stage.gain = gain
    known = at_least(learned(room, stage, 0.03, since=frames / 30), 0.6)
    assert mistake(known, stage) < 2


def test_pixels_that_a_brighter_light_may_clip_tell_nothing() -> None:
    room, stage = Room(), Stage()
    learned(room, stage, 2)
    stage.gain = 1.5
    known = at_least(learned(room, stage, 0.03, since=2), 0.4)
    bright = cv2.erode(stage.room().y, np.ones((9, 9), np.uint8)) > 240
    assert bright.any()
    assert not surely(known)[bright].any()


@pytest.mark.parametrize("change", [{"nudge": 3}, {"nudge": -2}, {"seed": 5}], ids=["nudged", "pushed", "another"])
def test_a_camera_that_moved_or_a_room_that_is_another_is_learned_anew(change: dict[str, int]) -> None:
    room, stage = Room(), Stage()
    at_least(learned(room, stage, 2), 0.7)
    vars(stage).update(change)
    assert not surely(learned(room, stage, 0.03, since=2)).any()
    known = at_least(learned(room, stage, 2, since=2.1), 0.7)
    assert mistake(known, stage) < 1


def test_of_a_camera_that_never_stands_still_next_to_nothing_is_told() -> None:
    def carried(stage: Stage, at: float) -> None:
        sway(stage, at)
        stage.nudge = round(5 * np.sin(9 * at))

    assert surely(learned(Room(), Stage(), 3, carried)).mean() < 0.1


def test_a_thing_that_moves_is_forgotten_where_it_was_and_learned_where_it_is() -> None:
    room, stage = Room(), Stage(thing=10)
    learned(room, stage, 2, stay)
    stage.thing = 160
    old, new = np.s_[40:100, 12:30], np.s_[40:100, 162:180]
    known = learned(room, stage, 1.2, stay, since=2)
    assert known is not None
    assert not (surely(known) & (cv2.absdiff(known.room.y, stage.room().y) > 20)).any()
    known = at_least(learned(room, stage, 2, stay, since=3.2), 0.5)
    assert surely(known)[old].mean() > 0.98
    assert surely(known)[new].mean() > 0.98
    assert mistake(known, stage) < 1


def test_whoever_sat_there_from_the_start_and_leaves_uncovers_the_room() -> None:
    room, stage = Room(), Stage()
    seat = stage.truth() > 128
    assert not surely(learned(room, stage, 2, stay))[seat].any()
    stage.x = 400
    known = at_least(learned(room, stage, 1, stay, since=2), 0.99)
    assert mistake(known, stage) < 1


def test_a_person_whom_the_model_loses_for_a_moment_is_not_taken_for_the_room() -> None:
    room, stage = Room(), Stage()
    learned(room, stage, 2, stay)
    nobody = Alpha(np.zeros((HEIGHT, WIDTH), np.uint8))
    known = learned(room, stage, 0.6, stay, since=2, matte=lambda _: nobody)
    assert not surely(known)[cv2.erode(stage.truth(), np.ones((5, 5), np.uint8)) > 250].any()


def test_what_the_matte_insists_is_person_is_forgotten() -> None:
    """An arm that the model missed for a second, and then found."""
    room, stage = Room(), Stage(x=400)
    arm = np.s_[30:70, 140:170]

    def found(stage: Stage) -> Alpha:
        matte = stage.truth()
        matte[arm] = 255
        return matte

    assert surely(learned(room, stage, 1, stay))[arm].mean() > 0.98
    assert not surely(learned(room, stage, 1.2, stay, since=1, matte=found))[arm].any()


def test_noise_is_told_from_change() -> None:
    room, stage = Room(), Stage(noise=6)
    known = at_least(learned(room, stage, 3), 0.7)
    assert mistake(known, stage) < 3
    quiet = at_least(learned(Room(), Stage(noise=0.3), 3), 0.7)
    assert quiet.limit < 5.5 < known.limit


def test_the_past_is_forgotten_when_told_so_and_when_time_or_size_change() -> None:
    room, stage = Room(), Stage()
    at_least(learned(room, stage, 2), 0.7)
    assert room.learn(stage.shot(), stage.truth(), 1.0) is None
    at_least(learned(room, stage, 2, since=1), 0.7)
    room.reset()
    assert room.learn(stage.shot(), stage.truth(), 4.0) is None
    at_least(learned(room, stage, 2, since=4), 0.7)
    half = Planes(*(np.ascontiguousarray(plane[::2, ::2]) for plane in stage.shot()))
    assert room.learn(half, Alpha(np.ascontiguousarray(stage.truth()[::2, ::2])), 6.0) is None


@given(st.integers(1, 60), st.integers(1, 60))
def test_pictures_of_any_size_are_taken(width: int, height: int) -> None:
    room = Room()
    random = np.random.default_rng(width * 61 + height)
    half = ((height + 1) // 2, (width + 1) // 2)
    guide = Planes(*(random.integers(40, 200, shape, np.uint8) for shape in ((height, width), half, half)))
    matte = Alpha(np.zeros((height, width), np.uint8))
    known = [room.learn(guide, matte, number / 10) for number in range(8)][-1]
    assert known is None or (known.known.shape == (height, width) and np.array_equal(known.room.y, guide.y))
    assert (known is None) == (min(half) < 8)


@given(st.floats(0.5, 1.6), st.floats(-6, 6), st.floats(-6, 6), st.integers(0, 9))
def test_the_light_is_found_though_a_fifth_of_the_picture_is_another(
    gain: float, u: float, v: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    room = Planes(
        *(
            random.integers(low, high, (64, 96)).astype(np.uint8)
            for low, high in ((30, 150), (100, 156), (100, 156))
        )
    )
    seen = Lighting(gain, u, v).on(room)
    for plane in seen:
        plane[:13] = 90
    found = fitted(seen, room, np.full((64, 96), 255, np.uint8), Lighting(), 8)
    assert found.gain == pytest.approx(gain, rel=0.02)
    assert found.u == pytest.approx(u, abs=0.6)
    assert found.v == pytest.approx(v, abs=0.6)


def test_a_light_is_taken_off_as_it_is_put_on() -> None:
    room = Planes(*(np.minimum(plane, 200) for plane in Stage().room()))
    light = Lighting(1.2, 3, -2)
    back = light.off(light.on(room))
    assert max(int(cv2.absdiff(one, other).max()) for one, other in zip(room, back, strict=True)) <= 1


def test_where_too_little_shows_the_light_stays_what_it_was() -> None:
    room = Stage().room()
    coarse = Planes(*(np.ascontiguousarray(plane[:54, :96]) for plane in (room.y[::2, ::2], *room[1:])))
    where = np.zeros((54, 96), np.uint8)
    where[:8, :8] = 255
    assert fitted(coarse, coarse, where, Lighting(1.3), 8) == Lighting(1.3)
