from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from rimlight.demand import HOLD_OFF, Demand

TOLD = st.lists(st.tuples(st.booleans(), st.floats(0, 10, width=16)), max_size=30)
"""Whether somebody reads, and the seconds since that was last told."""


def test_nobody_has_read_yet_so_the_camera_is_not_wanted() -> None:
    demand = Demand()
    assert not demand.tell(read=False, at=0.0)
    assert not demand.tell(read=False, at=0.1)


def test_a_reader_is_served_at_once_and_the_camera_stays_on_for_the_hold_off() -> None:
    demand = Demand()
    assert demand.tell(read=True, at=10.0)
    assert demand.tell(read=False, at=100.0), "that it left is only known since now"
    assert demand.tell(read=False, at=100.0 + HOLD_OFF - 0.01)
    assert not demand.tell(read=False, at=100.0 + HOLD_OFF)
    assert demand.tell(read=True, at=200.0)


def test_who_comes_back_in_time_starts_the_hold_off_anew() -> None:
    demand = Demand(hold=2.0)
    answers = [demand.tell(read, at) for at, read in enumerate([True, False, True, False, False, False])]
    assert answers == [True, True, True, True, True, False]


@given(TOLD, st.floats(0, 10, width=16))
def test_wanted_means_read_now_or_left_less_than_the_hold_off_ago(
    told: list[tuple[bool, float]], hold: float
) -> None:
    demand = Demand(hold)
    times = list(accumulate(seconds for _, seconds in told))
    reads = [read for read, _ in told]
    for index, (read, at) in enumerate(zip(reads, times, strict=True)):
        wanted = demand.tell(read, at)
        leavings = [times[i] for i in range(1, index + 1) if reads[i - 1] and not reads[i]]
        assert wanted == (read or any(at - left < hold for left in leavings))
