"""Records outputs while they happen: H.264 with the clock's own time stamps, never holding up who sends them."""

from __future__ import annotations

import math
import threading
from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rimlight.cutout import stacked
from rimlight.errors import DiskError, SinkError
from rimlight.protocols import Ears, Records, Sink
from rimlight.sinks.alpha import alpha_encoding, carries_alpha
from rimlight.sinks.codecs import container_for
from rimlight.sinks.encoders import live_encoding
from rimlight.sinks.film import TICKS, Film
from rimlight.sinks.video_file import Track, container_of, open_video_file
from rimlight.soundline import SoundLine
from rimlight.tags import tags_of
from rimlight.timeline import Timeline
from rimlight.types import Output, Plane, Sound, StreamFormat

_QUEUE_SECONDS = 1
_QUEUE_BYTES = 128_000_000
_SHORTEST_QUEUE = 4
_SOUNDS = 1000
"""Pieces of sound that wait, 20 s of a usual microphone's; the oldest are lost then, and silent."""
_OVERDUE = 0.5
"""Seconds that sound may come later than pictures; what was not heard by then is silence. Files are written no
further than the later of both."""
_LOSS = 500_000
"""Microseconds of pictures that wait to be written together. With what waits in the encoder, a crash costs less
than a second (tools/measure_kills.py)."""
_PATIENCE = 10.0
"""Seconds without a picture written after which the disk is given up."""
MUXING = {
    # Fragments while it is written, so that every one of them is safe; one ordinary file once it is complete.
    "mp4": {"movflags": "hybrid_fragmented+empty_moov", "frag_duration": str(_LOSS), "flush_packets": "1"},
    "mov": {"movflags": "hybrid_fragmented+empty_moov", "frag_duration": str(_LOSS), "flush_packets": "1"},
    "matroska": {"cluster_time_limit": str(_LOSS // 1000), "flush_packets": "1"},
    "webm": {"cluster_time_limit": str(_LOSS // 1000), "flush_packets": "1"},
}


def open_recorder(
    path: Path,
    format: StreamFormat,  # noqa: A002
    *,
    force: bool = False,
    ears: Ears | None = None,
    codec: str = "libx264",
    alpha: bool = False,
) -> Recorder:
    """Begins a recording for outputs of this format, with sound where it has `ears`, which it closes.

    `alpha`: of the person alone, as far as the ending names a kind that carries alpha.

    Until then it grows beside it, for talk.mp4 as talk.unfinished.mp4, and plays to its last second if the program
    dies.

    Raises UsageError if the ending names no container for H.264, OutputExistsError if `path` exists and not
    `force`, DiskError if it cannot be written, SinkError if the encoder refuses the format.
    """
    try:
        track = Track(format.size, Fraction(1, TICKS), format.fps, tags_of(format.color))
        encoding = alpha_encoding(path) if alpha else live_encoding(format, codec)
        container = container_for(path, encoding) if carries_alpha(encoding) else container_of(path)
        file = open_video_file(
            path,
            track,
            encoding,
            force=force,
            container=container,
            muxing=MUXING[container],
            usable=True,
            hears=ears is not None,
        )
    except BaseException:
        if ears is not None:
            ears.close()
        raise
    return Recorder(path, format, file, ears, matte=carries_alpha(encoding))


class _Shot(NamedTuple):
    at: float
    image: Plane


class Recorder(Sink, Records):
    """A recording that runs. A thread of its own encodes and writes; outputs it cannot keep up with are dropped."""

    prompt = True

    def __init__(
        self,
        path: Path,
        format: StreamFormat,  # noqa: A002
        film: Film,
        ears: Ears | None = None,
        *,
        matte: bool = False,
    ) -> None:
        """`film` is written into and closed by the recorder. `matte`: it gets the person alone, and mattes."""
        self._path = path
        self._format = format
        self._film = film
        self._ears = ears
        self._matte = matte
        size = format.size.width * format.size.height * (5 if matte else 3) // 2
        self._room = max(_SHORTEST_QUEUE, min(round(_QUEUE_SECONDS * format.fps), _QUEUE_BYTES // size))
        self._changed = threading.Condition()
        self._queue: deque[_Shot] = deque()
        self._sounds: deque[Sound] = deque(maxlen=_SOUNDS)
        self._spare: list[Plane] = []
        self._timeline = Timeline()
        self._line = SoundLine(self._timeline)
        self._latest = -math.inf
        self._shown = -1
        self._closing = False
        self._error: BaseException | None = None
        self._told = False
        self._given_up = False
        self._dropped = 0
        self._full_since: float | None = None
        self._written = 0
        self._thread = threading.Thread(target=self._work, name="rimlight-recorder", daemon=True)
        self._thread.start()
        if ears is not None:
            ears.tell(self.hear)

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def takes_alpha(self) -> bool:
        return self._matte

    @property
    def dropped(self) -> int:
        """Outputs left out because the disk or the encoder was too slow."""
        return self._dropped

    @property
    def written(self) -> int:
        """Outputs in the file."""
        return self._written

    @property
    def paused(self) -> bool:
        return self._timeline.paused

    def pause(self, at: float) -> None:
        self._timeline.pause(at)

    def resume(self, at: float) -> None:
        self._timeline.resume(at)

    def hear(self, sound: Sound) -> None:
        """Queues a piece of sound, which is not written to afterwards; from any one thread. Never waits."""
        with self._changed:
            self._sounds.append(sound)
            self._changed.notify()

    def send(self, output: Output) -> None:
        """Queues a copy, or drops it when a second of outputs is waiting already. The first is at time 0.

        Raises DiskError when the file can grow no more or the disk takes nothing for `_PATIENCE` seconds, SinkError
        when encoding failed, the recorder is closed, or the output is of another size. The error says where what
        was recorded lies.
        """
        if output.picture.size != self._format.size:
            raise SinkError(f"{self.name} records {self._format.size}, but was sent {output.picture.size}")
        with self._changed:
            if self._error is not None:
                self._told = True
                raise self._error
            if self._closing:
                raise SinkError(f"{self.name} is closed: it records no more")
            self._timeline.begin(output.at)
            if self._timeline.paused and self._timeline.place(output.at) is None:
                return
            if len(self._queue) >= self._room:
                self._drop(output.at)
                return
            self._full_since = None
            copy = self._spare.pop() if self._spare else self._empty()
        np.copyto(copy, stacked(output) if self._matte else output.picture.i420)
        with self._changed:
            self._queue.append(_Shot(output.at, copy))
            self._changed.notify()

    def close(self) -> None:
        """Writes what is queued and moves the file to its place; without a single output there is none.

        Raises DiskError or SinkError if that failed, unless `send` has raised it already; DiskError also when
        nothing was written for `_PATIENCE` seconds: the thread is left behind then.
        """
        if self._ears is not None:
            self._ears.close()
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._wait()
        if self._error is not None and not self._told:
            self._told = True
            raise self._error

    def _empty(self) -> Plane:
        height, width = self._format.size.height, self._format.size.width
        return np.empty((height * (5 if self._matte else 3) // 2, width), np.uint8)

    def _wait(self) -> None:
        """For the thread to end, while it goes forward."""
        while self._thread.is_alive() and not self._given_up:
            written = self._written
            self._thread.join(_PATIENCE)
            if self._thread.is_alive() and written == self._written:
                self._give_up()

    def _drop(self, at: float) -> None:
        self._dropped += 1
        if self._full_since is None:
            self._full_since = at
        if at - self._full_since >= _PATIENCE:
            self._told = True
            raise self._give_up()

    def _give_up(self) -> DiskError:
        self._given_up = self._closing = True
        self._error = error = DiskError(
            f"{self._path} cannot be written: the disk took nothing for {_PATIENCE:g} s. What was recorded until "
            f"then lies in {self._film.part}, or in {self._path} if the disk answers after all",
            "Record to another disk.",
        )
        return error

    def _work(self) -> None:
        try:
            with self._film:
                self._encode()
                if self._written:
                    self._film.publish()
        except BaseException as error:  # noqa: BLE001  (`send` and `close` raise it)
            self._error = error

    def _encode(self) -> None:
        try:
            while self._record():
                pass
            if self._written:
                self._film.finish()
        except SinkError as error:
            if not self._written:
                raise
            where = f"What was recorded until then lies in {self._film.abandon()}"
            raise type(error)(f"{error.what}. {where}", error.hint) from error

    def _record(self) -> bool:
        """Writes what waits, the sound first; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._sounds or self._closing)
            sounds = [self._sounds.popleft() for _ in range(len(self._sounds))]
            shot = self._queue.popleft() if self._queue else None
        for sound in sounds:
            self._line.take(sound)
            self._weave()
        if shot is not None:
            self._show(shot)
            self._weave()
        return bool(sounds or shot)

    def _show(self, shot: _Shot) -> None:
        self._latest = max(self._latest, shot.at)
        place = self._timeline.place(self._latest)
        if place is not None:
            self._shown = max(round(place * TICKS), self._shown + 1)
            self._film.write(shot.image, self._shown, round(TICKS / self._format.fps))
            self._written += 1
        self._spare.append(shot.image)

    def _weave(self) -> None:
        """Writes the sound that is there, once the recording has begun."""
        if self._ears is None or not self._written:
            return
        for samples in self._line.woven(self._shown / TICKS - _OVERDUE):
            self._film.hear(samples)
