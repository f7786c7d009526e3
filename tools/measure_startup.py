"""How long it takes from typing `rimlight` to the first picture at a sink, and to the end of `--help`.

Starts the real command again and again, in turns with bare Python, and prints medians: wall-clock since the process
was started, and processor time, which other programs disturb less. The first picture goes to a sink that takes
anything at once; opening a real window or virtual camera comes on top, opening a real camera instead of the sitter.

    python tools/measure_startup.py --times 20
"""

from __future__ import annotations

import argparse
import functools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from types import ModuleType
from typing import Any

LIVE = ("--camera", "sitter", "--to", "null")
PLACES = {
    "rimlight.cli": (),
    "rimlight.assemble": ("open_source", "open_pipeline"),
    "rimlight.live": ("run_live",),
    "rimlight.delivery": (),
}
"""Rooms whose import is noted, and what is noted of them when it returns or, in `run_live`, begins."""


class _Noted(MetaPathFinder, Loader):
    """Notes when the rooms of `PLACES` are there, and wraps what is noted of them."""

    def __init__(self, note: Callable[[str], None], done: Callable[[], None]) -> None:
        self._note = note
        self._done = done
        self._real: dict[str, Any] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in PLACES else None
        if spec is not None:
            self._real[name], spec.loader = spec.loader, self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        self._real[module.__name__].exec_module(module)
        self._note(f"import {module.__name__}")
        for function in PLACES[module.__name__]:
            setattr(module, function, self._noting(function, getattr(module, function)))
        if module.__name__ == "rimlight.assemble":
            from rimlight.sinks.null import open_null

            vars(module)["open_sink"] = lambda *_, **__: open_null()
        if module.__name__ == "rimlight.delivery":
            vars(module)["Delivery"].send = lambda *_: self._done()

    def _noting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def noting(*given: Any, **named: Any) -> Any:
            if name == "run_live":
                self._note("live")
                return call(*given, **named)
            made = call(*given, **named)
            self._note(name)
            return made

        return noting


def child(started: float, words: Sequence[str]) -> None:
    """Runs the command to its first output at a sink; prints what it noted, in seconds since `started`."""
    notes = {"python": time.monotonic() - started}

    def note(name: str) -> None:
        notes[name] = time.monotonic() - started

    def done() -> None:
        note("first picture")
        spent = time.process_time()
        print(json.dumps({"notes": notes, "cpu": spent}), flush=True)
        import os

        os._exit(0)

    sys.meta_path.insert(0, _Noted(note, done))
    sys.argv = ["rimlight", *words]
    from rimlight.cli import main

    main()


def run_live_once(words: Sequence[str]) -> dict[str, float]:
    """Seconds since the start, by what was reached; 'processor': seconds of it."""
    call = [sys.executable, __file__, "--child", repr(time.monotonic()), *words]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    return {**told["notes"], "processor": told["cpu"]}


def run_once(call: Sequence[str]) -> dict[str, float]:
    """Seconds to its end, and of the processor."""
    before, start = getrusage(RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(call, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.monotonic() - start, getrusage(RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"end": wall, "processor": spent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("words", nargs="*", default=LIVE, help=f"for the live run; {' '.join(LIVE)}")
    given = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {"bare python": [], "rimlight --help": [], "live": []}
    for _ in range(given.times):
        runs["bare python"].append(run_once([sys.executable, "-c", "pass"]))
        runs["rimlight --help"].append(run_once([sys.executable, "-m", "rimlight", "--help"]))
        runs["live"].append(run_live_once(given.words))
    for name, taken in runs.items():
        print(name)
        for what in taken[0]:
            seconds = [one[what] for one in taken]
            print(f"  {what:28} median {median(seconds):.3f} s, least {min(seconds):.3f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(float(sys.argv[2]), sys.argv[3:])
    else:
        main()
