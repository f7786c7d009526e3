"""What the doctor runs beside itself: it ends in time whatever hangs, and what crashes is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rimlight.checks import probes
from rimlight.checks.children import ProbeError, ask, run
from rimlight.errors import SourceError


def is_gone(process: int) -> bool:
    """Whether it ended, be it reaped or not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_what_a_command_is_given_and_says() -> None:
    echo = "import sys; print(sys.stdin.read().upper()); sys.exit(3)"
    ended = run([sys.executable, "-c", echo], 20, "hello")
    assert (ended.code, ended.out.strip()) == (3, "HELLO")


def test_a_command_that_is_not_there_says_nothing() -> None:
    ended = run(["rimlight-no-such-program"], 5)
    assert (ended.code, ended.out) == (None, "")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    numbers = tmp_path / "numbers"
    ended = run(["sh", "-c", f"sleep 300 & echo $$ $! > {numbers}; wait"], 1)
    assert ended.code is None
    processes = [int(number) for number in numbers.read_text(encoding="ascii").split()]
    limit = time.monotonic() + 10
    while not all(map(is_gone, processes)):
        assert time.monotonic() < limit
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="needs setsid")
def test_what_got_away_and_holds_the_pipe_is_not_waited_for(tmp_path: Path) -> None:
    number = tmp_path / "number"
    ended = run(["sh", "-c", f"setsid sh -c 'echo $$ > {number}; exec sleep 300' & sleep 300"], 1)
    assert ended.code is None
    os.kill(int(number.read_text(encoding="ascii")), signal.SIGKILL)


def test_a_probe_answers() -> None:
    assert ask("libraries", ["libnowhere.so.9"], 30) == ["libnowhere.so.9"]


def test_a_probe_works_in_a_folder_whose_files_have_the_names_of_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "types.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    if sys.version_info >= (3, 11):  # older ones have no such switch
        assert ask("libraries", [], 30) == []


def test_a_probe_that_hangs_crashes_or_is_none_is_told() -> None:
    with pytest.raises(ProbeError, match=r"no answer within 0\.01 s"):
        ask("libraries", [], 0.01)
    with pytest.raises(ProbeError, match="it ended with code 1: KeyError: 'nonsense'"):
        ask("nonsense", [], 30)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_names_its_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'illegal instruction' >&2\nkill -ILL $$\n", encoding="ascii")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ProbeError, match=r"it crashed \(SIGILL\): illegal instruction"):
        ask("libraries", [], 30)


def test_what_a_probe_raises_is_told_with_its_hint() -> None:
    def refuse(_: object) -> object:
        raise SourceError("no camera", "Plug one in.")

    def fail(_: object) -> object:
        raise ValueError("odd\nand more")

    assert probes.answer(refuse, None) == {"error": ["no camera", "Plug one in."]}
    assert probes.answer(fail, None) == {"error": ["ValueError: odd", ""]}


def test_the_probe_of_a_camera_that_is_none_says_so() -> None:
    with pytest.raises(ProbeError, match="no camera nobody has"):
        ask("rate", {"camera": "nobody has one of this name", "size": "640x480", "fps": 30}, 60)


def test_modules_that_do_not_load_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_wheel.py").write_text("raise OSError('wrong ELF class')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert ask("imports", ["json", "broken_wheel"], 30) == {"json": "", "broken_wheel": "OSError: wrong ELF class"}


def test_native_chatter_does_not_spoil_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chatty_wheel.py").write_text("import os; os.write(1, b'hello from C')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert ask("imports", ["chatty_wheel"], 30) == {"chatty_wheel": ""}


def test_the_doctor_starts_without_the_packages_that_it_examines() -> None:
    code = "import sys; import rimlight.doctor; print(*{'cv2', 'numpy', 'av', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
