"""Small video files of every kind, made here, and what is in a file, read plainly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import reduced
from rimlight.protocols import Background
from rimlight.tags import ColorTags
from rimlight.types import Alpha, Cut, Output, Picture, Plane, Size

if TYPE_CHECKING:
    from rimlight.pipeline import Pipeline

Planes = tuple[Plane, Plane, Plane]
LOSSLESS = {"qp": "0", "preset": "ultrafast"}
"""For libx264: planes come back bit for bit."""


class Sound(NamedTuple):
    """A sine as a sound track."""

    codec: Literal["aac", "pcm_s16le", "flac", "tta", "wmav2"] = "aac"
    seconds: float = 1.0
    rate: int = 48000


def planes(number: int, size: Size) -> Planes:
    """What image `number` of a clip shows: no two the same, no symmetry, chroma as large as an odd size needs."""
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    luma = 32 + (x * 90 // width + y * 40 // height + 3 * number) % 180
    half = np.s_[: (height + 1) // 2, : (width + 1) // 2]
    u, v = 100 + x[half] * 50 // width, 90 + (y[half] * 60 // height + number) % 70
    return luma.astype(np.uint8), u.astype(np.uint8), v.astype(np.uint8)


def flat(levels: Sequence[int]) -> Callable[[int, Size], Planes]:
    """Images of one colour."""

    def make(_: int, size: Size) -> Planes:
        y, u, v = (np.full_like(plane, level) for plane, level in zip(planes(0, size), levels, strict=True))
        return y, u, v

    return make


def write_clip(
    path: Path,
    *,
    count: int = 12,
    size: Size = Size(64, 48),
    fps: Fraction = Fraction(25),
    time_base: Fraction | None = None,
    pts: Sequence[int] | None = None,
    codec: Literal["libx264", "ffv1", "mpeg4", "libvpx", "mjpeg", "rawvideo"] = "libx264",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
    tags: ColorTags = ColorTags(),
    aspect: Fraction | None = None,
    rotation: int = 0,
    flip: bool = False,
    sound: Sequence[Sound] = (),
    make: Callable[[int, Size], Planes] = planes,
) -> Path:
    """A video of `count` images from `make`, at `pts` (or one after another), with the tags and sound given."""
    with av.open(str(path), "w", container_options=muxing or {}) as output:
        stream = output.add_stream(codec, fps, options or (LOSSLESS if codec == "libx264" else {}))
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.codec_context.time_base = time_base or 1 / fps
        stream.color_primaries, stream.color_trc, stream.colorspace, stream.color_range = tags
        if aspect is not None:
            stream.sample_aspect_ratio = aspect
        if rotation or flip:
            stream.set_display_rotation(rotation, hflip=flip)
        tracks = [(output.add_stream(one.codec, one.rate, bit_rate=128_000), one) for one in sound]
        output.start_encoding()
        for track, one in tracks:
            write_sound(output, track, one)
        for number in range(count):
            image = to_image(make(number, size))
            # The same range on both sides: the numbers stay.
            full = 2 if pixels.startswith("yuv") else None
            image = image.reformat(format=pixels, src_color_range=full, dst_color_range=full)
            image.pts, image.time_base = (number if pts is None else pts[number]), time_base or 1 / fps
            output.mux(stream.encode(image))
        output.mux(stream.encode(None))
    return path


def write_sound(output: av.container.OutputContainer, track: Any, sound: Sound) -> None:
    """Encodes a sine into a track."""
    wave = np.sin(np.arange(round(sound.seconds * sound.rate)) / 20).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
    frame.sample_rate = sound.rate
    resampler = av.AudioResampler(track.format.name, "stereo", sound.rate, frame_size=track.frame_size or 1024)
    for part in (*resampler.resample(frame), *resampler.resample(None), None):
        # FLAC ends with a packet of nothing but side data.
        output.mux([packet for packet in track.encode(part) if packet.size])


def to_image(own: Planes) -> av.VideoFrame:
    """Planes, odd sizes too, as an image of FFmpeg's."""
    height, width = own[0].shape
    image = av.VideoFrame(width, height, "yuv420p")
    for plane, source in zip(image.planes, own, strict=True):
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : plane.width] = source
        plane.update(padded.tobytes())
    return image


class Content(NamedTuple):
    """What a file holds."""

    times: list[Fraction]
    planes: list[Planes]
    sound: list[list[bytes]]
    facts: dict[str, Any]


def content(path: Path) -> Content:
    """Reads a video plainly: no code of ours."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert stream.time_base is not None
        images = list(file.decode(stream))
        facts = {
            "codec": stream.codec_context.name,
            "profile": stream.profile,
            "pixels": stream.codec_context.pix_fmt,
            "size": Size(images[0].width, images[0].height),
            "tags": ColorTags(
                images[0].color_primaries, images[0].color_trc, images[0].colorspace, images[0].color_range
            ),
            "aspect": stream.sample_aspect_ratio,
            "rotation": images[0].rotation,
            "seconds": Fraction(file.duration or 0, 1_000_000),
        }
        times = [image.pts * stream.time_base for image in images if image.pts is not None]
    with av.open(str(path)) as file:
        sound: list[list[bytes]] = [[] for _ in file.streams]
        for packet in file.demux(file.streams.audio):
            sound[packet.stream.index] += [bytes(packet)] if packet.size else []
    return Content(times, [planes_of(image) for image in images], [s for s in sound if s], facts)


def boxes(path: Path) -> list[str]:
    """The names of an MP4's outermost boxes."""
    data, names = path.read_bytes(), []
    while data:
        names.append(data[4:8].decode())
        data = data[int.from_bytes(data[:4], "big") :]
    return names


def planes_of(image: av.VideoFrame) -> Planes:
    y, u, v = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].copy()
        for plane in image.planes
    )
    return y, u, v


def ellipse_pipeline(background: Background | None = None, *, mirror: bool = False) -> Pipeline:
    """A real pipeline without a model."""
    from rimlight.backgrounds.color import open_color
    from rimlight.framing import fitted
    from rimlight.pipeline import Pipeline
    from rimlight.segmenters.ellipse import EllipseSegmenter

    return Pipeline(EllipseSegmenter(Size(64, 64)), background or open_color("#336699"), fitted, mirror=mirror)


def output_of(number: int, size: Size, at: float) -> Output:
    """An output whose picture is image `number`."""
    picture = Picture.empty(size)
    for plane, source in zip(picture.planes, planes(number, size), strict=True):
        plane[:] = source
    alpha: NDArray[np.uint8] = np.zeros((size.height, size.width), np.uint8)
    return Output(picture, Alpha(alpha), at, number)


def cut_of(picture: Picture, at: float) -> Cut:
    """What a background is asked for: the picture, nobody in it."""
    height, width = picture.y.shape
    alpha = Alpha(np.zeros((height, width), np.uint8))
    return Cut(picture, alpha, reduced(picture, max(width, height) // 2), Alpha(alpha[::2, ::2]), at)
