"""The wheel: everything in it, nothing else, and it works from any folder without the checkout."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

import rimlight

CHECKOUT = Path(__file__).parents[1]
TRAVELLING = ("models", "backgrounds", "sitters")

pytestmark = pytest.mark.slow


def run(command: Sequence[str | Path], folder: Path) -> str:
    """What it prints; its complaints if it fails. Nothing in the environment leads to the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it is published: built from the source archive, which so proves complete too."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, CHECKOUT], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment that has the wheel. Its dependencies are lent by the environment of the tests.

    A folder named in a .pth file is searched, but its own .pth files are not read: the editable install of the
    checkout stays out of sight.
    """
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    site = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip()
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(site) / "lent.pth").write_text("\n".join(lent), encoding="utf-8")
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "--disable-pip-version-check",
        "--quiet",
    ]
    run([*pip, "install", "--no-index", "--no-deps", wheel], folder)
    return python


def test_the_wheel_carries_the_package_and_its_assets(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    rooms = {f"rimlight/{f.relative_to(CHECKOUT / 'src/rimlight')}" for f in (CHECKOUT / "src").rglob("*.py")}
    assets = {
        f"rimlight/{f.relative_to(CHECKOUT)}"
        for folder in TRAVELLING
        for f in (CHECKOUT / "assets" / folder).rglob("*")
        if f.is_file()
    }

    assert {folder for folder in TRAVELLING if any(f"/{folder}/" in name for name in assets)} == set(TRAVELLING)
    assert rooms | assets | {"rimlight/py.typed"} <= names
    described = {name for name in names if name.startswith(f"rimlight-{rimlight.__version__}.dist-info/")}
    assert names == rooms | assets | {"rimlight/py.typed"} | described
    assert f"rimlight-{rimlight.__version__}.dist-info/licenses/LICENSE" in described


def test_the_assets_arrive_unaltered(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        for file in (CHECKOUT / "assets" / "models").iterdir():
            assert archive.read(f"rimlight/assets/models/{file.name}") == file.read_bytes()


def test_the_wheel_says_what_it_needs(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        told = email.message_from_bytes(archive.read(f"rimlight-{rimlight.__version__}.dist-info/METADATA"))
    needed = {
        line.split(">")[0].split(";")[0].strip()
        for line in told.get_all("Requires-Dist", [])
        if "extra" not in line
    }

    assert told["Requires-Python"] == ">=3.10"
    assert told["License-Expression"] == "MIT"
    assert {name for name in needed if name.startswith("opencv")} == {"opencv-contrib-python"}, (
        "two would share cv2"
    )


def test_it_runs_installed_as_a_module_and_as_a_command(python: Path, tmp_path: Path) -> None:
    as_module = run([python, "-m", "rimlight", "version"], tmp_path)
    as_command = run([python.parent / "rimlight", "version"], tmp_path)

    assert rimlight.__version__ in as_module
    assert as_command == as_module


def test_installed_it_uses_its_own_files_and_not_the_checkout(python: Path, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
import rimlight
from rimlight.assets import asset
from rimlight.segmenters.selfie import GENERAL, LANDSCAPE

home = Path(sys.prefix).resolve()
assert Path(rimlight.__file__).resolve().is_relative_to(home), rimlight.__file__
for folder in sys.argv[1:]:
    assert asset(folder).resolve().is_relative_to(home) and any(asset(folder).iterdir()), asset(folder)
for model in GENERAL, LANDSCAPE:
    print(len(model.tflite.checked()), len(model.onnx.checked()))
"""
    sizes = run([python, "-c", code, *TRAVELLING], tmp_path).split()

    assert sizes == [
        str((CHECKOUT / "assets" / "models" / f"{name}.{kind}").stat().st_size)
        for name in ("selfie_segmentation", "selfie_segmentation_landscape")
        for kind in ("tflite", "onnx")
    ]
