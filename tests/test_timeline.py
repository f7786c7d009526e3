"""A recording's own time: without pauses, and never back."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from rimlight.timeline import Timeline


def test_it_begins_with_the_first_picture_and_leaves_pauses_out() -> None:
    line = Timeline()
    assert line.place(5.0) is None
    line.begin(10.0)
    line.begin(11.0)
    assert (line.place(9.9), line.place(10.0), line.place(12.5)) == (None, 0.0, 2.5)
    line.pause(13.0)
    line.pause(14.0)
    assert line.paused
    assert (line.place(12.9), line.place(13.0), line.place(20.0)) == (12.9 - 10.0, None, None)
    line.resume(15.0)
    assert not line.paused
    assert (line.place(14.9), line.place(15.0), line.place(16.0)) == (None, 3.0, 4.0)
    assert line.captured(2.0) == (12.0, 3.0)
    assert line.captured(3.0) == (15.0, math.inf)


def test_a_recording_that_begins_with_a_pause_begins_when_that_ends() -> None:
    line = Timeline()
    line.pause(1.0)
    line.begin(2.0)
    assert line.place(2.0) is None
    line.resume(3.0)
    line.begin(4.0)
    assert line.place(4.5) == 0.5


@given(st.lists(st.floats(0, 10), max_size=12), st.floats(0, 100))
def test_every_place_is_captured_where_it_lies(steps: list[float], place: float) -> None:
    line, at = Timeline(), 1.0
    line.begin(at)
    for number, step in enumerate(steps):
        at += step
        (line.resume if number % 2 else line.pause)(at)
    captured, cut = line.captured(place)
    if captured == math.inf:
        assert len(steps) % 2 == 1, "only a pause has no end"
        return
    found = line.place(captured)
    assert cut >= place
    # At a cut, the sum may round to either side of it.
    assert found is None or abs(found - place) < 1e-9
