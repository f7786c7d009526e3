"""The system that is examined, as checks see it: made up in tests."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from platform import release
from typing import Any

from rimlight.checks.children import ask, run

_PATIENCE = 10.0
"""Seconds for a command of the system's."""

Ask = Callable[[str, object, float], Any]
"""Probe, question and seconds to an answer; raises ProbeError."""


def _output(command: Sequence[str]) -> str:
    return run(command, _PATIENCE).out


def _registered(key: str) -> bool:
    """Whether Windows' registry has this key under HKEY_CLASSES_ROOT."""
    if sys.platform != "win32":
        return False
    import winreg

    try:
        winreg.CloseKey(winreg.OpenKey(winreg.HKEY_CLASSES_ROOT, key))
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class System:
    """What checks may look at. Nothing else is looked at, so that a system can be made up."""

    platform: str = sys.platform
    """As `sys.platform`."""
    release: str = field(default_factory=release)
    """The running kernel's."""
    root: Path = Path("/")
    """Where /etc, /sys, /proc and /lib are."""
    python: str = sys.executable
    ask: Ask = ask
    output: Callable[[Sequence[str]], str] = _output
    """What a command prints; '' if it is not there or does not end."""
    registered: Callable[[str], bool] = _registered

    def path(self, absolute: str) -> Path:
        """Where the file of that absolute name is."""
        return self.root / absolute.lstrip("/")

    def text(self, absolute: str) -> str:
        """What is in the file of that absolute name; '' if it cannot be read."""
        try:
            return self.path(absolute).read_text(errors="replace")
        except OSError:
            return ""

    @property
    def os_release(self) -> str:
        return self.text("/etc/os-release")

    @property
    def family(self) -> str:
        """'debian', 'fedora', 'arch' or 'suse' for these and their derivatives, 'darwin', 'win32', or ''."""
        if self.platform != "linux":
            return self.platform
        fields = dict(line.split("=", 1) for line in self.os_release.splitlines() if "=" in line)
        names = shlex.split(f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}")
        known = {"debian": "debian", "ubuntu": "debian", "fedora": "fedora", "rhel": "fedora", "arch": "arch"}
        known |= {"suse": "suse", "opensuse": "suse"}
        return next((known[name] for name in " ".join(names).split() if name in known), "")

    def installs(self, **packages: str) -> str:
        """The command that installs what the family's packages are called; '' where that is not known."""
        how = {
            "debian": "sudo apt install",
            "fedora": "sudo dnf install",
            "arch": "sudo pacman -S",
            "suse": "sudo zypper install",
            "darwin": "brew install",
            "win32": "winget install",
        }
        names = packages.get(self.family, "")
        return f"{how[self.family]} {names}" if names else ""

    def pip(self, words: str) -> str:
        """A pip command for the Python that runs Rimlight."""
        if self.platform == "win32":
            return f'"{self.python}" -m pip {words}' if " " in self.python else f"{self.python} -m pip {words}"
        return f"{shlex.quote(self.python)} -m pip {words}"
