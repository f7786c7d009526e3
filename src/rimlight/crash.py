"""How the process ends: with its own exit code, and without a picture left behind."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import NoReturn


def leave_no_core() -> None:
    """Keeps the memory of this process and of those it starts, with the camera's pictures in it, out of core dumps.

    The soft limit only: who wants a dump for debugging can raise it again. 1 rather than 0, because Linux ignores 0
    where dumps are piped to a program, as desktops do (systemd-coredump, apport), and takes 1 for no dump at all
    (fs/coredump.c). `PR_SET_DUMPABLE` would do it too, but hide from other programs which process holds the camera.
    """
    try:
        import resource
    except ImportError:  # Windows, whose reports to Microsoft are asked for and hold no more than stacks
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    most = 1 if hard == resource.RLIM_INFINITY else min(1, hard)
    # A system that refuses has a stricter rule of its own.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (most, hard))


def end_after(run: Callable[[], int]) -> NoReturn:
    """Runs the program and ends the process with the exit code that it gives, 1 for an unexpected error.

    Where a daemon thread was left behind, in a model or a driver that hangs, nothing is torn down: before 3.14,
    Python ends such a thread when it next wants to run, and where that unwinds C++ (seen in OpenCV) the process
    dies of SIGABRT.
    """
    try:
        code = run()
    except Exception:  # noqa: BLE001  printed as Python would
        sys.excepthook(*sys.exc_info())
        code = 1
    if any(thread.daemon for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            # A reader that is gone, or no stream at all: there is nobody to be told.
            with contextlib.suppress(OSError, AttributeError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)
