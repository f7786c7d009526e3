"""The last moments: in memory, bounded, and a file that plays when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from media import content, planes
from rimlight.errors import OutputExistsError, SinkError
from rimlight.sinks.encoders import live_encoding
from rimlight.sinks.film import TICKS
from rimlight.sinks.replay import Reel, Replay, open_replay
from rimlight.sinks.video_file import Track
from rimlight.soundline import RATE
from rimlight.tags import tags_of
from sounds import FreeEars, heard, pieces, tone
from test_recorder import FORMAT, SIZE
from test_recorder_sound import frames, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "replay.mp4"


@pytest.fixture
def replay(path: Path) -> Iterator[Replay]:
    with open_replay(2.0, FORMAT, lambda: path, ears=FreeEars()) as opened:
        yield opened


def test_the_last_seconds_are_saved_with_their_sound(replay: Replay, path: Path) -> None:
    write(replay._recorder, frames(5.0, 12.0), pieces(tone(7.0), 5.0))
    assert list(path.parent.iterdir()) == [], "nothing is on disk before"

    line = replay.save()

    assert line in {f"saved the last {seconds} s into {path}" for seconds in (2, 3)}
    got = content(path)
    times = [float(at) for at in got.times]
    assert times[0] == 0
    assert 2.0 <= times[-1] + 1 / 30 <= 3.0
    # The encoder may still hold a picture or two.
    first = next(n for n in range(270, 330) if abs(got.planes[0][0].astype(int) - planes(n, SIZE)[0]).mean() < 3)
    assert first + len(times) >= 5 * 30 + 7 * 30 - 4
    sound = heard(path)
    began = first / 30 - 5.0
    whole = tone(7.0, start=began)[: len(sound)]
    inside = slice(RATE // 5, RATE)
    assert np.corrcoef(sound[inside], whole[inside])[0, 1] > 0.98


def test_it_can_be_saved_again_and_never_over_another_file(replay: Replay, path: Path) -> None:
    write(replay._recorder, frames(5.0, 6.0), [])
    replay.save()
    with pytest.raises(OutputExistsError):
        replay.save()
    path.unlink()
    write(replay._recorder, frames(6.0, 7.0), [])
    replay.save()
    assert len(content(path).times) > 45


def test_before_anything_was_shown_there_is_nothing_to_save(replay: Replay, path: Path) -> None:
    with pytest.raises(SinkError, match="nothing was shown yet"):
        replay.save()
    assert not path.exists()


def test_no_more_than_that_is_saved_after_the_card_was_up_for_long(replay: Replay, path: Path) -> None:
    """A card a second is what sinks get then, and sound goes on."""
    card = [12.0 + second for second in range(60)]
    write(replay._recorder, [*frames(5.0, 12.0), *card, *frames(72.0, 73.0)], pieces(tone(68.0), 5.0))

    replay.save()

    got = content(path)
    assert float(got.times[-1]) <= 4.1
    assert len(heard(path)) / RATE <= 4.3


def reel(seconds: float, most: int = 10**9) -> Reel:
    track = Track(SIZE, Fraction(1, TICKS), FORMAT.fps, tags_of(FORMAT.color))
    return Reel(seconds, track, live_encoding(FORMAT, keys=0.9), hears=True, most=most)


def fill(reel: Reel, seconds: int, fps: int, *, still: bool) -> None:
    """Noise costs most; in what is still, the encoder has no reason of its own for a key picture."""
    noise = np.random.default_rng(0)
    for number in range(seconds * fps):
        if not (still and number):
            picture = noise.integers(16, 235, (SIZE.height * 3 // 2, SIZE.width), np.uint8)
        reel.write(picture, number * TICKS // fps, TICKS // fps)
        reel.hear(tone(1 / fps))


@pytest.mark.parametrize("fps", [5, 30])
def test_it_begins_within_a_second_of_what_was_asked_whatever_the_rate(fps: int, tmp_path: Path) -> None:
    with reel(3.0) as film:
        fill(film, 7, fps, still=True)
        # What the encoder still holds is missing at the end.
        assert 3.0 <= film.save(tmp_path / "a.mp4") + 2 / fps <= 4.0 + 3 / fps


def test_memory_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    with reel(60.0, most=200_000) as film:
        fill(film, 10, 10, still=False)
        assert film._bytes <= 200_000
        assert film._bytes == sum(len(one.data) for one in (*film._video, *film._audio))
        assert film.save(tmp_path / "a.mp4") < 9
