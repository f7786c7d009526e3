"""The old room's colour is taken out of the edge, the person's is left alone."""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.composite import over
from rimlight.foreground import against_spill, clean
from rimlight.picture import from_bgr, reduced, shrink
from rimlight.types import Alpha, Cut, Picture, Size

SIZE = Size(640, 360)


def scene() -> tuple[Picture, Picture, Alpha]:
    """A textured person over a green room: the mixed picture, the person alone, and the true alpha."""
    drawn = np.zeros((SIZE.height, SIZE.width), np.uint8)
    cv2.circle(drawn, (320, 200), 120, 255, cv2.FILLED)
    alpha = Alpha(cv2.GaussianBlur(drawn, (0, 0), 4))
    texture = np.random.default_rng(0).integers(-6, 7, (SIZE.height, SIZE.width, 1))
    person = from_bgr((np.full((SIZE.height, SIZE.width, 3), (120, 130, 190)) + texture).astype(np.uint8))
    room = from_bgr(np.full((SIZE.height, SIZE.width, 3), (60, 190, 40), np.uint8))
    return over(person, alpha, room), person, alpha


def cut(picture: Picture, alpha: Alpha) -> Cut:
    planes = reduced(picture, 480)
    return Cut(picture, alpha, planes, Alpha(shrink(alpha, planes.size)), 0.0)


def test_the_fringe_on_a_new_background_is_less_than_half() -> None:
    mixed, person, alpha = scene()
    plate = from_bgr(np.full((SIZE.height, SIZE.width, 3), (200, 60, 60), np.uint8))
    ideal = over(person, alpha, plate)
    band = (alpha > 12) & (alpha < 243)

    def fringe(picture: Picture) -> float:
        made = over(picture, alpha, plate)
        chroma_band = band[::2, ::2]
        return float(
            sum(
                cv2.absdiff(a, b)[chroma_band].mean()
                for a, b in zip((made.u, made.v), (ideal.u, ideal.v), strict=True)
            )
        )

    assert fringe(clean(cut(mixed, alpha))) < 0.5 * fringe(mixed)


def test_shifting_the_plate_and_cleaning_the_person_give_the_same_composite() -> None:
    mixed, _, alpha = scene()
    whole = cut(mixed, alpha)
    plate = from_bgr(np.full((SIZE.height, SIZE.width, 3), (120, 100, 90), np.uint8))
    one, other = over(clean(whole), alpha, plate), over(mixed, alpha, against_spill(plate, whole))
    assert max(cv2.absdiff(a, b).max() for a, b in zip(one.planes, other.planes, strict=True)) <= 5
    assert cv2.absdiff(one.i420, other.i420).mean() < 0.1


def test_the_plate_is_untouched_where_nobody_is() -> None:
    mixed, _, alpha = scene()
    plate = from_bgr(np.full((SIZE.height, SIZE.width, 3), (120, 100, 90), np.uint8))
    shifted = against_spill(plate, cut(mixed, alpha))
    nobody = cv2.dilate(alpha, np.ones((5, 5), np.uint8)) == 0
    assert np.array_equal(shifted.y[nobody], plate.y[nobody])


def test_the_inside_is_untouched_and_the_input_not_written_to() -> None:
    mixed, _, alpha = scene()
    before = mixed.i420.copy()
    cleaned = clean(cut(mixed, alpha))
    assert np.array_equal(cleaned.y[alpha == 255], mixed.y[alpha == 255])
    assert np.array_equal(mixed.i420, before)


def test_no_person_and_nothing_but_person_are_no_trouble() -> None:
    mixed, _, alpha = scene()
    everything = Alpha(np.full_like(alpha, 255))
    assert np.array_equal(clean(cut(mixed, everything)).i420, mixed.i420)
    assert clean(cut(mixed, Alpha(np.zeros_like(alpha)))).size == SIZE
