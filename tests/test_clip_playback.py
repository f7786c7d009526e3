"""Video files that play: in real time as a camera would, over and over, until they are closed."""

from __future__ import annotations

import itertools
import threading
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from media import planes, write_clip
from rimlight.sources.clip import Playback, open_clip
from rimlight.types import Size


def test_a_loop_goes_on_without_a_gap(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=3, pts=[5, 6, 8], time_base=Fraction(1, 25))

    with open_clip(path, loop=True) as source:
        got = [source.read() for _ in range(8)]
        times = [frame.pts * source.facts.time_base * 25 for frame in got if frame]

    steps = [after - before for before, after in itertools.pairwise(times)]
    assert steps[:2] == steps[3:5] == [1, 2]
    assert steps[2] == steps[5] > 0
    assert [frame.index for frame in got if frame] == list(range(8))
    for frame, number in zip(got, [0, 1, 2] * 3, strict=False):
        assert frame is not None
        np.testing.assert_array_equal(frame.picture.y, planes(number, Size(64, 48))[0])


def test_closing_twice_and_reading_after_is_allowed(tmp_path: Path) -> None:
    source = open_clip(write_clip(tmp_path / "a.mp4"))
    source.close()
    source.close()

    assert source.read() is None
    assert source.length == 12


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def shown(times: list[float], cost: float) -> list[float | None]:
    """When frames with these times are due, for a reader who needs `cost` seconds for each that it is given."""
    clock = Clock()
    playback = Playback(clock)
    due = []
    for at in times:
        due.append(playback.due(at, 0.04))
        if due[-1] is not None:
            clock.now += playback.left(due[-1]) + cost
    return due


def test_a_paced_clip_keeps_its_pace() -> None:
    times = [3 + n / 25 for n in range(50)]

    assert shown(times, 0.03) == pytest.approx([1000 + n / 25 for n in range(50)])


def test_a_slow_reader_is_given_newer_frames() -> None:
    due = shown([n / 25 for n in range(100)], 0.09)

    given = [at for at in due if at is not None]
    assert 35 < len(given) < 60
    # Each at its own time, so that a clip lasts as long as it lasts.
    assert all(at == pytest.approx(1000 + n / 25) for n, at in enumerate(due) if at is not None)


def test_after_a_long_pause_playing_goes_on_where_it_was() -> None:
    clock = Clock()
    playback = Playback(clock)
    playback.due(0.0, 0.04)
    clock.now += 60

    assert playback.due(0.04, 0.04) == 1060
    assert playback.due(0.08, 0.04) == pytest.approx(1060.04)


def test_a_computer_that_decodes_too_slowly_shows_some_frames_all_the_same() -> None:
    clock = Clock()
    playback = Playback(clock)
    due = []
    for number in range(200):
        clock.now += 0.06
        due.append(playback.due(number / 25, 0.04))

    given = [at for at in due if at is not None]
    assert len(given) > 60
    assert given == sorted(given)


def test_a_paced_clip_is_on_the_clock_of_this_run(tmp_path: Path) -> None:
    before = time.monotonic()
    with open_clip(write_clip(tmp_path / "a.mp4", count=6, fps=Fraction(100)), paced=True) as source:
        got = list(iter(source.read, None))

    assert [frame.index for frame in got] == sorted({frame.index for frame in got})
    for frame in got:
        assert frame.at - got[0].at == pytest.approx((frame.index - got[0].index) / 100)
    assert before <= got[0].at <= got[-1].at <= time.monotonic()


def test_closing_wakes_a_paced_reader(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=2, fps=Fraction(1, 60))
    source = open_clip(path, paced=True)
    assert source.read() is not None
    waiting = threading.Timer(0.1, source.close)
    waiting.start()

    assert source.read() is None
    waiting.join()
