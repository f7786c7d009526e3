"""Which cameras there are, which of them a user means, and why one gives no pictures."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from rimlight.errors import CameraBusyError, CameraMissingError, SourceError

BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_DSHOW}
"""OpenCV's way to cameras by `sys.platform`; CAP_ANY elsewhere."""


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera of this system."""

    index: int
    name: str
    path: str
    """Device file on Linux, an opaque identity or nothing elsewhere."""
    formats: tuple[str, ...] = ()
    """Pixel formats with their largest size, 'MJPG up to 1920x1080'; empty where asking is not cheap."""
    bus: str = ""
    """Where it is plugged in, in the system's own words; cameras of one name differ in it."""

    def __str__(self) -> str:
        return f"{self.index} '{self.name}'"


def list_cameras() -> list[CameraInfo]:
    """The cameras of this system, by number. Takes no pictures, so that no light goes on."""
    from cv2_enumerate_cameras import enumerate_cameras

    found = enumerate_cameras(BACKENDS.get(sys.platform, cv2.CAP_ANY))
    cameras = [CameraInfo(c.index, c.name, c.path or "", *_asked(c.path or "")) for c in found]
    return sorted(cameras, key=lambda camera: camera.index)


def find_camera(camera: int | str, cameras: Sequence[CameraInfo]) -> CameraInfo:
    """The one of `cameras` that has this number, this device file, this name or this part of it, in any case.

    Raises CameraMissingError when there is none, or when a name fits several.
    """
    fitting = _fitting(str(camera).strip(), cameras)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        choice = " or ".join(str(info) for info in fitting)
        raise CameraMissingError(f"camera '{camera}' fits more than one", f"Choose one by its number: {choice}.")
    if not cameras:
        hint = "Plug one in and try again, or see Rimlight at work without: rimlight --camera sitter"
        raise CameraMissingError(f"there is no camera {camera}: this system has none", hint)
    known = ", ".join(str(info) for info in cameras)
    raise CameraMissingError(f"there is no camera {camera}", f"Choose one of these by number or name: {known}.")


def why_refused(info: CameraInfo) -> SourceError:
    """Why a camera cannot be opened or gives nothing, as far as the system tells."""
    if sys.platform == "linux":
        return _linux_refusal(info)
    what = f"camera {info} cannot be opened: another program holds it, or cameras are not allowed here"
    if sys.platform == "darwin":
        return CameraBusyError(what, "Look into System Settings > Privacy & Security > Camera.")
    return CameraBusyError(what, "Close other video programs; look into Settings > Privacy & security > Camera.")


def _linux_refusal(info: CameraInfo) -> SourceError:
    from rimlight.v4l2 import holders, is_busy

    if not Path(info.path).exists():
        return CameraMissingError(f"camera {info} has just gone ({info.path})", "Plug it in again.")
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


def why_lost(info: CameraInfo, damage: SourceError | None = None) -> SourceError:
    """Why a camera that gave pictures gives none any more, or none but damaged ones."""
    if damage is not None:
        what = f"camera {info} gives only damaged pictures: {damage.what}"
        return SourceError(what, "Try another cable or another socket.")
    if info.path.startswith("/dev/") and _is_gone(Path(info.path)):
        return SourceError(f"camera {info} was unplugged", "Plug it in again.")
    return SourceError(f"camera {info} stopped giving pictures", "Unplug it and plug it in again.")


def _is_gone(path: Path) -> bool:
    """Whether the device file is, or goes at once: a driver may end its stream some milliseconds earlier."""
    for _ in range(5):
        if not path.exists():
            return True
        time.sleep(0.02)
    return False


def _fitting(wanted: str, cameras: Sequence[CameraInfo]) -> list[CameraInfo]:
    if wanted.isdecimal():
        return [info for info in cameras if info.index == int(wanted)]
    if wanted.startswith("/"):
        return [info for info in cameras if info.path == os.path.realpath(wanted)]
    name = wanted.casefold()
    same = [info for info in cameras if info.name.casefold() == name]
    return same or [info for info in cameras if name and name in info.name.casefold()]


def _asked(path: str) -> tuple[tuple[str, ...], str]:
    """What the driver says: formats and bus."""
    if sys.platform != "linux" or not path:
        return (), path
    from rimlight.v4l2 import capture_formats, video_node

    try:
        formats = tuple(f"{code} up to {largest}" for code, largest in capture_formats(path))
        return formats, video_node(path).bus
    except OSError:  # not ours to open: opening it for pictures will say so
        return (), ""
