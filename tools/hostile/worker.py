"""A process that is fed hostile inputs, one after the other, within limits of memory; and who looks after it.

Inputs are known by their numbers: the same number and seed give the same input, here and in the process.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from select import select
from typing import Literal, NamedTuple

from hostile.seeds import Seed

KINDS = ("pictures", "videos", "settings", "models")
Verdict = Literal["accepted", "refused", "error", "crash", "hang", "memory"]

ENTRY = "from hostile.worker import main; main()"
ADDRESSES = 12 << 30
"""Bytes of addresses that a process may have; libraries alone take three."""
MOST_MEMORY = 2 << 30
"""Bytes of memory that an input may take."""
PATIENCE = 30.0
"""Seconds that an input may take, on a machine that does other things besides."""


class Outcome(NamedTuple):
    """What became of an input."""

    number: int
    verdict: Verdict
    seconds: float
    memory: int
    """Bytes at the peak."""
    told: str = ""
    """Of a fault: where, and what."""


def seeds_of(kind: str) -> list[Seed]:
    """The whole files of that kind."""
    from hostile import seeds

    if kind == "models":
        from hostile.nets import model_seeds

        return model_seeds()
    return {"pictures": seeds.picture_seeds, "videos": seeds.video_seeds, "settings": list}[kind]()


def input_of(kind: str, seed: int, index: int, whole: Sequence[Seed]) -> Seed:
    """The input of that number: the whole files first, then spoilt ones."""
    from hostile.spoil import spoilt

    dice = random.Random(f"{seed} {kind} {index}")
    if index < len(whole):
        return whole[index]
    if kind == "models" and dice.random() < 0.7:
        from hostile.nets import hostile_net

        return Seed("onnx", hostile_net(dice))
    chosen = dice.choice(whole)
    content = spoilt(chosen.content, [one.content for one in whole], dice)
    # Half of them under another's name.
    return Seed(chosen.ending if dice.random() < 0.5 else dice.choice(whole).ending, content)


class Worker:
    """Gives a process its inputs; one that crashed, hangs or grew too large is replaced."""

    def __init__(self, kind: str, seed: int, whole: Path) -> None:
        self.kind = kind
        self._seed = seed
        self._whole = whole
        self._process = self._start()

    def feed(self, index: int) -> Outcome:
        """What becomes of that input."""
        begun = time.monotonic()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{index}\n".encode())
        self._process.stdin.flush()
        ready, _, _ = select([self._process.stdout], [], [], PATIENCE)
        line = self._process.stdout.readline() if ready else b""
        if line:
            outcome = Outcome(*json.loads(line))
            if outcome.memory > MOST_MEMORY:
                self._replace()
                return outcome._replace(verdict="memory")
            return outcome
        seconds = time.monotonic() - begun
        code = self._replace()
        if not ready:
            return Outcome(index, "hang", seconds, 0, f"no answer in {PATIENCE:.0f} s")
        return Outcome(index, "crash", seconds, 0, _death(code))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", ENTRY, self.kind, str(self._seed), str(self._whole)]
        paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "OPENCV_FOR_THREADS_NUM": "1",
        }
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )

    def _replace(self) -> int:
        """How the process ended; -9 if it had to be ended."""
        try:
            code = self._process.wait(0.2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._process.communicate()
        self._process = self._start()
        return code


def _death(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def main() -> None:
    """Answers each number on standard input with a line of JSON."""
    kind, seed, whole = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    # What native libraries print is not an answer.
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seeds = [Seed(ending, bytes.fromhex(content)) for ending, content in json.loads(whole.read_text())]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for line in sys.stdin:
            print(json.dumps(_outcome(kind, seed, int(line), seeds, Path(folder))), file=answers)


def _outcome(kind: str, seed: int, index: int, seeds: Sequence[Seed], folder: Path) -> Outcome:
    from hostile import feed

    path = folder / "input"
    if kind != "settings":
        made = input_of(kind, seed, index, seeds)
        path = folder / f"input.{made.ending}"
        path.write_bytes(made.content)
    _forget_peak()
    begun = time.monotonic()
    told = ""
    verdict: Verdict
    try:
        verdict = "accepted" if feed.feed(kind, path, random.Random(f"{seed} {kind} {index}")) else "refused"
    except MemoryError:
        verdict, told = "memory", traceback.format_exc()
    except Exception:  # noqa: BLE001  that is what is looked for
        verdict, told = "error", traceback.format_exc()
    seconds = time.monotonic() - begun
    path.unlink(missing_ok=True)
    return Outcome(index, verdict, seconds, _peak(), told)


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Bytes of memory at the most since then."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10
