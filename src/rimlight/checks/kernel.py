"""Why Linux has no virtual camera: the state of the kernel module v4l2loopback, and the commands that change it."""

from __future__ import annotations

import re

from rimlight.checks.findings import Mend
from rimlight.checks.system import System
from rimlight.sinks.virtual_camera_setup import commands

_SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
"""Four bytes of attributes, then 1 if it is on (UEFI specification, global variables)."""
_KEYS = ("/var/lib/shim-signed/mok/MOK.der", "/var/lib/dkms/mok.pub", "/etc/pki/akmods/certs/public_key.der")
"""Where Ubuntu, DKMS and Fedora keep the key that they sign modules with."""

_BUILT_FROM = (
    ("/var/lib/dkms/v4l2loopback", "[0-9]*", "sudo dkms autoinstall"),
    ("/usr/src/akmods", "v4l2loopback-kmod*", "sudo akmods --force"),
)
"""Where modules' sources lie that are built for each kernel, what they are called, and what builds them."""


def module_missing(system: System) -> tuple[str, tuple[Mend, ...]]:
    """Why there is no virtual camera on this Linux, and how to get one."""
    if system.path("/sys/module/v4l2loopback").exists():
        return "the module v4l2loopback is loaded without a device", (_setup(system, installed=True, loaded=True),)
    if _installed(system):
        load = _setup(system, installed=True, loaded=False)
        if secure_boot(system):
            told = "the module v4l2loopback is not loaded, and Secure Boot loads only what is signed"
            return told, (load, *_enrolling(system))
        return "the module v4l2loopback is installed, but not loaded", (load,)
    if not system.path(f"/lib/modules/{system.release}").exists():
        return _no_modules(system)
    for folder, pattern, build in _BUILT_FROM:
        if any(system.path(folder).glob(pattern)):
            return _not_built(system, build)
    signing = _enrolling(system) if secure_boot(system) else ()
    headers = () if _has_headers(system) else (_headers(system),)
    told = "the kernel module v4l2loopback is not installed"
    return told, (*headers, _setup(system, installed=False, loaded=False), *signing)


def secure_boot(system: System) -> bool:
    """Whether the computer was started with Secure Boot, so that it refuses modules that nobody signed."""
    try:
        content = system.path(_SECURE_BOOT).read_bytes()
    except OSError:
        # No such file on computers without it; where it may not be read, mokutil may know.
        efi = system.path("/sys/firmware/efi").exists()
        return efi and "SecureBoot enabled" in system.output(("mokutil", "--sb-state"))
    return content[4:5] == b"\1"


def loading(devices: int) -> str:
    """The command that loads the module anew, with so many devices that Chromium lists, too."""
    labels = ",".join(["Rimlight", *(f"Rimlight {number}" for number in range(2, devices + 1))])
    count = f"devices={devices} " if devices > 1 else ""
    caps = ",".join(["1"] * devices)
    again = "sudo modprobe -r v4l2loopback && sudo modprobe v4l2loopback"
    return f'{again} {count}exclusive_caps={caps} card_label="{labels}"'


def _setup(system: System, *, installed: bool, loaded: bool) -> Mend:
    line = commands(system.os_release, installed=installed, loaded=loaded)
    say, _, rest = line.partition(": ")
    command, note = re.fullmatch(r"(.*?)(?: \((.*)\))?", rest).groups()  # type: ignore[union-attr]
    return Mend(f"{say}{f'; {note}' if note else ''}.", command)


def _installed(system: System) -> bool:
    return "/v4l2loopback.ko" in system.text(f"/lib/modules/{system.release}/modules.dep")


def _no_modules(system: System) -> tuple[str, tuple[Mend, ...]]:
    if any(system.path("/lib/modules").glob("[0-9]*")):
        return f"the running kernel {system.release} was replaced by an update", (
            Mend("Restart the computer.", "sudo reboot"),
        )
    told = f"this is a container or the like, and its kernel ({system.release}) that of its host"
    mend = _setup(system, installed=False, loaded=False)
    return told, (Mend("On the host, if it is a system like this one:", mend.run),)


def _not_built(system: System, build: str) -> tuple[str, tuple[Mend, ...]]:
    headers = () if _has_headers(system) else (_headers(system),)
    load = _setup(system, installed=True, loaded=False)
    signing = _enrolling(system) if secure_boot(system) else ()
    told = f"the module v4l2loopback is installed, but was not built for the running kernel {system.release}"
    return told, (*headers, Mend("Build it.", build), load, *signing)


def _has_headers(system: System) -> bool:
    return system.path(f"/lib/modules/{system.release}/build").exists()


def _headers(system: System) -> Mend:
    # Arch notes the package of each kernel there: linux, linux-lts, linux-zen.
    flavour = system.text(f"/lib/modules/{system.release}/pkgbase").strip() or "linux"
    command = system.installs(
        debian=f"linux-headers-{system.release}",
        fedora=f"kernel-devel-{system.release}",
        arch=f"{flavour}-headers",
        suse="kernel-default-devel",
    )
    return Mend("Install what modules are built with: the headers of the running kernel.", command)


def _enrolling(system: System) -> tuple[Mend, ...]:
    key = next((key for key in _KEYS if system.path(key).exists()), _KEYS[1])
    say = 'If it says "Key was rejected": have its key accepted, restart, and choose "Enroll MOK" in the blue menu.'
    return (Mend(say, f"sudo mokutil --import {key}"),)
