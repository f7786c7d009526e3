"""A model that somebody brings is opened and run in a process of its own first.

Such a file can make the runtime crash, take all memory or never come back; nothing in the runtime prevents that.
A model that came through may be loaded here; one that misbehaves later, on pictures of its choice, is met by what
watches every model.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from rimlight.errors import ModelError, RimlightError, SegmenterError
from rimlight.types import Size

PATIENCE = 20.0
"""Seconds for loading a model and trying it at up to four sizes; RobustVideoMatting takes 1.5 in all."""
TRUSTED = frozenset({"88d4531297118f595bf2fd60f6f566aec2e559393802d1f436c380f0cbbd2828"})
"""SHA-256 of models that are known: `models.BEST`."""

_ERRORS: dict[str, type[RimlightError]] = {"ModelError": ModelError, "SegmenterError": SegmenterError}
_ENTRY = "import sys; sys.path[:] = {paths!r}; from rimlight.segmenters.trial import main; main()"
"""The caller's own modules, whatever lies in the folder it was started in."""

_SPARING = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""Else libraries ask for addresses by the number of cores."""

_passed: set[tuple[str, Size]] = set()


def check(content: bytes, file: Path, picture: Size) -> None:
    """Opens and runs the model elsewhere, unless it is trusted or has passed before.

    Raises what `open_onnx` raises there; ModelError if the process crashes, grows or takes too long.
    """
    known = hashlib.sha256(content).hexdigest()
    if known in TRUSTED or (known, picture) in _passed:
        return
    command = [
        sys.executable,
        "-c",
        _ENTRY.format(paths=sys.path),
        str(file),
        str(picture.width),
        str(picture.height),
    ]
    try:
        done = subprocess.run(  # noqa: S603  our own
            command,
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _SPARING,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"{file} is no model that can be used: it was not ready after {PATIENCE:g} s", "Give another model."
        ) from error
    if done.returncode != 0 or not done.stdout:
        raise ModelError(f"{file} makes ONNX Runtime crash ({_death(done.returncode)})", "Give another model.")
    # The runtime has a say there too, about models that it does not like.
    answer = json.loads(done.stdout.splitlines()[-1])
    if answer:
        raise _ERRORS[answer["kind"]](answer["what"], answer["hint"])
    _passed.add((known, picture))


def _death(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"
