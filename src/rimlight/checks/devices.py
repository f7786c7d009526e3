"""The cameras and virtual cameras that there are, as facts that JSON can hold. Takes no pictures."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, TypedDict

from rimlight.sinks.virtual_camera import VirtualCameraInfo, find_virtual_cameras
from rimlight.sources.cameras import CameraInfo, list_cameras


class CameraFacts(TypedDict):
    """A camera that gives pictures, were it free."""

    index: int
    name: str
    path: str
    formats: list[str]
    busy: bool
    by: list[str]
    """Programs that have it open, as far as we may look."""


class VirtualFacts(TypedDict):
    """A virtual camera."""

    device: str
    name: str
    free: bool
    """Nobody writes to it."""
    by: list[str]
    exclusive: bool
    """Whether it is a camera to others only while somebody writes, which Chromium wants."""


class ClosedFacts(TypedDict):
    """A device file that this user may not open."""

    path: str
    name: str
    group: str
    """That may open it; '' if no group may."""
    member: bool
    """Whether the user is in that group, though this session is not yet."""


class Facts(TypedDict):
    """All of them."""

    cameras: list[CameraFacts]
    virtual: list[VirtualFacts]
    closed: list[ClosedFacts]


def devices() -> Facts:
    """What there is on this system. Raises SourceError if the cameras cannot be listed."""
    virtual = find_virtual_cameras()
    if sys.platform == "linux":
        return _of_linux(virtual)
    others = {info.name for info in virtual}
    cameras = [_camera(info, busy=False, by=[]) for info in list_cameras() if info.name not in others]
    return {
        "cameras": cameras,
        "virtual": [_virtual(info, exclusive=True, by=[]) for info in virtual],
        "closed": [],
    }


def _of_linux(virtual: list[VirtualCameraInfo]) -> Facts:
    from rimlight.v4l2 import holders, is_busy, video_nodes

    nodes = {node.path: node for node in video_nodes()}
    closed = [_closed(path) for path in _files() if not _may_open(path)]
    refused = {facts["path"] for facts in closed}
    cameras = []
    for info in list_cameras():
        node = nodes.get(info.path)
        by = holders(info.path)
        # A virtual camera that somebody fills, as a phone's program does, is a camera; one that we fill is not.
        loops = node is not None and node.is_loopback
        if info.path in refused or (loops and (node is None or node.outputs or any(_ours(who) for who in by))):
            continue
        cameras.append(_camera(info, busy=not loops and _is(is_busy, info.path), by=by))
    return {
        "cameras": cameras,
        "virtual": [
            _virtual(
                info,
                exclusive=not (nodes[info.device].captures and nodes[info.device].outputs),
                by=holders(info.device),
            )
            for info in virtual
            if info.device in nodes
        ],
        "closed": closed,
    }


def _camera(info: CameraInfo, *, busy: bool, by: list[str]) -> CameraFacts:
    return {
        "index": info.index,
        "name": info.name,
        "path": info.path,
        "formats": list(info.formats),
        "busy": busy,
        "by": by,
    }


def _virtual(info: VirtualCameraInfo, *, exclusive: bool, by: list[str]) -> VirtualFacts:
    return {"device": info.device, "name": info.name, "free": info.free, "by": by, "exclusive": exclusive}


def _ours(program: str) -> bool:
    return program.startswith("rimlight ")


def _is(question: Any, path: str) -> bool:
    try:
        return bool(question(path))
    except OSError:  # it went away, or its driver fails: measuring its rate says how
        return False


def _files() -> list[str]:
    found = [path for path in Path("/dev").glob("video*") if path.name[5:].isdigit()]
    return [str(path) for path in sorted(found, key=lambda path: int(path.name[5:]))]


def _may_open(path: str) -> bool:
    return os.access(path, os.R_OK | os.W_OK, effective_ids=True)


def _closed(path: str) -> ClosedFacts:
    import grp
    import pwd

    about = Path(path).stat()
    named = Path("/sys/class/video4linux", Path(path).name, "name")
    name = named.read_text(errors="replace").strip() if named.exists() else ""
    group, member = "", False
    if about.st_mode & 0o060 == 0o060:
        try:
            entry = grp.getgrgid(about.st_gid)
            user = pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:  # neither has a name in a container
            return {"path": path, "name": name, "group": "", "member": False}
        group, member = entry.gr_name, user in entry.gr_mem and about.st_gid not in os.getgroups()
    return {"path": path, "name": name, "group": group, "member": member}
