"""`rimlight bench`: how fast, and what falls short."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def bench(
    *,
    seconds: float = 2.5,
    quick: bool = False,
    live: bool = False,
    profile: Path | None = None,
    compare: Path | None = None,
    markdown: Path | None = None,
    json_: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Measure speed, latency and memory beside MediaPipe's own sample, and hold them against the bars.

    Parameters
    ----------
    seconds
        How long each way is measured, in turns with the others.
    quick
        Only 720p and 1080p, blurred, and no live runs: for a look while developing.
    live
        Only time-coded frames through the real live path, and through a virtual camera where one is free.
    profile
        Only where the time of a 1080p frame goes, call by call; the stacks go into this file, for flamegraph.pl or
        speedscope.
    compare
        Show how many times better this run is than the one in this file, which --json made.
    markdown
        Also make the table the section 'Speed' of this file, such as docs/benchmarks.md.
    json_
        Print all as JSON.
    """
    if profile is not None:
        _profile(profile, seconds)
        return
    from rimlight.bench import measure, measure_live_only
    from rimlight.benches import table
    from rimlight.benches.bars import bars
    from rimlight.benches.compare import compared
    from rimlight.benches.rows import read_report, to_json

    old = read_report(compare) if compare else None
    report = measure_live_only(_say) if live else measure(seconds, _say, quick=quick)
    if markdown:
        table.put_into(markdown, report)
    if json_:
        print(to_json(report, [{**asdict(bar), "verdict": bar.verdict} for bar in bars(report)]))
    else:
        print(compared(old, report) if old else table.markdown(report))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _profile(path: Path, seconds: float) -> None:
    from rimlight.benches.machine import bind_to_one_core
    from rimlight.benches.profiling import collapsed, profile, tree
    from rimlight.types import Size
    from rimlight.unfinished import write_whole

    bind_to_one_core()
    seen = profile(Size(1920, 1080), seconds)
    write_whole(path, collapsed(seen.root).encode(), force=True)
    print(tree(seen))
    _say(f"{path}: the stacks, in microseconds")
