"""Which camera is the one that was lost: the same by name and place, not by number, which a replug may change."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rimlight.errors import CameraMissingError
from rimlight.sources.cameras import CameraInfo, list_cameras


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a camera from all others while it is away."""

    name: str
    bus: str
    """Where it was plugged in."""
    rank: int
    """Which of those of this name in this place: one camera may have a device for colour and one for infrared."""
    twins: frozenset[str]
    """Where other cameras of this name were plugged in: never to be taken for the one that was lost."""


def identity(info: CameraInfo, cameras: Sequence[CameraInfo]) -> Identity:
    """Of one of `cameras`."""
    same = [camera for camera in cameras if camera.name == info.name]
    here = [camera.index for camera in same if camera.bus == info.bus]
    return Identity(info.name, info.bus, here.index(info.index), frozenset(c.bus for c in same) - {info.bus})


def find_again(lost: Identity, cameras: Sequence[CameraInfo]) -> CameraInfo:
    """The camera that was lost: in its old place, else of its name in a place where none of its twins was.

    Raises CameraMissingError when it is not among `cameras`.
    """
    same = [camera for camera in cameras if camera.name == lost.name]
    here = [camera for camera in same if camera.bus == lost.bus]
    moved = [camera for camera in same if camera.bus not in {lost.bus, *lost.twins}]
    for fitting in (here, moved):
        if lost.rank < len(fitting):
            return fitting[lost.rank]
    raise CameraMissingError(f"camera '{lost.name}' is not there", "Plug it in again.")


def cameras_named(name: str) -> list[CameraInfo]:
    """The cameras of this name that are there now, without their formats: cheap enough to ask twice a second.

    On Linux nothing is opened where none has this name (0.2 ms), and no camera of another name ever.
    """
    if sys.platform != "linux":
        return [camera for camera in list_cameras() if camera.name == name]
    from rimlight.v4l2 import video_nodes

    nodes = (node for node in video_nodes(name) if node.captures)
    return [CameraInfo(int(node.path[len("/dev/video") :]), name, node.path, (), node.bus) for node in nodes]
