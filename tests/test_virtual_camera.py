"""The virtual camera where there is none: the way to one, loss and return. Where there is one: tests/devices."""

import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rimlight.errors import SinkError, VirtualCameraError
from rimlight.sinks import virtual_camera
from rimlight.sinks.virtual_camera import (
    VirtualCamera,
    VirtualCameraInfo,
    find_virtual_cameras,
    open_virtual_camera,
)
from rimlight.sinks.virtual_camera_setup import commands
from rimlight.types import Alpha, Output, Picture, Plane, Size, StreamFormat

FORMAT = StreamFormat(Size(640, 480), Fraction(30))
LOAD = 'sudo modprobe v4l2loopback exclusive_caps=1 card_label="Rimlight"'

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
UBUNTU = "NAME=Ubuntu\nID=ubuntu\nID_LIKE=debian\n"
MINT = "ID=linuxmint\nID_LIKE='ubuntu debian'\n"
FEDORA = "NAME='Fedora Linux'\nID=fedora\n"
NOBARA = 'ID=nobara\nID_LIKE="rhel centos fedora"\n'
ARCH = "ID=arch\n"
MANJARO = "ID=manjaro\nID_LIKE=arch\n"
SUSE = 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n'


@pytest.mark.parametrize(
    ("release", "install"),
    [
        (DEBIAN, "sudo apt install v4l2loopback-dkms"),
        (UBUNTU, "sudo apt install v4l2loopback-dkms"),
        (MINT, "sudo apt install v4l2loopback-dkms"),
        (FEDORA, "sudo dnf install akmod-v4l2loopback"),
        (NOBARA, "sudo dnf install akmod-v4l2loopback"),
        (ARCH, "sudo pacman -S v4l2loopback-dkms"),
        (MANJARO, "sudo pacman -S v4l2loopback-dkms"),
        (SUSE, "sudo zypper install v4l2loopback-kmp-default"),
    ],
)
def test_the_commands_are_those_of_the_system(release: str, install: str) -> None:
    assert commands(release, installed=False, loaded=False).startswith(f"Create one: {install} && {LOAD}")


def test_what_is_there_is_not_installed_again() -> None:
    assert commands(DEBIAN, installed=True, loaded=False) == f"Create one: {LOAD}"
    assert commands(DEBIAN, installed=True, loaded=True) == (f"Create one: sudo modprobe -r v4l2loopback && {LOAD}")


@pytest.mark.parametrize("release", ["", "ID=gentoo\n", "no such lines", "=\nID\n"])
def test_an_unknown_system_is_told_what_to_install(release: str) -> None:
    told = commands(release, installed=False, loaded=False)
    assert told == f"Install the kernel module v4l2loopback, then: {LOAD}"


@pytest.mark.skipif(bool(find_virtual_cameras()), reason="there is a virtual camera")
@pytest.mark.parametrize(
    ("device", "what"),
    [
        (None, "there is no virtual camera on this system"),
        ("/dev/video99", "there is no device /dev/video99"),
        ("Rimlight", "there is no virtual camera 'Rimlight'"),
        ("/dev/null", "/dev/null is no virtual camera"),
    ],
)
def test_without_one_the_error_says_how_to_get_it(device: str | None, what: str) -> None:
    with pytest.raises(VirtualCameraError) as raised:
        open_virtual_camera(FORMAT, device)
    assert raised.value.what == what
    assert ("v4l2loopback" if sys.platform == "linux" else "OBS") in raised.value.hint
    assert len(str(raised.value).splitlines()) == 2


def test_all_in_use_is_not_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = [VirtualCameraInfo("/dev/video97", "Rimlight", free=False)]
    monkeypatch.setattr(virtual_camera, "find_virtual_cameras", lambda: taken)
    with pytest.raises(VirtualCameraError) as raised:
        open_virtual_camera(FORMAT)
    what = "virtual camera /dev/video97 'Rimlight' is already in use by another program"
    assert raised.value.what == what


OUTPUT = Output(Picture(np.zeros((720, 640), np.uint8)), Alpha(np.zeros((480, 640), np.uint8)), 0.0, 0)


class Device:
    """Stands in for pyvirtualcam's camera. While `going` is not set, it hangs."""

    def __init__(self) -> None:
        self.going = threading.Event()
        self.going.set()
        self.entered = threading.Event()
        self.sent = 0
        self.closed = 0
        self.error: RuntimeError | None = None

    def send(self, _: Plane) -> None:
        self.entered.set()
        assert self.going.wait(30)
        if self.error:
            raise self.error
        self.sent += 1

    def close(self) -> None:
        self.closed += 1


def on(device: Any, where: str = "OBS Virtual Camera") -> VirtualCamera:
    return VirtualCamera(VirtualCameraInfo(where, "Rimlight", free=True), FORMAT, device)


@pytest.mark.skipif(sys.platform != "linux", reason="device files are Linux's")
def test_a_device_that_is_gone_is_lost() -> None:
    """Of which pyvirtualcam itself tells nobody: it prints a line on standard error and goes on."""
    device = Device()
    assert not Path("/dev/video97").exists()
    with on(device, "/dev/video97") as camera, pytest.raises(SinkError) as raised:
        camera.send(OUTPUT)
    assert raised.value.what == "virtual camera /dev/video97 'Rimlight' is gone"
    assert "v4l2loopback" in raised.value.hint
    assert device.sent == 0


def test_what_pyvirtualcam_raises_means_lost_and_so_does_a_closed_camera() -> None:
    device = Device()
    with on(device) as camera:
        camera.send(OUTPUT)
        device.error = RuntimeError("the other side is gone")
        with pytest.raises(SinkError, match="takes no more pictures: the other side is gone"):
            camera.send(OUTPUT)
    with pytest.raises(SinkError, match="was closed"):
        camera.send(OUTPUT)
    assert (device.sent, device.closed) == (1, 1)


def test_a_device_that_hangs_does_not_hold_up_closing_and_is_closed_when_it_answers() -> None:
    device = Device()
    device.going.clear()
    camera = on(device)
    sender = threading.Thread(target=camera.send, args=(OUTPUT,), daemon=True)
    sender.start()
    assert device.entered.wait(10)
    camera.close()
    assert device.closed == 0, "not under a driver that is at work"
    device.going.set()
    sender.join(10)
    assert not sender.is_alive()
    assert device.closed == 1
    camera.close()
    assert device.closed == 1


def test_it_is_reopened_by_its_name_wherever_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[VirtualCameraInfo] = []
    opened = []

    def open_there(info: VirtualCameraInfo, format_: StreamFormat) -> VirtualCamera:
        opened.append((info.device, format_))
        return camera

    monkeypatch.setattr(
        virtual_camera, "find_virtual_cameras", lambda name: [info for info in there if info.name == name]
    )
    monkeypatch.setattr(virtual_camera, "_open", open_there)
    camera = on(Device(), "/dev/video10")
    camera.close()
    there.append(VirtualCameraInfo("/dev/video11", "Other", free=True))
    with pytest.raises(VirtualCameraError) as raised:
        camera.reopened()
    assert raised.value.what == "there is no virtual camera 'Rimlight' any more"
    there.append(VirtualCameraInfo("/dev/video20", "Rimlight", free=False))
    with pytest.raises(VirtualCameraError, match="/dev/video20 'Rimlight' is already in use by"):
        camera.reopened()
    there.append(VirtualCameraInfo("/dev/video21", "Rimlight", free=True))
    assert camera.reopened() is camera
    there.append(VirtualCameraInfo("/dev/video10", "Rimlight", free=True))
    assert camera.reopened() is camera
    assert opened == [("/dev/video21", FORMAT), ("/dev/video10", FORMAT)], "the old place first"
