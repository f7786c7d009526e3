"""Microphones, through PortAudio and its Python package sounddevice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rimlight.errors import MicrophoneError
from rimlight.protocols import Microphone
from rimlight.sources.portaudio import Device, devices, open_portaudio, why
from rimlight.types import Sound

if TYPE_CHECKING:
    from types import ModuleType

DEFAULT = "default"
"""Names the microphone that the system's settings name."""

_RATE = 48_000
_BLOCK = 960
"""Samples at a time, 20 ms."""
_QUEUE = 250
"""Blocks that wait for their reader, 5 s; the oldest are lost then."""
_PATIENCE = 2.0
"""Seconds without a block after which a microphone counts as lost."""
_LATE = 1.0
"""Seconds that a block may be old when it is handed over; what says more says nonsense."""
_BRACKET = 0.0002
"""Seconds within which two clocks must be read to be compared."""


class _Block(NamedTuple):
    samples: bytes
    told: float
    """When PortAudio says that the first sample was captured, on the stream's clock; 0 if it does not say."""
    came: float
    """When it was handed over, on the monotonic clock."""


def open_microphone(name: str = DEFAULT, *, exactly: bool = False) -> SoundCard:
    """Opens the microphone of that name, or, if need not be `exactly` that, whose name contains it.

    Raises MicrophoneError: there is no PortAudio, no such microphone, or it cannot be opened.
    """
    portaudio = open_portaudio()
    device = chosen(devices(portaudio), name, exactly=exactly)
    try:
        return SoundCard(portaudio, device, usable_rate(portaudio, device))
    except portaudio.PortAudioError as error:
        raise MicrophoneError(
            f"the microphone {device.name} cannot be opened: {why(error)}",
            "Close the program that uses it, or name another one with --mic.",
        ) from error


def chosen(known: Sequence[Device], name: str, *, exactly: bool = False) -> Device:
    """The one of that name; unless `exactly`, the system's or one that contains it. Raises MicrophoneError."""
    if not known:
        raise MicrophoneError("there is no microphone", "Connect one, or leave it out with --mic none.")
    if name == DEFAULT and not exactly:
        return next((device for device in known if device.is_default), known[0])
    wanted = name.casefold()
    for fits in (str.__eq__,) if exactly else (str.__eq__, str.__contains__):
        for device in known:
            if fits(device.name.casefold(), wanted):
                return device
    raise MicrophoneError(
        f"there is no microphone '{name}'", f"Give default, none, or one of: {', '.join(d.name for d in known)}"
    )


def usable_rate(portaudio: ModuleType, device: Device) -> int:
    """48 kHz where the device has it."""
    try:
        portaudio.check_input_settings(device.number, min(2, device.channels), "int16", samplerate=_RATE)
    except portaudio.PortAudioError:
        return device.rate
    return _RATE


class SoundCard(Microphone):
    """An open microphone; PortAudio hands blocks over on a thread of its own."""

    def __init__(self, portaudio: ModuleType, device: Device, rate: int) -> None:
        self._device = device
        self._rate = rate
        self._channels = min(2, device.channels)
        self._blocks: Queue[_Block] = Queue(_QUEUE)
        self._closed = False
        self._ahead = 0.0
        self._stream = portaudio.RawInputStream(
            samplerate=rate,
            blocksize=round(_BLOCK * rate / _RATE),
            device=device.number,
            channels=self._channels,
            dtype="int16",
            callback=self._take,
        )
        try:
            self._compare(tries=5)
            self._stream.start()
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        return self._device.name

    def read(self) -> Sound:
        try:
            block = self._blocks.get(timeout=_PATIENCE)
        except Empty:
            raise MicrophoneError(f"the microphone {self.name} has given no sound for {_PATIENCE:g} s") from None
        if self._closed:
            raise MicrophoneError(f"the microphone {self.name} is closed")
        self._compare()
        whole = np.frombuffer(block.samples, np.int16).reshape(-1, self._channels)
        samples = (whole.mean(axis=1) / 32768).astype(np.float32)
        return Sound(samples, self._captured(block, len(samples)), self._rate)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        # Ends a `read` that waits.
        self._put(_Block(b"", 0.0, 0.0))
        self._stream.close(ignore_errors=True)

    def _take(self, samples: Any, _: int, times: Any, __: Any) -> None:
        self._put(_Block(bytes(samples), times.inputBufferAdcTime, time.monotonic()))

    def _put(self, block: _Block) -> None:
        """The oldest goes where there is no room."""
        while True:
            with contextlib.suppress(Full):
                self._blocks.put_nowait(block)
                return
            with contextlib.suppress(Empty):
                self._blocks.get_nowait()

    def _captured(self, block: _Block, count: int) -> float:
        """The monotonic clock's time of the first sample.

        Not after the whole block was captured, which some drivers say: ALSA's way to PulseAudio is 20 ms off so.
        """
        latest = block.came - count / self._rate
        at = block.told + self._ahead
        return at if block.told and latest - _LATE <= at <= latest else latest

    def _compare(self, tries: int = 1) -> None:
        """By how much the monotonic clock is ahead of the stream's; a look that was interrupted is none."""
        for _ in range(tries):
            before = time.monotonic()
            told = self._stream.time
            after = time.monotonic()
            if after - before < _BRACKET or not self._ahead:
                self._ahead = (before + after) / 2 - told
