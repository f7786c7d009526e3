"""The standard output as a file that is written once from start to end, with nothing else on it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import SinkError, UsageError
from rimlight.unfinished import disk_error

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDOUT, _STDERR = 1, 2


def open_standard_output() -> StandardOutput:
    """Takes it over: whatever else is printed, by native libraries too, goes to the standard error from now on.

    Raises UsageError if it is a terminal, or closed.
    """
    if sys.stdout is None:
        raise UsageError("- is the standard output, which is closed", "Pipe it into a program: | ffmpeg -i - ...")
    sys.stdout.flush()
    if os.isatty(_STDOUT):
        raise UsageError(
            "- is the standard output, which is this terminal", "Pipe it into a program: | ffmpeg -i - ..."
        )
    return StandardOutput()


class StandardOutput(io.FileIO):
    """In the place of an `Unfinished` file. Closing it ends it for whoever reads."""

    part = Path("-")

    def __init__(self) -> None:
        own = os.dup(_STDOUT)
        os.dup2(_STDERR, _STDOUT)
        super().__init__(own, "w")

    def seekable(self) -> bool:
        return False

    def write(self, data: ReadableBuffer, /) -> int:
        """Writes all of it. Raises SinkError if nobody reads any more, or the file behind it cannot grow."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest:
                rest = rest[super().write(rest) or 0 :]
        except BrokenPipeError as error:
            raise SinkError("whoever read the standard output has gone", "See what that program says.") from error
        except OSError as error:
            raise disk_error(Path("standard output"), error) from error
        return size

    def publish(self) -> None:
        """Ends it."""
        self.close()

    def discard(self) -> None:
        """Ends it in the middle."""
        with contextlib.suppress(OSError):
            self.close()
