"""What is said of models, MediaPipe, speed, the screen, memory and the disk, on systems that are made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from made_up import ASKED, DEBIAN, Answer, commands, made_up, only, write
from rimlight.checks.children import ProbeError
from rimlight.checks.display import check_display
from rimlight.checks.findings import Asked, Finding
from rimlight.checks.graphics import check_mediapipe
from rimlight.checks.models import check_files, check_model
from rimlight.checks.space import check_memory, check_recordings
from rimlight.checks.speed import check_speed

ALL = {"onnxruntime": "1.32", "mediapipe": "1.2", "opencv-contrib-python": "5.0"}
MASK = {"name": "onnx general 256x256", "overlap": 0.95, "ms": 4.2, "said": []}
PIP = "/usr/bin/python3 -m pip"


def model(mask: Answer, asked: Asked = ASKED, there: dict[str, str] = ALL) -> Finding:
    return only(check_model(made_up(answers={"mask": mask}), asked, there.get))


def test_files_that_are_right_and_those_that_are_not() -> None:
    def said(asked: Asked, **troubles: str) -> Finding:
        return only(check_files(made_up(answers={"files": troubles}), asked))

    assert said(ASKED, one="", two="").found == "2 files, as they should be (SHA-256)"
    altered = said(ASKED, one="", two="ModelError: the model two was altered")
    assert (altered.verdict, altered.found) == ("broken", "the model two was altered")
    assert commands(altered) == [f"{PIP} install --force-reinstall --no-deps rimlight"]
    assert said(ASKED, rvm_x="ModelError: altered").verdict == "warning"
    best = said(Asked(model="best"), rvm_x="ModelError: not there")
    assert (best.verdict, commands(best)) == ("broken", ["rimlight models get best"])
    own = said(Asked(model="mine.onnx"), **{"mine.onnx": "FileNotFoundError: no mine.onnx"})
    assert (own.verdict, own.found) == ("broken", "no mine.onnx")


def test_a_model_that_finds_a_person_is_fine() -> None:
    assert model(MASK).found == "onnx general 256x256 finds a person in 4.2 ms"
    assert model(MASK).verdict == "fine"


def test_a_model_that_finds_nobody_is_not_but_a_users_own_may_be_for_something_else() -> None:
    nobody = {**MASK, "overlap": 0.1}
    assert model(nobody).verdict == "broken"
    own = model(nobody, Asked(model="own.onnx"))
    assert (own.verdict, commands(own)) == ("warning", ["rimlight --model standard"])


def test_a_slower_runtime_that_had_to_take_over_is_told_with_its_reason() -> None:
    said = ["MediaPipe cannot be loaded: no libEGL.so.1; opencv runs the same model instead, slower."]
    found = model({**MASK, "name": "opencv general 256x256", "said": said}, there={"mediapipe": "1.2"})
    assert found.verdict == "warning"
    assert found.found.endswith("because MediaPipe cannot be loaded: no libEGL.so.1")
    assert commands(found) == [f'{PIP} install "onnxruntime>=1.20"']


def test_a_runtime_that_crashes_is_told_with_one_that_works() -> None:
    def only_opencv(question: dict[str, str]) -> object:
        if question["runtime"] != "opencv":
            raise ProbeError("it crashed (SIGILL)")
        return MASK

    found = model(only_opencv)
    assert (found.verdict, found.found) == ("broken", "it crashed (SIGILL)")
    assert "rimlight --runtime opencv" in commands(found)


def test_where_nothing_runs_the_model_nothing_is_promised() -> None:
    found = model(ProbeError("no answer within 90 s"))
    assert found.verdict == "broken"
    assert not any("--runtime" in command for command in commands(found))


def mediapipe(
    missing: list[str],
    mask: Answer = MASK,
    there: dict[str, str] = ALL,
    platform: str = "linux",
    root: Path = Path("/no"),
) -> list[Finding]:
    system = made_up(root, {"libraries": missing, "mask": mask}, platform)
    return list(check_mediapipe(system, ASKED, there.get))


def test_mediapipe_is_no_matter_where_it_is_not_used() -> None:
    assert mediapipe([], platform="darwin") == []
    assert mediapipe([], there={"onnxruntime": "1.32"}) == []


@pytest.mark.parametrize(
    ("release", "command"),
    [
        (DEBIAN, "sudo apt install libegl1 libgles2"),
        ("ID=fedora\n", "sudo dnf install 'libEGL.so.1()(64bit)' 'libGLESv2.so.2()(64bit)'"),
        ("ID=arch\n", "sudo pacman -S libglvnd"),
        (
            "ID=opensuse-leap\nID_LIKE='suse opensuse'\n",
            "sudo zypper install 'libEGL.so.1()(64bit)' 'libGLESv2.so.2()(64bit)'",
        ),
    ],
)
def test_mediapipes_libraries_that_are_missing(tmp_path: Path, release: str, command: str) -> None:
    write(tmp_path, "etc/os-release", release)
    found = only(mediapipe(["libEGL.so.1"], root=tmp_path))
    assert found.verdict == "warning"
    assert "without libEGL.so.1; ONNX Runtime runs the model instead" in found.found
    assert commands(found) == [command]


def test_mediapipe_that_runs_and_that_does_not() -> None:
    assert only(mediapipe([])).verdict == "fine"
    found = only(mediapipe([], ProbeError("no answer within 90 s"), {"mediapipe": "1.2"}))
    assert (found.verdict, found.found) == (
        "warning",
        "no answer within 90 s; OpenCV runs, slower, the model instead",
    )


def paced(took: Callable[[dict[str, Any]], float], asked: Asked = ASKED) -> Finding:
    return only(check_speed(made_up(answers={"speed": lambda question: {"ms": took(question)}}), asked))


def test_speed_to_spare_is_fine() -> None:
    found = paced(lambda _: 12)
    assert (found.verdict, found.found) == (
        "fine",
        "1280x720 at 30 pictures a second: 12 ms of the 33.3 ms there are",
    )


def test_what_is_tight_or_too_slow_is_told_with_settings_that_hold() -> None:
    tight = paced(lambda question: 30 if question["model"] == "standard" else 15)
    assert (tight.verdict, commands(tight)) == ("warning", ["rimlight --model fast"])
    assert "leaves little" in tight.found
    slow = paced(lambda question: {"1280x720": 80, "960x540": 40, "640x360": 20}[question["size"]])
    assert "it holds 12.5" in slow.found
    assert commands(slow) == ["rimlight --size 640x360 --model fast"]
    best = paced(lambda question: 200 if question["model"] == "best" else 10, Asked(model="best"))
    assert commands(best) == ["rimlight --model standard"]
    assert commands(paced(lambda _: 500)) == ["rimlight --fps 15"]


def test_the_screen() -> None:
    assert only(check_display(made_up(answers={"display": True}), ASKED)).verdict == "fine"
    trouble = ProbeError("there is no screen for the preview: DISPLAY is not set", "Send it elsewhere.")
    found = only(check_display(made_up(answers={"display": trouble}), ASKED))
    assert (found.verdict, found.found) == ("warning", "none: DISPLAY is not set")
    assert found.mend[0].say == "Send it elsewhere."


def test_memory(tmp_path: Path) -> None:
    assert list(check_memory(made_up(tmp_path), ASKED)) == []
    write(tmp_path, "proc/meminfo", "MemTotal:  8000000 kB\nMemAvailable:    2000000 kB\n")
    assert only(check_memory(made_up(tmp_path), ASKED)).verdict == "fine"
    write(tmp_path, "proc/meminfo", "MemTotal:  8000000 kB\nMemAvailable:    200000 kB\n")
    found = only(check_memory(made_up(tmp_path), ASKED))
    assert (found.verdict, found.found) == ("warning", "0.2 GB free; a run takes up to 0.35 GB")


@pytest.mark.parametrize(
    ("answer", "verdict", "told"),
    [
        ({"folder": "/home/u/Videos", "writable": True, "free": 20e9}, "fine", "20.0 GB free in /home/u/Videos"),
        ({"folder": "/home/u/Videos", "writable": True, "free": 0.2e9}, "warning", "about 0.2 hours"),
        ({"folder": "/mnt", "writable": False, "free": 20e9}, "warning", "/mnt may not be written to"),
        (ProbeError("no answer within 10 s"), "warning", "no answer within 10 s"),
    ],
)
def test_recordings(answer: Answer, verdict: str, told: str) -> None:
    found = only(check_recordings(made_up(answers={"disk": answer}), ASKED))
    assert found.verdict == verdict
    assert told in found.found
    assert bool(found.mend) is (verdict == "warning")
