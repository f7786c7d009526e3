"""Clips that are processed and kept, and composed anew."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from media import write_clip
from rimlight.assemble import open_background
from rimlight.framing import fitted
from rimlight.kept import KEY, Header
from rimlight.offline import process_clip
from rimlight.picture import reduced
from rimlight.pipeline import Pipeline
from rimlight.recompose import open_recomposition
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.settings import Settings, Tuning
from rimlight.sources.clip import open_clip
from rimlight.sources.kept import open_kept
from rimlight.tags import ColorTags
from rimlight.types import Alpha, Mask, Matted, Output, Picture, Planes, Rgb, Size, StreamFormat

CLOCK = Fraction(1, 30_000)
HEADER = Header(
    Size(0, 0),
    Size(64, 48),
    StreamFormat(Size(64, 48), Fraction(30)),
    CLOCK,
    ColorTags(1, 1, 1, 1),
    Fraction(4, 3),
    mirror=False,
    plate=True,
    way="quick",
    rimlight="1.2.3",
)


class Bright(EllipseSegmenter):
    """Takes what is bright for the person."""

    def segment(self, rgb: Rgb) -> Mask:
        return Mask((rgb.mean(axis=2) > 190).astype(np.float32))


class Colorful(EllipseSegmenter):
    """A matting model, which tells the person's own colours."""

    is_matte = True

    @property
    def foreground(self) -> Rgb | None:
        height, width = self.size[::-1]
        return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def piped(
    text: str, clip: Any, segmenter: EllipseSegmenter | None = None, *, mirror: bool = False, twice: bool = False
) -> Pipeline:
    """A pipeline without a model; `twice`: over the whole clip, before its frames are made."""
    background = open_background(text, 0.5, clip.format)
    model, tuning = segmenter or Bright(Size(64, 64)), Tuning(guide_size=160)
    pipeline = Pipeline(model, background, fitted, tuning, mirror=mirror, light_wrap=0.25)
    pipeline.looks_ahead = twice
    return pipeline


def walking(number: int, size: Size) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """A room that stands still, and something that moves through it: the room is learned."""
    x, y = np.meshgrid(np.arange(size.width), np.arange(size.height))
    luma = 40 + (x * 7 + y * 3) % 160
    luma[y > size.height // 3] = np.where(abs(x - 4 * number % size.width) < 20, 220, luma)[y > size.height // 3]
    half = np.s_[: (size.height + 1) // 2, : (size.width + 1) // 2]
    u, v = 100 + x[half] % 40, 110 + y[half] % 30
    return luma.astype(np.uint8), u.astype(np.uint8), v.astype(np.uint8)


def walk(path: Path, **options: Any) -> Path:
    """A clip whose times Matroska cannot hold: two of them within one millisecond."""
    pts = [round(n * 1001) + n % 3 * 7 for n in range(24)]
    pts[5] = pts[4] + 11
    given: dict[str, Any] = {
        "size": Size(240, 160),
        "count": 24,
        "pts": pts,
        "time_base": CLOCK,
        "make": walking,
    } | options
    return write_clip(path, muxing={"movie_timescale": "30000"}, **given)


def keep(source: Path, text: str, **options: Any) -> Path:
    """Processes a clip and keeps it."""
    target = source.with_name("kept.rim.mkv")
    with open_clip(source) as clip, piped(text, clip, **options) as pipeline:
        process_clip(clip, pipeline, source.with_name("first.mp4"), keep=target, force=True)
    return target


def direct(source: Path, text: str, **options: Any) -> list[tuple[Output, int, int]]:
    with open_clip(source) as clip, piped(text, clip, **options) as pipeline:
        pipeline.alone = True
        return [(pipeline.process(frame), frame.pts, frame.duration) for frame in iter(clip.read, None)]


def anew(path: Path, text: str) -> list[tuple[Output, int, int]]:
    with open_kept(path) as kept, open_recomposition(Settings(background=text), kept) as pipeline:
        pipeline.alone = True
        return [(pipeline.process(frame), frame.pts, frame.duration) for frame in iter(kept.read, None)]


def same(one: list[tuple[Output, int, int]], other: list[tuple[Output, int, int]]) -> bool:
    def picked(made: Output) -> tuple[bytes, ...]:
        assert made.person is not None
        return made.picture.i420.tobytes(), made.alpha.tobytes(), made.person.i420.tobytes()

    return [(*picked(o), o.at, o.index, *times) for o, *times in one] == [
        (*picked(o), o.at, o.index, *times) for o, *times in other
    ]


def rewritten(path: Path, change: Callable[[dict[str, str]], None]) -> Path:
    """The same file, told otherwise."""
    target = path.with_name("changed.rim.mkv")
    with av.open(str(path)) as file, av.open(str(target), "w") as copy:
        streams = {s.index: copy.add_stream_from_template(s) for s in file.streams}
        said = {KEY: file.metadata[KEY]}
        change(said)
        copy.metadata.update(said)
        for packet in file.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                copy.mux_one(packet)
    return target


def as_frame(picture: Picture) -> Any:
    from rimlight.types import Frame

    return Frame(picture, 0.1, 3)


def of_noise(seed: int, small: Size | None = None) -> Matted:
    noise = np.random.default_rng(seed)
    picture = Picture(noise.integers(16, 235, (72, 64), np.uint8))
    planes: Planes = reduced(picture, max(small) if small else 32)
    matte = Alpha(noise.integers(0, 256, planes.y.shape, np.uint8))
    return Matted(picture, planes, matte, 0.1 + seed / 3, 3)
