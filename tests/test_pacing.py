from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.pacing import Pacer


class Simulated:
    """A clock whose sleeps are exact, save for the given oversleeping."""

    def __init__(self, oversleep: float = 0.0) -> None:
        self.now = 100.0
        self.oversleep = oversleep

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds + self.oversleep


def test_the_first_tick_is_now_and_the_next_follow_at_the_rate() -> None:
    clock = Simulated()
    pacer = Pacer(Fraction(4), clock, clock.sleep)
    assert [pacer.wait() for _ in range(4)] == [(0, 100.0), (1, 100.25), (2, 100.5), (3, 100.75)]


def test_oversleeping_never_adds_up() -> None:
    clock = Simulated(oversleep=0.004)
    pacer = Pacer(Fraction(30000, 1001), clock, clock.sleep)
    for number in range(10_000):
        tick, deadline = pacer.wait()
        assert tick == number
        assert deadline == pytest.approx(100 + number * 1001 / 30000, abs=1e-6)
        assert clock.now - deadline < 0.0041


def test_who_comes_late_skips_the_ticks_that_are_over() -> None:
    clock = Simulated()
    pacer = Pacer(Fraction(10), clock, clock.sleep)
    pacer.wait()
    clock.now += 0.55
    tick, deadline = pacer.wait()
    assert (tick, deadline) == (5, 100.5)
    assert clock.now == pytest.approx(100.55), "the tick is due: nothing to wait for"
    assert pacer.wait()[0] == 6
    assert clock.now == pytest.approx(100.6)


@given(st.fractions(Fraction(1, 2), 240, max_denominator=1001), st.lists(st.floats(0, 2), max_size=40))
def test_ticks_grow_and_no_tick_is_early(fps: Fraction, busy: list[float]) -> None:
    clock = Simulated()
    pacer = Pacer(fps, clock, clock.sleep)
    last = -1
    for seconds in busy:
        clock.now += seconds
        tick, deadline = pacer.wait()
        assert tick > last
        assert clock.now >= deadline - 1e-6
        last = tick


@pytest.mark.parametrize("fps", [Fraction(0), Fraction(-30)])
def test_a_rate_must_be_positive(fps: Fraction) -> None:
    with pytest.raises(ValueError, match=str(fps)):
        Pacer(fps)
