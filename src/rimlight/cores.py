"""The processor's cores, as far as they are ours."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Logical processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
