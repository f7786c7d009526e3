"""What `rimlight bench` measured: rows, live runs and the transcode, to JSON and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rimlight.errors import UsageError
from rimlight.throughput import Transcode

SAMPLE = "sample"
"""What stands in `Row.model` for MediaPipe's own sample."""

_HOW = "Make one: rimlight bench --json > old.json"


class Way(NamedTuple):
    """What tells two rows apart."""

    size: str
    background: str
    model: str
    runtime: str
    threads: int


@dataclass(frozen=True)
class Row:
    """One way of doing it. `threads` is 1 (bound to one core) or the number of cores."""

    size: str
    background: str
    model: str
    runtime: str
    """What ran the model."""
    threads: int
    fps: float
    """Pictures a second: on one core at the median time of a frame, on several at that of a turn."""
    cpu_ms: float
    """Milliseconds of processor time a frame, all threads."""
    stages_ms: dict[str, float] = field(default_factory=dict)
    """Median of each stage; empty for the sample."""
    looks: float | None = None
    """Calls of the model a frame: less than 1 where still pictures went without. None for the sample, which always
    calls."""

    @property
    def way(self) -> Way:
        return Way(self.size, self.background, self.model, self.runtime, self.threads)

    @property
    def pixels(self) -> int:
        """In one picture."""
        width, _, height = self.size.partition("x")
        return int(width) * int(height)


@dataclass(frozen=True)
class LiveRun:
    """A run of the real live path, its first second left out. Times are milliseconds, memory is in 1e6 bytes."""

    size: str
    fps: float
    """Of the camera."""
    sink: str
    seconds: float
    delivered: int
    dropped: int
    misread: int
    """Outputs whose picture did not bear the code of its own frame, or none."""
    p50: float
    """Capture to sink."""
    p95: float
    p99: float
    jitter: float
    """19 of 20 intervals between two outputs differ by no more than this from the median interval."""
    cpu: float | None
    """Processor time in seconds for each second of the run: 1 is one core, busy; None for who only watched."""
    memory: float | None = None
    """Most memory that was resident at any time since the process began; None where the system does not tell."""
    growth: float | None = None
    """Resident memory at the end less that after the first second."""


@dataclass(frozen=True)
class Report:
    """All that one call measured, and on what."""

    machine: str = ""
    load: float | None = None
    """Programs that wanted a core before the run began: those beside which it was measured."""
    rows: tuple[Row, ...] = ()
    live: tuple[LiveRun, ...] = ()
    transcode: Transcode | None = None


def to_json(report: Report, bars: Iterable[Mapping[str, object]] = ()) -> str:
    """The report as JSON, with the bars' verdicts for whoever reads it without us."""
    return json.dumps({**asdict(report), "bars": list(bars)}, indent=1)


def read_report(path: Path) -> Report:
    """The report in a file that `to_json` wrote. Raises UsageError if there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", _HOW) from error
    return from_json(text, str(path))


def from_json(text: str, name: str) -> Report:
    """What `to_json` wrote; files that hold rows alone, as they did once, are read too.

    Raises UsageError, which says `name`, if it is anything else.
    """
    try:
        found: dict[str, Any] = json.loads(text)
        transcode = found.get("transcode")
        return Report(
            found.get("machine", ""),
            found.get("load"),
            tuple(Row(**row) for row in found["rows"]),
            tuple(LiveRun(**run) for run in found.get("live", ())),
            Transcode(**transcode) if transcode else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{name} holds no measurements of rimlight bench: {error}",
            _HOW,
        ) from error
