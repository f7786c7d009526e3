"""What is said of Python and the wheels: versions, wheels that overwrite others, and those that do not load."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_up import ASKED, Answer, commands, made_up, only
from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Finding
from rimlight.checks.packages import check_packages, check_python, declared, fits, installed, numbers

THERE = {
    "numpy": "2.4.6",
    "opencv-contrib-python": "5.0.0.93",
    "mediapipe": "1.2.2",
    "av": "18.1.0",
    "pyvirtualcam": "0.15.0",
}
NEEDS = ["numpy>=1.26", "opencv-contrib-python>=5", "mediapipe>=1.2", "av>=17", "pyvirtualcam>=0.12"]
LEAN = "onnxruntime>=1.20; extra == 'lean'"
PIP = "/usr/bin/python3 -m pip"


def loads(modules: list[str]) -> dict[str, str]:
    return dict.fromkeys(modules, "")


def found(
    there: dict[str, str] = THERE, needs: list[str] = NEEDS, imports: Answer = loads, platform: str = "linux"
) -> list[Finding]:
    system = made_up(answers={"imports": imports}, platform=platform)
    return list(check_packages(system, ASKED, there.get, needs))


def without(modules: dict[str, str]) -> Callable[[list[str]], dict[str, str]]:
    return lambda names: {name: modules.get(name, "") for name in names}


def test_this_python_is_new_enough_and_an_old_one_is_not() -> None:
    assert only(check_python(made_up(), ASKED)).verdict == "fine"
    old = only(check_python(made_up(platform="darwin"), ASKED, "3.9.18"))
    assert (old.verdict, old.found) == ("broken", "3.9.18; 3.10 or newer is needed")
    assert commands(old) == ["brew install python"]


def test_all_is_well() -> None:
    one = only(found())
    assert one.verdict == "fine"
    assert "opencv-contrib-python 5.0.0.93" in one.found
    assert one.values["numpy"] == "2.4.6"


def test_what_is_declared_here_is_there_and_fits() -> None:
    needs = declared()
    assert any(need.startswith("opencv-contrib-python") for need in needs)
    one = only(check_packages(made_up(answers={"imports": loads}), ASKED, installed, needs))
    assert one.verdict == "fine"


@pytest.mark.parametrize(
    ("changes", "title", "verdict", "told", "install"),
    [
        ({"numpy": "1.24.0"}, "package numpy", "broken", "1.24.0 is installed, >=1.26 is needed", "numpy>=1.26"),
        ({"av": None}, "package av", "broken", "not installed", "av>=17"),
        ({"mediapipe": None}, "package mediapipe", "warning", "not installed", "mediapipe>=1.2"),
    ],
)
def test_what_is_missing_or_too_old(
    changes: dict[str, str | None], title: str, verdict: str, told: str, install: str
) -> None:
    there = {name: version for name, version in {**THERE, **changes}.items() if version}
    one = only(found(there))
    assert (one.title, one.verdict, one.found) == (title, verdict, told)
    assert commands(one) == [f'{PIP} install "{install}"']


def test_an_extra_may_be_missing_and_if_it_is_there_it_fits() -> None:
    assert only(found(needs=[*NEEDS, LEAN])).verdict == "fine"
    assert only(found({**THERE, "onnxruntime": "1.32.0"}, [*NEEDS, LEAN])).verdict == "fine"
    old = only(found({**THERE, "onnxruntime": "1.10"}, [*NEEDS, LEAN]))
    assert (old.title, old.verdict) == ("package onnxruntime", "warning")


def test_another_opencv_in_the_same_folder_is_removed_with_ours_and_ours_put_back() -> None:
    one = only(found({**THERE, "opencv-python-headless": "4.10.0.84"}))
    assert one.verdict == "warning"
    assert "opencv-python-headless 4.10.0.84 overwrites files of opencv-contrib-python 5.0.0.93" in one.found
    assert commands(one) == [
        f"{PIP} uninstall -y opencv-contrib-python opencv-python-headless",
        f'{PIP} install "opencv-contrib-python>=5"',
    ]


def test_what_does_not_load_says_why_and_which_library_is_missing() -> None:
    why = "ImportError: libGL.so.1: cannot open shared object file: No such file or directory"
    one = only(found(imports=without({"cv2": why})))
    assert (one.title, one.verdict) == ("package opencv-contrib-python", "broken")
    assert one.found == f"cannot be loaded: {why}"
    assert one.mend[0].say == "Install the library libGL.so.1."
    assert commands(one)[-1] == f"{PIP} install --force-reinstall --no-deps opencv-contrib-python"


def test_the_one_that_takes_the_process_with_it_is_found() -> None:
    def crash(modules: list[str]) -> dict[str, str]:
        if "av" in modules:
            raise ProbeError("it crashed (SIGSEGV)")
        return loads(modules)

    one = only(found(imports=crash))
    assert (one.title, one.found) == ("package av", "cannot be loaded: it crashed (SIGSEGV)")


def test_rimlight_that_is_not_installed() -> None:
    assert only(found(needs=[])).found == "Rimlight itself is not installed"


def test_windows_commands_are_quoted_for_windows() -> None:
    system = made_up(platform="win32")
    assert system.pip("install x") == "/usr/bin/python3 -m pip install x"
    assert system.installs(win32="A.B") == "winget install A.B"


@pytest.mark.parametrize(
    ("version", "wanted", "fit"),
    [
        ("2.4.6", ">=1.26", True),
        ("1.26", ">=1.26.0", True),
        ("1.9", ">=1.26", False),
        ("5.0.0.93", ">=5", True),
        ("4.13.0", ">=5", False),
        ("2.4.1", ">=2.4,<2.5", True),
        ("2.5", ">=2.4,<2.5", False),
        ("2.5rc1", "!=2.5", False),
        ("anything", "", True),
    ],
)
def test_versions_are_compared_as_numbers(version: str, wanted: str, fit: bool) -> None:
    assert fits(version, wanted) is fit


@given(st.lists(st.integers(0, 300), min_size=1, max_size=4), st.lists(st.integers(0, 300), min_size=1, max_size=4))
def test_of_two_versions_one_is_at_least_the_other(a: list[int], b: list[int]) -> None:
    one, other = (".".join(map(str, parts)) for parts in (a, b))
    assert fits(one, f">={other}") or fits(other, f">={one}")
    assert fits(one, f">={other}") is not fits(one, f"<{other}")
    assert (fits(one, f">={other}") and fits(one, f"<={other}")) == (numbers(one) == numbers(other))
