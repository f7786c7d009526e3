"""The virtual camera where there is none: the way to one. Where there is one: tests/devices."""

import sys
from fractions import Fraction

import pytest

from rimlight.errors import VirtualCameraError
from rimlight.sinks import virtual_camera
from rimlight.sinks.virtual_camera import VirtualCameraInfo, find_virtual_cameras, open_virtual_camera
from rimlight.sinks.virtual_camera_setup import commands
from rimlight.types import Size, StreamFormat

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
