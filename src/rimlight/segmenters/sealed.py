"""A thread without a network: MediaPipe's library would report to its maker, and a camera tool talks to nobody.

MediaPipe Tasks 1.2 starts a native thread with every task, which posts usage figures to its maker each minute
and when the task is closed; no option turns that off. Linux can: a seccomp filter set in one thread binds that
thread and every thread it starts, for good, and nobody else in the process.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple, TypeVar

Made = TypeVar("Made")

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4  # else kernels before 5.16 run sealed threads, so the model, slower
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000  # or-ed with the errno that the caller sees


class _Machine(NamedTuple):
    """What the kernel calls a machine, and its numbers of some calls."""

    arch: int
    socket: int
    seccomp: int
    io_uring_setup: int = 425


_MACHINES = {
    "x86_64": _Machine(0xC000003E, socket=41, seccomp=317),
    "aarch64": _Machine(0xC00000B7, socket=198, seccomp=277),
}

_LOAD = 0x20
_IF_EQUAL = 0x15
_IF_AT_LEAST = 0x35
_RETURN = 0x06


def run_sealed(work: Callable[[], Made]) -> Made:
    """Runs `work` in a thread of its own that can open no socket, nor can any thread or process it starts.

    Gives back what `work` gives and raises what it raises; raises OSError, without running `work`, where the
    system offers no such seal.
    """
    machine = _machine()
    made: list[Made] = []
    failed: list[BaseException] = []

    def body() -> None:
        try:
            _seal(machine)
            made.append(work())
        except BaseException as error:  # noqa: BLE001 it is raised again in the thread that asked
            failed.append(error)

    thread = threading.Thread(target=body, name="sealed", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


def _machine() -> _Machine:
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None or sys.maxsize < 2**32:
        here = f"{sys.platform} {platform.machine()}"
        raise OSError(errno.ENOSYS, f"a thread cannot be kept off the network on {here}")
    return machine


def _program(machine: _Machine) -> bytes:
    """The filter in classic BPF: refuses sockets. Unix ones too: a daemon behind one looks up names for others."""
    steps = (
        # (operation, jump if true, jump if false, value); a jump says how many steps are left out.
        (_LOAD, 0, 0, 4),  # the machine whose call numbers the caller uses
        (_IF_EQUAL, 0, 5, machine.arch),
        (_LOAD, 0, 0, 0),  # the call's number
        (_IF_AT_LEAST, 3, 0, 0x40000000),  # x32: the same calls under other numbers
        (_IF_EQUAL, 2, 0, machine.io_uring_setup),  # it opens sockets that no filter sees
        (_IF_EQUAL, 1, 0, machine.socket),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE | errno.EACCES),
    )
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _seal(machine: _Machine) -> None:
    """Binds the calling thread, and all that it starts, to the filter. There is no way back."""
    libc = ctypes.CDLL(None, use_errno=True)
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HP", len(program) // 8, ctypes.addressof(code)))
    no = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), no, no, no) == 0 and (
        libc.syscall(
            ctypes.c_long(machine.seccomp),
            ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER),
            ctypes.c_ulong(_SECCOMP_FILTER_FLAG_SPEC_ALLOW),
            header,
        )
        == 0
    ):
        return
    number = ctypes.get_errno()
    raise OSError(number, f"this kernel refuses to seal a thread: {os.strerror(number)}")
