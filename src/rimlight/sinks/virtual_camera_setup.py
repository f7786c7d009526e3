"""How to get a virtual camera on the system at hand: the exact commands, or the program to install."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

_LOAD = 'sudo modprobe v4l2loopback exclusive_caps=1 card_label="Rimlight"'
_INSTALL = {
    "debian": "sudo apt install v4l2loopback-dkms",
    "fedora": "sudo dnf install akmod-v4l2loopback",
    "arch": "sudo pacman -S v4l2loopback-dkms",
    "suse": "sudo zypper install v4l2loopback-kmp-default",
}
"""By ID or ID_LIKE of /etc/os-release; derivatives name their parent there."""


def how_to_create() -> str:
    """One line: what to run on this system so that there is a virtual camera."""
    if sys.platform == "linux":
        release = Path("/etc/os-release")
        modules = Path("/lib/modules") / os.uname().release / "modules.dep"
        return commands(
            release.read_text(errors="replace") if release.exists() else "",
            installed=modules.exists() and "/v4l2loopback.ko" in modules.read_text(errors="replace"),
            loaded=Path("/sys/module/v4l2loopback").exists(),
        )
    return "Install OBS Studio from its own site, and start its virtual camera once: that registers the device."


def commands(os_release: str, *, installed: bool, loaded: bool) -> str:
    """The same from the text of /etc/os-release, and whether the kernel module is there and loaded."""
    if loaded:
        return f"Create one: sudo modprobe -r v4l2loopback && {_LOAD}"
    if installed:
        return f"Create one: {_LOAD}"
    family = next((name for name in _family(os_release) if name in _INSTALL), None)
    if family is None:
        return f"Install the kernel module v4l2loopback, then: {_LOAD}"
    origin = " (akmod-v4l2loopback is in RPM Fusion)" if family == "fedora" else ""
    return f"Create one: {_INSTALL[family]} && {_LOAD}{origin}"


def _family(os_release: str) -> list[str]:
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    names = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}"
    return " ".join(shlex.split(names)).split()
