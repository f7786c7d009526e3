"""MediaPipe, which wants graphics libraries of the system even where it computes without them."""

from __future__ import annotations

from collections.abc import Iterator

from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding, Mend
from rimlight.checks.models import run_model
from rimlight.checks.packages import Versions, installed
from rimlight.checks.system import System

_LIBRARIES = ("libEGL.so.1", "libGLESv2.so.2")
_LOADED = 10.0
_BY_FILE = " ".join(f"'{name}()(64bit)'" for name in _LIBRARIES)
"""What dnf and zypper find the packages by, whatever their names are there."""


def check_mediapipe(system: System, asked: Asked, versions: Versions = installed) -> Iterator[Finding]:
    """On Linux, where it can be kept off the network and so is used: its libraries, and whether it runs."""
    if system.platform != "linux" or not versions("mediapipe"):
        return
    instead = "ONNX Runtime runs" if versions("onnxruntime") else "OpenCV runs, slower,"
    missing: list[str] = system.ask("libraries", list(_LIBRARIES), _LOADED)
    if missing:
        told = f"cannot be loaded without {' and '.join(missing)}; {instead} the model instead"
        command = system.installs(debian="libegl1 libgles2", fedora=_BY_FILE, suse=_BY_FILE, arch="libglvnd")
        mend = Mend("Install what is missing.", command)
        yield Finding("mediapipe", "MediaPipe", "warning", told, (mend,), {"missing": missing})
        return
    model = asked.model if asked.model in {"standard", "fast"} else "standard"
    try:
        ms = run_model(system, model, "mediapipe")["ms"]
    except ProbeError as error:
        told = f"{error.what}; {instead} the model instead"
        again = Mend("Install it again.", system.pip("install --force-reinstall --no-deps mediapipe"))
        yield Finding("mediapipe", "MediaPipe", "warning", told, (again,))
        return
    told = f"could run it as well, in {ms:.3g} ms"
    yield Finding("mediapipe", "MediaPipe", "fine", told, values={"ms": ms, "libraries": list(_LIBRARIES)})
