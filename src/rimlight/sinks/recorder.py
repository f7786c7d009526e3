"""Records outputs while they happen: H.264 with the clock's own time stamps, never holding up who sends them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from rimlight.cutout import stacked
from rimlight.errors import SinkError
from rimlight.protocols import Ears
from rimlight.sinks.alpha import alpha_encoding, carries_alpha
from rimlight.sinks.codecs import container_for
from rimlight.sinks.encoders import live_encoding
from rimlight.sinks.film import MUXING, TICKS, PictureFilm
from rimlight.sinks.video_file import Track, container_of, open_video_file
from rimlight.sinks.writer import Writer
from rimlight.tags import tags_of
from rimlight.types import Output, Plane, StreamFormat

_QUEUE_SECONDS = 1
_QUEUE_BYTES = 128_000_000
_SHORTEST_QUEUE = 4


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


class Recorder(Writer[Plane]):
    """A recording of outputs."""

    def __init__(
        self,
        path: Path,
        format: StreamFormat,  # noqa: A002
        film: PictureFilm,
        ears: Ears | None = None,
        *,
        matte: bool = False,
    ) -> None:
        """`film` is written into and closed by the recorder. `matte`: it gets the person alone, and mattes."""
        self._format = format
        self._film = film
        self._matte = matte
        self._spare: list[Plane] = []
        size = format.size.width * format.size.height * (5 if matte else 3) // 2
        room = max(_SHORTEST_QUEUE, min(round(_QUEUE_SECONDS * format.fps), _QUEUE_BYTES // size))
        super().__init__(path, film, ears, room)

    @property
    def takes_alpha(self) -> bool:
        return self._matte

    def send(self, output: Output) -> None:
        """Queues a copy, or drops it when a second of outputs is waiting already. The first is at time 0.

        Raises DiskError when the file can grow no more or the disk takes nothing for `writer.PATIENCE` seconds,
        SinkError when encoding failed, the recorder is closed, or the output is of another size. The error says
        where what was recorded lies.
        """
        if output.picture.size != self._format.size:
            raise SinkError(f"{self.name} records {self._format.size}, but was sent {output.picture.size}")
        with self._changed:
            self._check()
            if not self._admits(output.at):
                return
            copy = self._spare.pop() if self._spare else self._empty()
        np.copyto(copy, stacked(output) if self._matte else output.picture.i420)
        with self._changed:
            self._put(copy, output.at)

    def _empty(self) -> Plane:
        height, width = self._format.size.height, self._format.size.width
        return np.empty((height * (5 if self._matte else 3) // 2, width), np.uint8)

    def _write(self, item: Plane, pts: int) -> None:
        self._film.write(item, pts, round(TICKS / self._format.fps))

    def _done(self, item: Plane) -> None:
        self._spare.append(item)
