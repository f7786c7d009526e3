"""Processes of this machine, each of which processes one chunk after another."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from rimlight.chunks import Chunk, Hands, Outcome, process_chunk
from rimlight.errors import RimlightError

_PATIENCE = 0.1
"""Seconds after which the caller is asked whether it still wants this."""


def open_processes(count: int) -> Processes:
    """Hands in `count` processes of their own, started when there is work for them."""
    return Processes(count)


@dataclass(frozen=True, slots=True)
class _Process:
    process: SpawnProcess
    pipe: Connection


class Processes(Hands):
    """Processes that end with this one, whatever ends it: then nobody holds the other end of their pipes."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._idle: list[_Process] = []
        self._busy: dict[Connection, tuple[_Process, Chunk]] = {}

    @property
    def name(self) -> str:
        return f"{self._count} processes"

    def work(
        self, chunks: Iterator[Chunk], each: Callable[[int], None]
    ) -> Generator[tuple[Chunk, Outcome], None, None]:
        done: dict[int, tuple[Chunk, Outcome]] = {}
        following = 0
        while True:
            # Who is far ahead of the slowest waits: what is done lies on the disk.
            while len(self._busy) < self._count and len(done) < self._count and self._begin(chunks):
                pass
            if following in done:
                yield done.pop(following)
                following += 1
            elif self._busy:
                each(sum(self._listen(done)))
            else:
                return

    def _begin(self, chunks: Iterator[Chunk]) -> bool:
        """Gives a process the next chunk, if there is one."""
        chunk = next(chunks, None)
        if chunk is None:
            return False
        process = self._idle.pop() if self._idle else _start()
        process.pipe.send(chunk)
        self._busy[process.pipe] = process, chunk
        return True

    def _listen(self, done: dict[int, tuple[Chunk, Outcome]]) -> Iterator[int]:
        """How many frames each process that has something to say has made; chunks that are ready go to `done`."""
        for pipe in wait(list(self._busy), _PATIENCE):
            process, chunk = self._busy[pipe]  # type: ignore[index]
            try:
                told = process.pipe.recv()
            except EOFError:
                raise _died(process.process) from None
            if isinstance(told, int):
                yield told
                continue
            del self._busy[process.pipe]
            self._idle.append(process)
            if isinstance(told, BaseException):
                raise told
            done[chunk.number] = chunk, told

    def close(self) -> None:
        """Ends the processes, in the middle of what they do."""
        everybody = [*self._idle, *(process for process, _ in self._busy.values())]
        self._idle, self._busy = [], {}
        for one in everybody:
            one.process.terminate()
        for one in everybody:
            one.process.join()
            one.pipe.close()
            one.process.close()


def _start() -> _Process:
    # Spawned: a fork of a process with threads is not to be trusted.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), name="rimlight-chunks", daemon=True)
    process.start()
    theirs.close()
    return _Process(process, ours)


def _serve(pipe: Connection) -> None:
    """What such a process does: chunks in; frames counted, outcomes and errors out."""
    # Ctrl-C reaches all processes of a terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            chunk: Chunk = pipe.recv()
            try:
                pipe.send(process_chunk(chunk.job, chunk.folder, lambda: pipe.send(1)))
            except RimlightError as error:
                pipe.send(error)


def _died(process: SpawnProcess) -> RimlightError:
    process.join()
    return RimlightError(
        f"a process that worked on a chunk ended by itself (exit code {process.exitcode})",
        "Memory may have run out: try fewer with --jobs, or --jobs 1.",
    )
