"""The blurred room: as if the person were not there."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from rimlight.backgrounds.blur import BlurBackground
from rimlight.picture import from_bgr, reduced, shrink
from rimlight.types import Alpha, Cut, Picture, Size

SIZE = Size(640, 360)


def room() -> Picture:
    """Dark on the left, bright on the right, and a lamp behind the person."""
    bgr = np.full((SIZE.height, SIZE.width, 3), 60, np.uint8)
    bgr[:, 320:] = 150
    cv2.circle(bgr, (320, 180), 60, (250, 250, 250), cv2.FILLED)
    return from_bgr(bgr)


def cut(softness: float = 0.5) -> Cut:
    """An orange person in front of it."""
    drawn = np.zeros((SIZE.height, SIZE.width), np.uint8)
    cv2.circle(drawn, (320, 180), 90, 255, cv2.FILLED)
    alpha = cv2.GaussianBlur(drawn, (0, 0), softness)
    person = from_bgr(np.full((SIZE.height, SIZE.width, 3), (30, 120, 250), np.uint8))
    mixed = Picture(room().i420.copy())
    for plane, own, share in zip(
        mixed.planes, person.planes, (alpha, alpha[::2, ::2], alpha[::2, ::2]), strict=True
    ):
        part = share / 255
        plane[:] = np.rint(part * own + (1 - part) * plane)
    planes = reduced(mixed, 384)
    return Cut(mixed, Alpha(alpha), planes, Alpha(shrink(alpha, planes.size)), 0.0)


def nobody() -> Cut:
    planes = reduced(room(), 384)
    none = np.zeros((SIZE.height, SIZE.width), np.uint8)
    return Cut(room(), Alpha(none), planes, Alpha(np.zeros_like(planes.y)), 0.0)


def test_the_person_does_not_colour_the_room_beside_a_soft_edge() -> None:
    plate = BlurBackground(0.3).plate(cut(softness=6))
    soft = cut(softness=6).alpha
    beside = (soft < 64) & (cv2.dilate(soft, np.ones((21, 21), np.uint8)) > 64)
    assert np.abs(plate.v[beside[::2, ::2]].astype(int) - 128).max() <= 8


def test_a_learned_room_is_what_is_behind_the_person() -> None:
    ideal = BlurBackground(0.5).plate(nobody())
    learned = nobody().planes
    known = replace(cut(), room=learned, known=np.full_like(learned.y, 255))
    plate = BlurBackground(0.5).plate(known)
    assert np.abs(plate.y.astype(int) - ideal.y).max() <= 4
    unknown = replace(known, known=np.zeros_like(learned.y))
    assert np.array_equal(BlurBackground(0.5).plate(unknown).y, BlurBackground(0.5).plate(cut()).y)


def test_far_inside_a_person_who_leaves_little_room_is_the_rooms_colour() -> None:
    """Whoever lets go of the matte shows no hole."""
    small = np.full((216, 384), 255, np.uint8)
    small[:, :6] = 0
    alpha = Alpha(np.full((SIZE.height, SIZE.width), 255, np.uint8))
    green = from_bgr(np.full((SIZE.height, SIZE.width, 3), (20, 200, 20), np.uint8))
    plate = BlurBackground(0.1).plate(Cut(green, alpha, reduced(green, 384), Alpha(small), 0.0))
    assert np.abs(plate.y.astype(int) - green.y[0, 0]).max() <= 6
    assert np.abs(plate.v.astype(int) - green.v[0, 0]).max() <= 6
