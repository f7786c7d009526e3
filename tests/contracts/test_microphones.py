"""What every microphone promises."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from measure_sync import ClickingMicrophone
from rimlight.errors import MicrophoneError
from rimlight.protocols import Microphone
from rimlight.sources.microphone import SoundCard, open_microphone
from sounds import FakePortAudio

OPENERS: dict[str, Callable[[], Microphone]] = {
    "clicks": ClickingMicrophone,
    "PortAudio that is made up": lambda: FakePortAudio().open(),
    "sound card": open_microphone,
}


@pytest.fixture(params=OPENERS)
def microphone(request: pytest.FixtureRequest) -> Iterator[Microphone]:
    if request.param == "sound card" and "RIMLIGHT_MICROPHONE" not in os.environ:
        pytest.skip("RIMLIGHT_MICROPHONE=1 tries the real one: nobody should be heard by tests unasked")
    with OPENERS[request.param]() as opened:
        yield opened


def test_pieces_follow_one_another_on_the_monotonic_clock(microphone: Microphone) -> None:
    sounds = [microphone.read() for _ in range(20)]

    times = [sound.at for sound in sounds]
    assert time.monotonic() - 1 < times[-1] < time.monotonic()
    lasted = sum(len(sound.samples) for sound in sounds[:-1]) / sounds[0].rate
    assert times[-1] - times[0] == pytest.approx(lasted, abs=0.15)


def test_samples_are_one_channel_of_floats_within_one(microphone: Microphone) -> None:
    sound = microphone.read()

    assert sound.samples.ndim == 1
    assert sound.samples.dtype == np.float32
    assert sound.rate >= 8000
    assert np.abs(sound.samples).max(initial=0) <= 1


def test_it_has_a_name_of_one_line_and_closing_twice_is_allowed(microphone: Microphone) -> None:
    assert microphone.name
    assert "\n" not in microphone.name
    microphone.close()
    microphone.close()
    if isinstance(microphone, SoundCard):
        with pytest.raises(MicrophoneError, match="is closed"):
            [microphone.read() for _ in range(300)]
