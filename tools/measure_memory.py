"""Measures whether memory stays flat: frames as fast as possible through the live pipeline, for long.

    python tools/measure_memory.py [--frames 100000] [--size 1920x1080]

Prints resident memory every thousand frames, then its slope. 100 000 frames of 1080p are an hour of a call.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from rimlight.assemble import open_pipeline
from rimlight.benches.machine import machine, peak_resident, resident
from rimlight.benches.ways import FPS, frames, sitting
from rimlight.passes import composed
from rimlight.settings import Settings, parse_size
from rimlight.types import Size, StreamFormat

_EVERY = 1000
"""Frames between two looks."""


def measured(size: Size, count: int, every: int = _EVERY) -> Iterator[tuple[int, float]]:
    """Frames done, and resident memory in 1e6 bytes, every so many frames.

    Raises RimlightError in its several kinds if the pipeline cannot be opened.
    """
    with open_pipeline(Settings(), StreamFormat(size, FPS), live=True) as pipeline:
        given = itertools.islice(frames(sitting(size)), count)
        for done, _ in enumerate(composed(lambda: next(given, None), pipeline), 1):
            if done % every == 0:
                yield done, (resident() or 0) / 1e6


def slope(points: Sequence[tuple[int, float]]) -> float:
    """Megabytes per 100 000 frames, by least squares over the later three quarters: before, caches fill."""
    later = points[len(points) // 4 :]
    done, memory = zip(*later, strict=True)
    return float(np.polyfit(done, memory, 1)[0]) * 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--size", type=parse_size, default=Size(1920, 1080), metavar="WxH")
    options = parser.parse_args()
    cv2.setNumThreads(1)  # as the command does
    print(f"{machine()}\n\n|  frames | resident MB | frames/s |\n| ------: | ----------: | -------: |")
    points, last = [], time.perf_counter()
    for done, megabytes in measured(options.size, options.frames):
        now = time.perf_counter()
        print(f"| {done:7} | {megabytes:11.1f} | {_EVERY / (now - last):8.1f} |", flush=True)
        points.append((done, megabytes))
        last = now
    if len(points) >= 4:
        print(f"\nSlope over the later three quarters: {slope(points):+.2f} MB per 100 000 frames.")
    if (peak := peak_resident()) is not None:
        print(f"Most at any time: {peak / 1e6:.1f} MB.")


if __name__ == "__main__":
    main()
