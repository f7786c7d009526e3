"""Times, rates and sizes as they are typed, and what they mean of a clip."""

from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.errors import SettingError
from rimlight.types import Size
from rimlight.wanted import Wanted, fitted_size, parse_rate, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("0", 0),
        ("1:30", 90),
        ("00:01:30.5", Fraction(181, 2)),
        ("2:00:00", 7200),
        (" 75.25 ", Fraction(301, 4)),
        ("90:00", 5400),
        ("0.1", Fraction(1, 10)),
    ],
)
def test_times_are_read_exactly(text: str, seconds: Fraction) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "-1", "1:60", "1:75:00", "1:2:3:4", "1e3", "ten", "1:", ":30", "1,5", "٣", "9" * 40]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="no time"):
        parse_time(text)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59_999))
def test_every_clock_time_is_its_seconds(hours: int, minutes: int, millis: int) -> None:
    text = f"{hours:02}:{minutes:02}:{millis // 1000:02}.{millis % 1000:03}"
    assert parse_time(text) == hours * 3600 + minutes * 60 + Fraction(millis, 1000)


@given(st.text(max_size=12))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with contextlib.suppress(SettingError):
        assert parse_time(text) >= 0


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("25", 25),
        ("29.97", Fraction(30000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        ("12.5", Fraction(25, 2)),
        ("0.5", Fraction(1, 2)),
    ],
)
def test_rates_are_read_exactly(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["0", "241", "0.05", "-25", "25/0", "fast", "", "1/2/3"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match=r"0\.1 to 240"):
        parse_rate(text)


def test_a_part_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(SettingError, match="--until 3 s is not after --from 5 s"):
        Wanted(begin=Fraction(5), end=Fraction(3))


@pytest.mark.parametrize(
    ("size", "aspect", "box", "fitted"),
    [
        (Size(1920, 1080), None, Size(1280, 720), Size(1280, 720)),
        (Size(640, 480), None, Size(1280, 720), Size(960, 720)),
        (Size(1080, 1920), None, Size(1280, 720), Size(404, 720)),
        (Size(720, 576), Fraction(64, 45), Size(1024, 576), Size(1024, 576)),
        (Size(4000, 20), None, Size(64, 64), Size(64, 2)),
        (Size(64, 48), None, Size(99, 77), Size(98, 74)),
        (Size(64, 64), None, Size(33, 33), Size(32, 32)),
    ],
)
def test_a_picture_is_fitted_into_a_box(size: Size, aspect: Fraction | None, box: Size, fitted: Size) -> None:
    assert fitted_size(size, aspect, box) == fitted


@given(
    st.tuples(st.integers(16, 4000), st.integers(16, 4000)),
    st.tuples(st.integers(8, 2000), st.integers(8, 2000)),
)
def test_a_fitted_picture_is_even_fills_the_box_and_keeps_its_proportions(
    size: tuple[int, int], half: tuple[int, int]
) -> None:
    box = Size(2 * half[0], 2 * half[1])
    fitted = fitted_size(Size(*size), None, box)

    assert fitted.even == fitted
    assert fitted.width <= box.width
    assert fitted.height <= box.height
    assert fitted.width == box.width or fitted.height == box.height
    scale = min(box.width / size[0], box.height / size[1])
    assert abs(fitted.width - size[0] * scale) <= max(1, 2 - size[0] * scale)
    assert abs(fitted.height - size[1] * scale) <= max(1, 2 - size[1] * scale)


def test_a_part_is_told_by_the_clips_own_clock() -> None:
    tenth = Fraction(1, 10)
    part = Wanted(begin=Fraction(5, 4), end=Fraction(29, 20)).ticking(tenth)
    assert (part.begin, part.end) == (Fraction(12, 10), Fraction(14, 10))
    assert part.ticking(tenth) == part
    short = Wanted(begin=Fraction(121, 100), end=Fraction(124, 100)).ticking(tenth)
    assert (short.begin, short.end) == (Fraction(12, 10), Fraction(13, 10))
    assert Wanted().ticking(tenth) == Wanted()
