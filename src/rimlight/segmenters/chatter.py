"""Native libraries that write to the terminal while they load, before their logging can be configured."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def native_chatter_hidden() -> Iterator[None]:
    """Sends file descriptor 2, of the whole process, to nowhere. What goes wrong still arrives as an exception."""
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
