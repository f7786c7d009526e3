"""What a clip holds beside its pictures, carried into another file: sound and subtitles as they are.

Sound that not even Matroska holds becomes Opus, which all of them do.
Chapters and what the file says of itself come along; the place where it was recorded does not: who hides a room
hides that.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rimlight.errors import UsageError
from rimlight.protocols import Closes
from rimlight.sources.container import open_container, seek_before
from rimlight.sources.decoding import origin
from rimlight.sources.rest import Rest

if TYPE_CHECKING:
    from av import AudioFrame, Packet
    from av.audio.resampler import AudioResampler
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.container.core import Chapter
    from av.stream import Stream


_ROOMIEST = ".mkv"
_TOLD = {
    *("title", "description", "synopsis", "comment", "keywords", "copyright", "language", "genre", "rating"),
    *("artist", "author", "album", "album_artist", "composer", "performer", "publisher", "network", "show"),
    *("creation_time", "date", "year", "episode_id", "season_number", "episode_sort", "track", "disc"),
}
"""What is kept of what a file says of itself, by FFmpeg's names."""
_PLACE = ("location", "gps", "xyz", "geo")
"""Parts of the names of what says where it was recorded."""
_CHAPTERED = ("matroska", "mp4", "mov", "ipod", "nut", "asf")
"""FFmpeg's names of containers that hold chapters, as parts of the format's name."""
_INTERLEAVED = 5
"""Seconds by which what belongs together may lie apart in a file."""
_RATE = 48_000
"""Opus knows no other than this and parts of it."""
_PIECE = 960
"""Samples of a packet: 20 ms, its own default."""
_BITS = 64_000
"""A second and channel; transparent in listening tests (opus-codec.org/comparison)."""
_MOST = 2
"""Channels; more are mixed to two."""


class Carried(Closes):
    """Reads what is carried, apart from who reads the pictures unless they can be read but once.

    Raises ClipError if the file cannot be opened.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._input = rest.tap.container if rest.tap else open_container(rest.path)
        if rest.tap is not None:
            rest.tap.wanted = True
        sound = self._input.streams.audio if rest.sound else ()
        self._streams: list[Stream] = [*sound, *self._input.streams.subtitles]
        self._begin = origin(self._input) + rest.begin
        if rest.begin and rest.tap is None:
            seek_before(self._input, self._begin)
        self._copies: dict[int, Stream] = {}
        self._anew: dict[int, _Anew] = {}
        self._last: dict[int, int] = {}
        self._packets = self._read()
        self._ahead: Packet[Stream] | None = None
        self.damaged = False
        """Whether some of it could not be read, or not be copied."""
        self.unfit: list[str] = []
        """What the container cannot hold, for people: 'the sound in wmav2'."""
        self.dropped: list[str] = []
        """What is not carried on purpose."""
        self.changed: list[str] = []
        """What became of what is not carried as it is, in a line each."""

    @property
    def codecs(self) -> str:
        """Names of the sound's codecs, for people; empty if there is no sound."""
        return ", ".join(dict.fromkeys(_codec(s) for s in self._streams if s.type == "audio"))

    def join(self, output: OutputContainer, name: Path) -> None:
        """Adds a stream for each of the file's, its chapters and what it says of itself.

        Raises UsageError if the container cannot hold a sound's codec and another could; else it is left out.
        """
        for stream in self._streams:
            try:
                copy = self._added(output, stream)
            except ValueError as error:
                if stream.type == "audio" and not _is_roomiest(output):
                    raise self.refused(name) from error
                kind = "sound" if stream.type == "audio" else "subtitles"
                self.unfit.append(f"the {kind} in {_codec(stream)}")
                continue
            copy.metadata.update({k: v for k, v in stream.metadata.items() if k in {"language", "title"}})
            copy.disposition = stream.disposition
            self._copies[stream.index] = copy
        self._tell(output)

    def _added(self, output: OutputContainer, stream: Stream) -> Stream:
        """The stream's counterpart in the output. Raises ValueError if that cannot hold it."""
        try:
            return output.add_stream_from_template(stream)
        except ValueError:
            if stream.type != "audio" or stream.codec_context is None or not _is_roomiest(output):
                raise
            return self._opus(output, stream, "Matroska cannot hold it")

    def _opus(self, output: OutputContainer, stream: Stream, why: str) -> Stream:
        """A sound's counterpart that is encoded anew."""
        anew = _Anew(cast("AudioStream", stream), output)
        self._anew[anew.stream.index] = anew
        self.changed.append(f"sound in {_codec(stream)} became Opus, as {why}")
        return anew.stream

    def refused(self, name: Path) -> UsageError:
        """What to tell a user whose output cannot hold this sound."""
        hint = f"Write {name.with_suffix(_ROOMIEST)}, which holds most kinds, or leave it out with --audio none."
        if name.suffix.lower() in (_ROOMIEST, ""):
            hint = "Leave it out with --audio none."
        return UsageError(
            f"{name.suffix or 'Matroska'} cannot hold the sound of {self._rest.path} ({self.codecs})", hint
        )

    def mux(self, output: OutputContainer, until: Fraction | None) -> None:
        """Hands on what is due by then; what FFmpeg will not have of it is left out, as `damaged` tells."""
        import av

        for packet in self.until(until):
            try:
                output.mux_one(packet)
            except av.InvalidDataError:
                self.damaged = True

    def until(self, seconds: Fraction | None) -> Iterator[Packet[Stream]]:
        """The packets before that time, in the file's order, ready to be muxed; all that are left for None."""
        for packet in self._before(seconds):
            anew = self._anew.get(packet.stream_index)
            if anew is None:
                yield packet
            else:
                yield from anew.packets(packet)
        for anew in self._anew.values() if seconds is None else ():
            yield from anew.packets(None)

    def _before(self, seconds: Fraction | None) -> Iterator[Packet[Stream]]:
        while True:
            packet = self._ahead = self._ahead or next(self._packets, None)
            if packet is None:
                # More may come of what is read but once.
                self._packets = self._packets if self._rest.tap is None else self._read()
                return
            assert packet.dts is not None
            if seconds is not None and packet.dts * packet.time_base >= seconds:
                return
            self._ahead = None
            packet.stream = self._copies[packet.stream_index]
            yield packet

    def close(self) -> None:
        self._packets.close()
        if self._rest.tap is None:
            self._input.close()
        else:
            self._rest.tap.wanted = False

    def _tell(self, output: OutputContainer) -> None:
        said = self._input.metadata
        output.metadata.update({key: said[key] for key in said if key.lower() in _TOLD})
        if any(part in key.lower() for key in said for part in _PLACE):
            self.dropped.append("the place where it was recorded")
        chapters = list(self._chapters())
        if chapters and any(name in output.format.name for name in _CHAPTERED):
            output.set_chapters(chapters)
        elif chapters:
            self.unfit.append("the chapters")

    def _chapters(self) -> Iterator[Chapter]:
        """Those of what is wanted, with times that count from its beginning."""
        for chapter in self._input.chapters():
            clock = chapter["time_base"] or Fraction(1, 1000)
            shift = round(self._begin / clock)
            start, end = max(0, chapter["start"] - shift), chapter["end"] - shift
            if self._rest.end is not None:
                end = min(end, round((self._rest.end - self._rest.begin) / clock))
            if start < end:
                title = {key: text for key, text in chapter["metadata"].items() if key == "title"}
                yield {"id": chapter["id"], "start": start, "end": end, "time_base": clock, "metadata": title}

    def _read(self) -> Generator[Packet[Stream], None, None]:
        import av

        try:
            for packet in self._all():
                if not packet.size or (packet.pts is None and packet.dts is None):
                    continue
                if self._is_behind(packet):
                    return
                if packet.stream_index in self._copies and self._place(packet):
                    yield packet
        except av.FFmpegError:
            self.damaged = True

    def _all(self) -> Iterator[Packet[Stream]]:
        if self._rest.tap is None:
            if self._streams:
                yield from self._input.demux(self._streams)
            return
        while self._rest.tap.packets:
            yield self._rest.tap.packets.popleft()

    def _is_behind(self, packet: Packet[Stream]) -> bool:
        """Whether nothing that is wanted comes any more."""
        if self._rest.end is None or packet.dts is None:
            return False
        return packet.dts * packet.time_base - origin(self._input) > self._rest.end + _INTERLEAVED

    def _place(self, packet: Packet[Stream]) -> bool:
        """Gives the packet times that a muxer takes: both of them, counted from the beginning, dts growing.

        False if it is not of the part that is wanted. Of sound whole packets are: 20 ms or so.
        """
        shift = round(self._begin / packet.time_base)
        dts = packet.pts if packet.dts is None else packet.dts
        assert dts is not None
        pts = (dts if packet.pts is None else packet.pts) - shift
        dts -= shift
        if self._rest.end is not None and pts * packet.time_base >= self._rest.end - self._rest.begin:
            return False
        if self._rest.begin and pts < 0:
            shown = (packet.duration or 0) + pts
            if packet.stream.type == "audio" or shown <= 0:
                return False
            # A line that is on the screen already.
            pts, dts, packet.duration = 0, 0, shown
        if self._rest.end is not None and packet.stream.type == "subtitle" and packet.duration:
            left = (self._rest.end - self._rest.begin) / packet.time_base - pts
            packet.duration = max(1, min(packet.duration, round(left)))
        dts = max(dts, self._last.get(packet.stream_index, dts - 1) + 1)
        self._last[packet.stream_index] = dts
        packet.dts, packet.pts = dts, max(pts, dts)
        return True


def _codec(stream: Stream) -> str:
    return stream.codec_context.name if stream.codec_context else "a codec that FFmpeg does not know"


def _is_roomiest(output: OutputContainer) -> bool:
    return "matroska" in output.format.name.split(",")


class _Anew:
    """One sound, decoded and encoded as Opus, with its times."""

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
