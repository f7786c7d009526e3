"""A camera's driver through OpenCV: opened, asked for what is wanted, and begun with."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from fractions import Fraction

import cv2

from rimlight.errors import SourceError
from rimlight.picture import size_of
from rimlight.sources.cameras import BACKENDS, CameraInfo
from rimlight.sources.mjpeg import open_mjpeg_decoder
from rimlight.sources.raw import BgrDecoder, Decoder, RenegotiatedError, open_raw_decoder
from rimlight.types import Plane, Size

_BUFFERS = 2
"""One to fill while the other is decoded. With one the camera skips every picture that begins meanwhile; more
gain nothing, as the reader always waits for the next."""
_FIRST = 3
"""Seconds, whole ones, that a camera has for its first picture; OpenCV's own limit is 10."""
_TRIES = 5
"""Pictures: the first ones after a camera was switched on are sometimes damaged."""
_FASTEST = 1000
"""Pictures a second; drivers that do not know their rate answer 0, -1 or nonsense."""


def open_capture(info: CameraInfo) -> cv2.VideoCapture:
    """OpenCV's way to the camera; not opened where that fails."""
    if sys.platform == "linux":
        # OpenCV reads it at the first picture of the process; there is no call for it.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(_FIRST))
        return cv2.VideoCapture(info.path, cv2.CAP_V4L2)
    return cv2.VideoCapture(info.index, BACKENDS.get(sys.platform, cv2.CAP_ANY))


def ask(capture: cv2.VideoCapture, size: Size, fps: Fraction) -> None:
    """What a driver cannot do it ignores, and `get` or the first picture tells.

    The pixel format comes first: it decides on sizes and rates, and raw formats give 5 to 10 pictures a second at
    720p through USB 2.
    """
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size.height)
    capture.set(cv2.CAP_PROP_FPS, float(fps))
    capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)


def begin(capture: cv2.VideoCapture) -> tuple[Decoder, Size] | None:
    """What makes pictures of the driver's data, and their true size, seen on the first; None if none comes."""
    size = Size(*(int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)))
    decoder = _direct(fourcc_of(capture), size) if sys.platform == "linux" else None
    if decoder and capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
        others = False
        for data in _first(capture):
            try:
                decoder.decode(data)
            except RenegotiatedError:  # a driver that says one thing and does another
                others = True
            except SourceError:  # damaged
                continue
            else:
                return decoder, size
        if not others:  # OpenCV makes nothing of it either; of a damaged JPEG a picture of whatever was in memory
            return None
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
    for bgr in _first(capture):
        size = size_of(bgr)
        return BgrDecoder(size), size
    return None


def _direct(fourcc: str, size: Size) -> Decoder | None:
    return open_mjpeg_decoder(size) if fourcc in {"MJPG", "JPEG"} else open_raw_decoder(fourcc, size)


def _first(capture: cv2.VideoCapture) -> Iterator[Plane]:
    """The first pictures' data; ends where none comes within OpenCV's own time limit, for V4L2 `_FIRST`."""
    for _ in range(_TRIES):
        if capture.grab():
            whole, data = capture.retrieve()
            if whole:
                yield data
        elif sys.platform == "linux":
            return


def rate_of(capture: cv2.VideoCapture) -> Fraction | None:
    """Pictures a second, as the driver says; None if it does not know."""
    answer: float = capture.get(cv2.CAP_PROP_FPS)
    return Fraction(answer).limit_denominator(1001) if 0 < answer <= _FASTEST else None


def fourcc_of(capture: cv2.VideoCapture) -> str:
    """The pixel format by V4L2's four letters, 'MJPG'; empty if the driver does not say."""
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    text = code.to_bytes(4, "little").decode("latin-1").strip() if code > 0 else ""
    return text if text.isprintable() else ""
