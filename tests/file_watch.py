"""Which system calls make or change files, and which file each is about."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from syscall_watch import MACHINE, Call, Question

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
"""Of the flags of an opening; a file without a name (O_TMPFILE) is opened for writing too."""
_AT_FOLDER = -100

FILE_CALLS = {
    "x86_64": {
        "open": Call(2, 1, _WRITES),
        "openat": Call(257, 2, _WRITES),
        "openat2": Call(437),
        "creat": Call(85),
        "truncate": Call(76),
        "mkdir": Call(83),
        "mkdirat": Call(258),
        "mknod": Call(133),
        "mknodat": Call(259),
        "rename": Call(82),
        "renameat": Call(264),
        "renameat2": Call(316),
        "link": Call(86),
        "linkat": Call(265),
        "symlink": Call(88),
        "symlinkat": Call(266),
        "memfd_create": Call(319),
    },
    "aarch64": {
        "openat": Call(56, 2, _WRITES),
        "openat2": Call(437),
        "truncate": Call(45),
        "mkdirat": Call(34),
        "mknodat": Call(33),
        "renameat": Call(38),
        "renameat2": Call(276),
        "linkat": Call(37),
        "symlinkat": Call(36),
        "memfd_create": Call(279),
    },
}.get(MACHINE, {})

# Where the arguments name what comes into being: the folder (None: the working one) and the path in it.
_NAMED = {
    **dict.fromkeys(("open", "creat", "truncate", "mkdir", "mknod"), (None, 0)),
    **dict.fromkeys(("openat", "openat2", "mkdirat", "mknodat"), (0, 1)),
    **dict.fromkeys(("rename", "link", "symlink"), (None, 1)),
    **dict.fromkeys(("renameat", "renameat2", "linkat"), (2, 3)),
    "symlinkat": (1, 2),
}


@dataclass(frozen=True)
class Change:
    """A call that makes a file, or opens it for writing."""

    call: str
    path: str


def changes(question: Question) -> Iterator[Change]:
    """What the call does to a file, if it does."""
    call, arguments = question.call, question.arguments
    if call == "memfd_create":
        yield Change(call, f"memfd:{_text(question, arguments[0])}")
        return
    if call == "openat2" and not struct.unpack("Q", question.read(arguments[2], 8))[0] & _WRITES:
        return
    folder, path = _NAMED[call]
    at = _AT_FOLDER if folder is None else struct.unpack("i", struct.pack("I", arguments[folder] & 0xFFFFFFFF))[0]
    # A task that has ended meanwhile has no folder; nor does it write.
    try:
        start = Path(f"/proc/{question.task}", "cwd" if at == _AT_FOLDER else f"fd/{at}").readlink()
    except FileNotFoundError:
        return
    yield Change(call, os.path.normpath(start / _text(question, arguments[path])))


def _text(question: Question, pointer: int) -> str:
    return os.fsdecode(question.read(pointer, 4096).partition(b"\0")[0])
