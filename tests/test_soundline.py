"""Sound on a recording's own time: in step however the microphone's clock runs, cut where the pictures are cut."""

from __future__ import annotations

import numpy as np
import pytest

from rimlight.soundline import RATE, SoundLine
from rimlight.timeline import Timeline
from rimlight.types import Samples, Sound
from sounds import pieces, tone


def begun(at: float = 0.0) -> Timeline:
    timeline = Timeline()
    timeline.begin(at)
    return timeline


def laid(line: SoundLine, sounds: list[Sound], overdue: float = 0.0) -> Samples:
    """The recording's sound after each of these came."""
    parts: list[Samples] = []
    for sound in sounds:
        line.take(sound)
        parts += line.woven(overdue)
    return np.concatenate(parts)


def error(found: Samples, wanted: Samples) -> float:
    """Decibels of what differs, against what is wanted."""
    count = min(len(found), len(wanted))
    found, wanted = found[:count], wanted[:count]
    return float(10 * np.log10(np.mean((found - wanted) ** 2) / np.mean(wanted**2)))


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 96000])
def test_a_microphone_of_any_rate_is_heard_as_it_was(rate: int) -> None:
    found = laid(SoundLine(begun(5.0)), pieces(tone(1.0, rate=rate), 5.0, rate, length=rate // 50))

    assert len(found) > 0.95 * RATE
    inside = slice(500, None)
    assert error(found[inside], tone(1.0)[inside]) < -60


def test_sound_begins_with_the_first_picture() -> None:
    found = laid(SoundLine(begun(5.5)), pieces(tone(2.0), 5.0))

    assert error(found[500:], tone(2.0, start=0.5)[500:]) < -60


def test_a_microphone_that_opens_late_is_silent_until_then() -> None:
    line = SoundLine(begun(5.0))
    found = np.concatenate([*line.woven(0.4), laid(line, pieces(tone(1.0), 6.0), overdue=0.4)])

    assert not found[: RATE - 300].any()
    assert error(found[RATE + 500 :], tone(1.0)[500:]) < -50


def test_what_does_not_come_is_silence_and_what_comes_later_is_in_its_place() -> None:
    line = SoundLine(begun())
    first = laid(line, pieces(tone(1.0), 0.0))
    gap = np.concatenate(list(line.woven(3.0)))
    rest = laid(line, pieces(tone(1.0), 4.0), overdue=3.0)

    assert len(first) + len(gap) == 3 * RATE
    assert not gap.any()
    whole = np.concatenate([first, gap, rest])
    assert not whole[3 * RATE : 4 * RATE - 300].any()
    assert error(whole[4 * RATE + 500 :], tone(1.0)[500:]) < -50


def test_a_pause_is_cut_out_to_the_sample() -> None:
    timeline = begun()
    line = SoundLine(timeline)
    before, after = pieces(tone(1.0), 0.0), pieces(tone(2.0, start=1.0), 1.0)
    found = [laid(line, before)]
    timeline.pause(1.01)
    found.append(laid(line, after[:25]))
    timeline.resume(1.5)
    found.append(laid(line, after[25:]))
    whole = np.concatenate(found)

    cut = round(1.01 * RATE)
    assert len(whole) > cut + 1.4 * RATE
    assert error(whole[500 : cut - 200], tone(2.0)[500 : cut - 200]) < -60
    assert error(whole[cut + 200 :], tone(2.0, start=1.5)[200:]) < -60
    assert abs(whole[cut - 2 : cut + 2]).max() < 0.02, "it clicks"


@pytest.mark.parametrize("drift", [-300e-6, 200e-6])
def test_a_crystal_that_is_off_never_puts_it_out_of_step(drift: float) -> None:
    """An hour, of few samples: the arithmetic knows no other. A click lies in the middle of each block."""
    rng = np.random.default_rng(1)
    rate, line = 800, SoundLine(begun(), 800)
    click = np.zeros(2 * rate, np.float32)
    click[rate] = 1.0
    parts: list[Samples] = []
    for number in range(1800):
        line.take(Sound(click, 2 * number * (1 + drift) + abs(rng.normal(0, 0.004)), rate))
        parts += line.woven(-1)
    heard = np.flatnonzero(np.concatenate(parts) > 0.5) / rate
    clicked = (2 * np.arange(1800) + 1) * (1 + drift)

    off = np.abs(heard[:, None] - clicked[None, :]).min(axis=1)
    assert len(heard) >= 1790
    assert off.max() < 0.012
    assert line.drift == pytest.approx(drift, abs=10e-6)


def test_a_driver_that_was_off_at_first_is_followed_without_a_cut() -> None:
    line, whole = SoundLine(begun()), tone(12.0, 100.0)
    sounds = pieces(whole, 0.0)
    first = [Sound(sound.samples, sound.at + 0.015, sound.rate) for sound in sounds[:5]]
    found = laid(line, [*first, *sounds[5:]])

    late = slice(10 * RATE, len(found))
    # Half a millisecond of a tone of 100 Hz.
    assert error(found[late], whole[late]) < -10
    steps = np.abs(np.diff(found[RATE:]))
    assert steps.max() < 1.01 * np.abs(np.diff(whole)).max(), "it clicks"


@pytest.mark.parametrize("lost", [0.1, 1.0])
def test_samples_that_were_lost_are_a_gap_and_no_lag(lost: float) -> None:
    line = SoundLine(begun())
    whole = tone(4.0)
    sounds = [sound for sound in pieces(whole, 0.0) if not 1.0 <= sound.at < 1.0 + lost]
    found = laid(line, sounds)

    # Half a second until it is sure; then in step again.
    late = slice(round((1.7 + lost) * RATE), len(found))
    assert error(found[late], whole[late]) < -40
