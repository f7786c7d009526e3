"""Measures what each step of the standard matte adds, from the model alone to everything, and what it costs.

    python tools/measure_steps.py DIR
    python tools/measure_steps.py DIR --leave-one-out

DIR is what `rimlight eval` takes; the sitter's scenes are measured beside it. Prints Markdown. `--leave-one-out`
chooses the matte's constants anew without each of the clips, to see whether those that ship are tuned to them.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import cv2

from leave_one_out import leave_one_out
from rimlight.assemble import open_segmenter
from rimlight.benches.machine import machine
from rimlight.figures import Figures, mean_of
from rimlight.pipeline import Pipeline
from rimlight.settings import Tuning
from rimlight.sources.sitter import open_sitter
from rimlight.types import Frame, Picture, Size
from takes import FILES, SITTER, Place, Variant, open_variant, places, scene_places, worths

_NOTHING: dict[str, object] = {
    "follow": False,
    "views": 1,
    "smoothing": 0.0,
    "steadiness": 0.0,
    "evidence": False,
    "clean_plate": False,
    "curve_low": 0.0,
    "curve_high": 1.0,
}
_STEPS: dict[str, tuple[str, ...]] = {
    "+ guided filter": (),
    "+ matte curve": ("curve_low", "curve_high"),
    "+ smoothing of doubt": ("smoothing",),
    "+ holding what is still": ("steadiness",),
    "+ colour evidence": ("evidence",),
    "+ following the person": ("follow",),
    "+ clean plate (live runs)": ("clean_plate",),
    "+ second view (files)": ("views",),
    "+ finer guide (files)": ("guide_size",),
}
"""What each step sets to the value that ships. The filter has no switch: without it there is the raw mask. Live
runs get all but the last two, files all."""
_TURN = 8
"""Frames that one variant does before the next has its turn."""
_SIZE = Size(1280, 720)
_OTHERS = "the others"
_EACH_OF_SCENES = 4
"""Frames of scenes to one that is scored; flicker counts in all."""


def steps() -> dict[str, Variant]:
    """From the plainest to everything, each with the ones before it."""
    tuning = Tuning.model_validate(_NOTHING)
    found = {"model alone": Variant(tuning, raw=True)}
    for name, switched in _STEPS.items():
        tuning = tuning.model_copy(update={switch: getattr(FILES, switch) for switch in switched})
        found[name] = Variant(tuning)
    return found


def milliseconds(variants: Sequence[Variant], seconds: float) -> list[float]:
    """Median time of a frame, blur at 720p, of variants that take turns for `seconds` each."""
    with ExitStack() as opened:
        sitter = opened.enter_context(open_sitter(_SIZE, paced=False))
        pictures = [sitter.render(index) for index in range(_TURN)]
        segmenter = opened.enter_context(open_segmenter("standard"))
        pipelines = [opened.enter_context(open_variant(v, segmenter, "blur", _SIZE)) for v in variants]
        for pipeline in pipelines:
            # Warms caches and finds the person.
            _turn(pipeline, pictures, 0)
        walls: list[list[float]] = [[] for _ in pipelines]
        first = 0
        while min(map(sum, walls)) < seconds:
            first += _TURN
            for pipeline, spent in zip(pipelines, walls, strict=True):
                spent.extend(_turn(pipeline, pictures, first))
    return [1e3 * median(spent) for spent in walls]


def _turn(pipeline: Pipeline, pictures: Sequence[Picture], first: int) -> list[float]:
    walls = []
    for number, picture in enumerate(pictures, first):
        start = time.perf_counter()
        pipeline.process(Frame(picture, number / 30, number))
        walls.append(time.perf_counter() - start)
    return walls


def _keep_to_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)


def print_steps(found: Mapping[Place, Sequence[Figures]], names: Sequence[str], times: Sequence[float]) -> None:
    """A row a step: the means of each group, and the time of a frame."""
    sets = grouped(list(found))
    heads = " | ".join(f"{name} ({len(those)}): mIoU | bIoU | MAD | dtSSD" for name, those in sets.items())
    print(f"| step | {heads} | ms |")
    print("| --- |" + " --- |" * (4 * len(sets) + 1))
    for number, (name, spent) in enumerate(zip(names, times, strict=True)):
        cells = [_cells(mean_of(found[place][number] for place in those)) for those in sets.values()]
        print(f"| {name} | {' | '.join(cells)} | {spent:.1f} |")


def grouped(where: Sequence[Place]) -> dict[str, list[Place]]:
    """Groups of two or more, as `rimlight eval` shows them; all that have none; the scenes."""
    groups: dict[str, list[Place]] = {}
    for place in where:
        alone = sum(other.group == place.group for other in where) == 1
        groups.setdefault(_OTHERS if alone else place.group, []).append(place)
    return {name: groups[name] for name in sorted(groups, key=lambda name: (name == SITTER, name == _OTHERS))}


def _cells(f: Figures) -> str:
    flicker = "-" if f.dtssd is None else f"{f.dtssd:.2f}"
    return f"{f.miou:.3f} | {f.biou:.3f} | {f.mad:.1f} | {flicker}"


def print_scenes(found: Mapping[Place, Sequence[Figures]], names: Sequence[str]) -> None:
    """A row a scene: MAD after each step."""
    print("| scene, MAD | " + " | ".join(names) + " |")
    print("| --- |" + " --- |" * len(names))
    for place, each in found.items():
        if place.group == SITTER:
            print(f"| {place.name} | " + " | ".join(f"{figures.mad:.1f}" for figures in each) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--leave-one-out", action="store_true")
    parser.add_argument("--seconds", type=float, default=4, help="that each step's time is measured for")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    given = parser.parse_args()
    clips, scenes = places(given.folder), scene_places()
    if given.leave_one_out:
        leave_one_out(clips, scenes, given.cores)
        return
    named = steps()
    variants = list(named.values())
    found = worths(clips, variants, 1, given.cores) | worths(scenes, variants, _EACH_OF_SCENES, given.cores)
    print(machine())
    _keep_to_one_core()
    print_steps(found, list(named), milliseconds(variants, given.seconds))
    print_scenes(found, list(named))


if __name__ == "__main__":
    main()
