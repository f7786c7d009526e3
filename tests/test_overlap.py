"""What is read ahead and written behind: in order, all of it, bounded, and no thread outlives an error."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import pytest

from rimlight.overlap import ROOM, ahead, behind


def counting(end: int, seen: list[int], *, fails: int | None = None) -> Callable[[], int | None]:
    """Reads 0, 1, 2, ... and notes each."""

    def read() -> int | None:
        number = len(seen)
        if number == fails:
            raise OSError("gone")
        if number == end:
            return None
        seen.append(number)
        return number

    return read


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("rimlight-")]


def test_what_is_read_ahead_comes_in_order_and_ends() -> None:
    with ahead(counting(50, [])) as take:
        assert list(iter(take, None)) == list(range(50))
        assert take() is None
    assert threads() == []


def test_no_more_is_read_ahead_than_there_is_room_for() -> None:
    seen: list[int] = []
    enough = threading.Event()

    def read() -> int:
        seen.append(len(seen))
        if len(seen) > ROOM:
            enough.set()
        return len(seen)

    with ahead(read) as take:
        assert enough.wait(10)
        take()
    # Those on the belt, the one taken, and one that each of the two moments left in the reader's hand.
    assert ROOM < len(seen) <= ROOM + 2


def test_an_error_of_reading_comes_after_all_that_was_read() -> None:
    with ahead(counting(9, [], fails=5)) as take:
        assert [take() for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(OSError, match="gone"):
            take()
    assert threads() == []


def test_leaving_early_ends_the_reading() -> None:
    seen: list[int] = []

    def leaves() -> None:
        with ahead(counting(1000, seen)) as take:
            take()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leaves()
    assert threads() == []
    assert len(seen) <= ROOM + 2


def test_leaving_waits_until_all_is_written() -> None:
    got: list[int] = []
    with behind(got.append) as put:
        for number in range(50):
            put(number)
    assert got == list(range(50))
    assert threads() == []


def test_an_error_of_writing_ends_who_goes_on_putting() -> None:
    got: list[int] = []

    def write(number: int) -> None:
        if number == 5:
            raise OSError("full")
        got.append(number)

    wanted = iter(range(1000))
    with pytest.raises(OSError, match="full"), behind(write) as put:
        deque(map(put, wanted))
    assert got == [0, 1, 2, 3, 4]
    assert next(wanted) <= 7 + ROOM
    assert threads() == []


def test_an_error_of_writing_the_last_is_raised_on_leaving() -> None:
    def write(_: int) -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"), behind(write) as put:
        put(1)


def test_leaving_by_an_error_drops_what_is_not_written() -> None:
    got: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    def write(number: int) -> None:
        first.set()
        go_on.wait(10)
        got.append(number)

    def leaves() -> None:
        with behind(write) as put:
            put(0)
            assert first.wait(10)
            put(1)
            put(2)
            threading.Timer(0.1, go_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leaves()
    assert got == [0]
    assert threads() == []
