"""`rimlight control`: a run is steered by other programs of the same user, through a socket in a folder of theirs.

One line of JSON in, one out. A command is one of a list; nothing else is taken, no name of a file above all. Who
may connect is the system's business: the folder is open to its owner alone, and so is the socket.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from queue import Empty, Full, Queue, SimpleQueue
from typing import Any

from rimlight.errors import ControlError
from rimlight.protocols import Answer, Closes, Order
from rimlight.status import Status

COMMANDS: Mapping[str, Order] = {
    "start": "start",
    "stop": "stop",
    "pause": "hold",
    "resume": "resume",
    "replay": "replay",
    "next-background": "next-background",
    "blur": "blur",
    "less-blur": "less-blur",
    "more-blur": "more-blur",
    "mirror": "mirror",
    "quit": "quit",
}
"""What may be asked for, beside `status`."""

_LONGEST = 200
"""Bytes of a question."""
_PATIENCE = 0.5
"""Seconds that a client has for its question, and the run for what it says to it."""
_CLIENTS = 8
"""Who may wait; more are refused by the system."""
_LIMIT = 10.0
"""Seconds until a run that was asked is taken to hang: all who wait before us have theirs."""
_TURN = 0.02
"""Seconds until another attempt to be heard."""
_ENDING = ".sock"


def open_control(say: Callable[[str], None]) -> AbstractContextManager[Control | None]:
    """Listens for commands. Where that cannot be, nobody does; said in a line, if the system has such sockets."""
    if not hasattr(socket, "AF_UNIX") or sys.platform == "win32":
        return nullcontext()
    try:
        return Control(folder(create=True) / f"{os.getpid()}{_ENDING}")
    except OSError as error:
        say(f"rimlight control cannot reach this run: {error.strerror or error}")
        return nullcontext()


def folder(*, create: bool = False) -> Path:
    """Where the sockets are. Raises OSError if it is not the user's alone, PermissionError or FileNotFoundError."""
    import platformdirs

    with warnings.catch_warnings():
        # Without a session there is no runtime folder; one among the temporary files, as private, will do.
        warnings.simplefilter("ignore")
        path = platformdirs.user_runtime_path("rimlight")
    if create:
        for one in (path.parent, path):
            if not one.exists():
                one.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(1, f"{path} is not a folder of this user alone")
    return path


class _Request:
    """One command; whoever waits too long for the answer takes it back."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.answers: SimpleQueue[Answer] = SimpleQueue()
        self.taken_back = False


class Control(Closes):
    """Listens on a thread of its own, one client after another; `asked` and `show` are for the run's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked: Queue[_Request] = Queue(_CLIENTS)
        self._status: dict[str, Any] = {}
        self._over = False
        path.unlink(missing_ok=True)  # of a process of this number, long ago
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Nobody else may reach it between `bind` and `chmod`: the folder is closed to them.
            self._socket.bind(str(path))
            path.chmod(0o600)
            self._socket.listen(_CLIENTS)
        except BaseException:
            self._socket.close()
            raise
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()

    def asked(self) -> Sequence[tuple[Order, Callable[[Answer], None]]]:
        """What was asked for since the last call, and who takes what became of it. Never waits."""
        asked = []
        with contextlib.suppress(Empty):
            while True:
                asked.append(self._asked.get_nowait())
        return [(one.order, one.answers.put) for one in asked if not one.taken_back]

    def show(self, status: Status) -> None:
        """How the run is doing, for whoever asks next."""
        numbers = status.numbers
        self._status = {
            "fps": round(numbers.fps, 1),
            "latency_ms": round(numbers.latency.p95 * 1000, 1),
            "dropped": numbers.dropped,
            "background": status.background,
            "recording": status.recording,
            "paused": status.paused,
            "mic": status.mic,
            "trouble": status.trouble,
        }

    def close(self) -> None:
        if self._over:
            return
        self._over = True
        # Ends `accept`; closing alone would not.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink(missing_ok=True)
        self._thread.join(4 * _PATIENCE)  # one who is being served

    def _serve(self) -> None:
        while not self._over:
            try:
                client, _ = self._socket.accept()
            except OSError:  # closed
                if not self._over:
                    time.sleep(_PATIENCE)  # too many open files: later, perhaps
                continue
            with client, contextlib.suppress(OSError):
                client.sendall(_line(self._answer(client)))

    def _answer(self, client: socket.socket) -> dict[str, Any]:
        try:
            question = _question(client)
        except (ValueError, TypeError, RecursionError) as error:
            return {"ok": False, "line": f"no question: {error}"}
        if question == "status":
            return {"ok": True, **self._status}
        order = COMMANDS.get(question)
        if order is None:
            return {"ok": False, "line": f"no command; there are {', '.join(COMMANDS)} and status"}
        request = _Request(order)
        try:
            self._asked.put(request, timeout=_PATIENCE)
            answer = request.answers.get(timeout=_PATIENCE)
            return {"ok": answer.done, "line": answer.line}
        except (Full, Empty):
            request.taken_back = True
            return {"ok": False, "line": "the run does not answer"}


def ask(command: str, pid: int | None = None) -> dict[str, Any]:
    """Asks a run: that of `pid`, else the newest. Raises ControlError if there is none, or it does not answer."""
    if not hasattr(socket, "AF_UNIX") or sys.platform == "win32":
        raise ControlError(
            "rimlight control is not there on Windows yet", "Use the keys in the preview: h lists them"
        )
    for path in _sockets(pid):
        try:
            return _asked(path, command)
        except ConnectionRefusedError:  # it was killed
            path.unlink(missing_ok=True)
        except FileNotFoundError:  # it has just ended
            continue
    if pid is not None:
        raise ControlError(f"no run of Rimlight with number {pid} listens", "Leave --pid out for the newest one.")
    raise ControlError("no run of Rimlight listens", "Start one: rimlight")


def _sockets(pid: int | None) -> list[Path]:
    """The newest first."""
    try:
        path = folder()
    except OSError:
        return []
    if pid is not None:
        return [path / f"{pid}{_ENDING}"]
    found = []
    for one in path.glob(f"*{_ENDING}"):
        with contextlib.suppress(OSError):
            found.append((one.lstat().st_mtime_ns, one))
    return [one for _, one in sorted(found, reverse=True)]


def _asked(path: Path, command: str) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as run:
        try:
            _connect(run, path)
            run.settimeout(_LIMIT)
            run.sendall(_line({"command": command}))
            answer = json.loads(b"".join(_received(run, 1 << 16, _LIMIT)))
        except (ConnectionRefusedError, FileNotFoundError):
            raise
        except (OSError, ValueError) as error:
            raise ControlError(f"the run {path.stem} does not answer: {error}") from error
    if not isinstance(answer, dict):
        raise ControlError(f"the run {path.stem} answers nonsense")
    return answer


def _connect(run: socket.socket, path: Path) -> None:
    """Waits for its turn where others wait already, which Linux tells at once and not after a while."""
    until = time.monotonic() + _LIMIT
    while True:
        try:
            return run.connect(str(path))
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(_TURN)


def _question(client: socket.socket) -> str:
    question = json.loads(b"".join(_received(client, _LONGEST, _PATIENCE)))
    if not isinstance(question, dict) or set(question) != {"command"} or not isinstance(question["command"], str):
        raise ValueError('write {"command": "status"} and a new line')
    return question["command"]


def _received(peer: socket.socket, most: int, seconds: float) -> Iterator[bytes]:
    """What comes before the end of a line, within so many seconds altogether. Raises OSError, ValueError."""
    until = time.monotonic() + seconds
    while most > 0:
        peer.settimeout(max(0.001, until - time.monotonic()))
        part = peer.recv(most)
        yield part
        most -= len(part)
        if not part or part.endswith(b"\n"):
            return
    raise ValueError("too long")


def _line(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer).encode() + b"\n"
