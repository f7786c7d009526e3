"""Python itself, and the wheels: there, of a version that fits, loadable, and not overwritten by one another."""

from __future__ import annotations

import operator
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version

from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding, Mend, Verdict
from rimlight.checks.system import System

_OLDEST = (3, 10)
_LIMIT = 60.0
"""Seconds for all to load: the first time after a start of the computer they come from the disk."""
_CONTRIB = "opencv-contrib-python"
_SAME_FOLDER = ("opencv-python", "opencv-python-headless", "opencv-contrib-python-headless")
_MODULES = {
    "numpy": "numpy",
    _CONTRIB: "cv2",
    "av": "av",
    "pyvirtualcam": "pyvirtualcam",
    "cv2-enumerate-cameras": "cv2_enumerate_cameras",
    "pydantic": "pydantic",
    "platformdirs": "platformdirs",
}
"""Those with native code, or that nothing works without. MediaPipe and ONNX Runtime are tried with a picture."""
_SPARE = {"mediapipe", "onnxruntime"}
"""Any of them may be missing while another runs the model: that check says whether one does."""
_COMPARE: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}

Versions = Callable[[str], str | None]
"""The installed version of a package, or None."""


def check_python(system: System, _: Asked, running: str = platform.python_version()) -> Iterator[Finding]:
    """The version of the Python that runs this."""
    values: dict[str, object] = {"version": running}
    if numbers(running) >= _OLDEST:
        yield Finding("python", "Python", "fine", running, values=values)
        return
    needed = ".".join(map(str, _OLDEST))
    newer = system.installs(
        debian="python3 python3-venv",
        fedora="python3",
        arch="python",
        suse="python3",
        darwin="python",
        win32="Python.Python.3.13",
    )
    mend = Mend(f"Install Python {needed} or newer, and Rimlight into that.", newer)
    yield Finding("python", "Python", "broken", f"{running}; {needed} or newer is needed", (mend,), values)


def installed(package: str) -> str | None:
    """The version of the package that is installed, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def declared() -> list[str]:
    """What Rimlight says that it needs, as pip reads it: 'numpy>=1.26'; with what its extras need."""
    try:
        return requires("rimlight") or []
    except PackageNotFoundError:
        return []


def check_packages(
    system: System, _: Asked, versions: Versions = installed, needs: list[str] | None = None
) -> Iterator[Finding]:
    """The packages that Rimlight needs; one finding if all is well, else one for each that is not."""
    needs = declared() if needs is None else needs
    if not needs:
        mend = Mend("Install it where this Python finds it.", system.pip("install rimlight"))
        yield Finding("packages", "packages", "broken", "Rimlight itself is not installed", (mend,))
        return
    troubles = [
        *_unfit(system, versions, needs),
        *_overwritten(system, versions),
        *_unloadable(system, versions),
    ]
    yield from troubles
    there = {name: found for name in (*_MODULES, *sorted(_SPARE)) if (found := versions(name))}
    if not troubles:
        told = ", ".join(f"{name} {found}" for name, found in there.items() if name in {"numpy", _CONTRIB, *_SPARE})
        yield Finding("packages", "packages", "fine", f"all there and loadable; {told}", values=dict(there))


def numbers(text: str) -> tuple[int, ...]:
    """The numbers that a version begins with, without zeros at the end: '5.0.0.93rc1' is (5, 0, 0, 93)."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    parts = [int(part) for part in found[0].split(".")] if found else []
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def fits(found: str, wanted: str) -> bool:
    """Whether a version is one of '>=2.4,<2.5'."""
    clauses = re.findall(r"(>=|<=|==|!=|>|<)\s*([^,\s]+)", wanted)
    return all(_COMPARE[compare](numbers(found), numbers(bound)) for compare, bound in clauses)


def _unfit(system: System, versions: Versions, needs: list[str]) -> Iterator[Finding]:
    for need in needs:
        requirement, _, condition = (part.strip() for part in need.partition(";"))
        parts = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(.*)", requirement)
        if parts is None or ("extra" in condition and parts[1] != "onnxruntime"):
            continue
        name, wanted = parts[1], parts[2].strip("() ")
        found = versions(name)
        if found is None and "extra" in condition:
            continue
        if found is None or not fits(found, wanted):
            verdict: Verdict = "warning" if name in _SPARE else "broken"
            told = f"{found} is installed, {wanted} is needed" if found else "not installed"
            mend = Mend("Install it.", system.pip(f"install {_quoted(name + wanted)}"))
            yield Finding(
                "packages", f"package {name}", verdict, told, (mend,), {"version": found, "wanted": wanted}
            )


def _quoted(word: str) -> str:
    # Double quotes are understood by cmd.exe as well.
    return f'"{word}"'


def _overwritten(system: System, versions: Versions) -> Iterator[Finding]:
    """Every OpenCV wheel installs the same folder cv2: the last one wins, and removing one breaks the others."""
    beside = [name for name in _SAME_FOLDER if versions(name)]
    if not beside:
        return
    told = " and ".join(f"{name} {versions(name)}" for name in beside)
    yield Finding(
        "packages",
        "OpenCV",
        "warning",
        f"{told} overwrites files of {_CONTRIB} {versions(_CONTRIB) or '(missing)'}: they share one folder",
        (
            Mend("Remove all of them,", system.pip(f"uninstall -y {' '.join([_CONTRIB, *beside])}")),
            Mend("then install the one that holds everything.", system.pip(f"install {_quoted(_CONTRIB + '>=5')}")),
        ),
        {name: versions(name) for name in (_CONTRIB, *beside)},
    )


def _unloadable(system: System, versions: Versions) -> Iterator[Finding]:
    there = [name for name in _MODULES if versions(name)]
    for name, trouble in _tried(system, there).items():
        if not trouble:
            continue
        again = Mend("Install it again.", system.pip(f"install --force-reinstall --no-deps {name}"))
        yield Finding(
            "packages",
            f"package {name}",
            "broken",
            f"cannot be loaded: {trouble}",
            (*_library(system, trouble), again),
        )


def _tried(system: System, names: list[str]) -> dict[str, str]:
    """For each package why it does not load, or ''. One that takes the process with it is found by itself."""
    try:
        answers: dict[str, str] = system.ask("imports", [_MODULES[name] for name in names], _LIMIT)
    except ProbeError as error:
        if len(names) == 1:
            return {names[0]: error.what}
        return {name: trouble for one in names for name, trouble in _tried(system, [one]).items()}
    return {name: answers[_MODULES[name]] for name in names}


def _library(system: System, trouble: str) -> Iterator[Mend]:
    """How to get a shared library of the system's that is missing."""
    missing = re.search(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object", trouble)
    if missing is None:
        return
    debian = {"libGL.so.1": "libgl1", "libgthread-2.0.so.0": "libglib2.0-0", "libxcb.so.1": "libxcb1"}
    arch = {"libGL.so.1": "libglvnd", "libgthread-2.0.so.0": "glib2", "libxcb.so.1": "libxcb"}
    by_file = f"'{missing[1]}()(64bit)'"
    command = system.installs(
        debian=debian.get(missing[1], ""), fedora=by_file, suse=by_file, arch=arch.get(missing[1], "")
    )
    yield Mend(f"Install the library {missing[1]}.", command)
