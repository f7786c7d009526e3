import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.slot import LatestSlot


def test_the_newest_wins_and_the_others_are_counted() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for number in range(5):
        slot.put(number)
    assert slot.take() == 4
    assert slot.dropped == 4


def test_taking_waits_no_longer_than_told() -> None:
    slot: LatestSlot[int] = LatestSlot()
    assert slot.take(timeout=0) is None
    assert not slot.closed


def test_closing_leaves_the_item_that_is_held_and_ends_every_later_take() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(1)
    slot.close()
    assert not slot.closed
    slot.put(2)
    assert slot.take() == 1
    assert slot.closed
    assert slot.take() is None
    assert slot.dropped == 0


def test_closing_wakes_who_waits() -> None:
    slot: LatestSlot[int] = LatestSlot()
    got: list[int | None] = []
    waiting = threading.Thread(target=lambda: got.append(slot.take()))
    waiting.start()
    slot.close()
    waiting.join(10)
    assert got == [None]


def test_putting_wakes_who_waits() -> None:
    slot: LatestSlot[int] = LatestSlot()
    got: list[int | None] = []
    waiting = threading.Thread(target=lambda: got.append(slot.take()))
    waiting.start()
    slot.put(7)
    waiting.join(10)
    assert got == [7]


@given(st.lists(st.sampled_from(["put", "take"]), max_size=60))
def test_every_item_is_taken_or_dropped_or_still_there(steps: list[str]) -> None:
    slot: LatestSlot[int] = LatestSlot()
    put, taken = 0, []
    for step in steps:
        if step == "put":
            slot.put(put)
            put += 1
        elif (item := slot.take(timeout=0)) is not None:
            assert item == put - 1
            taken.append(item)
    slot.close()
    left = slot.take()
    assert put == len(taken) + slot.dropped + (left is not None)
    assert taken == sorted(set(taken))


@pytest.mark.parametrize("items", [2000])
def test_between_threads_nothing_is_lost_uncounted_and_the_last_item_arrives(items: int) -> None:
    slot: LatestSlot[int] = LatestSlot()
    taken: list[int] = []

    def consume() -> None:
        while (item := slot.take()) is not None:
            taken.append(item)

    consumer = threading.Thread(target=consume)
    consumer.start()
    for number in range(items):
        slot.put(number)
    slot.close()
    consumer.join(30)
    assert taken[-1] == items - 1
    assert taken == sorted(set(taken))
    assert len(taken) + slot.dropped == items
