"""The sound of a video file, copied packet by packet into another one, unchanged."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import UsageError
from rimlight.protocols import Closes
from rimlight.sources.container import open_container
from rimlight.sources.decoding import origin

if TYPE_CHECKING:
    from av import Packet
    from av.audio.stream import AudioStream
    from av.container import OutputContainer


_ROOMIEST = ".mkv"


class AudioCopy(Closes):
    """Reads the sound of `path`, apart from who reads its pictures: so both are at hand when they are due.

    Raises ClipError if the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._input = open_container(path)
        self._streams = self._input.streams.audio
        self._origin = origin(self._input)
        self._copies: dict[int, AudioStream] = {}
        self._last: dict[int, int] = {}
        self._packets = self._read()
        self._ahead = None if not self._streams else next(self._packets, None)
        self.damaged = False
        """Whether some of it could not be read, or not be copied."""
        self.left_out: list[str] = []
        """Codecs of streams that are not copied."""

    @property
    def codecs(self) -> str:
        """Names of the streams' codecs, for people; empty if there is no sound."""
        return ", ".join(
            dict.fromkeys(s.codec_context.name if s.codec_context else "unknown" for s in self._streams)
        )

    def join(self, output: OutputContainer, name: Path) -> None:
        """Adds a stream for each of the file's.

        Raises UsageError if the container cannot hold one's codec and another could; else it is left out.
        """
        for stream in self._streams:
            try:
                copy = output.add_stream_from_template(stream)
            except ValueError as error:
                if name.suffix.lower() != _ROOMIEST:
                    raise self.refused(name) from error
                self.left_out.append(_codec(stream))
                continue
            copy.metadata.update({k: v for k, v in stream.metadata.items() if k in {"language", "title"}})
            copy.disposition = stream.disposition
            self._copies[stream.index] = copy

    def refused(self, name: Path) -> UsageError:
        """What to tell a user whose output cannot hold this sound."""
        return UsageError(
            f"{name.suffix} cannot hold the sound of {self._path} ({self.codecs})",
            f"Write {name.with_suffix(_ROOMIEST)}, which holds most kinds.",
        )

    def until(self, seconds: Fraction | None) -> Iterator[Packet[AudioStream]]:
        """The packets before that time, in the file's order, ready to be muxed; all that are left for None."""
        while self._ahead is not None:
            packet = self._ahead
            assert packet.dts is not None
            if seconds is not None and packet.dts * packet.time_base >= seconds:
                return
            self._ahead = next(self._packets, None)
            if packet.stream_index in self._copies:
                packet.stream = self._copies[packet.stream_index]
                yield packet

    def close(self) -> None:
        self._packets.close()
        self._input.close()

    def _read(self) -> Generator[Packet[AudioStream], None, None]:
        import av

        try:
            for packet in self._input.demux(self._streams):
                if packet.size and (packet.pts is not None or packet.dts is not None):
                    self._place(packet)
                    yield packet
        except av.FFmpegError:
            self.damaged = True

    def _place(self, packet: Packet[AudioStream]) -> None:
        """Gives the packet times that a muxer takes: both of them, counted from the origin, dts growing."""
        shift = round(self._origin / packet.time_base)
        dts = packet.pts if packet.dts is None else packet.dts
        assert dts is not None
        pts = dts if packet.pts is None else packet.pts
        dts = max(dts - shift, self._last.get(packet.stream_index, dts - shift - 1) + 1)
        self._last[packet.stream_index] = dts
        packet.dts, packet.pts = dts, max(pts - shift, dts)


def _codec(stream: AudioStream) -> str:
    return stream.codec_context.name if stream.codec_context else "a codec that FFmpeg does not know"
