"""Recordings with sound: in step with the pictures, cut with them, and never in the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from measure_sync import offsets, real, simulated
from media import content, output_of
from rimlight.errors import OutputExistsError
from rimlight.sinks.recorder import Recorder, open_recorder
from rimlight.soundline import RATE
from rimlight.types import Sound
from sounds import FreeEars, heard, pieces, tone
from standins import WAIT
from test_recorder import FORMAT, SIZE


def write(recorder: Recorder, times: Sequence[float], sounds: Sequence[Sound]) -> None:
    """Sends pictures and sound in the order of their times, as fast as they are written."""
    events: list[tuple[float, Callable[[], None]]] = [
        (at, lambda at=at: recorder.send(output_of(int(at * 30), SIZE, at)))  # type: ignore[misc]
        for at in times
    ]
    events += [
        (sound.at, lambda sound=sound: recorder.hear(sound))  # type: ignore[misc]
        for sound in sounds
    ]
    limit = time.monotonic() + WAIT
    for _, event in sorted(events, key=lambda one: one[0]):
        event()
        while recorder._queue or recorder._sounds:
            assert time.monotonic() < limit
            time.sleep(0.0005)


def frames(begin: float, end: float) -> list[float]:
    """Times of pictures, 30 a second."""
    return [begin + number / 30 for number in range(round((end - begin) * 30))]


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_sound_and_pictures_of_one_moment_lie_at_one_place(tmp_path: Path, ending: str) -> None:
    found = simulated(tmp_path, 20, 200e-6, ending)

    assert len(found) >= 3
    # The driver's times are late by up to 10 ms, by 2.4 on average.
    assert max(map(abs, found)) < 0.006


def test_a_real_run_is_in_step(tmp_path: Path) -> None:
    # On a busy machine some flashes are not recorded.
    found = real(tmp_path, 4, 300e-6)

    assert len(found) >= 3
    assert max(map(abs, found)) < 0.04


def test_what_was_heard_is_in_the_file_from_the_first_picture_on(tmp_path: Path) -> None:
    path, ears = tmp_path / "a.mp4", FreeEars()
    with open_recorder(path, FORMAT, ears=ears) as recorder:
        assert ears.takes == [recorder.hear]
        write(recorder, frames(5.5, 7.5), pieces(tone(2.5), 5.0))

    sound = heard(path)
    assert ears.closed >= 1
    assert abs(len(sound) / RATE - 2) < 0.1
    whole = tone(2.5, start=0.5)[: len(sound)]
    inside = slice(RATE // 10, len(sound) - RATE // 10)
    assert np.corrcoef(sound[inside], whole[inside])[0, 1] > 0.99


def test_a_pause_is_cut_out_of_both_at_once_and_leaves_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with open_recorder(path, FORMAT, ears=FreeEars()) as recorder:
        sounds = pieces(tone(4.0), 5.0)
        write(recorder, frames(5.0, 6.0), sounds[:50])
        recorder.pause(6.01)
        assert recorder.paused
        write(recorder, frames(6.04, 7.5), sounds[50:125])
        recorder.resume(7.5)
        assert not recorder.paused
        write(recorder, frames(7.51, 8.5), sounds[125:])

    times = [float(at) for at in content(path).times]
    assert max(np.diff(times)) < 0.06
    assert times[-1] == pytest.approx(1.01 + 0.99, abs=0.06)
    sound = heard(path)
    assert len(sound) / RATE == pytest.approx(2.46, abs=0.1)
    cut = round(1.01 * RATE)
    after = tone(4.0, start=2.5)[: RATE // 2]
    later = slice(RATE // 10, RATE // 2)
    assert np.corrcoef(sound[cut:][later], after[later])[0, 1] > 0.99


def test_a_microphone_that_says_nothing_leaves_silence_and_the_pictures_go_on(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with open_recorder(path, FORMAT, ears=FreeEars()) as recorder:
        write(recorder, frames(5.0, 8.0), pieces(tone(1.0), 5.0))

    sound = heard(path)
    assert len(content(path).times) == 90
    assert len(sound) / RATE > 2.3
    assert np.abs(sound[round(1.1 * RATE) :]).max() < 0.01


def test_sound_that_nobody_writes_is_bounded(tmp_path: Path) -> None:
    # The writer waits for the lock.
    with open_recorder(tmp_path / "a.mp4", FORMAT, ears=FreeEars()) as recorder, recorder._changed:
        for sound in pieces(tone(0.02), 5.0) * 5000:
            recorder.hear(sound)
        assert len(recorder._sounds) == 1000


def test_ears_are_given_back_where_no_file_can_be_begun(tmp_path: Path) -> None:
    path, ears = tmp_path / "a.mp4", FreeEars()
    path.touch()
    with pytest.raises(OutputExistsError):
        open_recorder(path, FORMAT, ears=ears)
    assert ears.closed == 1


def test_what_measures_sync_sees_when_it_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = Recorder.hear
    monkeypatch.setattr(
        Recorder, "hear", lambda self, sound: late(self, Sound(sound.samples, sound.at + 0.06, sound.rate))
    )
    found = simulated(tmp_path, 16, 0.0)
    assert min(found) > 0.05
    assert offsets(tmp_path / "talk.mp4") == found
