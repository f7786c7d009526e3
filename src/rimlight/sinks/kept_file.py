"""Writes a .rim.mkv: the pictures as they came and their mattes, both lossless, with the sound; for nobody else."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rimlight.errors import SinkError
from rimlight.kept import ENDING, KEY, Header, packed, rows_of
from rimlight.protocols import Closes
from rimlight.sinks.carried import Carried
from rimlight.sinks.film import MUXING, Film
from rimlight.sinks.layout import Layout, Pixels
from rimlight.sinks.sound import SoundTrack
from rimlight.sinks.video_file import translating
from rimlight.sources.rest import Rest
from rimlight.tags import ColorTags
from rimlight.types import Frame, Matted, Picture, Plane, Planes, Samples, Size
from rimlight.unfinished import Unfinished, open_unfinished

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_PICTURES = {"preset": "ultrafast", "qp": "0"}
"""Of x264: lossless."""
_MATTES = {"level": "3", "slices": "4"}
_THREADS = 2
_GRAY = ColorTags(range=2)


def open_kept_file(
    path: Path, header: Header, rest: Rest | None = None, *, force: bool = False, hears: bool = False
) -> KeptFile:
    """Begins such a file under another name beside `path`; only its owner may read it, from its first byte on.

    `header.canvas` is taken from the first matte where it is 0x0. `rest` is what of a clip is carried over.
    `hears`: it gets a sound track, for `hear`.

    Raises OutputExistsError if `path` exists and not `force`, DiskError if it cannot be written.
    """
    return KeptFile(path, open_unfinished(path, force=force, usable=ENDING, private=True), header, rest, hears)


class KeptFile(Film):
    """A file being written, by one thread. Closing it before `publish` or `abandon` removes it."""

    def __init__(self, path: Path, file: Unfinished, header: Header, rest: Rest | None, hears: bool) -> None:
        self._path = path
        self._file = file
        self._header = header
        self._rest = rest
        self._hears = hears
        self._tracks: _Tracks | None = None

    def write(self, frame: Frame, matted: Matted, pts: int, duration: int) -> None:
        """Adds a frame as it came, with its matte, shown from tick `pts` on; `pts` grows strictly.

        Raises DiskError if the file cannot grow, SinkError if an encoder fails or the picture has another size.
        """
        with translating(self._path):
            if self._tracks is None:
                high, wide = matted.small.shape
                canvas = self._header.canvas if min(self._header.canvas) else Size(wide, high)
                self._header = replace(self._header, canvas=canvas, colors=matted.foreground is not None)
                self._tracks = _Tracks(self._file, self._header, self._rest, self._path, self._hears)
            if frame.picture.size != self._header.format.size:
                raise SinkError(
                    f"{self._path.name} keeps {self._header.format.size}, but was given {frame.picture.size}"
                )
            self._tracks.write(frame, matted, pts, duration)

    def hear(self, samples: Samples) -> None:
        """Adds what follows of the sound, from time 0 on, once there is a frame. Raises as `write` does."""
        assert self._tracks is not None
        with translating(self._path):
            self._tracks.hear(samples)

    def finish(self) -> None:
        """Writes what is left, and the index. Raises as `write` does."""
        if self._tracks is None:
            raise SinkError(f"{self._path} would be empty: there was no frame to keep")
        with translating(self._path):
            self._tracks.finish()

    @property
    def part(self) -> Path:
        """Where it lies until it is published."""
        return self._file.part

    def abandon(self) -> Path:
        """Stops as it is; what was written stays at the path given back."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._release()
        return self._file.part

    def publish(self) -> None:
        """Moves the finished file to its place. Raises DiskError, OutputExistsError if that was taken meanwhile."""
        self._file.publish()
        self._release()

    def close(self) -> None:
        if not self._file.closed:
            self._file.discard()
        self._release()

    def _release(self) -> None:
        if self._tracks is not None:
            self._tracks.close()


class _Tracks(Closes):
    """The container and its tracks: pictures, mattes, and the person's own colours where there are any."""

    def __init__(self, file: Unfinished, header: Header, rest: Rest | None, path: Path, hears: bool) -> None:
        import av

        self._canvas = header.canvas
        self._clock = header.time_base
        self._output = av.open(file, "w", format="matroska", container_options=MUXING["matroska"])
        self._output.metadata[KEY] = header.text()
        gray = Size(header.canvas.width, header.canvas.height + rows_of(header.canvas))
        fps = header.format.fps
        self._pictures = self._added("libx264", "yuv420p", header.format.size, fps, _PICTURES, header.tags)
        if header.aspect is not None:
            self._pictures[0].codec_context.sample_aspect_ratio = header.aspect
        self._mattes = self._added("ffv1", "gray", gray, fps, _MATTES, _GRAY)
        self._colors = None
        if header.colors:
            self._colors = self._added("ffv1", "yuv420p", header.canvas.even, fps, _MATTES, header.tags)
        self._sound = Carried(rest) if rest is not None else None
        if self._sound is not None:
            self._sound.join(self._output, path)
        self._heard = SoundTrack(self._output) if hears else None
        self._name_tracks()
        self._output.start_encoding()

    def write(self, frame: Frame, matted: Matted, pts: int, duration: int) -> None:
        self._encode(self._pictures, frame.picture.i420, pts, duration)
        self._encode(self._mattes, packed(matted, pts, duration, self._canvas), pts, duration)
        if self._colors is not None:
            self._encode(self._colors, spread_out(matted.foreground, self._canvas), pts, duration)
        self._mux_sound(pts * self._clock)

    def hear(self, samples: Samples | None) -> None:
        if self._heard is not None:
            self._output.mux(self._heard.packets(samples))

    def finish(self) -> None:
        for stream, _ in filter(None, (self._pictures, self._mattes, self._colors)):
            self._output.mux(stream.encode(None))
        self._mux_sound(None)
        self.hear(None)
        self._output.close()

    def close(self) -> None:
        # With its file closed the container is let go as it is: PyAV writes no index then.
        self._output.close()
        if self._sound is not None:
            self._sound.close()

    def _added(
        self, codec: str, pixels: Pixels, size: Size, fps: Fraction, options: dict[str, str], tags: ColorTags
    ) -> tuple[VideoStream, Layout]:
        import av

        stream = self._output.add_stream(codec, fps, dict(options))
        assert isinstance(stream, av.video.stream.VideoStream)
        context, layout = stream.codec_context, Layout(pixels, size, tags)
        context.width, context.height = size
        context.pix_fmt, context.time_base, context.thread_count = pixels, self._clock, _THREADS
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = tags
        return stream, layout

    def _name_tracks(self) -> None:
        from av.stream import Disposition

        # Players show the first unless they are asked.
        self._pictures[0].disposition = Disposition.default
        self._pictures[0].metadata["title"] = "camera"
        self._mattes[0].metadata["title"] = "matte"

    def _encode(self, track: tuple[VideoStream, Layout], image: Plane, pts: int, duration: int) -> None:
        stream, layout = track
        frame = layout.image(image)
        frame.pts, frame.duration, frame.time_base = pts, duration, self._clock
        self._output.mux(stream.encode(frame))

    def _mux_sound(self, until: Fraction | None) -> None:
        if self._sound is not None:
            self._sound.mux(self._output, until)


def spread_out(colors: Planes | None, canvas: Size) -> Plane:
    """Reduced planes, if any, in the upper left of an I420 image that holds the canvas."""
    picture = Picture(np.full((canvas.even.height * 3 // 2, canvas.even.width), 128, np.uint8))
    for plane, target in zip(colors or (), picture.planes, strict=colors is not None):
        target[: plane.shape[0], : plane.shape[1]] = plane
    return picture.i420
