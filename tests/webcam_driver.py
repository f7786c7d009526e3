"""Cameras without a device: what stands in for OpenCV's way to one, and its pictures."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
import pytest

from rimlight.picture import to_bgr
from rimlight.sources import webcam
from rimlight.sources.cameras import CameraInfo
from rimlight.types import Bgr, Frame, Plane, Size

HD = Size(1280, 720)
THIRTY = Fraction(30)
CAMERAS = [CameraInfo(0, "Integrated Camera: Color", "/dev/video0"), CameraInfo(4, "BRIO", "/dev/video4")]

linux = pytest.mark.skipif(sys.platform != "linux", reason="device files are Linux's")


def jpeg(bgr: Bgr) -> Plane:
    """As OpenCV hands over what a driver gives, (1, n)."""
    data: Plane = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 98])[1]
    return data.reshape(1, -1)


def yuyv(bgr: Bgr) -> Plane:
    data: Plane = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_YUYV)
    return data


class Driver:
    """Stands in for cv2.VideoCapture. `pictures`: arrays, None for one that is damaged; then it is silent.

    `raw` makes of them what the driver itself gives, by default what `fourcc` says. `ages` tells how many seconds
    before they were taken. While `going` is not set, a grab hangs.
    """

    def __init__(
        self,
        pictures: list[Bgr | None],
        fps: float = 30.0,
        fourcc: str = "MJPG",
        raw: Callable[[Bgr], Plane] | None = None,
        ages: tuple[float, ...] = (),
    ) -> None:
        self.pictures = pictures
        self.asked: list[tuple[int, float]] = []
        self.released = 0
        self.grabbed = 0
        self.going = threading.Event()
        self.going.set()
        self._raw = raw or (yuyv if fourcc == "YUYV" else jpeg)
        self._ages = list(ages)
        self._converts = True
        height, width = next((p.shape[:2] for p in pictures if p is not None), (0, 0))
        self._answers = {
            cv2.CAP_PROP_FPS: fps,
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*fourcc)) if fourcc else 0.0,
            cv2.CAP_PROP_FRAME_WIDTH: float(width),
            cv2.CAP_PROP_FRAME_HEIGHT: float(height),
            cv2.CAP_PROP_POS_MSEC: 0.0,
        }

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def set(self, what: int, value: float) -> bool:
        self.asked.append((what, value))
        if what == cv2.CAP_PROP_CONVERT_RGB:
            self._converts = bool(value)
        return True

    def get(self, what: int) -> float:
        return self._answers[what]

    def grab(self) -> bool:
        self.grabbed += 1
        assert self.going.wait(30)
        if self._ages:
            self._answers[cv2.CAP_PROP_POS_MSEC] = (time.monotonic() - self._ages.pop(0)) * 1000
        return bool(self.pictures)

    def retrieve(self, _: Plane | None = None) -> tuple[bool, Plane | None]:
        picture = self.pictures.pop(0)
        if picture is None:
            return False, None
        return True, picture if self._converts else self._raw(picture)

    def release(self) -> None:
        self.released += 1


def plugged_in(monkeypatch: pytest.MonkeyPatch) -> list[Driver]:
    """Cameras that `open_webcam` gets; the first one that is put in."""
    drivers: list[Driver] = []

    def wait_any(captures: list[Driver], _: int) -> tuple[bool, list[int]]:
        return bool(captures[0].pictures), [0]

    opened = type("VideoCapture", (), {"__new__": lambda *_: drivers[0], "waitAny": staticmethod(wait_any)})
    monkeypatch.setattr(cv2, "VideoCapture", opened)
    monkeypatch.setattr(webcam, "list_cameras", lambda: CAMERAS)
    monkeypatch.delenv("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", raising=False)
    monkeypatch.setattr(webcam, "_SILENCE", 0.2)
    return drivers


def picture(level: int, width: int = 1280, height: int = 720) -> Bgr:
    return np.full((height, width, 3), level, np.uint8)


def levels(frame: Frame | None) -> list[int]:
    """Blue, green and red in the middle."""
    assert frame is not None
    bgr = to_bgr(frame.picture)
    return [int(level) for level in bgr[bgr.shape[0] // 2, bgr.shape[1] // 2]]
