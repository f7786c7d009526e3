"""A webcam, through OpenCV: asks for a size and a rate, and says what the driver really gave."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import cv2

from rimlight.errors import CameraBusyError, SourceError
from rimlight.picture import from_bgr
from rimlight.sources.cameras import BACKENDS, CameraInfo, find_camera, list_cameras
from rimlight.types import Bgr, Frame, Size, Source, StreamFormat

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
        raise _refusal(info)
    _ask(capture, size, fps)
    first = _first(capture)
    if first is None:
        capture.release()
        raise _refusal(info)
    return WebcamSource(info, capture, first, (size, fps))


class WebcamSource(Source):
    """An open camera. Pictures are BT.601 limited range; sizes that the driver gives odd are padded to even."""

    def __init__(
        self, info: CameraInfo, capture: cv2.VideoCapture, first: Bgr, asked: tuple[Size, Fraction]
    ) -> None:
        self._info = info
        self._capture = capture
        self._shape = first.shape
        height, width = first.shape[:2]
        got = Size(width, height)
        fps = _rate(capture.get(cv2.CAP_PROP_FPS)) or asked[1]
        self._format = StreamFormat(got.even, fps)
        self._note = _note(info.name, got, _fourcc(capture), fps, asked)
        self._index = 0
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
        with self._in_use:
            limit = time.monotonic() + _SILENCE
            while self._wait(limit):
                if not self._capture.grab():
                    raise _lost(self._info)
                at = time.monotonic()
                index, self._index = self._index, self._index + 1
                whole, bgr = self._capture.retrieve()
                if not whole:  # a picture damaged on the cable is no reason to end a call
                    continue
                if bgr.shape != self._shape:
                    raise _lost(self._info)
                return Frame(from_bgr(bgr), at, index)
        return None

    def close(self) -> None:
        """Never waits for a driver that hangs: the camera is then released when the process ends."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._in_use.acquire(timeout=5 * _LOOK):
            self._capture.release()
            self._in_use.release()

    def _wait(self, limit: float) -> bool:
        """Waits for a picture; False once closed. Only V4L2 can wait with a limit, elsewhere the grab waits."""
        while not self._closing.is_set():
            if time.monotonic() > limit:
                raise _lost(self._info)
            if sys.platform != "linux" or self._arrived():
                return True
        return False

    def _arrived(self) -> bool:
        try:
            ready: bool = cv2.VideoCapture.waitAny([self._capture], int(_LOOK * 1e9))[0]
        except cv2.error as error:
            raise _lost(self._info) from error
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


def _first(capture: cv2.VideoCapture) -> Bgr | None:
    """The first picture, which tells the true size; None if there is none within OpenCV's own time limit."""
    for _ in range(_TRIES):
        whole, bgr = capture.read()
        if whole:
            first: Bgr = bgr
            return first
    return None


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


def _refusal(info: CameraInfo) -> SourceError:
    """Why the camera cannot be opened or gives nothing, as far as the system tells."""
    if sys.platform == "linux":
        return _linux_refusal(info)
    what = f"camera {info} cannot be opened: another program holds it, or cameras are not allowed here"
    if sys.platform == "darwin":
        return CameraBusyError(what, "Look into System Settings > Privacy & Security > Camera.")
    return CameraBusyError(what, "Close other video programs; look into Settings > Privacy & security > Camera.")


def _linux_refusal(info: CameraInfo) -> SourceError:
    from rimlight.v4l2 import holders, is_busy

    if not os.access(info.path, os.R_OK | os.W_OK, effective_ids=True):
        what = f"camera {info} may not be opened by this user ({info.path})"
        return CameraBusyError(what, "Join the group that may, then log in again: sudo usermod -aG video $USER")
    try:
        busy = is_busy(info.path)
    except OSError as error:
        busy = error.errno == errno.EBUSY
    if busy:
        who = ", ".join(holders(info.path)) or "another program"
        return CameraBusyError(
            f"camera {info} is in use by {who} ({info.path})",
            "Close it there, or choose another camera; this lists them: rimlight devices",
        )
    what = f"camera {info} gives no pictures ({info.path})"
    return SourceError(what, "Unplug it and plug it in again, or choose another: rimlight devices")


def _lost(info: CameraInfo) -> SourceError:
    if info.path.startswith("/dev/") and not Path(info.path).exists():
        return SourceError(f"camera {info} was unplugged", "Plug it in and start again.")
    return SourceError(f"camera {info} stopped giving pictures", "Unplug it, plug it in again and start anew.")
