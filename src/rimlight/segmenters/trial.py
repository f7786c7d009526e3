"""What a model's quarantine does, in a process of its own: opens the model, and tells what is wrong with it."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from rimlight.errors import ModelError, SegmenterError
from rimlight.segmenters.onnx import opened
from rimlight.types import Size

MOST_MEMORY = 4 << 30
"""Bytes of addresses for the process; libraries alone have 0.9 thousand million, RobustVideoMatting 1.0."""


def main() -> None:
    """Reads the model from standard input and answers with its error, if any, in JSON."""
    _limit_memory()
    file, width, height = sys.argv[1:]
    answer: dict[str, Any] = {}
    try:
        opened(sys.stdin.buffer.read(), Path(file), Size(int(width), int(height)), budget=None).close()
    except (ModelError, SegmenterError) as error:
        answer = {"kind": type(error).__name__, "what": error.what, "hint": error.hint}
    except MemoryError:
        answer = {"kind": "ModelError", "what": f"{file} needs too much memory", "hint": "Give another model."}
    print("\n" + json.dumps(answer))


def _limit_memory() -> None:
    # macOS knows no such limit in fact, Windows not even in name; there the time alone is limited.
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
