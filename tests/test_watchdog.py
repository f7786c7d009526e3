"""What hangs is noticed, by time that the watcher was awake to see; and so is a machine that slept."""

from hypothesis import given
from hypothesis import strategies as st

from rimlight.journal import Journal
from rimlight.watchdog import SleepWatch, Tasks, Watchdog
from standins import Clock


def test_one_task_for_too_long_is_bitten_and_the_next_begins_anew() -> None:
    dog = Watchdog(1.0)
    assert [dog.bites(1, at / 10) for at in range(13)] == [False] * 11 + [True] * 2
    assert not dog.bites(2, 1.3)
    assert not dog.bites(None, 9.0)
    assert not dog.bites(2, 9.1)


def test_time_in_which_nobody_watched_hangs_nobody() -> None:
    dog = Watchdog(1.0)
    dog.bites(1, 0.0)
    assert not dog.bites(1, 3600.0), "the laptop was shut"
    assert not dog.bites(1, 3600.2)
    assert dog.bites(1, 3600.4) is False
    assert any(dog.bites(1, 3600.4 + at / 10) for at in range(20))


@given(st.lists(st.tuples(st.floats(0.01, 0.2), st.integers(0, 3)), max_size=50))
def test_no_task_is_bitten_before_its_time(steps: list[tuple[float, int]]) -> None:
    dog, now, since, task = Watchdog(0.5), 0.0, 0.0, None
    for elapsed, following in steps:
        now += elapsed
        if following != task:
            task, since = following, now
        assert dog.bites(task, now) == (now - since > 0.5) or abs(now - since - 0.5) < 1e-6


def test_tasks_have_numbers_of_their_own_and_none_in_between() -> None:
    tasks = Tasks()
    seen = []
    for _ in range(2):
        with tasks:
            seen.append(tasks.current)
        assert tasks.current is None
    assert seen == [1, 2]


def test_sleep_is_what_one_clock_goes_on_and_the_other_stands_still() -> None:
    awake, always = Clock(), Clock(100.0)
    watch = SleepWatch(awake, always)
    awake.now, always.now = 5.0, 105.3
    assert watch.slept() == 0
    always.now = 3705.3
    assert watch.slept() == 3600
    assert watch.slept() == 0
    always.now = 3000.0
    assert watch.slept() == 0, "a clock that is set back is no sleep"


def test_on_this_machine_no_sleep_is_seen_in_a_moment() -> None:
    assert SleepWatch().slept() == 0


def test_the_journal_counts_everything_and_says_each_line_once_in_a_while() -> None:
    clock = Clock()
    journal = Journal(clock)
    for second in range(25):
        clock.now = float(second)
        journal.happened("camera lost", "it is gone")
        journal.happened("output refused")
    assert journal.counts == {"camera lost": 25, "output refused": 25}
    journal.say("said anyway")
    assert list(iter(journal.line, None)) == ["it is gone"] * 3 + ["said anyway"]
