"""tools/setup and tools/system.py: what a fresh machine is told and given."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[1] / "tools"
APT = "libgl1 libglib2.0-0 libxcb1 libegl1 libgles2"
RPM = " ".join(
    f"{library}()(64bit)"
    for library in ("libGL.so.1", "libgthread-2.0.so.0", "libxcb.so.1", "libEGL.so.1", "libGLESv2.so.2")
)


@pytest.fixture(scope="module")
def system() -> ModuleType:
    spec = importlib.util.spec_from_file_location("system", TOOLS / "system.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["system"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ({"ID": "debian"}, f"apt-get install -y {APT}"),
        (
            {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"},
            f"apt-get install -y {APT}",
        ),
        (
            {"ID": "rocky", "ID_LIKE": "rhel centos fedora"},
            f"dnf install -y {RPM}",
        ),
        (
            {"ID": "opensuse-tumbleweed", "ID_LIKE": "opensuse suse"},
            f"zypper install -y {RPM}",
        ),
        ({"ID": "arch"}, "pacman -S --needed libglvnd glib2 libxcb"),
        ({"ID": "alpine"}, "apk add mesa-gl glib libxcb mesa-egl mesa-gles"),
        ({"ID": "plan9"}, ""),
    ],
)
def test_one_command_installs_what_is_missing(system: ModuleType, release: dict[str, str], command: str) -> None:
    assert " ".join(system.install_command(system.OPENCV + system.MEDIAPIPE, release)) == command


def test_a_need_is_met_by_what_can_be_loaded_found_or_imported(system: ModuleType) -> None:
    def met(what: str) -> bool:
        found: bool = system.Need(what, "", "", "").met()
        return found

    assert met("libc.so.6")
    assert met("sh")
    assert met("ensurepip")
    assert not met("librimlight-nowhere.so.1")
    assert not met("rimlight-nowhere")


def test_without_mediapipes_libraries_one_line_is_said(system: ModuleType) -> None:
    (line,) = system.report(system.MEDIAPIPE, ["apt-get", "install", "-y", "libegl1", "libgles2"])

    assert "OpenCV runs the model" in line
    assert line.endswith("apt-get install -y libegl1 libgles2")


def test_names_with_brackets_are_quoted_for_the_shell(system: ModuleType) -> None:
    (line,) = system.report(system.OPENCV[:1], ["dnf", "install", "-y", "libGL.so.1()(64bit)"])

    assert line.endswith("dnf install -y 'libGL.so.1()(64bit)'")


@pytest.mark.parametrize(
    ("script", "found"),
    [("#!/bin/sh\n[ $1 != --version ] || echo Python 3.9.2\n", "Python 3.9.2"), (None, "no {python}")],
    ids=["old", "absent"],
)
def test_a_python_that_is_too_old_is_named_with_the_way_out(tmp_path: Path, script: str | None, found: str) -> None:
    python = tmp_path / "python3"
    if script:
        python.write_text(script, encoding="utf-8")
        python.chmod(0o755)

    done = subprocess.run(
        [TOOLS / "setup"],
        env={**os.environ, "PYTHON": str(python), "MAKECMDGOALS": "demo"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        f"Rimlight needs Python 3.10 or newer, but here is {found.format(python=python)}.\n"
        "Install a newer one and name it, for instance: make demo PYTHON=python3.12\n"
    )


# Stands in for every Python: makes a .venv of itself, and pip notes what it is asked for. Where there is no ONNX
# Runtime, it can neither be installed nor found; where there is no network, nothing can be installed.
PYTHON = """#!/bin/sh
case "$*" in
    *sys.version_info*) echo 3.11 ;;
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip"*)
        for last in "$@"; do :; done
        echo "$last" >>asked
        [ -z "$NO_NETWORK" ] || { echo "pip: no network" >&2; exit 1; }
        case "$last$NO_ONNX" in *lean*1) echo "pip: no such wheel" >&2; exit 1 ;; esac ;;
    *onnxruntime*) [ -z "$NO_ONNX" ] || exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("words", "missing", "asked", "code", "said"),
    [
        ([], "", [".[lean]"], 0, ""),
        (
            [],
            "NO_ONNX",
            [".[lean]", "."],
            0,
            "ONNX Runtime is not to be had here: MediaPipe runs the model instead",
        ),
        ([], "NO_NETWORK", [".[lean]", "."], 1, "pip: no network\nRimlight could not be installed"),
        (["--dev"], "", [".[dev]"], 0, ""),
    ],
)
def test_onnx_runtime_is_installed_where_it_can_be(
    words: list[str], missing: str, asked: list[str], code: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "tools").mkdir()
    for file in ("tools/setup", "pyproject.toml"):
        shutil.copy(TOOLS.parent / file, tmp_path / file)
    python = tmp_path / "python3"
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    environment = {"PYTHON": str(python), "NO_ONNX": "", "NO_NETWORK": ""} | ({missing: "1"} if missing else {})

    done = subprocess.run(
        [tmp_path / "tools" / "setup", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stderr
    assert (tmp_path / "asked").read_text(encoding="utf-8").split() == asked
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == len(said.splitlines())
