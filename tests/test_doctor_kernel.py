"""Why a Linux has no virtual camera, found in made-up systems; each with the commands that mend it there."""

from __future__ import annotations

from pathlib import Path

import pytest

from made_up import DEBIAN, RELEASE, SECURE_BOOT, made_up, write
from rimlight.checks.kernel import loading, module_missing, secure_boot

LOAD = 'sudo modprobe v4l2loopback exclusive_caps=1 card_label="Rimlight"'
MODULES = f"lib/modules/{RELEASE}"


def diagnosed(root: Path, mokutil: str = "") -> tuple[str, list[str]]:
    told, mends = module_missing(made_up(root, outputs={"mokutil": mokutil}))
    assert all(mend.say for mend in mends)
    return told, [mend.run for mend in mends]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Debian with the running kernel's modules and headers, and no v4l2loopback."""
    write(tmp_path, "etc/os-release", DEBIAN)
    write(tmp_path, f"{MODULES}/modules.dep", "kernel/drivers/usb/uvc.ko:\n")
    write(tmp_path, f"{MODULES}/build/Makefile")
    return tmp_path


def test_not_installed(root: Path) -> None:
    told, commands = diagnosed(root)
    assert told == "the kernel module v4l2loopback is not installed"
    assert commands == [f"sudo apt install v4l2loopback-dkms && {LOAD}"]


@pytest.mark.parametrize(
    ("release", "headers", "install"),
    [
        (
            "ID=ubuntu\nID_LIKE=debian\n",
            f"sudo apt install linux-headers-{RELEASE}",
            "sudo apt install v4l2loopback-dkms",
        ),
        ("ID=fedora\n", f"sudo dnf install kernel-devel-{RELEASE}", "sudo dnf install akmod-v4l2loopback"),
        ("ID=arch\n", "sudo pacman -S linux-zen-headers", "sudo pacman -S v4l2loopback-dkms"),
    ],
)
def test_without_headers_they_are_installed_first_as_each_system_does_it(
    root: Path, release: str, headers: str, install: str
) -> None:
    write(root, "etc/os-release", release)
    write(root, f"{MODULES}/pkgbase", "linux-zen\n")
    (root / MODULES / "build" / "Makefile").unlink()
    (root / MODULES / "build").rmdir()
    _, commands = diagnosed(root)
    assert commands == [headers, f"{install} && {LOAD}"]


def test_installed_but_not_loaded(root: Path) -> None:
    write(root, f"{MODULES}/modules.dep", "updates/dkms/v4l2loopback.ko.xz: kernel/v4l2.ko\n")
    assert diagnosed(root) == ("the module v4l2loopback is installed, but not loaded", [LOAD])


def test_loaded_without_a_device(root: Path) -> None:
    write(root, "sys/module/v4l2loopback/parameters/devices", "0")
    told, commands = diagnosed(root)
    assert told == "the module v4l2loopback is loaded without a device"
    assert commands == [f"sudo modprobe -r v4l2loopback && {LOAD}"]


def test_dkms_has_not_built_it_for_the_running_kernel(root: Path) -> None:
    write(root, "var/lib/dkms/v4l2loopback/0.12.7/6.1.0-20-amd64/x86_64/module/v4l2loopback.ko")
    told, commands = diagnosed(root)
    assert told == f"the module v4l2loopback is installed, but was not built for the running kernel {RELEASE}"
    assert commands == ["sudo dkms autoinstall", LOAD]


def test_fedoras_akmods_has_not_built_it(root: Path) -> None:
    write(root, "usr/src/akmods/v4l2loopback-kmod.latest")
    assert diagnosed(root)[1] == ["sudo akmods --force", LOAD]


@pytest.mark.parametrize(
    ("there", "key"),
    [
        ("var/lib/shim-signed/mok/MOK.der", "/var/lib/shim-signed/mok/MOK.der"),
        ("etc/pki/akmods/certs/public_key.der", "/etc/pki/akmods/certs/public_key.der"),
        ("etc/nothing", "/var/lib/dkms/mok.pub"),
    ],
)
def test_secure_boot_wants_the_modules_key_enrolled(root: Path, there: str, key: str) -> None:
    write(root, f"{MODULES}/modules.dep", "updates/dkms/v4l2loopback.ko:\n")
    write(root, SECURE_BOOT, b"\6\0\0\0\1")
    write(root, there)
    told, commands = diagnosed(root)
    assert "Secure Boot" in told
    assert commands == [LOAD, f"sudo mokutil --import {key}"]


@pytest.mark.parametrize(
    ("content", "mokutil", "on"),
    [
        (b"\6\0\0\0\1", "", True),
        (b"\6\0\0\0\0", "SecureBoot enabled", False),
        (b"", "", False),
        (None, "SecureBoot enabled\n", True),
        (None, "SecureBoot disabled\n", False),
        (None, "", False),
    ],
)
def test_whether_secure_boot_is_on(tmp_path: Path, content: bytes | None, mokutil: str, on: bool) -> None:
    write(tmp_path, "sys/firmware/efi/fw_platform_size", "64")
    if content is not None:
        write(tmp_path, SECURE_BOOT, content)
    assert secure_boot(made_up(tmp_path, outputs={"mokutil": mokutil})) is on


def test_a_computer_without_efi_is_not_asked_for_secure_boot(tmp_path: Path) -> None:
    assert not secure_boot(made_up(tmp_path, outputs={"mokutil": "SecureBoot enabled"}))


def test_a_kernel_that_an_update_replaced_wants_a_restart(root: Path) -> None:
    (root / MODULES).rename(root / "lib/modules/6.1.0-26-amd64")
    assert diagnosed(root) == (f"the running kernel {RELEASE} was replaced by an update", ["sudo reboot"])


def test_a_container_has_its_hosts_kernel(tmp_path: Path) -> None:
    write(tmp_path, "etc/os-release", DEBIAN)
    told, commands = diagnosed(tmp_path)
    assert "container" in told
    assert RELEASE in told
    assert commands == [f"sudo apt install v4l2loopback-dkms && {LOAD}"]


def test_an_unknown_linux_is_told_what_to_load(root: Path) -> None:
    write(root, "etc/os-release", "ID=plan9\n")
    assert diagnosed(root)[1] == [LOAD]


def test_several_devices_are_each_listed_by_chromium() -> None:
    assert loading(1) == f"sudo modprobe -r v4l2loopback && {LOAD}"
    assert loading(2).endswith('devices=2 exclusive_caps=1,1 card_label="Rimlight,Rimlight 2"')
