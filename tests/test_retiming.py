"""Parts of a clip and even rates: at each time is shown what should be, and nothing drifts."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rimlight.sources.retiming import Beat, at_rate, trimmed

Shown = list[tuple[int, int, int]]
MILLIS = Fraction(1, 1000)


def images(lengths: list[int], start: int = 0) -> Shown:
    """Number, time and length of images without gaps."""
    times = [start + sum(lengths[:n]) for n in range(len(lengths))]
    return list(zip(range(len(lengths)), times, lengths, strict=True))


def shown_at(shown: Shown, tick: Fraction) -> int | None:
    return next((image for image, pts, length in shown if pts <= tick < pts + length), None)


@given(st.lists(st.integers(2, 200), min_size=1, max_size=40), st.integers(1, 3000), st.integers(2, 3000))
def test_a_part_shows_what_the_whole_showed_at_that_time(lengths: list[int], begin: int, length: int) -> None:
    whole = images(lengths)
    assume(begin + 2 <= sum(lengths))

    part = list(trimmed(whole, MILLIS, begin * MILLIS, (begin + length) * MILLIS))

    assert part[0][1] == 0
    assert all(left[1] + left[2] == right[1] for left, right in pairwise(part))
    end = min(length, sum(lengths) - begin)
    # Slivers of less than a millisecond there are none: the ticks are milliseconds.
    assert part[-1][1] + part[-1][2] == end
    for tick in range(end):
        at = tick + Fraction(1, 2)
        assert shown_at(part, at) == shown_at(whole, begin + at)


def test_times_that_were_rounded_leave_no_slivers() -> None:
    ntsc = [(n, 1001 * n, 1001) for n in range(60)]
    clock = Fraction(1, 30000)

    # Frame 30 begins at 1.001 s; frame 45 at 1.5015 s.
    part = list(trimmed(ntsc, clock, Fraction(10005, 10000), Fraction(15018, 10000)))

    assert part[0] == (30, 0, 1016)
    assert part[-1][0] == 44


def test_nothing_is_left_of_a_clip_that_ended_before() -> None:
    assert list(trimmed(images([40] * 5), MILLIS, Fraction(1), None)) == []


def test_a_clip_that_begins_late_keeps_its_start_unless_a_part_is_wanted() -> None:
    late = images([40, 40], start=100)
    assert list(trimmed(late, MILLIS, Fraction(0), Fraction(1))) == late
    assert list(trimmed(late, MILLIS, Fraction(1, 20), None)) == [(0, 50, 40), (1, 90, 40)]


RATES = st.sampled_from([Fraction(n) for n in (5, 10, 24, 25, 30, 50, 60)] + [Fraction(30000, 1001)])


@given(st.lists(st.integers(1, 300), min_size=1, max_size=60), RATES, st.integers(0, 500))
def test_even_rates_have_no_gaps_no_steps_back_and_no_drift(lengths: list[int], fps: Fraction, start: int) -> None:
    nominal = Fraction(1000 * len(lengths), sum(lengths))
    beat = Beat(fps, nominal)
    got = list(at_rate(images(lengths, start), MILLIS, beat))

    assert [one[1] for one in got] == list(range(got[0][1], got[0][1] + len(got))) if got else True
    assert all(left[0] <= right[0] for left, right in pairwise(got))
    assert all(length == 1 for _, _, length in got)
    whole = images(lengths, start)
    for image, number, _ in got:
        _, pts, length = whole[image]
        assert pts * MILLIS <= number / fps + beat.leeway < (pts + length) * MILLIS
    assert abs(len(got) - sum(lengths) * MILLIS * fps) < 1


@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60)])
@pytest.mark.parametrize("part", [1, 2, 4])
def test_rounded_times_neither_repeat_nor_drop(fps: Fraction, part: int) -> None:
    # As Matroska stores them.
    times = [round(n / fps * 1000) for n in range(5001)]
    given_ = [(n, times[n], times[n + 1] - times[n]) for n in range(5000)]

    got = list(at_rate(given_, MILLIS, Beat(fps / part, fps)))

    assert [one[0] for one in got] == list(range(0, 5000, part))


def test_ten_minutes_at_another_rate_end_with_it() -> None:
    long = ((n, n, 1) for n in range(600 * 25))
    *_, last = at_rate(long, Fraction(1, 25), Beat(Fraction(30000, 1001), Fraction(25)))
    assert last[1] == 600 * 30000 // 1001 - 1
    assert last[0] == 600 * 25 - 1
