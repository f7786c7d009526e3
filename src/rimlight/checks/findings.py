"""What a check says: a verdict, what was found, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["fine", "warning", "broken"]
"""Broken: a call would not work. Warning: it would, but less well, or part of it would not."""


@dataclass(frozen=True, slots=True)
class Mend:
    """One way to put something right."""

    say: str
    """What to do, in words: a sentence."""
    run: str = ""
    """The exact command, to be copied as it stands; empty where there is none."""


def hinted(hint: str) -> tuple[Mend, ...]:
    """An error's hint as a mend, if there is one: 'Create one: sudo modprobe ...' ends with a command."""
    say, _, command = hint.partition(": ")
    if command.startswith(("sudo ", "rimlight ", "pip ")) and "\n" not in command:
        return (Mend(f"{say}.", command),)
    return (Mend(hint),) if hint else ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    """Its kind, for programs: 'camera'. Several findings may be of one kind."""
    title: str
    """Its name for people: 'camera 0'."""
    verdict: Verdict
    found: str
    """One line, with the values."""
    mend: tuple[Mend, ...] = ()
    values: dict[str, object] = field(default_factory=dict)
    """What was measured, for programs; what JSON can hold."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The settings that a call would run with; named and checked as those of `rimlight live`."""

    size: str = "1280x720"
    fps: float = 30
    model: str = "standard"
    runtime: str = "auto"
