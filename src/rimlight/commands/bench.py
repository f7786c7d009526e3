"""`rimlight bench`: how fast."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter


def bench(*, seconds: float = 2.0, json_: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """Measure speed: frame in memory to composite ready, beside MediaPipe's own sample.

    Parameters
    ----------
    seconds
        How long each way is measured, in turns with the others.
    json_
        Print the rows as JSON.
    """
    from rimlight.bench import bench as measure
    from rimlight.bench import print_table

    rows = measure(seconds, lambda line: print(line, file=sys.stderr))
    if json_:
        print(json.dumps({"rows": [asdict(row) for row in rows]}, indent=1))
    else:
        print_table(rows)
