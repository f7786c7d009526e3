"""`rimlight control`: a few words for the user's own programs, and nothing that could hold up or hurt a call."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimlight.commands.control import control
from rimlight.control import COMMANDS, Control, ask, folder, open_control
from rimlight.errors import ControlError, UsageError
from rimlight.meter import Meter
from rimlight.protocols import Answer
from rimlight.status import Status
from standins import WAIT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such sockets")


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's runtime folder, private as it should be."""
    path = tmp_path / "run"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    return path


class Run:
    """A run that obeys; what it was asked for."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.obeyed: list[str] = []
        self.refuses: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._obey)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join(WAIT)

    def _obey(self) -> None:
        while not self._over.wait(0.005):
            for order, answer in self.control.asked():
                self.obeyed.append(order)
                answer(Answer(f"did {order}", done=order not in self.refuses))


def listening() -> Control:
    opened = open_control(pytest.fail)
    assert isinstance(opened, Control)
    return opened


@pytest.fixture
def run() -> Iterator[Run]:
    with listening() as control:
        run = Run(control)
        yield run
        run.end()


def socket_of(pid: int = os.getpid()) -> Path:
    return folder() / f"{pid}.sock"


def said(raw: bytes, *, then: float = 0.0) -> dict[str, object]:
    """What a run answers to these bytes."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(WAIT)
        client.connect(str(socket_of()))
        client.sendall(raw)
        time.sleep(then)
        with client.makefile("rb") as answers:
            line = answers.readline()
    answer: dict[str, object] = json.loads(line)
    return answer


def test_every_command_reaches_the_run_and_its_line_comes_back(run: Run) -> None:
    for command in COMMANDS:
        assert ask(command) == {"ok": True, "line": f"did {COMMANDS[command]}"}
    assert run.obeyed == list(COMMANDS.values())


def test_what_was_not_done_is_told_as_such(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.refuses.add("hold")
    assert ask("pause") == {"ok": False, "line": "did hold"}
    with pytest.raises(ControlError, match="not done"):
        control("pause")
    assert capsys.readouterr().out == "did hold\n"


def test_who_comes_while_many_wait_has_its_turn(run: Run) -> None:
    with ExitStack() as clients:
        for _ in range(12):
            idle = clients.enter_context(socket.socket(socket.AF_UNIX))
            idle.setblocking(False)
            with suppress(BlockingIOError):
                idle.connect(str(socket_of()))
        assert ask("mirror") == {"ok": True, "line": "did mirror"}


def test_a_number_that_no_process_has_is_no_fault(run: Run) -> None:
    with pytest.raises(ControlError):
        ask("mirror", 10**120)


def test_the_status_is_told_without_asking_the_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    meter = Meter()
    run.control.show(Status(meter.snapshot(0.0), "office.jpg", recording=True, mic="mic Built-in ▁▁▁ silent"))
    control("status")
    shown = capsys.readouterr().out.splitlines()
    assert {"background: office.jpg", "recording: True", "paused: False"} <= set(shown)
    control("status", json_=True)
    assert json.loads(capsys.readouterr().out)["mic"] == "mic Built-in ▁▁▁ silent"
    assert run.obeyed == []


def test_only_its_user_may_connect(run: Run, runtime: Path) -> None:
    assert stat.S_IMODE(socket_of().lstat().st_mode) == 0o600
    assert stat.S_IMODE(socket_of().parent.lstat().st_mode) == 0o700
    assert socket_of().parent.parent == runtime


def test_a_folder_that_others_can_enter_is_not_used(runtime: Path) -> None:
    (runtime / "rimlight").mkdir(mode=0o755)
    told: list[str] = []
    with open_control(told.append) as control:
        assert control is None
    assert len(told) == 1
    assert "is not a folder of this user alone" in told[0]
    with pytest.raises(ControlError, match="no run of Rimlight listens"):
        ask("status")


def test_a_link_in_the_folders_place_is_not_followed(runtime: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (runtime / "rimlight").symlink_to(tmp_path / "elsewhere")
    with open_control(lambda _: None) as control:
        assert control is None
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\n",
        b"[1]\n",
        b'{"command": "start", "path": "/etc/passwd"}\n',
        b'{"command": ["start"]}\n',
        b'{"command": "start --to /tmp/a.mp4"}\n',
        b'{"command": "record"}\n',
        b"\xff\xfe\n",
        b"[" * 150 + b"\n",
        b'{"command": "' + b"x" * 300 + b'"}\n',
        b"\n",
    ],
)
def test_what_is_no_command_is_refused_and_nothing_is_done(run: Run, raw: bytes) -> None:
    assert said(raw)["ok"] is False
    assert run.obeyed == []
    assert ask("mirror")["ok"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_garbage_is_answered_and_harms_nobody(run: Run, raw: bytes) -> None:
    assert said(raw + b"\n")["ok"] is False
    assert run.obeyed == []


def test_who_says_nothing_or_only_half_is_not_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rimlight.control._PATIENCE", 0.1)
    with ExitStack() as clients:
        for half in (b"", b'{"command":', b""):
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(socket_of()))
            client.sendall(half)
        assert ask("mirror") == {"ok": True, "line": "did mirror"}


def test_a_run_that_hangs_is_told_to_the_client_and_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rimlight.control._PATIENCE", 0.05)
    with listening() as hanging:
        for _ in range(10):
            assert ask("mirror") == {"ok": False, "line": "the run does not answer"}
        assert hanging.asked() == [], "what was not done in time is not done later"
        with pytest.raises(ControlError, match="not done"):
            control("mirror")


def test_the_newest_run_is_asked_and_one_that_was_killed_is_passed_over(run: Run) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(socket_of(1)))
    dead.close()
    os.utime(socket_of(1), (2**31, 2**31))
    assert ask("mirror")["ok"]
    assert ask("mirror", os.getpid())["ok"]
    assert not socket_of(1).exists(), "nobody passes it over again"
    with pytest.raises(ControlError, match="with number 1 listens"):
        ask("mirror", 1)


def test_nothing_is_left_when_it_ends() -> None:
    control = listening()
    control.close()
    control.close()
    assert list(folder().iterdir()) == []
    assert "control" not in {thread.name for thread in threading.enumerate()}


def test_a_word_that_is_no_command_needs_no_run() -> None:
    with pytest.raises(UsageError, match="'dance' is no command"):
        control("dance")
    with pytest.raises(ControlError, match="no run of Rimlight listens\nStart one"):
        control("mirror")
