"""Why macOS or Windows has no virtual camera: there it comes with OBS Studio, or on Windows with Unity Capture."""

from __future__ import annotations

from rimlight.checks.findings import Mend
from rimlight.checks.system import System

_OBS = "/Applications/OBS.app"
_PLUG_IN = "/Library/CoreMediaIO/Plug-Ins/DAL/obs-mac-virtualcam.plugin"
"""Of OBS before 30; macOS 14 does not load it any more (obs-studio issue 9680)."""
_EXTENSION = "com.obsproject.obs-studio.mac-camera-extension"
_DIRECT_SHOW = {
    "OBS's virtual camera": r"CLSID\{A3FCE0F5-3493-419F-958A-ABA1250EC20B}",
    "Unity Video Capture": r"CLSID\{5C2CD55C-92AD-4999-8666-912BD3E70010}",
}
"""Where each is registered; pyvirtualcam looks there, too."""
_START = Mend('In OBS, press "Start Virtual Camera" once, then "Stop": that makes the camera known to the system.')


def missing_on_macos(system: System) -> tuple[str, tuple[Mend, ...]]:
    """Why there is none on this Mac, and how to get one."""
    if not system.path(_OBS).exists():
        return "OBS Studio, which brings it, is not installed", (
            Mend("Install OBS.", "brew install --cask obs"),
            _START,
        )
    told = [line for line in system.output(("systemextensionsctl", "list")).splitlines() if _EXTENSION in line]
    if any("waiting for user" in line for line in told):
        allow = "Allow it: System Settings > General > Login Items & Extensions > Camera Extensions."
        return "OBS's camera extension waits to be allowed", (Mend(allow),)
    if any("activated enabled" in line for line in told):
        again = Mend("Quit OBS and every program that uses cameras; restart the computer if that does not help.")
        return "OBS's camera extension is on, and yet gives no camera", (again,)
    if system.path(_PLUG_IN).exists():
        told_old = "OBS's plug-in is of the old kind, which macOS 14 and newer do not load"
        return told_old, (Mend("Bring OBS up to date.", "brew upgrade --cask obs"), _START)
    return "OBS is installed, and its virtual camera was never started", (_START,)


def missing_on_windows(system: System) -> tuple[str, tuple[Mend, ...]]:
    """Why there is none on this Windows, and how to get one."""
    registered = [name for name, key in _DIRECT_SHOW.items() if system.registered(key)]
    if registered:
        again = Mend("Close every program that uses cameras; install it anew if that does not help.")
        return f"{' and '.join(registered)} is registered, and yet gives no camera", (again,)
    return (
        "neither OBS's nor Unity Capture's is registered",
        (Mend("Install OBS.", "winget install OBSProject.OBSStudio"), _START),
    )
