"""Tries an encoder: `python -m rimlight.sinks.encoder_trial CODEC WIDTH HEIGHT`; exit code 0 if it can be used.

In a process of its own, because graphics drivers crash and hang. The pictures are made up.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rimlight.sinks.encoders import live_encoding
from rimlight.sinks.layout import i420_image
from rimlight.types import Picture, Plane, Size, StreamFormat

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.codeccontext import VideoCodecContext

_COUNT = 12
_FAR = 8.0
"""Levels by which luma may be off on average; x264 is off by 1."""


def works(codec: str, size: Size) -> bool:
    """Whether what it encodes, decoded, is what it was given, picture by picture and in order."""
    from av import CodecContext, FFmpegError
    from av.codec.context import Flags

    encoding = live_encoding(StreamFormat(size, Fraction(30)), codec)
    pictures = [made_up(number, size) for number in range(_COUNT)]
    try:
        context = cast("VideoCodecContext", CodecContext.create(codec, "w"))
        context.width, context.height = size
        context.pix_fmt, context.time_base, context.framerate = encoding.pixels, Fraction(1, 30), Fraction(30)
        context.options, context.thread_count = dict(encoding.options), encoding.threads
        context.flags |= Flags.global_header
        context.open()
        packets: list[Any] = []
        for number, picture in enumerate(pictures):
            frame = i420_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, 30)
            packets += context.encode(frame)
        packets += context.encode(None)
        decoder = CodecContext.create("h264", "r")
        decoder.extradata = context.extradata
        decoded = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    except (FFmpegError, ValueError):
        return False
    if len(decoded) != _COUNT or any(packet.pts != packet.dts for packet in packets):
        return False
    return max(_away(given, frame) for given, frame in zip(pictures, decoded, strict=True)) < _FAR


def made_up(number: int, size: Size) -> Plane:
    """A ramp that moves: I420."""
    picture = Picture.empty(size)
    picture.i420[:] = 128
    x, y = np.meshgrid(np.arange(size.width), np.arange(size.height))
    picture.y[:] = 30 + (x * 160 // size.width + y * 30 // size.height + 8 * number) % 200
    return picture.i420


def _away(given: Plane, shown: VideoFrame) -> float:
    return float(np.abs(given.astype(np.int16) - shown.to_ndarray(format="yuv420p")).mean())


if __name__ == "__main__":
    sys.exit(0 if works(sys.argv[1], Size(int(sys.argv[2]), int(sys.argv[3]))) else 1)
