"""Other programs that hold a file open, and what stands in where nothing real is at hand."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rimlight.opens import Opens


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def program(device: Path, mode: str = "r") -> Iterator[str]:
    """Another program that holds the file; gives its name as readers are named."""
    with device.open(mode) as file, subprocess.Popen(["sleep", "60"], stdin=file) as sleeper:
        file.close()
        while Path(f"/proc/{sleeper.pid}/comm").read_text() != "sleep\n":
            time.sleep(0.001)
        try:
            yield f"sleep (process {sleeper.pid})"
        finally:
            sleeper.kill()


def used_up(_path: str) -> Opens:
    """As inotify is where a user has too many watches."""
    raise OSError("no watches left")
