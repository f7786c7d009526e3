"""A camera that another program holds when the run starts: taken when it is free."""

from __future__ import annotations

import os
import sys
from fractions import Fraction

from rimlight.errors import CameraBusyError
from rimlight.protocols import Source
from rimlight.sources.cameras import find_camera, list_cameras
from rimlight.sources.webcam import WebcamSource, open_webcam
from rimlight.types import Frame, Size, StreamFormat


def open_awaited_camera(camera: int | str, size: Size, fps: Fraction, busy: CameraBusyError) -> AwaitedCamera:
    """Stands for the camera that `open_webcam` refused, given the same, with `busy`.

    Raises `busy` where waiting does not help: this user may not open the camera. Raises CameraMissingError when it
    has gone since.
    """
    info = find_camera(camera, list_cameras())
    if sys.platform == "linux" and not os.access(info.path, os.R_OK | os.W_OK, effective_ids=True):
        raise busy
    return AwaitedCamera(camera, info.name, size, fps, busy)


class AwaitedCamera(Source):
    """Lost from the beginning: has the format that was asked for and gives no frame; it comes by `reopened`."""

    returns = True

    def __init__(self, camera: int | str, name: str, size: Size, fps: Fraction, busy: CameraBusyError) -> None:
        self._camera = camera
        self._name = name
        self._size = size
        self._fps = fps
        self._busy = busy

    @property
    def name(self) -> str:
        return self._name

    @property
    def format(self) -> StreamFormat:
        """What was asked for; the camera itself may give another."""
        return StreamFormat(self._size.even, self._fps)

    @property
    def note(self) -> str:
        """Why it is waited for: 'camera 0 'BRIO' is in use by zoom (process 1234) (/dev/video0)'."""
        return self._busy.what

    def read(self) -> Frame | None:
        """Raises the CameraBusyError that the camera was refused with."""
        raise self._busy.with_traceback(None)

    def reopened(self) -> WebcamSource:
        """As `open_webcam`, which raises while another program holds the camera or it is not there."""
        return open_webcam(self._camera, self._size, self._fps)

    def close(self) -> None:
        """Nothing is held."""
        return
