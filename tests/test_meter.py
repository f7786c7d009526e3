import threading
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.meter import RECENT, Durations, Meter, percentile


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_measured_is_zero_everywhere() -> None:
    numbers = Meter().snapshot()
    assert (numbers.fps, numbers.mean_fps, numbers.jitter) == (0, 0, 0)
    assert (numbers.delivered, numbers.dropped, numbers.held) == (0, 0, 0)
    assert numbers.latency == Durations()
    assert numbers.stages == {}


def test_a_stage_is_timed_under_its_name_in_the_order_of_first_use() -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    for taken in (1.0, 3.0, 2.0):
        with meter.stage("segment"):
            clock.now += taken
    with meter.stage("refine"):
        clock.now += 0.5
    stages = meter.snapshot().stages
    assert list(stages) == ["segment", "refine"]
    assert stages["segment"].count == 3
    assert stages["segment"].total == 6.0
    assert stages["segment"].p50 == 2.0
    assert stages["refine"].p99 == 0.5


def test_stages_may_be_nested_and_a_stage_that_raises_counts() -> None:
    clock = Clock()
    meter = Meter(clock=clock)

    def fail() -> None:
        with meter.stage("outer"):
            clock.now += 1
            with meter.stage("inner"):
                clock.now += 2
                raise KeyError

    with pytest.raises(KeyError):
        fail()
    stages = meter.snapshot().stages
    assert stages["inner"].total == 2
    assert stages["outer"].total == 3


def test_only_the_latest_values_are_kept_but_all_are_counted() -> None:
    meter = Meter(keep=4)
    for number in range(100):
        meter.delivered(float(number), latency=float(number))
    numbers = meter.snapshot()
    assert numbers.delivered == numbers.latency.count == 100
    assert numbers.latency.total == sum(range(100))
    assert numbers.latency.p50 == 97.5
    assert len(meter._latency.latest) == len(meter._times) == 4


def test_rate_is_of_the_last_seconds_and_falls_to_zero_when_nothing_comes() -> None:
    meter = Meter()
    for number in range(100):
        meter.delivered(number / 10, latency=0.02)
    for number in range(61):
        meter.delivered(10 + number / 30, latency=0.02)
    numbers = meter.snapshot(now=12.0)
    assert numbers.fps == pytest.approx(30)
    assert numbers.mean_fps == pytest.approx(160 / 12)
    assert meter.snapshot(now=12.0 + RECENT + 1).fps == 0


def test_jitter_is_zero_for_a_steady_rate_and_tells_irregular_intervals() -> None:
    steady, uneven = Meter(), Meter()
    at = 0.0
    for number in range(100):
        steady.delivered(number * 0.25, latency=0)
        uneven.delivered(at, latency=0)
        at += 0.375 if number % 4 == 0 else 0.25
    assert steady.snapshot().jitter == 0
    assert uneven.snapshot().jitter == pytest.approx(0.125)


def test_drops_are_the_latest_total_and_repetitions_add_up() -> None:
    meter = Meter()
    meter.dropped(3)
    meter.dropped(5)
    meter.held()
    meter.held()
    assert (meter.snapshot().dropped, meter.snapshot().held) == (5, 2)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_percentile_is_numpys_and_lies_between_the_ends(values: list[float], part: float) -> None:
    ordered = sorted(values)
    got = percentile(ordered, part)
    assert got == pytest.approx(float(np.percentile(ordered, part * 100)), rel=1e-6, abs=1e-6)
    assert ordered[0] <= got <= ordered[-1] or got == pytest.approx(ordered[0]) or got == pytest.approx(ordered[-1])


def test_threads_may_write_and_read_at_once() -> None:
    meter = Meter(keep=50)
    done = threading.Event()

    def write(name: str) -> None:
        for number in count():
            with meter.stage(name):
                meter.delivered(float(number), latency=1.0)
            if number >= 500 and done.is_set():
                return

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for _ in range(50):
        numbers = meter.snapshot()
        assert numbers.delivered == numbers.latency.count == numbers.latency.total
    done.set()
    for thread in threads:
        thread.join()
    numbers = meter.snapshot()
    assert numbers.delivered == numbers.stages["a"].count + numbers.stages["b"].count
