"""Records outputs while they happen: H.264 with the clock's own time stamps, never holding up who sends them."""

from __future__ import annotations

import threading
from collections import deque
from fractions import Fraction
from pathlib import Path

import numpy as np

from rimlight.errors import DiskError, SinkError
from rimlight.protocols import Sink
from rimlight.sinks.video_file import Encoding, Track, VideoFile, container_of, open_video_file
from rimlight.tags import tags_of
from rimlight.types import Output, Plane, StreamFormat

_TICKS = 90_000
"""In a second; every container's clock but Matroska's keeps them exactly."""
_QUEUE_SECONDS = 1
_QUEUE_BYTES = 128_000_000
_SHORTEST_QUEUE = 4
_LOSS = 500_000
"""Microseconds of pictures that wait to be written together. With what waits in the encoder, a crash costs less
than a second (tools/measure_kills.py)."""
_PATIENCE = 10.0
"""Seconds without a picture written after which the disk is given up."""
_MUXING = {
    # Fragments while it is written, so that every one of them is safe; one ordinary file once it is complete.
    "mp4": {"movflags": "hybrid_fragmented+empty_moov", "frag_duration": str(_LOSS), "flush_packets": "1"},
    "mov": {"movflags": "hybrid_fragmented+empty_moov", "frag_duration": str(_LOSS), "flush_packets": "1"},
    "matroska": {"cluster_time_limit": str(_LOSS // 1000), "flush_packets": "1"},
}


def open_recorder(path: Path, format: StreamFormat, *, force: bool = False) -> Recorder:  # noqa: A002
    """Begins a recording of pictures of that format; `path` appears when the recorder is closed.

    Until then it grows beside it, for talk.mp4 as talk.unfinished.mp4, and plays to its last second if the program
    dies.

    Raises UsageError if the ending names no container for H.264, OutputExistsError if `path` exists and not
    `force`, DiskError if it cannot be written, SinkError if the encoder refuses the format.
    """
    # Superfast: 9 ms of processor time a 720p frame where veryfast takes 13, and the call comes first.
    # No B frames: they would shift every time stamp of a fragmented file, and wait for frames to come.
    encoding = Encoding(
        "libx264",
        "yuv420p",
        {"preset": "superfast", "crf": "23", "profile": "high", "bf": "0", "g": str(max(1, round(2 * format.fps)))},
        threads=2,
    )
    track = Track(format.size, Fraction(1, _TICKS), format.fps, tags_of(format.color))
    file = open_video_file(path, track, encoding, force=force, muxing=_MUXING[container_of(path)], usable=True)
    return Recorder(path, format, file)


class Recorder(Sink):
    """A recording that runs. A thread of its own encodes and writes; outputs it cannot keep up with are dropped."""

    prompt = True

    def __init__(self, path: Path, format: StreamFormat, file: VideoFile) -> None:  # noqa: A002
        self._path = path
        self._format = format
        self._file = file
        size = format.size.width * format.size.height * 3 // 2
        self._room = max(_SHORTEST_QUEUE, min(round(_QUEUE_SECONDS * format.fps), _QUEUE_BYTES // size))
        self._changed = threading.Condition()
        self._queue: deque[tuple[float, Plane]] = deque()
        self._spare: list[Plane] = []
        self._closing = False
        self._error: BaseException | None = None
        self._told = False
        self._given_up = False
        self._dropped = 0
        self._full_since: float | None = None
        self._written = 0
        self._thread = threading.Thread(target=self._work, name="rimlight-recorder", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def dropped(self) -> int:
        """Outputs left out because the disk or the encoder was too slow."""
        return self._dropped

    @property
    def written(self) -> int:
        """Outputs in the file."""
        return self._written

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
            if len(self._queue) >= self._room:
                self._drop(output.at)
                return
            self._full_since = None
            copy = self._spare.pop() if self._spare else np.empty_like(output.picture.i420)
        np.copyto(copy, output.picture.i420)
        with self._changed:
            self._queue.append((output.at, copy))
            self._changed.notify()

    def close(self) -> None:
        """Writes what is queued and moves the file to its place; without a single output there is none.

        Raises DiskError or SinkError if that failed, unless `send` has raised it already; DiskError also when
        nothing was written for `_PATIENCE` seconds: the thread is left behind then.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._wait()
        if self._error is not None and not self._told:
            self._told = True
            raise self._error

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
            f"then lies in {self._file.part}, or in {self._path} if the disk answers after all",
            "Record to another disk.",
        )
        return error

    def _work(self) -> None:
        try:
            with self._file:
                self._encode()
                if self._written:
                    self._file.publish()
        except BaseException as error:  # noqa: BLE001  (`send` and `close` raise it)
            self._error = error

    def _encode(self) -> None:
        try:
            start = last = None
            while item := self._next():
                at, image = item
                start = at if start is None else start
                pts = round((at - start) * _TICKS)
                last = pts if last is None else max(pts, last + 1)
                self._file.write(image, last, round(_TICKS / self._format.fps))
                self._written += 1
                self._spare.append(image)
            if self._written:
                self._file.finish()
        except SinkError as error:
            if not self._written:
                raise
            where = f"What was recorded until then lies in {self._file.abandon()}"
            raise type(error)(f"{error.what}. {where}", error.hint) from error

    def _next(self) -> tuple[float, Plane] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            return self._queue.popleft() if self._queue else None
