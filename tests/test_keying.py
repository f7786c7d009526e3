"""The known room makes mattes better where there is evidence, and leaves them alone where there is none."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.keying import Keyer
from rimlight.room import Known, Room
from rimlight.types import Alpha, Plane, Planes
from staged import HEIGHT, WIDTH, Stage, error, widened

FPS = 15
WARM_UP = 2.0
"""Seconds in which the room is learned; then mattes count."""

Act = Callable[[Stage, float], None]
Model = Callable[[Stage], Alpha]


class Errors(NamedTuple):
    """Mean absolute differences from the truth, x 1000; the matte's and the corrected one's."""

    before: float
    after: float
    worst: float
    """By how much a frame became worse, at most."""


def sway(stage: Stage, at: float) -> None:
    stage.x = WIDTH / 2 + 22 * float(np.sin(np.pi * at))


def wide(stage: Stage) -> Alpha:
    return widened(stage.truth(), 3)


def narrow(stage: Stage) -> Alpha:
    return Alpha(255 - widened(255 - stage.truth(), 3))


def errors(stage: Stage, model: Model = Stage.truth, act: Act = sway, seconds: float = 4.0) -> Errors:
    """Of frames after the warm-up."""
    room, keyer = Room(), Keyer()
    found = []
    for number in range(round(seconds * FPS)):
        at = number / FPS
        act(stage, at)
        guide, matte, truth = stage.shot(), model(stage), stage.truth()
        known = room.learn(guide, matte, at)
        keyed = keyer.key(guide, matte, known) if known else matte
        if at >= WARM_UP:
            found.append((error(matte, truth), error(keyed, truth)))
    before, after = (fmean(each) for each in zip(*found, strict=True))
    return Errors(before, after, max(late - early for early, late in found))


@pytest.mark.parametrize("model", [wide, narrow])
@pytest.mark.parametrize("wall", [0.0, 1.0], ids=["room", "wall"])
def test_an_edge_that_is_three_pixels_off_comes_nearer(model: Model, wall: float) -> None:
    found = errors(Stage(wall=wall), model)
    assert found.after < 0.72 * found.before
    assert found.worst <= 0


ROUNDING = 4.5
"""What an exact matte may lose: the person's colour is not known exactly. An edge one pixel off is 11."""

MISFORTUNES: dict[str, dict[str, Any]] = {
    "none": {},
    "a shirt in the wall's colour": {"shirt": (140.0, 122.0, 134.0)},
    "a shirt in next to the wall's colour": {"shirt": (150.0, 120.0, 138.0)},
    "a shadow": {"shadow": 0.25},
    "a shadow, beside a dark shirt": {"shadow": 0.25, "shirt": (45.0, 126.0, 130.0)},
    "noise": {"noise": 6.0},
}


@pytest.mark.parametrize("misfortune", MISFORTUNES)
@pytest.mark.parametrize("wall", [0.0, 1.0], ids=["room", "wall"])
def test_an_exact_matte_stays_as_good_whatever_the_person_looks_like(misfortune: str, wall: float) -> None:
    assert errors(Stage(wall=wall, **MISFORTUNES[misfortune])).worst < ROUNDING


def _light(stage: Stage, at: float) -> None:
    stage.gain = 1.0 if at < 2.5 else 1.35 if at < 3 else 0.7


def _nudge(stage: Stage, at: float) -> None:
    stage.nudge = 0 if at < 2.5 else 3


def _another(stage: Stage, at: float) -> None:
    stage.seed = 0 if at < 2.5 else 5


def _thing(stage: Stage, at: float) -> None:
    stage.thing = 20 if at < 2.5 else 100


def _shake(stage: Stage, at: float) -> None:
    stage.nudge = round(5 * np.sin(9 * at))


def _leave(stage: Stage, at: float) -> None:
    stage.x = 96 if at < 2.5 else 400


EVENTS = {
    "the light jumps": _light,
    "the camera is nudged": _nudge,
    "another room": _another,
    "a thing moves behind the person": _thing,
    "the camera is held in the hand": _shake,
    "the person leaves": _leave,
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("model", [Stage.truth, wide], ids=["exact", "wide"])
def test_nothing_that_happens_to_the_room_makes_a_matte_worse(event: str, model: Model) -> None:
    def act(stage: Stage, at: float) -> None:
        sway(stage, at)
        EVENTS[event](stage, at)

    assert errors(Stage(), model, act).worst < ROUNDING


@pytest.mark.parametrize("wall", [0.0, 1.0], ids=["room", "wall"])
def test_an_island_where_the_room_is_known_goes(wall: float) -> None:
    """It comes and goes; such a frame's error is 43."""
    frames = iter(range(1000))

    def leaking(stage: Stage) -> Alpha:
        matte = stage.truth()
        if next(frames) % 7 == 3:
            matte[10:40, 150:180] = 255
        return matte

    found = errors(Stage(wall=wall), leaking)
    assert found.after < 0.75 * found.before
    assert found.worst < ROUNDING


def still_known(limit: float = 4.0) -> tuple[Stage, Known]:
    """A room that was seen for a second without anybody."""
    stage, room = Stage(x=400, noise=0), Room()
    nobody = Alpha(np.zeros((HEIGHT, WIDTH), np.uint8))
    known = [room.learn(stage.shot(), nobody, number / 10) for number in range(10)][-1]
    assert known is not None
    return stage, known._replace(limit=limit)


def test_where_the_room_is_not_known_the_matte_stays_as_it_is() -> None:
    stage, known = still_known()
    stage.x = 96
    matte = wide(stage)
    unknown = known._replace(sure=np.zeros_like(known.sure), known=np.zeros_like(known.known))
    assert np.array_equal(Keyer().key(stage.shot(), matte, unknown), matte)


@pytest.fixture(scope="module")
def known() -> Known:
    return still_known()[1]


@given(st.integers(0, 255), st.integers(0, 255))
def test_a_uniform_matte_stays_unless_the_picture_may_be_the_rooms(known: Known, level: int, look: int) -> None:
    guide = Planes(*(np.full_like(plane, look) for plane in known.room))
    room = known._replace(difference=np.full_like(known.difference, 255))
    keyed = Keyer().key(guide, Alpha(np.full((HEIGHT, WIDTH), level, np.uint8)), room)
    assert keyed.shape == (HEIGHT, WIDTH)
    if level in (0, 255):
        assert np.all(keyed == level)


@given(st.integers(0, 255))
def test_nobody_stays_nobody_and_the_room_itself_is_nobody(known: Known, level: int) -> None:
    nearly_all = Alpha(np.full((HEIGHT, WIDTH), level, np.uint8))
    nearly_all[:, :40] = 0
    equal = known._replace(difference=np.zeros_like(known.difference))
    keyed = Keyer().key(known.room, nearly_all, equal)
    assert not keyed[:, :40].any()
    assert keyed.mean() <= nearly_all.mean()


def test_half_a_matte_is_asked_where_the_room_is_half_known(known: Known) -> None:
    half = known._replace(
        sure=np.full_like(known.sure, 127),
        difference=np.zeros_like(known.difference),
        detail=np.full_like(known.detail, 255),
    )
    keyed = Keyer().key(known.room, Alpha(np.full((HEIGHT, WIDTH), 128, np.uint8)), half)
    assert keyed.max() < 80


def test_pictures_of_another_size_are_keyed_as_by_one_who_saw_no_others(known: Known) -> None:
    stage, keyer = Stage(), Keyer()
    guide, matte = stage.shot(), wide(stage)
    half = known._replace(
        room=_left_half(known.room),
        known=known.known[:, : WIDTH // 2],
        sure=known.sure[:, : WIDTH // 4],
        difference=known.difference[:, : WIDTH // 4],
        detail=known.detail[:, : WIDTH // 4],
    )
    keyer.key(_left_half(guide), Alpha(matte[:, : WIDTH // 2].copy()), half)
    assert np.array_equal(keyer.key(guide, matte, known), Keyer().key(guide, matte, known))


def _left_half(planes: Planes) -> Planes:
    return Planes(*(plane[:, : plane.shape[1] // 2].copy() for plane in planes))


def test_the_matte_given_is_left_alone() -> None:
    stage, known = still_known()
    stage.x = 96
    matte = wide(stage)
    copy: Plane = matte.copy()
    keyed = Keyer().key(stage.shot(), matte, known)
    assert np.array_equal(matte, copy)
    assert not np.array_equal(keyed, copy)


def test_after_a_reset_the_past_does_not_count() -> None:
    stage, known = still_known()
    matte = Alpha(np.zeros((HEIGHT, WIDTH), np.uint8))
    keyer = Keyer()
    empty = stage.shot()
    keyer.key(empty, matte, known)
    matte[20:90, 40:150] = 255
    flat = known._replace(detail=np.zeros_like(known.detail))
    stage.x = 96
    kept = keyer.key(stage.shot(), matte, flat)
    keyer.key(empty, Alpha(np.zeros_like(matte)), known)
    keyer.reset()
    fresh = keyer.key(stage.shot(), matte, flat)
    assert int(fresh[30:80, 50:140].sum()) > int(kept[30:80, 50:140].sum())
