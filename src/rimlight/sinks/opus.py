"""Sound for WebM, which holds Opus and Vorbis alone: what is either is carried as it is, the rest becomes Opus."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from rimlight.sinks.carried import Carried
from rimlight.sources.rest import Rest

if TYPE_CHECKING:
    from av import AudioFrame, Packet
    from av.audio.resampler import AudioResampler
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.stream import Stream

_HELD = ("opus", "vorbis")
_RATE = 48_000
"""Opus knows no other than this and parts of it."""
_PIECE = 960
"""Samples of a packet: 20 ms, its own default."""
_BITS = 64_000
"""A second and channel; transparent in listening tests (opus-codec.org/comparison)."""
_MOST = 2
"""Channels; more are mixed to two."""


class Opus(Carried):
    """Carries a clip's rest into WebM."""

    def __init__(self, rest: Rest) -> None:
        super().__init__(rest)
        self._made: dict[int, _Made] = {}

    def until(self, seconds: Fraction | None) -> Iterator[Packet[Stream]]:
        for packet in super().until(seconds):
            made = self._made.get(packet.stream_index)
            if made is None:
                yield packet
            else:
                yield from made.packets(packet)
        if seconds is None:
            for made in self._made.values():
                yield from made.packets(None)

    def _added(self, output: OutputContainer, stream: Stream) -> Stream:
        codec = stream.codec_context
        if stream.type != "audio" or codec is None or codec.name.removeprefix("lib") in _HELD:
            return super()._added(output, stream)
        made = _Made(cast("AudioStream", stream), output)
        self._made[made.stream.index] = made
        self.changed.append(f"sound in {codec.name} became Opus, as WebM holds no other")
        return made.stream


class _Made:
    """One stream, decoded and encoded anew, with its times."""

    def __init__(self, source: AudioStream, output: OutputContainer) -> None:
        channels = min(source.codec_context.layout.nb_channels, _MOST)
        self._layout = "mono" if channels == 1 else "stereo"
        self._source = source
        self.stream = output.add_stream("libopus", _RATE, layout=self._layout, bit_rate=channels * _BITS)
        self._resampler: AudioResampler | None = None

    def packets(self, packet: Packet[Stream] | None) -> Iterator[Packet[Stream]]:
        """What comes out when a packet goes in; what is left for None. What cannot be decoded is silent."""
        import av

        try:
            frames = self._source.codec_context.decode(cast("Packet[AudioStream] | None", packet))
        except av.FFmpegError:
            frames = []
        for frame in (*frames, *([None] if packet is None else [])):
            for piece in self._resampled(frame):
                yield from self.stream.encode(piece)
        if packet is None:
            yield from self.stream.encode(None)

    def _resampled(self, frame: AudioFrame | None) -> list[AudioFrame]:
        from av import AudioResampler

        if self._resampler is None:
            if frame is None:
                return []
            self._resampler = AudioResampler("flt", self._layout, _RATE, frame_size=_PIECE)
        return self._resampler.resample(frame)
