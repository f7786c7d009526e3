"""Runs a command that is stopped at some of its system calls until a judge has looked at them.

Linux asks the judge: a seccomp filter with a listener holds each such call until the answer is there; what the call
names is read from the caller's memory. It binds the command and all threads and processes it starts, needs no
privileges, and works where a preloaded library would be blind (code that makes system calls itself).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MACHINE = platform.machine()
_ARCH, _SECCOMP = {"x86_64": (0xC000003E, 317), "aarch64": (0xC00000B7, 277)}.get(MACHINE, (0, 0))

_NOTIFICATION = struct.Struct("QIIiIQ6Q")
_ANSWER = struct.Struct("QqiI")
_RECEIVE = 0xC0502100
_SEND = 0xC0182101
_GO_ON = 1

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _END = 0x20, 0x15, 0x35, 0x45, 0x06
_ASK, _ALLOW, _KILL = 0x7FC00000, 0x7FFF0000, 0x80000000

_Step = tuple[int, int, int, int]


@dataclass(frozen=True)
class Call:
    """A system call to be asked about; with `flags` only where any of these bits is set in its argument `at`."""

    number: int
    at: int = 0
    flags: int = 0


@dataclass(frozen=True)
class Question:
    """A call that waits for its answer."""

    call: str
    task: int
    arguments: Sequence[int]

    def read(self, pointer: int, most: int) -> bytes:
        """What lies there in the caller's memory; less where that ends."""
        with Path(f"/proc/{self.task}/mem").open("rb", buffering=0) as memory:
            return os.pread(memory.fileno(), most, pointer)


Judge = Callable[[Question], int]
"""0 lets the call go on, an errno is what the caller gets instead."""


def why_not() -> str:
    """Why nothing can be watched on this system; empty where it can."""
    if sys.platform != "linux" or not _ARCH:
        return f"calls are watched by Linux on x86_64 and aarch64, not by {sys.platform} on {MACHINE}"
    failed: list[OSError] = []

    def body() -> None:
        try:
            os.close(_bind_this_thread({}))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return str(failed[0]) if failed else ""


def run_judged(
    command: Sequence[str],
    calls: Mapping[str, Call],
    judge: Judge,
    timeout: float,
    environment: Mapping[str, str] | None,
    folder: Path | None,
) -> tuple[int, str]:
    """Runs it to its end, at most `timeout` seconds: exit code, and all that it printed.

    Raises subprocess.TimeoutExpired past that.
    """
    # Opened here: what the starting thread opens for writing would wait for a judge that is not there yet.
    with tempfile.TemporaryFile() as output, Path(os.devnull).open("rb") as nothing:
        process, listener = _start(command, calls, nothing.fileno(), output.fileno(), environment, folder)
        try:
            _watch(process, listener, {call.number: name for name, call in calls.items()}, judge, timeout)
        finally:
            process.kill()
            code = process.wait()
            os.close(listener)
        output.seek(0)
        return code, output.read().decode(errors="replace")


def _start(
    command: Sequence[str],
    calls: Mapping[str, Call],
    nothing: int,
    output: int,
    environment: Mapping[str, str] | None,
    folder: Path | None,
) -> tuple[subprocess.Popen[bytes], int]:
    """Starts the command from a thread that has the filter, so that it and not this process is bound by it."""
    started: list[subprocess.Popen[bytes]] = []
    listeners: list[int] = []

    def body() -> None:
        listeners.append(_bind_this_thread(calls))
        started.append(
            subprocess.Popen(
                command,
                cwd=folder,
                stdin=nothing,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        )

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return started[0], listeners[0]


def _bind_this_thread(calls: Mapping[str, Call]) -> int:
    """Sets the filter; gives the file on which the kernel asks."""
    steps = list(_filter(calls))
    program = b"".join(struct.pack("HBBI", *step) for step in steps)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    libc.prctl(38, ctypes.c_ulong(1), zero, zero, zero)  # no new privileges: what lets anybody set a filter
    new_listener = ctypes.c_ulong(8)
    listener: int = libc.syscall(ctypes.c_long(_SECCOMP), ctypes.c_ulong(1), new_listener, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "this kernel cannot watch a process")
    return listener


def _filter(calls: Mapping[str, Call]) -> Iterator[_Step]:
    """A jump says how many steps are left out if it holds, and if not."""
    # Other machines' and x32's call numbers end the process.
    yield from [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, _ARCH), (_END, 0, 0, _KILL)]
    yield from [(_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, 0x40000000), (_END, 0, 0, _KILL)]
    for call in calls.values():
        block: list[_Step] = [(_END, 0, 0, _ASK)]
        if call.flags:
            only = [(_LOAD, 0, 0, 16 + 8 * call.at), (_ANY_BIT, 1, 0, call.flags), (_END, 0, 0, _ALLOW)]
            block = [*only, *block]
        yield from [(_EQUAL, 0, len(block), call.number), *block]
    yield _END, 0, 0, _ALLOW


def _watch(
    process: subprocess.Popen[bytes], listener: int, names: Mapping[int, str], judge: Judge, timeout: float
) -> None:
    end = time.monotonic() + timeout
    questions = select.poll()
    questions.register(listener, select.POLLIN)
    while process.poll() is None:
        if time.monotonic() > end:
            raise subprocess.TimeoutExpired(process.args, timeout)
        for _, event in questions.poll(20):
            if event & select.POLLIN:
                _answer(listener, names, judge)


def _answer(listener: int, names: Mapping[int, str], judge: Judge) -> None:
    asked = bytearray(_NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, asked)
    except OSError as error:
        if error.errno == errno.ENOENT:  # the caller is gone
            return
        raise
    identity, task, _, number, _, _, *arguments = _NOTIFICATION.unpack(asked)
    refused = judge(Question(names[number], task, arguments))
    answer = bytearray(_ANSWER.pack(identity, 0, -refused, 0 if refused else _GO_ON))
    with contextlib.suppress(FileNotFoundError):  # the caller is gone
        fcntl.ioctl(listener, _SEND, answer)
