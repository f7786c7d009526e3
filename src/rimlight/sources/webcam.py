"""A webcam, through OpenCV: asks for a size and a rate, and says what the driver really gave.

On Linux OpenCV hands over the driver's own bytes, which then go straight to planes (`mjpeg`, `raw`), and its time
stamps, so that latency counts from the capture. Elsewhere, and where that fails, OpenCV makes BGR of everything.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import cv2

from rimlight.errors import SourceError
from rimlight.picture import size_of
from rimlight.protocols import Source
from rimlight.sources.cameras import BACKENDS, CameraInfo, find_camera, list_cameras, why_lost, why_refused
from rimlight.sources.mjpeg import open_mjpeg_decoder
from rimlight.sources.raw import BgrDecoder, Decoder, open_raw_decoder
from rimlight.types import Frame, Plane, Size, StreamFormat

_BUFFERS = 2
"""One to fill while the other is decoded. With one the camera skips every picture that begins meanwhile; more
gain nothing, as the reader always waits for the next."""
_SILENCE = 5.0
"""Seconds without a picture after which a camera counts as broken."""
_TRIES = 5
"""Pictures: the first ones after a camera was switched on are sometimes damaged."""
_LOOK = 0.1
"""Seconds between two looks whether the camera is being closed."""
_FASTEST = 1000
"""Pictures a second; drivers that do not know their rate answer 0, -1 or nonsense."""
_OLDEST = 1.0
"""Seconds; a picture that says to be older has its time from another clock."""


def open_webcam(camera: int | str, size: Size, fps: Fraction) -> WebcamSource:
    """Opens a camera by number, device file or (part of) its name, asking for `size` and `fps`.

    OpenCV's own log is silent from here on: what it would print is raised. Raises CameraMissingError when there is
    no such camera or the name fits several, CameraBusyError when another program holds it or we may not open it,
    SourceError when it gives no pictures.
    """
    info = find_camera(camera, list_cameras())
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = _capture(info)
    if not capture.isOpened():
        raise why_refused(info)
    _ask(capture, size, fps)
    begun = _begin(capture)
    if begun is None:
        capture.release()
        raise why_refused(info)
    return WebcamSource(info, capture, *begun, (size, fps))


class WebcamSource(Source):
    """An open camera. Pictures are BT.601 limited range; sizes that the driver gives odd are padded to even."""

    def __init__(
        self,
        info: CameraInfo,
        capture: cv2.VideoCapture,
        decoder: Decoder,
        got: Size,
        asked: tuple[Size, Fraction],
    ) -> None:
        self._info = info
        self._capture = capture
        self._decoder = decoder
        fps = _rate(capture.get(cv2.CAP_PROP_FPS)) or asked[1]
        self._format = StreamFormat(got.even, fps)
        self._note = _note(info.name, got, _fourcc(capture), fps, asked)
        self._index = 0
        self._at = 0.0
        self._data: Plane | None = None
        self._closing = threading.Event()
        self._in_use = threading.Lock()

    @property
    def name(self) -> str:
        return self._info.name

    @property
    def format(self) -> StreamFormat:
        return self._format

    @property
    def note(self) -> str:
        """What was obtained, in a line: 'Integrated Camera: 1280x720 MJPG at 30 fps'."""
        return self._note

    def read(self) -> Frame | None:
        """As `Source.read`. A picture damaged on the cable, no reason to end a call, is left out of the numbers."""
        with self._in_use:
            damage: SourceError | None = None
            limit = time.monotonic() + _SILENCE
            while self._wait(limit, damage):
                if not self._capture.grab():
                    raise why_lost(self._info)
                index, self._index = self._index, self._index + 1
                self._at = self._time()
                # What was decoded already gives its memory, where the size is the same.
                whole, self._data = self._capture.retrieve(self._data)
                if not whole or self._data is None:
                    continue
                try:
                    return Frame(self._decoder.decode(self._data), self._at, index)
                except SourceError as error:
                    damage = error
        return None

    def close(self) -> None:
        """Never waits for a driver that hangs: the camera is then released when the process ends."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._in_use.acquire(timeout=5 * _LOOK):
            self._capture.release()
            self._decoder.close()
            self._in_use.release()

    def _time(self) -> float:
        """When the picture grabbed last was taken, on our clock: as its driver says where that can be, or now."""
        now = time.monotonic()
        if sys.platform == "linux":
            told: float = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if max(self._at, now - _OLDEST) < told <= now:
                return told
        return now

    def _wait(self, limit: float, damage: SourceError | None) -> bool:
        """Waits for a picture; False once closed. Only V4L2 can wait with a limit, elsewhere the grab waits."""
        while not self._closing.is_set():
            if time.monotonic() > limit:
                raise why_lost(self._info) from damage
            if sys.platform != "linux" or self._arrived():
                return True
        return False

    def _arrived(self) -> bool:
        try:
            ready: bool = cv2.VideoCapture.waitAny([self._capture], int(_LOOK * 1e9))[0]
        except cv2.error as error:
            raise why_lost(self._info) from error
        return ready


def _capture(info: CameraInfo) -> cv2.VideoCapture:
    if sys.platform == "linux":
        return cv2.VideoCapture(info.path, cv2.CAP_V4L2)
    return cv2.VideoCapture(info.index, BACKENDS.get(sys.platform, cv2.CAP_ANY))


def _ask(capture: cv2.VideoCapture, size: Size, fps: Fraction) -> None:
    """What a driver cannot do it ignores, and `get` or the first picture tells.

    The pixel format comes first: it decides on sizes and rates, and raw formats give 5 to 10 pictures a second at
    720p through USB 2.
    """
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size.height)
    capture.set(cv2.CAP_PROP_FPS, float(fps))
    capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)


def _begin(capture: cv2.VideoCapture) -> tuple[Decoder, Size] | None:
    """What makes pictures of the driver's data, and their true size, seen on the first; None if none comes."""
    size = Size(*(int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)))
    decoder = _direct(_fourcc(capture), size) if sys.platform == "linux" else None
    if decoder and capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
        if any(_decodes(decoder, data) for data in _first(capture)):
            return decoder, size
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
    for bgr in _first(capture):
        size = size_of(bgr)
        return BgrDecoder(size), size
    return None


def _direct(fourcc: str, size: Size) -> Decoder | None:
    return open_mjpeg_decoder(size) if fourcc in {"MJPG", "JPEG"} else open_raw_decoder(fourcc, size)


def _first(capture: cv2.VideoCapture) -> Iterator[Plane]:
    """The first pictures' data; ends where none comes within OpenCV's own time limit, which is 10 s for V4L2."""
    for _ in range(_TRIES):
        if capture.grab():
            whole, data = capture.retrieve()
            if whole:
                yield data
        elif sys.platform == "linux":
            return


def _decodes(decoder: Decoder, data: Plane) -> bool:
    try:
        decoder.decode(data)
    except SourceError:  # damaged, or a driver that says one thing and does another: the caller has another way
        return False
    return True


def _rate(answer: float) -> Fraction | None:
    return Fraction(answer).limit_denominator(1001) if 0 < answer <= _FASTEST else None


def _fourcc(capture: cv2.VideoCapture) -> str:
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    text = code.to_bytes(4, "little").decode("latin-1").strip() if code > 0 else ""
    return text if text.isprintable() else ""


def _note(name: str, size: Size, fourcc: str, fps: Fraction, asked: tuple[Size, Fraction]) -> str:
    note = " ".join(part for part in (f"{name}:", str(size), fourcc, f"at {float(fps):g} fps") if part)
    wanted = [str(asked[0])] if size != asked[0] else []
    if abs(fps - asked[1]) > Fraction(1, 10):
        wanted.append(f"{float(asked[1]):g} fps")
    return f"{note} (asked for {' at '.join(wanted)})" if wanted else note
