"""Soaks the live run in faults of every kind at random times, and tells whether anything leaks, hangs or grows.

    python tools/soak.py [--frames 200000] [--seed 0] [--model onnx] [--markdown docs/benchmarks.md]

Frames of a room whose every pixel can be told (tests/faults) go through the real live run as fast as it takes them,
settings change, and cameras, models, backgrounds and sinks fail, hang, give garbage and come back. Prints what
happened and how soon it was got over. Exit code 1 if a bar is broken.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.coded_room import TruthSegmenter
from faults.nemesis import BARS
from faults.soaking import Accompanied, Sample, Soaked, soak
from rimlight.allocator import give_large_blocks_back
from rimlight.benches.machine import machine
from rimlight.benches.table import table
from rimlight.meter import percentile
from rimlight.protocols import Segmenter
from rimlight.unfinished import write_whole

HEADING = "## Soak"

MEMORY, THREADS, HANDLES = 10.0, 2.0, 2.0
"""What may be gained in 100 000 frames: 1e6 bytes, threads, handles. A leak in every fault would be far more."""
_FEW = 20_000
"""Frames of which a slope tells nothing: caches fill, and pipelines are opened."""


@dataclass(frozen=True)
class Verdict:
    """A bar, and whether it was held."""

    what: str
    need: str
    reached: str
    holds: bool


def slope(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    """By how much it grows in 100 000 frames, by least squares over the later three quarters."""
    later = samples[len(samples) // 4 :]
    if len(later) < 3:
        return 0.0
    return float(np.polyfit([sample.frames for sample in later], [of(sample) for sample in later], 1)[0]) * 100_000


def verdicts(soaked: Soaked) -> list[Verdict]:
    """Every bar."""
    found = [
        Verdict("outputs with pixels of the raw room", "0", str(soaked.leaks), soaked.leaks == 0),
        Verdict("hangs for good", "0", str(soaked.hangs.total()), not soaked.hangs),
        Verdict("ended early", "no", soaked.error or "no", not soaked.error),
        Verdict("oldest output", "<= 1.5 s", f"{soaked.slowest:.2f} s", soaked.slowest <= 1.5),
    ]
    for what, bar in BARS.items():
        if times := soaked.times.get(what):
            found.append(Verdict(what, f"<= {bar:g} s", f"{max(times):.2f} s", max(times) <= bar))
    if soaked.frames >= _FEW:
        for what, most, of in _HELD:
            gained = slope(soaked.samples, of)
            found.append(Verdict(f"{what} in 100 000 frames", f"<= {most:+g}", f"{gained:+.2f}", gained <= most))
    return found


_HELD: tuple[tuple[str, float, Callable[[Sample], float]], ...] = (
    ("MB gained", MEMORY, lambda sample: sample.memory),
    ("threads gained", THREADS, lambda sample: sample.threads),
    ("handles gained", HANDLES, lambda sample: sample.handles),
)


def markdown(soaked: Soaked) -> str:
    """Faults, recoveries, what the process held, and bars."""
    head = (
        f"{machine()}.\n\n{soaked.frames} frames shown live in {soaked.seconds / 60:.0f} minutes"
        f" by {soaked.processes} processes at once,"
        f" {soaked.faults.total()} faults, {soaked.keys} settings changed;"
        f" {soaked.leaks} outputs with pixels of the raw room, {soaked.hangs.total()} hangs."
    )
    parts = [head, _faults(soaked), _recoveries(soaked), _held(soaked.samples), _bars(soaked)]
    return "\n\n".join(part for part in parts if part)


def _faults(soaked: Soaked) -> str:
    methods = sorted({name.rpartition(" ")[0] for name in soaked.faults})
    kinds = sorted({name.rpartition(" ")[2] for name in soaked.faults})
    rows = [(method, *(str(soaked.faults[f"{method} {kind}"] or "") for kind in kinds)) for method in methods]
    return table(("faults in", *kinds), rows)


def _recoveries(soaked: Soaked) -> str:
    rows = []
    for what, bar in BARS.items():
        times = sorted(soaked.times.get(what, []))
        lost = soaked.hangs[what]
        if times or lost:
            figures = (median(times), percentile(times, 0.95), times[-1]) if times else ()
            cells = [f"{seconds:.2f}" for seconds in figures] or ["", "", ""]
            rows.append((what, str(len(times)), *cells, f"{bar:g}", str(lost)))
    return table(("seconds from ... to ...", "times", "median", "p95", "worst", "bar", "never"), rows)


def _held(samples: Sequence[Sample]) -> str:
    if len(samples) < 3:
        return ""
    shown = [("start", samples[0]), ("middle", samples[len(samples) // 2]), ("end", samples[-1])]
    rows = [(name, str(s.frames), f"{s.memory:.1f}", str(s.threads), str(s.handles)) for name, s in shown]
    slopes = (f"{slope(samples, of):+.2f}" for _, _, of in _HELD)
    return table(("held", "frames", "MB", "threads", "handles"), [*rows, ("in 100 000 frames", "", *slopes)])


def _bars(soaked: Soaked) -> str:
    rows = [(v.what, v.need, v.reached, "pass" if v.holds else "FALLS SHORT") for v in verdicts(soaked)]
    return table(("bar", "need", "reached", "verdict"), rows)


def with_section(text: str, section: str) -> str:
    """The Markdown text with the section 'Soak' exchanged, or added; all else stays as it is."""
    made = f"{HEADING}\n\nMade by `python tools/soak.py --markdown FILE`.\n\n{section}\n"
    before, found, rest = f"\n{text}".partition(f"\n{HEADING}\n")
    if not found:
        return f"{text.rstrip()}\n\n{made}".lstrip()
    after = rest.partition("\n## ")[2]
    return f"{before}\n{made}".lstrip("\n") + (f"\n## {after}" if after else "")


def opener(model: str) -> Callable[[], Segmenter]:
    """Opens the true masks, or these beside the real model in that runtime."""
    if model == "truth":
        return TruthSegmenter
    from rimlight.assemble import open_segmenter

    return lambda: Accompanied(open_segmenter("standard", runtime=model))


def one(frames: int, seed: int, model: str) -> Soaked:
    """A soak in this process."""
    # As the command does.
    cv2.setNumThreads(1)
    give_large_blocks_back()
    return soak(frames, seed, opener(model), lambda line: print(line, file=sys.stderr))


def shared(frames: int, seed: int, model: str, jobs: int) -> list[Soaked]:
    """Soaks in processes of their own, each with a seed of its own."""
    parts = [(frames // jobs + (number < frames % jobs), seed + number, model) for number in range(jobs)]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        return pool.starmap(one, parts)


def merged(parts: Sequence[Soaked]) -> Soaked:
    """All of them as one. Samples are those of the process that gained most memory."""
    times: dict[str, list[float]] = defaultdict(list)
    for part in parts:
        for what, seconds in part.times.items():
            times[what] += seconds
    return Soaked(
        processes=len(parts),
        frames=sum(part.frames for part in parts),
        seconds=max(part.seconds for part in parts),
        leaks=sum(part.leaks for part in parts),
        leaked_after=sum((part.leaked_after for part in parts), Counter()),
        slowest=max(part.slowest for part in parts),
        faults=sum((part.faults for part in parts), Counter()),
        keys=sum(part.keys for part in parts),
        times=times,
        hangs=sum((part.hangs for part in parts), Counter()),
        samples=max((part.samples for part in parts), key=lambda samples: slope(samples, _HELD[0][2])),
        incidents=sum((part.incidents for part in parts), Counter()),
        error=next((part.error for part in parts if part.error), ""),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the faults and their times; default: %(default)s")
    models = ("truth", "onnx", "mediapipe", "opencv")
    parser.add_argument(
        "--model", choices=models, default="truth", help="a real one looks as well, in that runtime"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that share the frames")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="put the tables into its section 'Soak'")
    options = parser.parse_args(arguments)
    if options.jobs > 1:
        soaked = merged(shared(options.frames, options.seed, options.model, options.jobs))
    else:
        soaked = one(options.frames, options.seed, options.model)
    print(markdown(soaked))
    for fault, leaks in soaked.leaked_after.items():
        print(f"{leaks} leaks after {fault or 'no fault at all'}", file=sys.stderr)
    if options.markdown:
        text = options.markdown.read_text(encoding="utf-8") if options.markdown.exists() else ""
        write_whole(options.markdown, with_section(text, markdown(soaked)).encode(), force=True)
    return 0 if all(verdict.holds for verdict in verdicts(soaked)) else 1


if __name__ == "__main__":
    sys.exit(main())
