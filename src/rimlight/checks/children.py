"""Commands and probes in processes of their own, each with a time limit.

Drivers and native libraries may hang or crash; what hangs or crashes is then not the doctor.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rimlight.errors import RimlightError

_REAPED = 1.0
"""Seconds for a killed process to be gone. One that waits inside a driver is not until that answers."""
_LAST = 200
"""Letters of a crashed process's last words that are told."""


class ProbeError(RimlightError):
    """A probe gave no answer: what it probes says why, crashed or hung."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. `code` is None if it had to be killed, or could not be started."""

    code: int | None
    out: str
    err: str


def run(command: Sequence[str], limit: float, given: str = "", extra: Mapping[str, str] | None = None) -> Ended:
    """Runs a command with `given` on its standard input and `extra` in its environment, `limit` seconds at most.

    Whatever it started is killed with it. Never raises for what the command does, and never waits longer.
    """
    environment = {**os.environ, **(extra or {})}
    try:
        process = subprocess.Popen(  # noqa: S603  our own
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        return Ended(None, "", str(error))
    try:
        out, err = process.communicate(given.encode(), limit)
    except subprocess.TimeoutExpired:
        return Ended(None, "", "")
    finally:
        _end(process)
    return Ended(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _kill(process)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_REAPED)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with suppress(OSError):  # the rest of the question, which nobody reads any more
                pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def ask(probe: str, question: object, limit: float) -> Any:
    """The answer of a probe (`rimlight.checks.probes`) that runs in a process of its own.

    Raises ProbeError if there is none within `limit` seconds.
    """
    command = [sys.executable, "-m", "rimlight.checks.probes", probe]
    ended = run(command, limit, json.dumps(question), _same_path())
    if ended.code is None:
        raise ProbeError(ended.err or f"no answer within {limit:g} s")
    try:
        answer = json.loads(ended.out)
    except ValueError as error:
        raise ProbeError(_last_words(ended)) from error
    if "error" in answer:
        raise ProbeError(*answer["error"])
    return answer["is"]


def _same_path() -> dict[str, str]:
    """`python -m` would import from the folder the user happens to be in, even where `rimlight` itself does not."""
    here = os.fspath(Path.cwd())
    return {} if here in sys.path or "" in sys.path else {"PYTHONSAFEPATH": "1"}


def _last_words(ended: Ended) -> str:
    lines = [line.strip() for line in ended.err.splitlines() if line.strip()]
    words = f": {lines[-1][-_LAST:]}" if lines else ""
    code = ended.code or 0
    if code < 0:
        with suppress(ValueError):
            return f"it crashed ({signal.Signals(-code).name}){words}"
    return f"it ended with code {code}{words}"
