"""The sound of a recording: AAC, encoded while it comes."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from rimlight.soundline import RATE
from rimlight.types import Samples

if TYPE_CHECKING:
    from av import Packet
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

CODEC = "aac"
"""Plays wherever H.264 does, and lies in each of the containers."""

_BITS = 96_000
"""A second; left to itself, FFmpeg's encoder takes 69 kb/s for one channel (libavcodec/aacenc.c)."""


class SoundTrack:
    """A sound track of a file that is being written; added before the file is begun."""

    def __init__(self, output: OutputContainer) -> None:
        self._stream = cast(
            "AudioStream", output.add_stream(_codec_of(output), RATE, layout="mono", bit_rate=_BITS)
        )
        self._stream.codec_context.open()
        self._encoder = SoundEncoder(self._stream.codec_context)

    def packets(self, samples: Samples | None) -> list[Packet[AudioStream]]:
        """What is to be muxed, now that these samples followed; None: what is left at the end."""
        return [self.placed(packet) for packet in self._encoder.packets(samples)]

    def placed(self, packet: Packet[AudioStream]) -> Packet[AudioStream]:
        """A packet, encoded elsewhere in the same way, ready to be muxed."""
        packet.stream = self._stream
        return packet


def _codec_of(output: OutputContainer) -> str:
    """WebM holds Opus and Vorbis alone."""
    return "libopus" if output.format.name == "webm" else CODEC


class SoundEncoder:
    """Samples to packets with their times, which begin at 0."""

    def __init__(self, context: AudioCodecContext | None = None) -> None:
        self._context = context or _opened()
        self._given = 0

    def packets(self, samples: Samples | None) -> list[Packet[AudioStream]]:
        """Packets, now that these samples followed; for None the last of them.

        Without the one that AAC begins with, before time 0: nothing is in it but what the next fades in from, and a
        file that began with it would have to shift all other times (PyAV 18: by 21 ms).
        """
        from av import AudioFrame

        frame = None
        if samples is not None:
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, self._given, Fraction(1, RATE)
            self._given += len(samples)
        packets = self._context.encode(frame)
        for packet in packets:
            packet.time_base = Fraction(1, RATE)
        return [packet for packet in packets if packet.size and packet.pts is not None and packet.pts >= 0]


def _opened() -> AudioCodecContext:
    from av import CodecContext

    context = cast("AudioCodecContext", CodecContext.create(CODEC, "w"))
    context.sample_rate, context.layout, context.format = RATE, "mono", "fltp"
    context.bit_rate, context.time_base = _BITS, Fraction(1, RATE)
    context.open()
    return context
