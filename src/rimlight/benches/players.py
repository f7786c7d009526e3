"""Processes that measure when they are told to, so that ways on one core and on all take turns with each other.

Runtimes size their thread pools once, when they are loaded, so each number of cores has a process of its own; the
others wait meanwhile. Questions and answers are lines of JSON.
"""

from __future__ import annotations

import faulthandler
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from tempfile import TemporaryFile
from typing import Any, TextIO

from rimlight.benches.machine import bind_to_one_core
from rimlight.benches.rows import Row, Way
from rimlight.benches.ways import open_ways
from rimlight.errors import RimlightError
from rimlight.protocols import Closes

PATIENCE = 300
"""Seconds for one answer until a process counts as hung (MediaPipe was once seen not to return on one CPU)."""

Job = Callable[[Any], object]
"""What a process does with the question it is asked: an answer that JSON can hold."""


def open_player(job: str, patience: float = PATIENCE) -> Player:
    """Starts a process that answers questions to the job of that name (`rimlight.bench`)."""
    return Player(job, patience)


class Player(Closes):
    """A measuring process, from outside."""

    def __init__(self, job: str, patience: float) -> None:
        self._job = job
        self._patience = patience
        self._complaints = TemporaryFile()  # noqa: SIM115  closed by close()
        command = [sys.executable, "-m", "rimlight.bench", job, str(patience)]
        self._process = subprocess.Popen(  # noqa: S603  our own
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, text=True
        )

    def ask(self, question: object) -> Any:
        """The answer, waiting for it. Raises RimlightError if the process fails or hangs."""
        self.tell(question)
        return self.answer()

    def tell(self, question: object) -> None:
        """Asks without waiting: `answer` does. Raises RimlightError if the process is gone."""
        assert self._process.stdin is not None
        try:
            print(json.dumps(question), file=self._process.stdin, flush=True)
        except BrokenPipeError as error:
            raise self._failure() from error

    def answer(self) -> Any:
        """To what was told. Raises RimlightError if the process fails or hangs."""
        assert self._process.stdout is not None
        try:
            answer = json.loads(self._process.stdout.readline())
        except ValueError as error:
            raise self._failure() from error
        if "error" in answer:
            raise RimlightError(*answer["error"])
        return answer["is"]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._complaints.close()

    def _failure(self) -> RimlightError:
        code = self._process.wait()
        self._complaints.seek(0)
        text = self._complaints.read().decode(errors="replace").strip()
        if "Timeout (" in text:
            return RimlightError(
                f"measuring ({self._job}) did not end within {self._patience:g} s",
                "Try again on a quieter machine.",
            )
        return RimlightError(f"measuring ({self._job}) failed with exit code {code}: {text[-500:]}")


def answer_all(job: Job, questions: Iterable[str], answers: TextIO, patience: float) -> None:
    """In the measuring process: answers one line with one line. What takes longer than `patience` ends it."""
    for question in questions:
        faulthandler.dump_traceback_later(patience, exit=True)
        print(json.dumps(_answered(job, json.loads(question))), file=answers, flush=True)
        faulthandler.cancel_dump_traceback_later()


def _answered(job: Job, question: object) -> dict[str, object]:
    try:
        return {"is": job(question)}
    except RimlightError as error:
        return {"error": [error.what, error.hint]}


def own_output() -> TextIO:
    """Standard output for our answers alone: what native libraries print there goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


class Ways:
    """The job of measuring ways: opened by a list of them, a turn by a number and seconds, told by 'rows'."""

    def __init__(self, one_core: bool) -> None:
        import cv2

        if one_core:
            bind_to_one_core()
        cv2.setNumThreads(1)  # as the command does
        self._opened = ExitStack()
        self._ways: list[Any] = []

    def __call__(self, question: Any) -> object:
        if question == "rows":
            return self._rows()
        if "ways" in question:
            self._ways = self._opened.enter_context(open_ways([Way(*way) for way in question["ways"]]))
            return len(self._ways)
        self._ways[question["way"]].turn(question["seconds"])
        return None

    def _rows(self) -> list[dict[str, Any]]:
        rows = [asdict(way.row()) for way in self._ways]
        self._opened.close()
        return rows


def take_turns(
    players: Sequence[tuple[Player, Sequence[Way]]], turns: int, seconds: float, say: Callable[[str], None]
) -> list[Row]:
    """Each way of each player does so many turns, all of them one after the other again and again.

    So whatever else the machine does strikes all alike. Raises RimlightError if a process fails or hangs.
    """
    say(f"opening {sum(len(ways) for _, ways in players)} ways ...")
    for player, ways in players:
        player.ask({"ways": ways})
    for turn in range(turns):
        say(f"turn {turn + 1} of {turns} ...")
        for player, ways in players:
            for number in range(len(ways)):
                player.ask({"way": number, "seconds": seconds})
    return [Row(**row) for player, _ in players for row in player.ask("rows")]
