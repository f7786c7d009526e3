"""Runs a command in which every attempt to reach a network is seen and refused, and every file it writes is seen.

Native code included, threads and child processes too: see `syscall_watch`. No packet leaves: what is not within
this machine is refused.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from file_watch import FILE_CALLS, Change, changes
from syscall_watch import MACHINE, Call, Question, run_judged, why_not

__all__ = ["Attempt", "Change", "Seen", "run_watched", "why_not"]

_NUMBERS = {
    "x86_64": {"socket": 41, "connect": 42, "sendto": 44, "sendmsg": 46, "sendmmsg": 307, "io_uring_setup": 425},
    "aarch64": {
        "socket": 198,
        "connect": 203,
        "sendto": 206,
        "sendmsg": 211,
        "sendmmsg": 269,
        "io_uring_setup": 425,
    },
}.get(MACHINE, {})
_NETWORK_CALLS = {name: Call(number) for name, number in _NUMBERS.items()}

# Daemons behind a Unix socket that ask the network for a name on others' behalf.
_RESOLVERS = ("/systemd/resolve/", "/avahi-daemon/")


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
    changes: list[Change] = field(default_factory=list)
    """What it did to files, whether that went well or not."""

    def written(self) -> set[str]:
        """Every path that it created or opened for writing, but for devices that take anything and keep nothing.

        What is only kept in memory under a name is among them, as 'memfd:NAME'.
        """
        return {change.path for change in self.changes} - {"/dev/null", "/dev/tty"}


def run_watched(
    command: Sequence[str],
    timeout: float = 60,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Seen:
    """Runs it to its end, at most `timeout` seconds; raises subprocess.TimeoutExpired past that."""
    seen = Seen()
    calls = {**_NETWORK_CALLS, **FILE_CALLS}
    seen.code, seen.output = run_judged(
        command, calls, lambda question: _judge(question, seen), timeout, environment, folder
    )
    return seen


def _judge(question: Question, seen: Seen) -> int:
    """Notes the call; 0 lets it go on, anything else is the error that the caller gets."""
    if question.call in FILE_CALLS:
        seen.changes.extend(changes(question))
        return 0
    if question.call == "io_uring_setup":  # it would send unseen; everybody does without
        return errno.ENOSYS
    if question.call == "socket":
        seen.families.add(_family(question.arguments[0] & 0xFFFFFFFF))
        return 0
    refused = 0
    for raw in _addresses(question):
        address = _readable(raw)
        outside = raw[:2] != struct.pack("H", socket.AF_UNIX) or any(r in address for r in _RESOLVERS)
        (seen.attempts if outside else seen.local).append(Attempt(question.call, address))
        refused = errno.ECONNREFUSED if outside else refused
    return refused


def _addresses(question: Question) -> Iterator[bytes]:
    """The addresses that a call names; none where it sends on what was connected before."""
    call, arguments = question.call, question.arguments
    named: list[tuple[int, int]] = []
    if call == "connect":
        named = [(arguments[1], arguments[2])]
    elif call == "sendto":
        named = [(arguments[4], arguments[5])]
    else:  # msghdr begins with pointer and length; sendmmsg has many, each 64 bytes
        count = 1 if call == "sendmsg" else arguments[2] & 0xFFFF
        named = [struct.unpack("QI", question.read(arguments[1] + 64 * i, 12)) for i in range(count)]
    for pointer, length in named:
        raw = question.read(pointer, min(length & 0xFFFF, 128)) if pointer else b""
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
