"""The machine that is measured: its processor, cores and versions, and how much memory this process has."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rimlight.cores import usable_cores

_PACKAGES = ("numpy", "opencv-contrib-python", "mediapipe", "onnxruntime", "av")


def machine() -> str:
    """Processor, cores, Python and the versions that matter, in one line."""
    return f"{_processor()}, {usable_cores()} cores, Python {platform.python_version()}, {', '.join(_versions())}"


def load() -> float | None:
    """Programs that wanted a core, on average over the last minute; None where the system does not tell."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def bind_to_one_core() -> None:
    """Keeps this process, and all that it starts, on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def resident() -> int | None:
    """Bytes of memory that this process has at the moment; None where the system does not tell."""
    return _proc_status("VmRSS")


def peak_resident() -> int | None:
    """The most it had so far, in bytes.

    From /proc, not from getrusage: there a child begins with what its parent had.
    """
    if (peak := _proc_status("VmHWM")) is not None or sys.platform == "win32":
        return peak
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _proc_status(name: str) -> int | None:
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii", errors="replace").splitlines() if status.exists() else []
    found = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    kilobytes = next(found, None)
    return None if kilobytes is None else int(kilobytes) * 1024


def _versions() -> list[str]:
    return [f"{package} {found}" for package in _PACKAGES if (found := _version(package))]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
