"""Writes a video file: images with exact time stamps, colour tags and pixel aspect, and a sound track copied."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rimlight.errors import SinkError, UsageError
from rimlight.protocols import Closes
from rimlight.sinks.carried import Carried
from rimlight.sinks.layout import Layout, Pixels
from rimlight.sinks.opus import Opus
from rimlight.sinks.schedule import unhurried
from rimlight.sinks.sound import SoundTrack
from rimlight.sinks.standard_output import StandardOutput, open_standard_output
from rimlight.sources.rest import STDIN, Rest
from rimlight.tags import ColorTags
from rimlight.types import Plane, Samples, Size
from rimlight.unfinished import Unfinished, disk_error, open_unfinished

if TYPE_CHECKING:
    from av import Packet
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""FFmpeg's names of the containers that carry H.264 to everywhere, by the file's ending."""

_FINEST_CLOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class Track:
    """What the pictures of a file have in common."""

    size: Size
    time_base: Fraction
    """Seconds in a tick of the time stamps. Matroska rounds to milliseconds."""
    fps: Fraction
    """Nominal; a hint to the encoder's rate control and to players."""
    tags: ColorTags
    aspect: Fraction | None = None
    """Width of a pixel divided by its height; None: not said."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How pictures are encoded."""

    codec: str
    """FFmpeg's name of the encoder; that there is one is seen when a file is opened."""
    pixels: Pixels
    """What the encoder is given; `Layout.image` says of what arrays that is made."""
    options: Mapping[str, str]
    threads: int = 0
    """0: as many as the encoder finds useful."""
    tag: str = ""
    """By which MP4 and MOV name the codec; empty: by what FFmpeg does."""
    delay: int = 0
    """Pictures by which the order of decoding may run ahead of that of showing."""


H264 = Encoding("libx264", "yuv420p", {"preset": "veryfast", "crf": "18", "profile": "high"}, delay=2)
"""For finished clips: visually close to the source, at a speed near the rest of the pipeline's."""
FFV1 = Encoding("ffv1", "gray", {"level": "3", "slices": "4"})
"""For mattes: lossless."""


def container_of(path: Path) -> str:
    """FFmpeg's name of the container for the path's ending. Raises UsageError if it carries no H.264."""
    container = "matroska" if path == STDIN else CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise UsageError(
            f"{path.name}: no video is written to a file that ends like this; it would have to hold H.264",
            f"End the name with one of {' '.join(CONTAINERS)}",
        )
    return container


def open_video_file(
    path: Path,
    track: Track,
    encoding: Encoding = H264,
    *,
    force: bool = False,
    muxing: Mapping[str, str] | None = None,
    rest: Rest | None = None,
    container: str | None = None,
    usable: bool = False,
    hears: bool = False,
) -> VideoFile:
    """Begins a file under another name beside `path`; `VideoFile.publish` moves it there.

    `muxing` are options of FFmpeg's muxer; by default the index goes to the front, where browsers want it.
    `rest` is what of a clip is carried over unchanged. `container` is FFmpeg's name of one; None: the one that
    the ending says. `usable`: it plays at any time, so that its name need not be hidden meanwhile. `hears`: it gets
    a sound track, for `hear`.

    Raises UsageError if the ending or the sound's codec does not fit, OutputExistsError if `path` exists and not
    `force`, DiskError if it cannot be written, SinkError if the encoder refuses the track.
    """
    container = container or container_of(path)
    if muxing is None:
        muxing = _muxing(track) if container in {"mp4", "mov"} else {}
    file = (
        open_standard_output()
        if path == STDIN
        else open_unfinished(path, force=force, usable=path.suffix if usable else "")
    )
    try:
        return VideoFile(path, file, container, track, encoding, muxing, rest, hears)
    except BaseException:
        file.discard()
        raise


def _muxing(track: Track) -> dict[str, str]:
    # A start later than 0 is kept to the tick only if the movie's clock, milliseconds by default, is as fine.
    clock = track.time_base.denominator
    return {"movflags": "faststart", "movie_timescale": str(clock if clock <= _FINEST_CLOCK else 1000)}


class VideoFile(Closes):
    """A file being written, by one thread. Closing it before `publish` or `abandon` removes it."""

    def __init__(
        self,
        path: Path,
        file: Unfinished | StandardOutput,
        container: str,
        track: Track,
        encoding: Encoding,
        muxing: Mapping[str, str],
        rest: Rest | None,
        hears: bool = False,
    ) -> None:
        import av

        self._path = path
        self._file = file
        self._layout = Layout(encoding.pixels, track.size, track.tags)
        self._time_base = track.time_base
        self._output = av.open(file, "w", format=container, container_options=dict(muxing))
        try:
            added = self._output.add_stream(encoding.codec, track.fps, dict(encoding.options))
        except ValueError as error:
            raise SinkError(f"{path} cannot be written as {encoding.codec}: {error}") from error
        self._stream = cast("VideoStream", added)
        context = self._stream.codec_context
        context.width, context.height = track.size
        context.pix_fmt = encoding.pixels
        if encoding.tag and container in {"mp4", "mov"}:
            context.codec_tag = encoding.tag
        context.time_base = track.time_base
        context.thread_count = encoding.threads
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = self._layout.tags
        if track.aspect is not None:
            context.sample_aspect_ratio = track.aspect
        context.flags |= av.codec.context.Flags.frame_duration
        with translating(path), unhurried():
            context.open()
        self._sound = (Opus if container == "webm" else Carried)(rest) if rest else None
        self._heard = SoundTrack(self._output) if hears else None
        self._begin()

    @property
    def part(self) -> Path:
        """Where it lies until it is published."""
        return self._file.part

    @property
    def notes(self) -> list[str]:
        """What a user should know about the file, a line each."""
        notes = []
        name = "standard output" if self._path == STDIN else self._path.name
        if self._sound is not None:
            within = self._path.suffix or "Matroska"
            notes += [f"{name} is without {what}: {within} cannot hold it" for what in self._sound.unfit]
            notes += [f"{name} is without {what}" for what in self._sound.dropped]
            notes += [f"{name}: {what}" for what in self._sound.changed]
        if self._sound is not None and self._sound.damaged:
            notes.append(f"the sound of {name} has gaps or ends early: the input's is damaged or cut off")
        return notes

    def write(self, image: Plane, pts: int, duration: int) -> None:
        """Adds a picture, as an array that `Encoding.pixels` says, shown from tick `pts` on; `pts` grows strictly.

        The array is not needed after this returned. Raises DiskError if the file cannot grow, SinkError if the
        encoder fails.
        """
        frame = self._layout.image(image)
        frame.pts, frame.duration, frame.time_base = pts, duration, self._time_base
        with translating(self._path):
            self._mux(self._stream.encode(frame))

    @property
    def header(self) -> bytes | None:
        """What a decoder has to know of the encoding before the first picture; empty or None if nothing."""
        return self._stream.codec_context.extradata

    def add(self, packet: Packet[VideoStream]) -> None:
        """Adds a picture encoded elsewhere, by the same encoder with the same settings, with the track's times.

        Either all pictures are added, or all are written. Raises as `write` does.
        """
        packet.stream = self._stream
        with translating(self._path):
            self._mux([packet])

    def hear(self, samples: Samples) -> None:
        """Adds what follows of the sound, `soundline.RATE` samples a second from time 0. Raises as `write` does."""
        assert self._heard is not None
        with translating(self._path):
            self._output.mux(self._heard.packets(samples))

    def add_heard(self, packet: Packet[AudioStream]) -> None:
        """Adds sound that `SoundEncoder` encoded, with its times. Raises as `write` does."""
        assert self._heard is not None
        with translating(self._path):
            self._output.mux_one(self._heard.placed(packet))

    def finish(self) -> None:
        """Writes what is left, and the index. Raises as `write` does."""
        with translating(self._path):
            self._mux(self._stream.encode(None))
            self._mux_sound(None)
            if self._heard is not None:
                self._output.mux(self._heard.packets(None))
            self._output.close()

    def publish(self) -> None:
        """Moves the finished file to its place. Raises DiskError, OutputExistsError if that was taken meanwhile."""
        self._file.publish()
        self._release()

    def abandon(self) -> Path:
        """Stops without an index, which may not find room; what was written stays at the path given back."""
        self._file.close()
        self._release()
        return self._file.part

    def close(self) -> None:
        if not self._file.closed:
            self._file.discard()
        self._release()

    def _begin(self) -> None:
        import av

        with translating(self._path):
            try:
                if self._sound is not None:
                    self._sound.join(self._output, self._path)
                self._output.start_encoding()
            except (av.ArgumentError, av.InvalidDataError, av.PatchWelcomeError) as error:
                if self._sound is not None and self._sound.codecs:
                    raise self._sound.refused(self._path) from error
                raise

    def _mux(self, packets: Sequence[Packet[VideoStream]]) -> None:
        for packet in packets:
            assert packet.dts is not None
            self._mux_sound(packet.dts * packet.time_base)
            self._output.mux_one(packet)

    def _mux_sound(self, until: Fraction | None) -> None:
        if self._sound is not None:
            self._sound.mux(self._output, until)

    def _release(self) -> None:
        # With its file closed the container is let go as it is: PyAV writes no index then.
        self._output.close()
        if self._sound is not None:
            self._sound.close()


@contextlib.contextmanager
def translating(path: Path) -> Iterator[None]:
    """Says what FFmpeg and the disk say as errors of ours, about this file."""
    import av

    try:
        yield
    except OSError as error:
        raise disk_error(path, error) from error
    except av.FFmpegError as error:
        raise SinkError(f"{path} cannot be written: FFmpeg says '{error.strerror}'") from error
