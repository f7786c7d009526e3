"""`rimlight devices`: which cameras, virtual cameras and screens there are, and how to get what is missing."""

from __future__ import annotations

from rimlight.errors import NoDisplayError
from rimlight.sinks.display import prepare_display
from rimlight.sinks.virtual_camera import find_virtual_cameras
from rimlight.sinks.virtual_camera_setup import how_to_create
from rimlight.sources.cameras import list_cameras


def report() -> list[str]:
    """One line a device, and one for each kind that is missing."""
    return [*_webcams(), _screen(), *_virtual_cameras()]


def _webcams() -> list[str]:
    virtual = {camera.device for camera in find_virtual_cameras()}
    cameras = [camera for camera in list_cameras() if camera.path not in virtual]
    if not cameras:
        return ["webcam: none found; plug one in, or use a clip as one: rimlight --camera clip.mp4"]
    return [f"webcam: {camera}" + "".join(f", {f}" for f in camera.formats) for camera in cameras]


def _screen() -> str:
    try:
        prepare_display()
    except NoDisplayError as error:
        return f"preview window: no; {error.what}"
    return "preview window: yes"


def _virtual_cameras() -> list[str]:
    cameras = find_virtual_cameras()
    if not cameras:
        return [f"virtual camera: none. {how_to_create()}"]
    return [f"virtual camera: {camera}" + ("" if camera.free else ", in use") for camera in cameras]
