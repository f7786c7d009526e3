"""What became of each file of a batch: a table for people, a file for programs, a number for scripts."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.table import Table
from rich.text import Text

from rimlight.errors import SeveralFailedError
from rimlight.offline import Report
from rimlight.plan import Job
from rimlight.printable import printable
from rimlight.unfinished import open_unfinished, write_whole

_MOST = 40
"""Files that a table names one by one; of more, those that failed."""
_STATES = ("done", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job."""

    job: Job
    state: Literal["done", "skipped", "failed"]
    """'skipped': it was done before, and lies there as it was made."""
    report: Report | None = None
    error: str = ""
    """Why it failed, as the user is told."""


def told(outcomes: Sequence[Outcome]) -> Table:
    """Who became what."""
    counts = ", ".join(
        f"{count} {state}" for state in _STATES if (count := sum(outcome.state == state for outcome in outcomes))
    )
    table = Table(title=counts, title_justify="left", box=None, pad_edge=False)
    for column in ("file", "", "what"):
        table.add_column(column, overflow="fold")
    common = _common(outcomes)
    for outcome in outcomes:
        if len(outcomes) <= _MOST or outcome.state == "failed":
            name = (
                outcome.job.source.name
                if common is None
                else str(outcome.job.source.absolute().relative_to(common))
            )
            table.add_row(*(Text(printable(cell)) for cell in (name, outcome.state, _what(outcome))))
    return table


def _common(outcomes: Sequence[Outcome]) -> Path | None:
    """The folder that all inputs lie in, which need not be repeated; None if there is none."""
    try:
        return Path(os.path.commonpath([outcome.job.source.absolute().parent for outcome in outcomes]))
    except ValueError:
        return None


def _what(outcome: Outcome) -> str:
    if outcome.state == "failed":
        # The file is named beside it.
        return outcome.error.splitlines()[0].removeprefix(f"{outcome.job.source} ").removeprefix(": ")
    if outcome.report is None:
        return f"{outcome.job.output}, as it was made before"
    return made_of(outcome.report)


def made_of(report: Report) -> str:
    """What came out, in a few words."""
    what = f"{report.frames} frames, {report.seconds:.1f} s" if report.seconds else "1 photo"
    return what + ("" if report.whole else ", incomplete")


def check_report(path: Path, *, force: bool) -> None:
    """Raises OutputExistsError if there is something, no earlier report, and not `force`; and as `write_report`."""
    open_unfinished(path, force=force or _is_report(path)).discard()


def _is_report(path: Path) -> bool:
    if path.suffix.lower() != ".json":
        return False
    try:
        told = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and set(told) == {*_STATES, "files"} and isinstance(told["files"], list)


def write_report(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Writes what became of each as JSON, in place of what is there. Raises DiskError if it cannot be written."""
    files = [
        {
            "source": str(outcome.job.source),
            "output": str(outcome.job.output),
            "matte": str(outcome.job.matte) if outcome.job.matte else None,
            "state": outcome.state,
            "error": outcome.error or None,
            "frames": outcome.report.frames if outcome.report else None,
            "seconds": round(outcome.report.seconds, 6) if outcome.report else None,
            "whole": outcome.report.whole if outcome.report else None,
            "notes": list(outcome.report.notes) if outcome.report else [],
        }
        for outcome in outcomes
    ]
    counts = {state: sum(o.state == state for o in outcomes) for state in _STATES}
    content = json.dumps({**counts, "files": files}, indent=2, ensure_ascii=False)
    write_whole(path, content.encode("utf-8", "backslashreplace"), force=True)


def raise_failures(outcomes: Sequence[Outcome]) -> None:
    """Raises SeveralFailedError, whose exit code tells how many, if any failed."""
    failed = [outcome.job.source.name for outcome in outcomes if outcome.state == "failed"]
    if failed:
        raise SeveralFailedError(failed, len(outcomes))
