"""Microphones and sounds that tests make up, and what is heard in a file."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import av
import numpy as np

from rimlight.errors import MicrophoneError
from rimlight.protocols import Ears, Microphone, Take
from rimlight.soundline import RATE
from rimlight.sources.microphone import SoundCard, chosen, usable_rate
from rimlight.sources.portaudio import devices
from rimlight.types import Samples, Sound


class FreeEars(Ears):
    """Ears that a test speaks into."""

    def __init__(self) -> None:
        self.takes: list[Take] = []
        self.closed = 0

    def tell(self, take: Take) -> None:
        self.takes.append(take)

    def close(self) -> None:
        self.closed += 1


def tone(seconds: float, hertz: float = 1000.0, start: float = 0.0, rate: int = RATE) -> Samples:
    """A sine at half of full scale, from `start` on its own time."""
    times = start + np.arange(round(seconds * rate)) / rate
    samples: Samples = (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)
    return samples


def pieces(samples: Samples, at: float, rate: int = RATE, length: int = 960) -> list[Sound]:
    """Cut as a microphone would give it, on time."""
    return [
        Sound(samples[first : first + length], at + first / rate, rate) for first in range(0, len(samples), length)
    ]


def heard(path: Path) -> Samples:
    """All of a file's sound, from time 0 on."""
    with av.open(str(path)) as file:
        frames = list(file.decode(audio=0))
    parts = [frame.to_ndarray()[0] for frame in frames]
    late = round(float(frames[0].time or 0) * RATE)
    return np.concatenate([np.zeros(max(0, late), np.float32), *parts])


class ScriptedMicrophone(Microphone):
    """Gives these pieces, each when the test allows it, nothing until then, and fails when they are over."""

    def __init__(self, sounds: Iterable[Sound], name: str = "Built-in Audio") -> None:
        self._sounds = iter(sounds)
        self._name = name
        self._allowed = threading.Semaphore(0)
        self.closed = threading.Event()

    @property
    def name(self) -> str:
        return self._name

    def allow(self, count: int = 1) -> None:
        self._allowed.release(count)

    def read(self) -> Sound:
        if not self._allowed.acquire(timeout=0.005):
            return Sound(np.zeros(0, np.float32), 0.0, RATE)
        sound = next(self._sounds, None)
        if sound is None or self.closed.is_set():
            raise MicrophoneError(f"{self._name} was unplugged")
        return sound

    def close(self) -> None:
        self.closed.set()


class FakePortAudio:
    """As much of sounddevice as is used; a thread gives `blocks` in time, whose times are `early`."""

    class PortAudioError(Exception):
        """As sounddevice has one."""

    def __init__(
        self, devices: Sequence[tuple[str, int]] = (("Built-in Audio", 2),), rates: Sequence[int] = (48000,)
    ) -> None:
        self.default = SimpleNamespace(device=[0, 0])
        self._devices = devices
        self._rates = rates
        self.blocks = 10**9
        self.early = 0.0
        self.opened: list[dict[str, Any]] = []

    def open(self, name: str = "default") -> SoundCard:
        """The microphone of that name."""
        device = chosen(devices(cast(ModuleType, self)), name)
        return SoundCard(cast(ModuleType, self), device, usable_rate(cast(ModuleType, self), device))

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {
                "index": number,
                "name": name,
                "max_input_channels": channels,
                "default_samplerate": 16000.0,
                "hostapi": 0,
            }
            for number, (name, channels) in enumerate(self._devices)
        ]

    def check_input_settings(self, *_: object, samplerate: int) -> None:
        if samplerate not in self._rates:
            raise self.PortAudioError("Invalid sample rate [PaErrorCode -9997]", -9997)

    def RawInputStream(self, **how: Any) -> FakeStream:  # noqa: N802
        self.opened.append(how)
        return FakeStream(self, **how)


class FakeStream:
    """Its clock is 1000 s ahead of the monotonic one, as PortAudio's is by something."""

    def __init__(self, of: FakePortAudio, samplerate: int, blocksize: int, channels: int, **how: Any) -> None:
        self._of = of
        self._seconds = blocksize / samplerate
        self._bytes = b"\x00\x40" * blocksize * channels
        self._give = how["callback"]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def time(self) -> float:
        return time.monotonic() + 1000

    def start(self) -> None:
        self._thread.start()

    def close(self, ignore_errors: bool = True) -> None:  # noqa: ARG002
        self._over.set()
        self._thread.join(5)

    def _run(self) -> None:
        begun = self.time
        for number in range(self._of.blocks):
            if self._over.wait(max(0.0, begun + (number + 1) * self._seconds - self.time)):
                return
            told = max(0.0, begun + number * self._seconds - self._of.early)
            self._give(self._bytes, 0, SimpleNamespace(inputBufferAdcTime=told), None)
