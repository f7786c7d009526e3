"""Whether this computer keeps up with what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding, Mend
from rimlight.checks.system import System

_LIMIT = 120.0
_ROOM = 0.75
"""Of a picture's time: the camera's decoder, the call program and the rest of the computer want some, too."""
_SMALLER = ("960x540", "640x360")


def check_speed(system: System, asked: Asked) -> Iterator[Finding]:
    """The real pipeline on the sitter's frames for a moment, as a call would run it."""
    ms = _measured(system, asked)
    there = 1000 / asked.fps
    told = f"{asked.size} at {asked.fps:g} pictures a second: {ms:.3g} ms of the {there:.3g} ms there are"
    values: dict[str, object] = {"ms": ms, "budget_ms": round(there, 1)}
    if ms <= _ROOM * there:
        yield Finding("speed", "speed", "fine", told, values=values)
        return
    less = "that leaves little for other programs" if ms <= there else f"it holds {1000 / ms:.3g}"
    yield Finding("speed", "speed", "warning", f"{told}; {less}", tuple(_what_holds(system, asked)), values)


def _what_holds(system: System, asked: Asked) -> Iterator[Mend]:
    """The first of some lesser settings that leaves room; the least of them if none does."""
    for lesser in _lesser(asked):
        try:
            ms = _measured(system, lesser)
        except ProbeError:
            continue
        if ms <= _ROOM * 1000 / asked.fps:
            flags = _flags(lesser, asked)
            yield Mend(f"Ask for less: that takes {ms:.3g} ms.", f"rimlight {flags}")
            return
    yield Mend("Close other programs, or ask for fewer pictures.", f"rimlight --fps {max(1, asked.fps / 2):g}")


def _lesser(asked: Asked) -> Iterator[Asked]:
    lighter = asked if asked.model == "fast" else replace(asked, model="fast", runtime="auto")
    if asked.model not in {"standard", "fast"}:
        yield replace(asked, model="standard")
    if lighter != asked:
        yield lighter
    width = int(asked.size.partition("x")[0])
    yield from (replace(lighter, size=size) for size in _SMALLER if int(size.partition("x")[0]) < width)


def _flags(lesser: Asked, asked: Asked) -> str:
    changed = {name: value for name, value in asdict(lesser).items() if value != getattr(asked, name)}
    return " ".join(f"--{name} {value}" for name, value in changed.items())


def _measured(system: System, asked: Asked) -> float:
    ms: float = system.ask("speed", asdict(asked), _LIMIT)["ms"]
    return ms
