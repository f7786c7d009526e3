"""Memory for a run, and room on the disk for recordings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding, Mend
from rimlight.checks.system import System

_NEEDED = 350e6
"""Bytes: the project's bar for a live run at 1080p (docs/benchmarks.md)."""
_LIMIT = 10.0
_HOUR = 1e9
"""Bytes: ten seconds of the sitter at 720p30, a blurred room behind, took 2.6 MB."""


def check_memory(system: System, _: Asked) -> Iterator[Finding]:
    """Whether there is the memory of a run; where the system tells."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", system.text("/proc/meminfo"), re.MULTILINE)
    if found is None:
        return
    free = int(found[1]) * 1024
    told = f"{free / 1e9:.1f} GB free; a run takes up to {_NEEDED / 1e9:.2g} GB"
    mend = () if free >= _NEEDED else (Mend("Close some programs."),)
    yield Finding("memory", "memory", "warning" if mend else "fine", told, mend, {"free": free})


def check_recordings(system: System, _: Asked) -> Iterator[Finding]:
    """Whether recordings can be written where they go, and for how long."""
    try:
        answer = system.ask("disk", None, _LIMIT)
    except ProbeError as error:
        yield Finding(
            "recordings",
            "recordings",
            "warning",
            error.what,
            (Mend("Record elsewhere.", "rimlight --to preview --to /tmp/talk.mp4"),),
        )
        return
    folder, free = answer["folder"], answer["free"]
    told = f"{free / 1e9:.1f} GB free in {folder}, about {free / _HOUR:.2g} hours"
    if not answer["writable"]:
        told, trouble = f"{folder} may not be written to", "Record into a folder of yours: --to FOLDER/talk.mp4."
    else:
        trouble = "" if free >= _HOUR else "Free some space, or record elsewhere: --to FOLDER/talk.mp4."
    mend = (Mend(trouble),) if trouble else ()
    yield Finding("recordings", "recordings", "warning" if mend else "fine", told, mend, dict(answer))
