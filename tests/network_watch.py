"""Runs a command in which every attempt to reach a network is seen and refused, native code included.

Linux asks the watcher: a seccomp filter with a listener stops each call that opens a socket or sends to an
address until the watcher, which reads the address from the caller's memory, says yes or no. It binds the command
and all threads and processes it starts, needs no privileges, and works where a preloaded library would be blind
(code that makes system calls itself). No packet leaves: what is not within this machine is refused.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ARCH, _SECCOMP, _CALLS = {
    "x86_64": (
        0xC000003E,
        317,
        {"socket": 41, "connect": 42, "sendto": 44, "sendmsg": 46, "sendmmsg": 307, "io_uring_setup": 425},
    ),
    "aarch64": (
        0xC00000B7,
        277,
        {"socket": 198, "connect": 203, "sendto": 206, "sendmsg": 211, "sendmmsg": 269, "io_uring_setup": 425},
    ),
}.get(platform.machine(), (0, 0, {}))
_NAMES = {number: name for name, number in _CALLS.items()}

# Daemons behind a Unix socket that ask the network for a name on others' behalf.
_RESOLVERS = ("/systemd/resolve/", "/avahi-daemon/")

_NOTIFICATION = struct.Struct("QIIiIQ6Q")
_ANSWER = struct.Struct("QqiI")
_RECEIVE = 0xC0502100
_SEND = 0xC0182101
_GO_ON = 1


@dataclass(frozen=True)
class Attempt:
    """A call that would have reached outside, and the address it named."""

    call: str
    address: str


@dataclass
class Seen:
    """What a watched command did. `families` are those of the sockets it opened, used or not."""

    code: int = -1
    output: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    local: list[Attempt] = field(default_factory=list)
    families: set[str] = field(default_factory=set)


def why_not() -> str:
    """Why nothing can be watched on this system; empty where it can."""
    if sys.platform != "linux" or not _CALLS:
        return f"calls are watched by Linux on x86_64 and aarch64, not by {sys.platform} on {platform.machine()}"
    failed: list[OSError] = []

    def body() -> None:
        try:
            os.close(_bind_this_thread())
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return str(failed[0]) if failed else ""


def run_watched(command: Sequence[str], timeout: float = 60, environment: Mapping[str, str] | None = None) -> Seen:
    """Runs it to its end, at most `timeout` seconds; raises subprocess.TimeoutExpired past that."""
    seen = Seen()
    with tempfile.TemporaryFile() as output:
        process, listener = _start(command, output.fileno(), environment)
        try:
            _watch(process, listener, seen, timeout)
        finally:
            process.kill()
            seen.code = process.wait()
            os.close(listener)
        output.seek(0)
        seen.output = output.read().decode(errors="replace")
    return seen


def _start(
    command: Sequence[str], output: int, environment: Mapping[str, str] | None
) -> tuple[subprocess.Popen[bytes], int]:
    """Starts the command from a thread that has the filter, so that it and not this process is bound by it."""
    started: list[subprocess.Popen[bytes]] = []
    listeners: list[int] = []

    def body() -> None:
        listeners.append(_bind_this_thread())
        started.append(
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
        )

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return started[0], listeners[0]


def _bind_this_thread() -> int:
    """Sets the filter; gives the file on which the kernel asks."""
    load, equal, at_least, done = 0x20, 0x15, 0x35, 0x06
    ask, allow, kill = 0x7FC00000, 0x7FFF0000, 0x80000000
    calls = sorted(_CALLS.values())
    steps = [
        # A jump says how many steps are left out; other machines' and x32's call numbers end the process.
        (load, 0, 0, 4),
        (equal, 0, len(calls) + 4, _ARCH),
        (load, 0, 0, 0),
        (at_least, len(calls) + 2, 0, 0x40000000),
        *((equal, len(calls) - i, 0, number) for i, number in enumerate(calls)),
        (done, 0, 0, allow),
        (done, 0, 0, ask),
        (done, 0, 0, kill),
    ]
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


def _watch(process: subprocess.Popen[bytes], listener: int, seen: Seen, timeout: float) -> None:
    end = time.monotonic() + timeout
    questions = select.poll()
    questions.register(listener, select.POLLIN)
    while process.poll() is None:
        if time.monotonic() > end:
            raise subprocess.TimeoutExpired(process.args, timeout)
        for _, event in questions.poll(20):
            if event & select.POLLIN:
                _answer(listener, seen)


def _answer(listener: int, seen: Seen) -> None:
    question = bytearray(_NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, question)
    except OSError as error:
        if error.errno == errno.ENOENT:  # the caller is gone
            return
        raise
    identity, task, _, number, _, _, *arguments = _NOTIFICATION.unpack(question)
    refused = _judge(_NAMES[number], task, arguments, seen)
    answer = bytearray(_ANSWER.pack(identity, 0, -refused, 0 if refused else _GO_ON))
    with contextlib.suppress(FileNotFoundError):  # the caller is gone
        fcntl.ioctl(listener, _SEND, answer)


def _judge(call: str, task: int, arguments: Sequence[int], seen: Seen) -> int:
    """Notes the call; 0 lets it go on, anything else is the error that the caller gets."""
    if call == "io_uring_setup":  # it would send unseen; everybody does without
        return errno.ENOSYS
    if call == "socket":
        seen.families.add(_family(arguments[0] & 0xFFFFFFFF))
        return 0
    refused = 0
    with Path(f"/proc/{task}/mem").open("rb", buffering=0) as memory:
        for raw in _addresses(call, arguments, memory.fileno()):
            address = _readable(raw)
            outside = raw[:2] != struct.pack("H", socket.AF_UNIX) or any(r in address for r in _RESOLVERS)
            (seen.attempts if outside else seen.local).append(Attempt(call, address))
            refused = errno.ECONNREFUSED if outside else refused
    return refused


def _addresses(call: str, arguments: Sequence[int], memory: int) -> Iterator[bytes]:
    """The addresses that a call names; none where it sends on what was connected before."""
    named: list[tuple[int, int]] = []
    if call == "connect":
        named = [(arguments[1], arguments[2])]
    elif call == "sendto":
        named = [(arguments[4], arguments[5])]
    else:  # msghdr begins with pointer and length; sendmmsg has many, each 64 bytes
        count = 1 if call == "sendmsg" else arguments[2] & 0xFFFF
        named = [struct.unpack("QI", os.pread(memory, 12, arguments[1] + 64 * i)) for i in range(count)]
    for pointer, length in named:
        raw = os.pread(memory, min(length & 0xFFFF, 128), pointer) if pointer else b""
        # Unspecified takes a connection back; netlink asks this machine's kernel.
        if len(raw) >= 2 and struct.unpack("H", raw[:2])[0] not in (socket.AF_UNSPEC, socket.AF_NETLINK):
            yield raw


def _readable(raw: bytes) -> str:
    family = struct.unpack("H", raw[:2])[0]
    port = int.from_bytes(raw[2:4], "big")
    if family == socket.AF_UNIX:
        return raw[2:].rstrip(b"\0").replace(b"\0", b"@").decode(errors="replace")
    if family == socket.AF_INET:
        return f"{socket.inet_ntop(family, raw[4:8])}:{port}"
    if family == socket.AF_INET6:
        return f"[{socket.inet_ntop(family, raw[8:24])}]:{port}"
    return f"{_family(family)} {raw[2:].hex()}"


def _family(number: int) -> str:
    try:
        return socket.AddressFamily(number).name
    except ValueError:
        return f"family {number}"
