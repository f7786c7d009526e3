"""The command as a user types it: what it says, how it ends, and that nothing is left half-done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from media import Sound, write_clip
from rimlight import __version__
from rimlight.assets import asset
from rimlight.models import BEST
from rimlight.types import Size


def rimlight(*words: object, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m rimlight` without a screen."""
    command = [sys.executable, "-m", "rimlight", *(str(word) for word in words)]
    known = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return subprocess.run(
        command, cwd=folder, env=known | environment, capture_output=True, text=True, timeout=60, check=False
    )


def refused(done: subprocess.CompletedProcess[str], *expected: str, code: int = 1) -> None:
    """One clear error of a line or a few, no traceback, the right exit code."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    start = next(number for number, line in enumerate(lines) if line.startswith("rimlight: "))
    assert len(lines) - start <= 3, done.stderr
    for word in expected:
        assert word in done.stderr


def test_a_microphone_that_was_named_and_is_not_there_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    words = ("--camera", "sitter", "--mic", "No Such Make", "--to", tmp_path / "talk.mp4", "--duration", "1")
    refused(rimlight(*words))
    assert list(tmp_path.iterdir()) == []


def test_version_and_help() -> None:
    assert rimlight("version").stdout == f"rimlight {__version__}\n"
    helped = rimlight("--help")
    assert helped.returncode == 0
    for word in ("live", "process", "eval", "devices", "doctor", "demo", "bench", "--camera", "--on-demand"):
        assert word in helped.stdout


@pytest.mark.parametrize(
    "words", [[], ["process"], ["bench"], ["eval"], ["models"], ["devices"], ["doctor"], ["demo"]]
)
def test_help_breaks_lines_at_the_terminals_width_and_not_where_the_source_does(words: list[str]) -> None:
    helped = rimlight(*words, "--help", COLUMNS="400")
    described, _, panels = helped.stdout.partition("╭")
    paragraphs = [line for line in described.splitlines() if line.strip()]
    assert paragraphs[0].startswith("Usage: ")
    assert all(paragraph.rstrip().endswith(".") for paragraph in paragraphs[1:])
    assert [line for line in panels.splitlines() if line.startswith("│     ")] == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--size", "5"], "1280x720"),
        (["--fps", "0"], "--fps 0"),
        (["--blur-strength", "3"], "--blur-strength 3"),
        (["--model", "huge"], "standard"),
        (["--runtime", "tpu"], "auto, onnx"),
        (["--runtime", "opencv", "--model", "best"], "ONNX Runtime does"),
        (["--on-demand", "never"], "auto or always-on"),
        (["--colour", "red"], "--colour"),
        (["nonsense"], "nonsense"),
        (["process", "only-one.mp4"], "one input and an output"),
        (["--camera", "sitter", "--to", "talk"], "--to talk"),
        (["--camera", "sitter", "--to", "talk.gif"], "talk.gif"),
        (["--camera", "sitter", "--to", "a.mp4", "--to", "a.mp4"], "twice"),
        (["--camera", "sitter", "--mic", "none", "--background", "nowhere.jpg", "--to", "talk.mp4"], "nowhere.jpg"),
        (["--camera", "sitter", "--mic", "none", "--size", "32x32", "--to", "talk.mp4"], "32x32"),
    ],
)
def test_what_makes_no_sense_is_refused_with_exit_code_2(words: list[str], expected: str, tmp_path: Path) -> None:
    refused(rimlight(*words, folder=tmp_path), expected, code=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("camera", ["63", "/dev/video63", "No Such Camera"])
def test_no_camera(camera: str, tmp_path: Path) -> None:
    refused(rimlight("--camera", camera, "--to", "talk.mp4", folder=tmp_path), camera)
    assert list(tmp_path.iterdir()) == []


def test_no_screen_and_no_virtual_camera_is_one_clear_line() -> None:
    refused(rimlight("--camera", "sitter"), "no screen", "--to talk.mp4")
    refused(rimlight("--camera", "sitter", "--to", "preview"), "DISPLAY")


@pytest.mark.skipif(Path("/sys/module/v4l2loopback").exists(), reason="there is a virtual camera here")
def test_no_virtual_camera_names_the_commands_that_create_one() -> None:
    refused(rimlight("--camera", "sitter", "--to", "virtual"), "v4l2loopback", "exclusive_caps=1")


def test_files_get_the_best_model_that_was_fetched_unless_it_is_to_be_quick(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "rimlight" / "models"
    folder.mkdir(parents=True)
    (folder / BEST.file_name).write_bytes(b"not those weights")
    write_clip(tmp_path / "in.mp4", count=2)

    def process(*words: str) -> subprocess.CompletedProcess[str]:
        return rimlight(
            "process", "in.mp4", "out.mp4", "--force", *words, folder=tmp_path, XDG_DATA_HOME=str(tmp_path / "data")
        )

    refused(process(), "--model standard takes a tenth of its time", "was altered")
    for words in (("--quick",), ("--model", "standard")):
        done = process(*words)
        assert done.returncode == 0, done.stderr
        assert "a tenth of its time" not in done.stderr


@pytest.mark.parametrize("content", [b"", b"only text\n" * 100, None], ids=["empty", "text", "missing"])
def test_what_is_no_video_is_refused_and_nothing_is_written(content: bytes | None, tmp_path: Path) -> None:
    source = tmp_path / "talk.mp4"
    if content is not None:
        source.write_bytes(content)
    before = set(tmp_path.iterdir())
    refused(rimlight("process", source, tmp_path / "new.mp4"), "talk.mp4")
    refused(rimlight("--camera", source, "--mic", "none", "--to", tmp_path / "new.mp4"), "talk.mp4")
    assert set(tmp_path.iterdir()) == before


def test_existing_files_are_kept_unless_forced(tmp_path: Path) -> None:
    source, output = write_clip(tmp_path / "talk.mp4"), tmp_path / "new.mp4"
    output.write_bytes(b"mine")
    refused(rimlight("process", source, output), "new.mp4", "--force", code=2)
    assert output.read_bytes() == b"mine"
    done = rimlight("process", source, output, "--force")
    assert done.returncode == 0, done.stderr
    assert output.stat().st_size > 500
    refused(rimlight("process", source, source, "--force"), "talk.mp4", code=2)


def test_a_missing_or_altered_model_is_refused(tmp_path: Path) -> None:
    """In a copy of the package, since the real files are others' too."""
    import shutil

    package = tmp_path / "rimlight"
    shutil.copytree(asset("models").parents[1] / "src" / "rimlight", package)
    shutil.copytree(asset(), package / "assets")
    model = package / "assets" / "models" / "selfie_segmentation.onnx"
    words = ("--camera", "sitter", "--mic", "none", "--to", tmp_path / "talk.mp4")
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    refused(rimlight(*words, PYTHONPATH=str(tmp_path)), "altered", "SHA-256")
    model.unlink()
    refused(rimlight(*words, PYTHONPATH=str(tmp_path)), "selfie_segmentation.onnx", "Install Rimlight again")
    assert not (tmp_path / "talk.mp4").exists()


def test_several_inputs_go_into_a_folder_and_failures_are_named(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "one.mkv", sound=[Sound()])
    photo = tmp_path / "two.png"
    cv2.imwrite(str(photo), np.full((40, 60, 3), 90, np.uint8))
    broken = tmp_path / "three.mp4"
    broken.write_bytes(b"text")
    refused(rimlight("process", clip, photo, broken, tmp_path / "out"), "1 of 3 failed", "three.mp4", code=11)
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == [".rimlight-done.json", "one.mp4", "two.png"]
    twin = write_clip(tmp_path / "one.mp4")
    refused(rimlight("process", clip, twin, tmp_path / "twins"), "one.mkv", "one.mp4", code=2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_a_live_run_in_order(number: signal.Signals, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "rimlight",
        "--camera",
        "sitter",
        "--mic",
        "none",
        "--size",
        "320x180",
        "--to",
        "talk.mp4",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while not any(p.stat().st_size > 10_000 for p in tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 0, told
    assert "Traceback" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["talk.mp4"]
    capture = cv2.VideoCapture(str(tmp_path / "talk.mp4"))
    assert capture.read()[0]
    capture.release()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_process_interrupted_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    write_clip(tmp_path / "talk.mp4", count=600, size=Size(640, 360))
    # Of two passes the first writes nothing (tests/test_foresight.py interrupts that).
    words = ["process", "talk.mp4", "new.mp4", "--matte", "mattes", "--quick"]
    command = [sys.executable, "-m", "rimlight", *words]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while len(list(tmp_path.glob("mattes/*/*"))) < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 130, told
    assert told.strip() == "rimlight: interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["talk.mp4"]


def test_live_on_the_sitter_ends_by_itself_and_records(tmp_path: Path) -> None:
    done = rimlight(
        "--camera",
        "sitter",
        "--size",
        "320x180",
        "--duration",
        "1",
        "--mic",
        "none",
        "--to",
        "talk.mp4",
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "320x180 at 30 fps" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["talk.mp4"]


def test_a_clip_plays_as_a_camera_to_its_end(tmp_path: Path) -> None:
    write_clip(tmp_path / "talk.mp4")
    done = rimlight(
        "--camera", "talk.mp4", "--background", "#00b140", "--mic", "none", "--to", "new.mkv", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new.mkv").exists()


def test_devices_names_each_kind() -> None:
    done = rimlight("devices")
    assert done.returncode == 0
    for kind in ("webcam:", "preview window:", "virtual camera:"):
        assert kind in done.stdout
