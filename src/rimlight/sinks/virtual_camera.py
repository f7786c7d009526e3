"""A virtual camera that call programs can pick, through pyvirtualcam: v4l2loopback on Linux, OBS elsewhere.

The only file that imports pyvirtualcam (GPL-2.0), and only when a virtual camera is opened.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import SinkError, VirtualCameraError
from rimlight.picture import from_bgr, to_bgr
from rimlight.protocols import Sink
from rimlight.sinks.virtual_camera_setup import how_to_create
from rimlight.types import Color, Output, Picture, Size, StreamFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyvirtualcam

_PATIENCE = 0.5
"""Seconds that `close` waits for what is being sent."""
_WITH_OTHER_SYSTEMS = ("OBS Virtual Camera", "Unity Video Capture")
"""Names that these devices have on macOS and Windows."""


@dataclass(frozen=True, slots=True)
class VirtualCameraInfo:
    """A virtual camera of this system."""

    device: str
    """What `open_virtual_camera` takes: '/dev/video10', 'OBS Virtual Camera'."""
    name: str
    """What call programs list."""
    free: bool
    """Whether no other program writes to it, as far as the system tells."""

    def __str__(self) -> str:
        return f"{self.device} '{self.name}'"


def find_virtual_cameras(name: str | None = None) -> list[VirtualCameraInfo]:
    """The virtual cameras of this system that can be written to, free or not: all, or those of this name."""
    if sys.platform == "linux":
        from rimlight.v4l2 import video_nodes

        nodes = (node for node in video_nodes(name) if node.is_loopback)
        return [VirtualCameraInfo(node.path, node.name, node.outputs or not node.captures) for node in nodes]
    from rimlight.sources.cameras import list_cameras

    wanted = _WITH_OTHER_SYSTEMS if name is None else (name,)
    found = [camera.name for camera in list_cameras()]
    return [VirtualCameraInfo(one, one, free=True) for one in found if one in _WITH_OTHER_SYSTEMS and one in wanted]


def open_virtual_camera(format: StreamFormat, device: str | None = None) -> VirtualCamera:  # noqa: A002
    """Opens a virtual camera of this size and rate: `device`, or the first that is free.

    Raises VirtualCameraError when there is none, with the commands that create one, or when it is in use.
    """
    return _open(_choose(device, find_virtual_cameras()), format)


class VirtualCamera(Sink):
    """An open virtual camera. Programs take its pictures for BT.601 limited range, so that is what they get."""

    returns = True
    repeats = True
    """Programs that watch a camera expect pictures at its rate, whatever the pipeline does."""

    def __init__(
        self,
        info: VirtualCameraInfo,
        format: StreamFormat,  # noqa: A002
        camera: pyvirtualcam.Camera,
    ) -> None:
        self._info = info
        self._format = format
        self._camera = camera
        self._closing = threading.Event()
        self._released = False
        self._in_use = threading.Lock()

    @property
    def name(self) -> str:
        return self._info.device

    @property
    def label(self) -> str:
        """What call programs list."""
        return self._info.name

    def send(self, output: Output) -> None:
        """As `Sink.send`. pyvirtualcam itself says nothing when a device is gone, so that is looked at here."""
        picture = output.picture
        if picture.color != Color():
            picture = from_bgr(to_bgr(picture))
        with self._in_use:
            try:
                self._send(picture)
            finally:
                if self._closing.is_set():
                    self._release()

    def _send(self, picture: Picture) -> None:
        if self._closing.is_set():
            raise SinkError(f"virtual camera {self._info} was closed")
        if self._info.device.startswith("/dev/") and not Path(self._info.device).exists():
            raise SinkError(f"virtual camera {self._info} is gone", how_to_create())
        try:
            self._camera.send(picture.i420)
        except RuntimeError as error:
            raise SinkError(f"virtual camera {self._info} takes no more pictures: {error}") from error

    def reopened(self) -> VirtualCamera:
        """The virtual camera of this name, whatever its device is now, of the same size and rate.

        Raises VirtualCameraError while it is not there, in use, or watched at another size.
        """
        found = find_virtual_cameras(self._info.name)
        if not found:
            raise VirtualCameraError(f"there is no virtual camera '{self._info.name}' any more", how_to_create())
        here = [info for info in found if info.device == self._info.device]
        return _open(_choose(None, here or found), self._format)

    def close(self) -> None:
        """Never waits for a driver that hangs: what is sent there, should it ever end, then closes the device."""
        self._closing.set()
        if self._in_use.acquire(timeout=_PATIENCE):
            self._release()
            self._in_use.release()

    def _release(self) -> None:
        if self._released:
            return
        self._released = True
        self._camera.close()
        if sys.platform == "linux":
            _leave(self._info.device)


def _leave(device: str) -> None:
    from rimlight.v4l2 import let_write_again, video_node

    try:
        if not video_node(device).outputs:
            let_write_again(device)
    except OSError:  # the module was unloaded in between: nothing is left to put right
        return


def _choose(device: str | None, cameras: Sequence[VirtualCameraInfo]) -> VirtualCameraInfo:
    path = os.path.realpath(device) if device and device.startswith("/") else device
    fitting = [info for info in cameras if path is None or path in {info.device, info.name}]
    if not fitting:
        raise _missing(device, cameras)
    free = [info for info in fitting if info.free]
    if not free:
        raise _busy(fitting[0])
    return free[0]


def _missing(device: str | None, cameras: Sequence[VirtualCameraInfo]) -> VirtualCameraError:
    if device is None:
        return VirtualCameraError("there is no virtual camera on this system", how_to_create())
    hint = f"Choose one of these: {', '.join(str(info) for info in cameras)}." if cameras else how_to_create()
    if not device.startswith("/"):
        return VirtualCameraError(f"there is no virtual camera '{device}'", hint)
    if not Path(device).exists():
        return VirtualCameraError(f"there is no device {device}", hint)
    if not os.access(device, os.R_OK | os.W_OK, effective_ids=True):
        how = "Join the group that may, then log in again: sudo usermod -aG video $USER"
        return VirtualCameraError(f"{device} may not be opened by this user", how)
    return VirtualCameraError(f"{device} is no virtual camera", hint)


def _busy(info: VirtualCameraInfo) -> VirtualCameraError:
    who: list[str] = []
    if sys.platform == "linux":
        from rimlight.v4l2 import holders

        who = holders(info.device)
    return VirtualCameraError(
        f"virtual camera {info} is already in use by {', '.join(who) or 'another program'}",
        "Close that program, or name another one: --to virtual:/dev/videoN; this lists them: rimlight devices",
    )


def _open(info: VirtualCameraInfo, format: StreamFormat) -> VirtualCamera:  # noqa: A002
    if sys.platform == "linux":
        _let_write(info)
    camera = _camera(info, format)
    locked = _locked_size(info.device)
    if locked and locked != format.size:
        camera.close()
        raise VirtualCameraError(
            f"virtual camera {info} is being watched at {locked}, which cannot change to {format.size} meanwhile",
            "Turn the camera off in the program that shows it, start Rimlight, then turn it on again.",
        )
    return VirtualCamera(info, format, camera)


def _let_write(info: VirtualCameraInfo) -> None:
    from rimlight.v4l2 import let_write_again, video_node

    try:
        if not video_node(info.device).outputs:
            let_write_again(info.device)
    except OSError as error:
        raise VirtualCameraError(
            f"virtual camera {info} has just gone: {error.strerror}", how_to_create()
        ) from error


def _camera(info: VirtualCameraInfo, format: StreamFormat) -> pyvirtualcam.Camera:  # noqa: A002
    import pyvirtualcam

    try:
        return pyvirtualcam.Camera(
            format.size.width,
            format.size.height,
            float(format.fps),
            fmt=pyvirtualcam.PixelFormat.I420,
            device=info.device,
        )
    except RuntimeError as error:
        reason = str(error).rpartition("backend: ")[2]
        raise VirtualCameraError(f"virtual camera {info} cannot be opened: {reason}", how_to_create()) from error


def _locked_size(device: str) -> Size | None:
    """The size that a v4l2loopback device keeps because a program still watches it; 'YU12:1280x720@30'."""
    text = Path("/sys/class/video4linux", Path(device).name, "format")
    if not text.exists():
        return None
    _, _, size = text.read_text().partition(":")
    width, _, height = size.partition("@")[0].partition("x")
    return Size(int(width), int(height)) if width and height else None
