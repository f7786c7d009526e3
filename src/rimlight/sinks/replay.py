"""The last moments, encoded, in memory: nothing of them is on disk until they are saved."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from rimlight.errors import SinkError
from rimlight.protocols import Ears, Replays, Sink
from rimlight.sinks.encoders import SOFTWARE, live_encoding
from rimlight.sinks.film import TICKS, PictureFilm
from rimlight.sinks.layout import i420_image
from rimlight.sinks.recorder import Recorder
from rimlight.sinks.sound import SoundEncoder
from rimlight.sinks.video_file import Encoding, Track, VideoFile, open_video_file
from rimlight.soundline import RATE
from rimlight.tags import tags_of
from rimlight.types import Output, Plane, Samples, StreamFormat

if TYPE_CHECKING:
    from av import Packet
    from av.audio.stream import AudioStream
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

_KEYS = 0.9
"""Seconds between two pictures from which decoding can start: what is saved begins with one."""
_MOST_BYTES = 256_000_000
"""What may be remembered: ten minutes at 3 Mb/s."""


def open_replay(
    seconds: float,
    format: StreamFormat,  # noqa: A002
    place: Callable[[], Path],
    *,
    ears: Ears | None = None,
    codec: str = SOFTWARE,
) -> Replay:
    """Remembers the last `seconds` of outputs, and of sound where it has `ears`, which it closes.

    `place` tells where they are saved. Raises SinkError if the encoder refuses the format.
    """
    try:
        track = Track(format.size, Fraction(1, TICKS), format.fps, tags_of(format.color))
        reel = Reel(seconds, track, live_encoding(format, codec, _KEYS), hears=ears is not None)
    except BaseException:
        if ears is not None:
            ears.close()
        raise
    name = f"the last {seconds:g} s"
    return Replay(name, place, reel, Recorder(Path(name), format, reel, ears))


class Replay(Sink, Replays):
    """Encodes on the thread of a recorder whose film is a reel."""

    prompt = True
    beside = True

    def __init__(self, name: str, place: Callable[[], Path], reel: Reel, recorder: Recorder) -> None:
        self._name = name
        self._place = place
        self._reel = reel
        self._recorder = recorder

    @property
    def name(self) -> str:
        return self._name

    def send(self, output: Output) -> None:
        self._recorder.send(output)

    def save(self) -> str:
        path = self._place()
        return f"saved the last {self._reel.save(path):.0f} s into {path}"

    def close(self) -> None:
        self._recorder.close()


class _Kept(NamedTuple):
    """A packet, its times in ticks of its kind."""

    data: bytes
    pts: int
    dts: int
    duration: int
    key: bool


class Reel(PictureFilm):
    """Written by one thread; saved by another."""

    def __init__(
        self, seconds: float, track: Track, encoding: Encoding, *, hears: bool, most: int = _MOST_BYTES
    ) -> None:
        self._seconds = seconds
        self._track = track
        self._encoding = encoding
        self._most = most
        self._pictures = _PictureEncoder(track, encoding)
        self._sounds = SoundEncoder() if hears else None
        self._lock = threading.Lock()
        self._video: deque[_Kept] = deque()
        self._audio: deque[_Kept] = deque()
        self._bytes = 0

    @property
    def part(self) -> Path:
        return Path()

    def write(self, image: Plane, pts: int, duration: int) -> None:
        kept = [_kept(packet) for packet in self._pictures.packets(image, pts, duration)]
        with self._lock:
            self._video.extend(kept)
            self._bytes += sum(len(one.data) for one in kept)
            self._forget()

    def hear(self, samples: Samples) -> None:
        assert self._sounds is not None
        kept = [_kept(packet) for packet in self._sounds.packets(samples)]
        with self._lock:
            self._audio.extend(kept)
            self._bytes += sum(len(one.data) for one in kept)
            self._forget()

    def finish(self) -> None:
        """What the encoder still holds is not wanted."""

    def publish(self) -> None:
        """Only `save` does."""

    def abandon(self) -> None:
        """It was in memory alone."""

    def close(self) -> None:
        with self._lock:
            self._video.clear()
            self._audio.clear()
            self._bytes = 0

    def save(self, path: Path) -> float:
        """Writes what is remembered into a file and gives its seconds.

        Raises SinkError in its several kinds, OutputExistsError if there is one of that name.
        """
        with self._lock:
            video, audio = list(self._video), list(self._audio)
        if not video:
            raise SinkError("nothing was shown yet that could be saved")
        start = video[0].pts
        began = Fraction(start, TICKS)
        with open_video_file(path, self._track, self._encoding, hears=self._sounds is not None) as file:
            shift = round(began * RATE)
            waiting = deque(one for one in audio if one.pts >= shift)
            for one in video:
                _hear_until(file, waiting, shift, Fraction(one.dts, TICKS))
                file.add(_packet(one, start, TICKS))
            _hear_until(file, waiting, shift, None)
            file.finish()
            file.publish()
        return float(Fraction(video[-1].pts + video[-1].duration - start, TICKS))

    def _forget(self) -> None:
        """Lets go of what is older than the seconds, and no older than the key picture that they begin with."""
        newest = self._video[-1].pts if self._video else 0
        begun = newest - round(self._seconds * TICKS)
        while (following := self._second_key()) and (following.pts <= begun or self._bytes > self._most):
            while self._video[0] is not following:
                self._bytes -= len(self._video.popleft().data)
            first = Fraction(following.pts, TICKS)
            while self._audio and Fraction(self._audio[0].pts, RATE) < first:
                self._bytes -= len(self._audio.popleft().data)

    def _second_key(self) -> _Kept | None:
        keys = (one for number, one in enumerate(self._video) if number and one.key)
        return next(keys, None)


class _PictureEncoder:
    """Pictures to packets, with a key picture often enough whatever the rate."""

    def __init__(self, track: Track, encoding: Encoding) -> None:
        from av import CodecContext
        from av.codec.context import Flags
        from av.error import FFmpegError

        self._time_base = track.time_base
        self._key_at = 0
        context = cast("VideoCodecContext", CodecContext.create(encoding.codec, "w"))
        context.width, context.height = track.size
        context.pix_fmt, context.time_base, context.framerate = encoding.pixels, track.time_base, track.fps
        context.options = dict(encoding.options)
        context.thread_count = encoding.threads
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = track.tags
        # The header apart from the pictures, as files have it.
        context.flags |= Flags.global_header | Flags.frame_duration
        try:
            context.open()
        except FFmpegError as error:
            raise SinkError(f"nothing can be remembered: FFmpeg says '{error.strerror}'") from error
        self._context = context

    def packets(self, image: Plane, pts: int, duration: int) -> list[Packet[VideoStream]]:
        from av.error import FFmpegError
        from av.video.frame import PictureType

        frame = i420_image(np.ascontiguousarray(image))
        frame.pts, frame.duration, frame.time_base = pts, duration, self._time_base
        if pts >= self._key_at:
            frame.pict_type, self._key_at = PictureType.I, pts + round(_KEYS * TICKS)
        try:
            return self._context.encode(frame)
        except FFmpegError as error:
            raise SinkError(f"nothing more can be remembered: FFmpeg says '{error.strerror}'") from error


def _hear_until(file: VideoFile, waiting: deque[_Kept], shift: int, until: Fraction | None) -> None:
    while waiting and (until is None or Fraction(waiting[0].dts, RATE) < until):
        file.add_heard(_packet(waiting.popleft(), shift, RATE))


def _kept(packet: Packet[VideoStream] | Packet[AudioStream]) -> _Kept:
    assert packet.pts is not None
    dts = packet.pts if packet.dts is None else packet.dts
    return _Kept(bytes(packet), packet.pts, dts, packet.duration or 0, packet.is_keyframe)


def _packet(kept: _Kept, start: int, rate: int) -> Packet[Any]:
    """Anew, its times counted from `start`."""
    from av import Packet

    packet: Packet[Any] = Packet(kept.data)
    packet.pts, packet.dts, packet.duration = kept.pts - start, kept.dts - start, kept.duration
    packet.time_base = Fraction(1, rate)
    packet.is_keyframe = kept.key
    return packet
