"""Looks for what Rimlight needs of the system, and installs it or says how.

Desktops have it all; a bare server or container lacks the libraries that OpenCV's and MediaPipe's wheels load.
`tools/setup` runs this before anything is installed, so it uses nothing but Python's own library.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """A shared library (`lib*.so.N`), a program or a Python module, and the packages that hold it."""

    what: str
    apt: str
    pacman: str
    apk: str

    @property
    def rpm(self) -> str:
        """What dnf and zypper find the package by, whatever its name is there."""
        return f"{self.what}()(64bit)" if ".so." in self.what else f"/usr/bin/{self.what}"

    def met(self) -> bool:
        if ".so." not in self.what:
            return bool(shutil.which(self.what) or importlib.util.find_spec(self.what))
        try:
            ctypes.CDLL(self.what)
        except OSError:
            return False
        return True


PYTHON = (Need("ensurepip", f"python3.{sys.version_info.minor}-venv", "python", "python3"),)
OPENCV = (
    Need("libGL.so.1", "libgl1", "libglvnd", "mesa-gl"),
    Need("libgthread-2.0.so.0", "libglib2.0-0", "glib2", "glib"),
    Need("libxcb.so.1", "libxcb1", "libxcb", "libxcb"),
)
MEDIAPIPE = (
    Need("libEGL.so.1", "libegl1", "libglvnd", "mesa-egl"),
    Need("libGLESv2.so.2", "libgles2", "libglvnd", "mesa-gles"),
)
SCREEN = (
    Need("Xvfb", "xvfb", "xorg-server-xvfb", "xvfb"),
    Need("xdotool", "xdotool", "xdotool", "xdotool"),
)


def main(arguments: Sequence[str]) -> int:
    """0 when Rimlight can run, 1 when something must be installed first."""
    if sys.platform != "linux":
        return 0
    needs = PYTHON + OPENCV + MEDIAPIPE + (SCREEN if "--dev" in arguments else ())
    missing = [need for need in needs if not need.met()]
    if not missing:
        return 0
    try:
        release = platform.freedesktop_os_release()
    except OSError:  # a container without /etc/os-release
        release = {}
    command = install_command(missing, release)
    if os.geteuid() == 0 and command[:1] == ["apt-get"] and apt_install(command):
        print(f"Installed {' '.join(command[3:])}.")
        missing = [need for need in missing if not need.met()]
    if missing:
        print("\n".join(report(missing, command)), file=sys.stderr)
    # CI has no use for less: a test that is skipped there is skipped for ever.
    vital = needs if "CI" in os.environ else PYTHON + OPENCV
    return int(any(need in vital for need in missing))


def install_command(missing: Iterable[Need], release: Mapping[str, str]) -> list[str]:
    """The one command that installs what is missing on the system that os-release describes; [] if unknown."""
    family = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    if family & {"debian", "ubuntu"}:
        start, names = ["apt-get", "install", "-y"], [need.apt for need in missing]
    elif family & {"fedora", "rhel", "centos"}:
        start, names = ["dnf", "install", "-y"], [need.rpm for need in missing]
    elif family & {"suse", "opensuse"}:
        start, names = ["zypper", "install", "-y"], [need.rpm for need in missing]
    elif "arch" in family:
        start, names = ["pacman", "-S", "--needed"], [need.pacman for need in missing]
    elif "alpine" in family:
        start, names = ["apk", "add"], [need.apk for need in missing]
    else:
        return []
    return start + list(dict.fromkeys(names))


def apt_install(command: Sequence[str]) -> bool:
    """Runs it unattended, with fresh package lists only if it fails with those that are here."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
    for attempt in ([*command, *options], ["apt-get", "update", "-qq"], [*command, *options]):
        done = subprocess.run(
            attempt, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if attempt[1] == "install" and done.returncode == 0:
            return True
    print(done.stderr.strip(), file=sys.stderr)
    return False


def report(missing: Sequence[Need], command: Sequence[str]) -> list[str]:
    """A line for each who lacks something, and the way out."""
    lines = []
    for needs, line in (
        (PYTHON, "Python cannot make a .venv"),
        (OPENCV, "OpenCV cannot be loaded"),
        (MEDIAPIPE, "MediaPipe cannot be loaded, so OpenCV runs the model, slower"),
        (SCREEN, "Tests that open a window will be skipped"),
    ):
        names = [need.what for need in needs if need in missing]
        if names:
            lines.append(f"{line}: {', '.join(names)} missing.")
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    how = shlex.join([*sudo, *command]) if command else "with your system's package manager"
    # One line where all goes on nevertheless, as it is said each time.
    return [*lines, f"Install: {how}"] if len(lines) > 1 else [f"{lines[0]} Install: {how}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
