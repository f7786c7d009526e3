"""The person alone: own colours, straight; what alpha hides or nearly hides has none of the room's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimlight.cutout import bgra, stacked, straight
from rimlight.picture import reduced
from rimlight.region import enlarge
from rimlight.types import Alpha, Color, Cut, Output, Picture, Size

SIZE = Size(192, 128)
BODY, ROOM = (120, 100, 150), (200, 60, 60)
"""Y, U and V."""


def cut(softness: int = 12, color: Color = Color(), size: Size = SIZE) -> Cut:
    """A person of one colour at the left, in front of a room of another; a soft edge runs down the middle."""
    small = Alpha(np.zeros((size.height // 2, size.width // 2), np.uint8))
    ramp = np.clip((small.shape[1] / 2 + softness / 2 - np.arange(small.shape[1])) * 255 / softness, 0, 255)
    small[:] = ramp.astype(np.uint8)
    alpha = Alpha(np.empty((size.height, size.width), np.uint8))
    enlarge(small, alpha)
    picture = Picture.empty(size, color)
    shares = (alpha, alpha[::2, ::2], alpha[::2, ::2])
    for plane, body, room, share in zip(picture.planes, BODY, ROOM, shares, strict=True):
        plane[:] = np.rint(room + (share / 255) * (body - room))
    return Cut(picture, alpha, reduced(picture, size.width // 2), small, 0.0)


def alone(given_cut: Cut) -> Picture:
    person = Picture.empty(given_cut.picture.size, given_cut.picture.color)
    straight(given_cut, person)
    return person


def output(given_cut: Cut) -> Output:
    return Output(given_cut.picture, given_cut.alpha, 0.0, 0, alone(given_cut))


def test_a_sure_person_is_the_very_picture() -> None:
    one = cut()
    sure = one.alpha == 255
    assert np.array_equal(alone(one).y[sure], one.picture.y[sure])


def test_colours_of_the_edge_are_the_persons_down_to_the_faintest_pixel() -> None:
    one = cut()
    person = alone(one)
    shows = one.alpha > 0
    assert np.abs(person.y[shows].astype(int) - BODY[0]).max() <= 8
    for plane, body in zip((person.u, person.v), BODY[1:], strict=True):
        assert np.abs(plane[shows[::2, ::2]].astype(int) - body).max() <= 8


def test_colours_go_on_beyond_the_edge_and_then_it_is_black() -> None:
    one = cut()
    person = alone(one)
    last = int(np.flatnonzero(one.alpha[64]).max())
    beside = person.y[64, last + 1 : last + 8].astype(int)
    assert np.abs(beside - BODY[0]).max() <= 8
    assert set(np.unique(person.y[:, last + 60 :])) == {16}
    assert set(np.unique(person.u[:, (last + 60) // 2 :])) == {128}


def test_full_range_is_black_at_0() -> None:
    assert alone(cut(color=Color("bt709", full_range=True))).y[:, -8:].max() == 0


@pytest.mark.parametrize("size", [Size(2, 2), Size(16, 400), Size(640, 34)])
def test_any_size_will_do(size: Size) -> None:
    assert alone(cut(size=size)).size == size


def test_nobody_is_black() -> None:
    one = cut()
    one.alpha[:], one.small[:] = 0, 0
    person = alone(one)
    assert set(np.unique(person.y)) == {16}
    assert set(np.unique(person.i420[SIZE.height :])) == {128}


@given(st.integers(1, 60), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_no_room_is_found_where_alpha_is_0_whatever_the_room(softness: int, seed: int) -> None:
    one = cut(softness)
    room = one.picture.y[one.alpha == 0]
    one.picture.y[one.alpha == 0] = np.random.default_rng(seed).integers(0, 256, room.shape)
    noisy = Cut(one.picture, one.alpha, reduced(one.picture, SIZE.width // 2), one.small, 0.0)

    hidden = alone(noisy).y.astype(int)
    steps = np.abs(np.diff(hidden, axis=0))[one.alpha[1:] == 0]
    assert steps.max(initial=0) <= 8


def test_encoders_get_alpha_below_the_picture() -> None:
    one = output(cut())
    rows = stacked(one)
    assert one.person is not None
    assert rows.shape == (SIZE.height * 5 // 2, SIZE.width)
    assert np.array_equal(rows[: SIZE.height * 3 // 2], one.person.i420)
    assert np.array_equal(rows[SIZE.height * 3 // 2 :], one.alpha)


def test_of_the_card_nothing_is_to_be_seen() -> None:
    picture = cut().picture
    card = Output(picture, Alpha(np.full((SIZE.height, SIZE.width), 255, np.uint8)), 0.0, 0)
    rows = stacked(card)
    assert set(np.unique(rows[: SIZE.height])) == {16}
    assert not rows[SIZE.height * 3 // 2 :].any()
    assert not bgra(card).any()


def test_interleaved_colours_are_black_where_alpha_is_0() -> None:
    one = output(cut())
    image = bgra(one)
    assert not image[one.alpha == 0].any()
    assert np.array_equal(image[..., 3], one.alpha)
