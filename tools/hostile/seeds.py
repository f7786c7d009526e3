"""Small whole files of every kind that Rimlight reads, and of some that it must not; made here, always the same."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageCms

WIDTH, HEIGHT = 48, 32

PICTURES: Sequence[tuple[str, str, Sequence[int]]] = (
    ("jpg", "bgr", (cv2.IMWRITE_JPEG_QUALITY, 90)),
    ("jpg", "gray", (cv2.IMWRITE_JPEG_QUALITY, 60)),
    ("jpg", "bgr", (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
    ("jpg", "bgr", (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)),
    ("png", "bgr", ()),
    ("png", "bgra", ()),
    ("png", "deep", ()),
    ("png", "gray", (cv2.IMWRITE_PNG_BILEVEL, 1)),
    ("webp", "bgr", (cv2.IMWRITE_WEBP_QUALITY, 80)),
    ("webp", "bgra", (cv2.IMWRITE_WEBP_QUALITY, 80)),
    ("webp", "bgra", (cv2.IMWRITE_WEBP_QUALITY, 101)),
    ("bmp", "bgr", ()),
    ("bmp", "gray", ()),
    ("tiff", "bgr", (cv2.IMWRITE_TIFF_COMPRESSION, 1)),
    ("tiff", "bgra", (cv2.IMWRITE_TIFF_COMPRESSION, 5)),
    ("tiff", "deep", (cv2.IMWRITE_TIFF_COMPRESSION, 8)),
    ("tiff", "float", (cv2.IMWRITE_TIFF_COMPRESSION, 1)),
    ("tiff", "gray", (cv2.IMWRITE_TIFF_COMPRESSION, 32773)),
    ("ppm", "bgr", ()),
    ("pgm", "gray", ()),
    ("pfm", "float", ()),
    ("ras", "bgr", ()),
    ("hdr", "float", ()),
    ("jp2", "bgr", ()),
    ("gif", "bgr", ()),
    ("avif", "bgr", ()),
)
"""Ending, what is in it, and how it is written."""

VIDEOS: Sequence[tuple[str, str, str]] = (
    ("mp4", "libx264", "yuv420p"),
    ("mp4", "mpeg4", "yuv420p"),
    ("mp4", "libx265", "yuv420p"),
    ("mov", "mjpeg", "yuvj422p"),
    ("mov", "png", "rgba"),
    ("mov", "qtrle", "rgb24"),
    ("mov", "prores", "yuv422p10le"),
    ("mov", "rawvideo", "yuyv422"),
    ("mkv", "ffv1", "yuv444p10le"),
    ("mkv", "libvpx-vp9", "yuv420p"),
    ("avi", "huffyuv", "yuv422p"),
    ("webm", "libvpx", "yuv420p"),
    ("avi", "mjpeg", "yuvj420p"),
    ("avi", "msmpeg4v2", "yuv420p"),
    ("avi", "rawvideo", "bgr24"),
    ("avi", "cinepak", "rgb24"),
    ("ts", "mpeg2video", "yuv420p"),
    ("ts", "libx264", "yuv420p"),
    ("mpg", "mpeg1video", "yuv420p"),
    ("flv", "flv", "yuv420p"),
    ("wmv", "wmv2", "yuv420p"),
    ("gif", "gif", "rgb8"),
    ("nut", "rawvideo", "yuv420p16le"),
    ("ivf", "libvpx", "yuv420p"),
    ("y4m", "wrapped_avframe", "yuv420p"),
    ("mxf", "mpeg2video", "yuv422p"),
    ("apng", "apng", "rgba"),
)
"""Ending, codec and pixel format. What this machine's FFmpeg cannot write is left out."""

QUIET = {"libx265": {"x265-params": "log-level=none"}}

REFERRING = {
    "hls": ("m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.ts\n#EXT-X-ENDLIST\n"),
    "concat": ("ffconcat", b"ffconcat version 1.0\nfile other.ts\n"),
    "sdp": ("sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 50000 RTP/AVP 96\n"),
    "dash": (
        "mpd",
        (
            b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
            b'<Representation id="1" bandwidth="1"><BaseURL>other.ts</BaseURL></Representation></AdaptationSet>'
            b"</Period></MPD>"
        ),
    ),
}
"""Texts that make FFmpeg open other files, or wait for the network."""


class Seed(NamedTuple):
    """A whole file."""

    ending: str
    content: bytes


def picture_seeds() -> list[Seed]:
    """A picture in every format that OpenCV writes, and an animated one."""
    images = _images()
    made = [
        Seed(ending, bytes(cv2.imencode(f".{ending}", images[what], list(how))[1]))
        for ending, what, how in PICTURES
    ]
    return [*made, _turned(made[0]), *_telling(images["bgr"]), *_animated(images)]


def video_seeds() -> list[Seed]:
    """A clip of every container and codec above that can be written here, and what leads elsewhere."""
    made = [seed for kind in VIDEOS for seed in _clip(*kind)]
    return [*made, *(Seed(ending, text) for ending, text in REFERRING.values())]


def _images() -> dict[str, Any]:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    noise = np.random.default_rng(0).integers(0, 24, (HEIGHT, WIDTH, 3))
    bgr = (np.stack([x * 4, y * 6, 255 - x * 3], axis=-1) * 0.8 + noise).astype(np.uint8)
    return {
        "bgr": bgr,
        "gray": bgr[..., 0].copy(),
        "bgra": np.dstack([bgr, (y * 7).astype(np.uint8)]),
        "deep": bgr.astype(np.uint16) * 257,
        "float": bgr.astype(np.float32) / 255,
    }


def _turned(jpeg: Seed) -> Seed:
    """With an EXIF block that says it lies on its side."""
    block = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x112, 3, 1, 6, 0, 0)
    marker = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    return Seed("jpg", jpeg.content[:2] + marker + jpeg.content[2:])


def _telling(bgr: NDArray[np.uint8]) -> Iterator[Seed]:
    """With a colour profile, and with EXIF data in two directories."""
    inner = struct.pack("<HHHII", 1, 0x9003, 2, 20, 56) + bytes(4) + b"2026:01:02 03:04:05\0"
    exif = b"II*\0\x08\0\0\0" + struct.pack("<HHHI4sHHII", 2, 0x10F, 2, 4, b"Pho\0", 0x8769, 4, 1, 38) + bytes(4)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Without the time at which it was made.
    profile = profile[:24] + bytes(12) + profile[36:]
    kinds = [cv2.IMAGE_METADATA_EXIF, cv2.IMAGE_METADATA_ICCP]
    blocks = [np.frombuffer(block, np.uint8) for block in (exif + inner, profile)]
    for ending in ("jpg", "png", "webp"):
        yield Seed(ending, bytes(cv2.imencodeWithMetadata(f".{ending}", bgr, kinds, blocks)[1]))


def _animated(images: dict[str, Any]) -> Iterator[Seed]:
    animation = cv2.Animation()
    animation.frames = [images["bgra"], images["bgra"][::-1].copy()]
    animation.durations = [40, 40]
    for ending in ("webp", "png"):
        written, content = cv2.imencodeanimation(f".{ending}", animation)
        if written:
            yield Seed(ending, bytes(content))


def _clip(ending: str, codec: str, pixels: str) -> Iterator[Seed]:
    import av

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{ending}"
        try:
            with av.open(str(path), "w", format="yuv4mpegpipe" if ending == "y4m" else None) as output:
                stream: Any = output.add_stream(codec, Fraction(25), QUIET.get(codec))
                stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
                stream.codec_context.thread_count = 1
                for number in range(5):
                    image = np.full((48, 64, 3), 40 * number, np.uint8)
                    image[8 * number : 8 * number + 8] = np.random.default_rng(number).integers(0, 256, (64, 3))
                    frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format=pixels)
                    frame.pts, frame.time_base = number, Fraction(1, 25)
                    output.mux(stream.encode(frame))
                output.mux(stream.encode(None))
        except av.FFmpegError:
            return
        yield Seed(ending, path.read_bytes())
