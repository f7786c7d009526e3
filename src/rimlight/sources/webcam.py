"""A webcam, through OpenCV: asks for a size and a rate, and says what the driver really gave.

On Linux OpenCV hands over the driver's own bytes, which then go straight to planes (`mjpeg`, `raw`), and its time
stamps, so that latency counts from the capture. Elsewhere, and where that fails, OpenCV makes BGR of everything.
"""

from __future__ import annotations

import sys
import threading
import time
from fractions import Fraction

import cv2

from rimlight.errors import SourceError
from rimlight.protocols import Source
from rimlight.sources.cameras import CameraInfo, find_camera, list_cameras, why_lost, why_refused
from rimlight.sources.driver import ask, begin, fourcc_of, open_capture, rate_of
from rimlight.sources.raw import Decoder, RenegotiatedError
from rimlight.sources.returning import Identity, cameras_named, find_again, identity
from rimlight.types import Frame, Plane, Size, StreamFormat

_SILENCE = 2.0
"""Seconds without a whole picture after which a camera counts as broken; three intervals, if that is longer."""
_LOOK = 0.1
"""Seconds between two looks whether the camera is being closed."""
_OLDEST = 1.0
"""Seconds; a picture that says to be older has its time from another clock."""


def open_webcam(camera: int | str, size: Size, fps: Fraction) -> WebcamSource:
    """Opens a camera by number, device file or (part of) its name, asking for `size` and `fps`.

    OpenCV's own log is silent from here on: what it would print is raised. Raises CameraMissingError when there is
    no such camera or the name fits several, CameraBusyError when another program holds it or we may not open it,
    SourceError when it gives no pictures.
    """
    cameras = list_cameras()
    info = find_camera(camera, cameras)
    return _open(info, identity(info, cameras), (size, fps))


def _open(info: CameraInfo, known: Identity, asked: tuple[Size, Fraction]) -> WebcamSource:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = open_capture(info)
    if not capture.isOpened():
        raise why_refused(info)
    try:
        ask(capture, *asked)
        begun = begin(capture)
    except cv2.error as error:
        capture.release()
        raise why_refused(info) from error
    if begun is None:
        capture.release()
        raise why_refused(info)
    return WebcamSource(info, known, capture, *begun, asked)


class WebcamSource(Source):
    """An open camera. Pictures are BT.601 limited range; sizes that the driver gives odd are padded to even."""

    returns = True

    def __init__(
        self,
        info: CameraInfo,
        known: Identity,
        capture: cv2.VideoCapture,
        decoder: Decoder,
        got: Size,
        asked: tuple[Size, Fraction],
    ) -> None:
        self._info = info
        self._known = known
        self._asked = asked
        self._capture = capture
        self._decoder = decoder
        fps = rate_of(capture) or asked[1]
        self._format = StreamFormat(got.even, fps)
        self._note = _note(info.name, got, fourcc_of(capture), fps, asked)
        self._silence = max(_SILENCE, 3 / float(fps))
        self._index = 0
        self._at = 0.0
        self._data: Plane | None = None
        self._released = False
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
        """As `Source.read`. A picture damaged on the cable, no reason to end a call, is left out of the numbers.

        Raises SourceError at once when the camera is unplugged or gives pictures of another size, and when it gives
        no whole picture for 2 seconds.
        """
        with self._in_use:
            try:
                return self._next()
            finally:
                if self._closing.is_set():
                    self._release()

    def _next(self) -> Frame | None:
        damage: SourceError | None = None
        limit = time.monotonic() + self._silence
        while self._wait(limit, damage):
            index, self._index = self._index, self._index + 1
            data = self._grab()
            if data is None:
                continue
            try:
                return Frame(self._decoder.decode(data), self._at, index)
            except RenegotiatedError as error:
                what = f"camera {self._info} changed its pictures: {error.what}"
                raise SourceError(what, "It must be opened anew.") from error
            except SourceError as error:
                damage = error
        return None

    def _grab(self) -> Plane | None:
        """What the driver gave, None if OpenCV finds it damaged."""
        try:
            if not self._capture.grab():
                raise why_lost(self._info)
            self._at = self._time()
            # What was decoded already gives its memory, where the size is the same.
            whole, self._data = self._capture.retrieve(self._data)
        except cv2.error as error:
            raise why_lost(self._info) from error
        return self._data if whole else None

    def reopened(self) -> WebcamSource:
        """The same camera by its name and place, whatever its number is now, asked for the same as before.

        Cheap while it is away. Raises CameraMissingError then, and what `open_webcam` raises when it does not open.
        """
        cameras = cameras_named(self._known.name)
        info = find_again(self._known, cameras)
        return _open(info, identity(info, cameras), self._asked)

    def close(self) -> None:
        """Never waits for a driver that hangs: its last read, should it ever end, then releases the camera."""
        self._closing.set()
        if self._in_use.acquire(timeout=5 * _LOOK):
            self._release()
            self._in_use.release()

    def _release(self) -> None:
        if not self._released:
            self._released = True
            self._capture.release()
            self._decoder.close()

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
                raise why_lost(self._info, damage) from damage
            if sys.platform != "linux" or self._arrived():
                return True
        return False

    def _arrived(self) -> bool:
        try:
            ready: bool = cv2.VideoCapture.waitAny([self._capture], int(_LOOK * 1e9))[0]
        except cv2.error as error:
            raise why_lost(self._info) from error
        return ready


def _note(name: str, size: Size, fourcc: str, fps: Fraction, asked: tuple[Size, Fraction]) -> str:
    note = " ".join(part for part in (f"{name}:", str(size), fourcc, f"at {float(fps):g} fps") if part)
    wanted = [str(asked[0])] if size != asked[0] else []
    if abs(fps - asked[1]) > Fraction(1, 10):
        wanted.append(f"{float(asked[1]):g} fps")
    return f"{note} (asked for {' at '.join(wanted)})" if wanted else note
