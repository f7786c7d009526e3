"""How urgent this process is to the system: no encoder may decide that."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def unhurried() -> Iterator[None]:
    """Afterwards every thread is scheduled as the calling one was before (Linux; elsewhere nothing).

    SVT-AV1, started by root, makes its threads and the process real-time ones: nothing else on the machine runs
    before them, and what the process starts inherits it (windows were aborted).
    """
    if sys.platform != "linux":
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    yield
    for task in Path("/proc/self/task").iterdir():
        # Threads end meanwhile.
        with contextlib.suppress(OSError):
            if os.sched_getscheduler(int(task.name)) != policy:
                os.sched_setscheduler(int(task.name), policy, parameters)
