"""The detector: it finds the coded room in whatever way it shows, and nothing in what is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults.coded_room import (
    NUMBERS,
    SIZE,
    CodedSource,
    TruthSegmenter,
    Walk,
    draw,
    number_of,
    truth,
)
from faults.leaks import MARGIN, LeakSink, leaked, leaks
from rimlight.assemble import open_background, shipped_backgrounds
from rimlight.card import blurred_card, drawn_card
from rimlight.framing import fitted
from rimlight.picture import mirror, scale
from rimlight.pipeline import Pipeline
from rimlight.settings import Tuning
from rimlight.types import Alpha, Cut, Frame, Output, Picture, Size, StreamFormat

SIZES = (SIZE, Size(160, 96))
FAST = Walk(0.03)
TUNING = Tuning(views=1, rest=0.2)
SHIPPED = sorted(shipped_backgrounds())

sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def composites(
    background: str, size: Size, strength: float = 0.5, light: float = 1.0, mirrored: bool = False, count: int = 12
) -> Iterator[Output]:
    """Right ones of somebody who moves fast, at 30 frames a second."""
    opened = open_background(background, strength, StreamFormat(size, Fraction(30)))
    with Pipeline(TruthSegmenter(), opened, fitted, TUNING, None, mirrored, light) as pipeline:
        for number in range(count):
            yield pipeline.process(Frame(draw(size, number, FAST), number / 30, number))


def plate(background: str, size: Size) -> Picture:
    """The background alone."""
    return composed(background, size, np.zeros((size.height, size.width), np.uint8), 0)


def composed(
    background: str, size: Size, alpha: np.ndarray[tuple[int, int], np.dtype[np.uint8]], number: int
) -> Picture:
    """Frame `number` composited with that matte."""
    with Pipeline(
        TruthSegmenter(), open_background(background, 0.5, StreamFormat(size, Fraction(30))), fitted
    ) as p:
        cut: Cut = p.cut(Frame(draw(size, number, FAST), 0.0, 0))
        matte = Alpha(np.ascontiguousarray(alpha, np.uint8))
        return p.compose(replace(cut, alpha=matte, small=matte)).picture


@sizes
@pytest.mark.parametrize("background", ["#808080", "#00b140", "transparent", *SHIPPED])
def test_right_composites_hold_nothing_of_the_room_not_even_its_colour(background: str, size: Size) -> None:
    assert [leaks(output.picture, strict=True) for output in composites(background, size)] == [0] * 12


@sizes
@pytest.mark.parametrize("strength", [0.1, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_blurred_room_is_not_the_raw_room(strength: float, mirrored: bool, size: Size) -> None:
    given = composites("blur", size, strength, mirrored=mirrored)
    assert [leaks(output.picture) for output in given] == [0] * 12


@sizes
@pytest.mark.parametrize("background", ["blur", "#00b140", "office"])
def test_cards_hold_nothing_of_the_room(background: str, size: Size) -> None:
    assert leaks(drawn_card(size), strict=True) == 0
    assert [leaks(blurred_card(output.picture)) for output in composites(background, size)] == [0] * 12


@sizes
def test_the_raw_frame_is_found_mirrored_and_in_other_sizes_too(size: Size) -> None:
    raw = draw(size, 5, FAST)
    beside = size.width * size.height / 3
    assert leaks(raw) > beside
    assert leaks(mirror(raw)) > beside
    for times in (0.6, 0.75, 0.9, 1.25, 1.5, 2.0):
        assert leaks(scale(raw, scaled(size, times))) > beside * times**2 / 5, (
            f"the picture, {times} times as large"
        )


@sizes
@pytest.mark.parametrize("times", [0.5, 0.6, 0.75, 0.9, 1.25, 4 / 3, 1.5, 2.0])
def test_the_raw_frame_of_a_camera_of_another_size_is_found_once_it_is_fitted(times: float, size: Size) -> None:
    other = draw(scaled(size, times), 5, FAST, cell=max(1, round(times)))
    assert leaks(scale(other, size)) > size.width * size.height / 3


def scaled(size: Size, times: float) -> Size:
    return Size(*(round(side * times / 2) * 2 for side in size))


@sizes
@pytest.mark.parametrize("background", ["blur", "#808080", "office", "evening"])
@pytest.mark.parametrize("share", [0.1, 0.15])
def test_the_raw_room_is_found_where_it_shines_through(background: str, share: float, size: Size) -> None:
    *_, last = composites(background, size)
    raw = draw(size, 11, FAST)
    mixed = Picture(cv2.addWeighted(raw.i420, share, last.picture.i420, 1 - share, 0))
    assert leaks(mixed) > size.width * size.height / 4


@given(
    data=st.data(), size=st.sampled_from(SIZES), background=st.sampled_from(["blur", "#808080", "hills", "evening"])
)
def test_a_strip_of_eight_pixels_is_found_wherever_it_lies(
    data: st.DataObject, size: Size, background: str
) -> None:
    number = 0
    *_, last = composites(background, size, count=1)
    torn = Picture(last.picture.i420.copy())
    upright = data.draw(st.booleans())
    # Beside the person, with the margin: what is nearer may be the matte's edge.
    held = [bool(column.any()) for column in near(size, number).T] if upright else [False] * MARGIN
    starts = [start for start in range(0, len(held) - 8, 2) if not any(held[start : start + 8])]
    start = data.draw(st.sampled_from(starts))
    raw = draw(size, number, FAST)
    for to, of, step in zip(torn.planes, raw.planes, (1, 2, 2), strict=True):
        part = slice(start // step, (start + 8) // step)
        where = (slice(None), part) if upright else (part, slice(None))
        to[where] = of[where]
    assert leaks(torn) > 100


def near(size: Size, number: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Where the person or the margin is."""
    there = truth(size, FAST.middle(number))
    side = 2 * MARGIN + 1
    grown = cv2.dilate(there, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return np.asarray(grown, bool)


@sizes
@pytest.mark.parametrize("background", ["blur", "#808080", "office"])
def test_a_frame_with_the_mask_of_five_frames_earlier_shows_the_room_beside_the_person(
    background: str, size: Size
) -> None:
    assert leaks(composed(background, size, truth(size, FAST.middle(15)), 15)) == 0, "its own"
    assert leaks(composed(background, size, truth(size, FAST.middle(10)), 15)) > 0


@sizes
def test_what_is_found_lies_where_it_is(size: Size) -> None:
    torn = plate("#808080", size)
    torn.y[10:30, 4:24] = draw(size, 0, FAST).y[10:30, 4:24]
    rows, columns = np.nonzero(leaked(torn))
    assert rows.min() >= 10 - 8
    assert rows.max() < 30 + 8
    assert columns.max() < 24 + 8


@given(number=st.integers(0, 10_000), size=st.sampled_from(SIZES), mirrored=st.booleans())
def test_the_number_that_the_person_bears_is_read_back(number: int, size: Size, mirrored: bool) -> None:
    picture = draw(size, number, FAST)
    assert number_of(mirror(picture) if mirrored else picture) == number % NUMBERS


@pytest.mark.parametrize("background", ["blur", "#808080"])
def test_the_number_survives_compositing(background: str) -> None:
    assert [number_of(output.picture) for output in composites(background, SIZE)] == list(range(12))


def test_who_bears_no_number_has_none() -> None:
    assert number_of(plate("#808080", SIZE)) is None
    scratched = draw(SIZE, 0, FAST)
    scratched.y[::2] = 255
    assert number_of(scratched) is None


def test_the_leak_sink_keeps_the_first_leak_with_its_evidence() -> None:
    sink = LeakSink()
    good = list(composites("#808080", SIZE))
    for output in good:
        sink.send(output)
    assert (sink.first, sink.leaks, sink.live, list(sink.numbers)) == (None, 0, 12, list(range(12)))
    raw = draw(SIZE, 12, FAST)
    for _ in range(2):
        sink.send(Output(raw, good[0].alpha, 0.4, 12))
    assert sink.leaks == 2
    assert sink.first is not None
    assert sink.first.sent == 12
    assert "pixels of the raw room" in sink.first.what
    raw.y[:] = 0
    assert leaks(sink.first.picture) > 1000, "a copy: memory serves again"


def test_the_leak_sink_finds_outputs_of_a_foreign_size() -> None:
    sink = LeakSink()
    *_, other = composites("#808080", Size(160, 96), count=1)
    sink.send(other)
    assert sink.first is not None
    assert sink.first.what == "160x96 with an alpha of (96, 160) instead of 96x64"


def test_a_coded_source_goes_on_counting_where_another_one_stopped() -> None:
    numbers = iter(range(6))
    read = []
    for _ in range(2):
        with CodedSource(numbers=numbers) as source:
            read += [source.read() for _ in range(3)]
    assert [(number_of(frame.picture), frame.index) for frame in read if frame] == [
        *((0, 0), (1, 1), (2, 2)),
        *((3, 0), (4, 1), (5, 2)),
    ]


def test_a_coded_source_ends_with_its_numbers() -> None:
    with CodedSource(numbers=iter(range(1))) as source:
        assert source.read() is not None
        assert source.read() is None


def test_a_closed_coded_source_ends() -> None:
    source = CodedSource(interval=60)
    assert source.read() is not None
    source.close()
    assert source.read() is None
