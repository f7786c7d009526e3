"""Feeds Rimlight damaged and malicious pictures, clips, settings and models, and counts what becomes of them.

Each input goes through the real entry points in a process apart, within limits of time and memory. What is neither
accepted nor refused with a clear error is a fault: another exception, a crash, a hang, memory without end.

    python tools/fuzz.py --kind all --count 2000 --seed 1 --jobs 2 --keep faults --markdown

A fault's input is kept and can be fed again: --kind videos --seed 1 --only 1234.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hostile.worker import KINDS, Outcome, Worker, input_of, seeds_of

FAULTS = ("error", "crash", "hang", "memory")
COLUMNS = (
    "kind", "inputs", "accepted", "refused", "other errors", "crashes", "hangs", "too much memory",
    "worst seconds", "worst MB",
)  # fmt: skip


def main() -> None:
    """Feeds, keeps the faults and prints the table. Exit code 1 if there was one."""
    asked = _arguments()
    kinds = KINDS if asked.kind == "all" else (asked.kind,)
    outcomes: dict[str, list[Outcome]] = {}
    for kind in kinds:
        numbers = [asked.only] if asked.only is not None else range(asked.start, asked.start + asked.count)
        outcomes[kind] = list(feed_all(kind, asked.seed, numbers, asked.jobs))
        for outcome in outcomes[kind]:
            if outcome.verdict in FAULTS or asked.only is not None:
                _tell(kind, asked.seed, outcome, asked.keep)
    told = _added(asked.json, outcomes) if asked.json else outcomes
    print("\n".join(table(told, markdown=asked.markdown)))
    sys.exit(any(outcome.verdict in FAULTS for found in outcomes.values() for outcome in found))


def feed_all(kind: str, seed: int, numbers: Iterable[int], jobs: int) -> Iterator[Outcome]:
    """The outcomes of the inputs of these numbers, in `jobs` processes; in no order."""
    waiting, found = iter(numbers), list[Outcome]()
    turn = threading.Lock()

    def work() -> None:
        worker = Worker(kind, seed, whole)
        try:
            while True:
                with turn:
                    number = next(waiting, None)
                if number is None:
                    return
                found.append(worker.feed(number))
        finally:
            worker.close()

    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "seeds.json"
        whole.write_text(json.dumps([(seed.ending, seed.content.hex()) for seed in seeds_of(kind)]))
        threads = [threading.Thread(target=work) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    yield from found


def table(outcomes: dict[str, list[Outcome]], *, markdown: bool) -> list[str]:
    """A line for each kind, and one for all."""
    rows = [_row(kind, found) for kind, found in outcomes.items()]
    if len(rows) > 1:
        rows.append(_row("all", [one for found in outcomes.values() for one in found]))
    if markdown:
        lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
        return [f"| {' | '.join(row)} |" for row in lines]
    widths = [max(len(row[n]) for row in (COLUMNS, *rows)) for n in range(len(COLUMNS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (COLUMNS, *rows)
    ]


def _row(kind: str, found: Sequence[Outcome]) -> list[str]:
    counts = [sum(one.verdict == verdict for one in found) for verdict in ("accepted", "refused", *FAULTS)]
    worst = max((one.seconds for one in found), default=0.0)
    memory = max((one.memory for one in found), default=0) >> 20
    return [kind, str(len(found)), *map(str, counts), f"{worst:.1f}", str(memory)]


def _tell(kind: str, seed: int, outcome: Outcome, keep: Path | None) -> None:
    last = outcome.told.strip().splitlines()[-1:]
    print(
        f"{kind} {outcome.number}: {outcome.verdict} in {outcome.seconds:.1f} s, {outcome.memory >> 20} MB", *last
    )
    if keep is None:
        return
    keep.mkdir(parents=True, exist_ok=True)
    stem = f"{outcome.verdict}-{kind}-{seed}-{outcome.number}"
    (keep / f"{stem}.txt").write_text(outcome.told)
    if kind != "settings":
        made = input_of(kind, seed, outcome.number, seeds_of(kind))
        (keep / f"{stem}.{made.ending}").write_bytes(made.content)


def _added(path: Path, outcomes: dict[str, list[Outcome]]) -> dict[str, list[Outcome]]:
    """These and what earlier runs found: long runs are made in pieces."""
    before = json.loads(path.read_text()) if path.exists() else {}
    every = {kind: [Outcome(*one) for one in found] for kind, found in before.items()}
    for kind, found in outcomes.items():
        every.setdefault(kind, []).extend(one._replace(told="") for one in found)
    path.write_text(json.dumps(every))
    return every


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=(*KINDS, "all"), default="all")
    parser.add_argument("--count", type=int, default=500, help="inputs of each kind")
    parser.add_argument("--start", type=int, default=0, help="the number of the first input")
    parser.add_argument("--only", type=int, help="only the input of this number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--keep", type=Path, help="a folder for inputs that made a fault")
    parser.add_argument("--json", type=Path, help="a file of outcomes, which are added to and told with these")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
