"""A camera whose pictures carry their number, compressed as webcams do it, and the sink that reads it again."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2

from rimlight.benches.machine import resident
from rimlight.benches.timecode import CODES, draw, read
from rimlight.pacing import Pacer
from rimlight.picture import to_bgr
from rimlight.protocols import Sink, Source
from rimlight.sources.mjpeg import open_mjpeg_decoder
from rimlight.sources.sitter import open_sitter
from rimlight.types import Frame, Output, Size, StreamFormat

_QUALITY = 85
"""Of the JPEGs: about 1.5 bits a pixel with the sitter's noise, as webcams give."""


def render(folder: Path, size: Size) -> None:
    """Writes `CODES` JPEGs of the sitter, each with its number, into `folder`. She moves to and fro.

    Chroma is halved across only (4:2:2), as in the MJPG of nearly all webcams.
    """
    options = [
        *(cv2.IMWRITE_JPEG_QUALITY, _QUALITY),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422),
    ]
    with open_sitter(size, paced=False) as sitter:
        for code in range(CODES):
            picture = sitter.render(min(code, CODES - 1 - code))
            draw(picture, code)
            _, jpeg = cv2.imencode(".jpg", to_bgr(picture), options)
            (folder / f"{code:03d}.jpg").write_bytes(jpeg.tobytes())


class CodedCamera(Source):
    """Gives the pictures of `render` at a webcam's pace, decoded when they are read."""

    name = "time-coded sitter"

    def __init__(self, folder: Path, size: Size, fps: Fraction) -> None:
        self._jpegs = [file.read_bytes() for file in sorted(folder.glob("*.jpg"))]
        self._format = StreamFormat(size, fps)
        self._decoder = open_mjpeg_decoder(size)
        self._closed = threading.Event()
        self._pacer = Pacer(fps, sleep=self._closed.wait)

    @property
    def format(self) -> StreamFormat:
        return self._format

    def read(self) -> Frame | None:
        """The frame that is due, `at` its deadline: that it was decoded late is latency too."""
        index, at = self._pacer.wait()
        if self._closed.is_set():
            return None
        return Frame(self._decoder.decode(self._jpegs[index % CODES]), at, index)

    def close(self) -> None:
        self._closed.set()


@dataclass(frozen=True)
class Arrival:
    """An output that reached the sink. Times are those of `time.monotonic`."""

    index: int
    captured: float
    at: float
    cpu: float
    """Seconds of processor time that the process had used by then."""
    right: bool
    """Whether the picture bears the frame's own number."""


class CodeReader(Sink):
    """Takes I420, reads the number, remembers when; and how much memory there was after `settled` seconds."""

    name = "in process"
    prompt = True

    def __init__(self, settled: float) -> None:
        self._settled = settled
        self._arrivals: list[Arrival] = []
        self.early_memory: int | None = None
        """Bytes, when `settled` seconds of outputs had come."""

    def send(self, output: Output) -> None:
        if not output.alpha.any():  # the privacy card, which bears no number
            return
        at = time.monotonic()
        right = read(output.picture.y) == output.index % CODES
        self._arrivals.append(Arrival(output.index, output.at, at, time.process_time(), right))
        if self.early_memory is None and at - self._arrivals[0].at >= self._settled:
            self.early_memory = resident()

    @property
    def arrivals(self) -> Sequence[Arrival]:
        """Those after `settled` seconds."""
        return [a for a in self._arrivals if a.at - self._arrivals[0].at >= self._settled]

    def close(self) -> None:
        """Nothing is held beyond memory."""
