"""Measures mattes on the synthetic sitter's scenes: Rimlight's standard tier beside the tutorials' pipeline.

    python tools/measure_scenes.py [SCENE ...]

Prints Markdown. tests/quality holds Rimlight to bars on the same figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from functools import cache
from statistics import fmean
from typing import NamedTuple

import cv2
import numpy as np

from rimlight.assemble import open_pipeline
from rimlight.figures import Figures, change_error, frame_figures, mean_of
from rimlight.settings import Settings
from rimlight.sources.scenes import SCENES
from rimlight.sources.sitter import SitterSource, open_sitter
from rimlight.types import Alpha, Frame, Picture, Plane, Size, StreamFormat
from tutorial import Tutorial

SIZE, FPS = Size(1280, 720), Fraction(30)
WARM_UP = 12
"""Frames before those that count: pipelines with a past get one."""
_COUNTED = {"newcomer": range(34, 64), "exposure": range(16, 46)}
_USUAL = range(15, 40)
_EACH = 4
"""Mattes are scored in every fourth frame."""
_LEAST_BOOM = 100
"""Pixels: crumbs between the headset and the hair are smaller, the boom is thrice as large."""
_NEAR_EDGE = 9
"""Pixels from the true edge within which an error is one of the outline."""

Method = Callable[[Frame], Alpha]


class Measured(NamedTuple):
    """What a method is worth in a scene."""

    figures: Figures
    fault: float
    """The scene's own fault, `FAULTS`: per cent of what there is to get wrong; 0 is best."""


class Seen(NamedTuple):
    """One frame's matte and what it should be."""

    alpha: Plane
    truth: Plane
    sitter: SitterSource
    number: int
    """Of the frame."""


def counted(scene: str) -> range:
    """Indices of the frames that count; something happens in them."""
    return _COUNTED.get(scene, _USUAL)


def stray(seen: Seen) -> float:
    """Holes, islands and leaks: pixels beyond the outline that are wrong by more than half, of the person's."""
    person = (seen.truth > 127).view(np.uint8)
    kernel = np.ones((2 * _NEAR_EDGE + 1,) * 2, np.uint8)
    far = cv2.dilate(person, kernel) == cv2.erode(person, kernel)
    wrong = cv2.absdiff(seen.alpha, seen.truth) > 127
    return float(np.count_nonzero(wrong & far)) / max(1, int(np.count_nonzero(person)))


def missed(seen: Seen) -> float:
    """What is not kept of that which the scene adds to the plain sitter, of its coverage."""
    return _lost(seen, _added(seen))


def boom_missed(seen: Seen) -> float:
    """The same of the boom alone: what is thinner than nine pixels and hangs lowest, below cups and band."""
    added = _added(seen)
    thin = added & ~cv2.morphologyEx(added, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(thin)
    large = [n for n in range(1, count) if boxes[n, cv2.CC_STAT_AREA] > _LEAST_BOOM]
    lowest = max(large, key=lambda n: int(boxes[n, cv2.CC_STAT_TOP] + boxes[n, cv2.CC_STAT_HEIGHT]))
    return _lost(seen, (labels == lowest).view(np.uint8))


def _added(seen: Seen) -> Plane:
    """1 where the scene adds to the plain sitter's truth, else 0."""
    added: Plane = (cv2.subtract(seen.truth, _plain().truth(seen.number)) > 25).view(np.uint8)
    return added


def _lost(seen: Seen, there: Plane) -> float:
    part = seen.truth[there > 0].astype(float)
    return float((part - np.minimum(part, seen.alpha[there > 0])).sum() / max(1.0, part.sum()))


def kept(seen: Seen) -> float:
    """What is kept of the things that the scene adds to the plain room, of those that can be seen."""
    added = cv2.absdiff(seen.sitter.room(seen.number).y, _plain().room(seen.number).y) > 12
    visible = added & (cv2.dilate(seen.truth, np.ones((5, 5), np.uint8)) == 0)
    return float(seen.alpha[visible].mean()) / 255


@cache
def _plain() -> SitterSource:
    return open_sitter(SIZE, FPS, paced=False, noise=0)


FAULTS: dict[str, tuple[str, Callable[[Seen], float]]] = {
    "hair": ("strands missed", missed),
    "boom": ("boom missed", boom_missed),
    "hand": ("arm missed", missed),
    "chair": ("chair kept", kept),
    "coat": ("coat kept", kept),
}
"""What goes wrong in a scene and how it is measured; elsewhere it is what strays."""
STRAY = ("stray pixels", stray)


def frames(sitter: SitterSource, indices: range) -> Iterator[Frame]:
    """The frames, warm-up first."""
    for index in range(indices.start - WARM_UP, indices.stop):
        yield Frame(sitter.render(index), index / float(FPS), index)


def measure(scene: str, method: Method) -> Measured:
    """What the method's mattes are worth in that scene; flicker counts in each frame, the rest in every fourth."""
    indices, (_, fault) = counted(scene), FAULTS.get(scene, STRAY)
    found, changes, faults = [], [], []
    before: Seen | None = None
    with open_sitter(SIZE, FPS, paced=False, scene=scene) as sitter:
        for frame in frames(sitter, indices):
            alpha = method(frame)
            if frame.index < indices.start:
                continue
            now = Seen(alpha, sitter.truth(frame.index), sitter, frame.index)
            if before:
                changes.append(change_error(now.alpha, before.alpha, now.truth, before.truth))
            if (frame.index - indices.start) % _EACH == 0:
                found.append(frame_figures(now.alpha, now.truth))
                faults.append(fault(now))
            before = now
    return Measured(mean_of(found)._replace(dtssd=fmean(changes)), 100 * fmean(faults))


def open_rimlight(opened: ExitStack, background: str = "blur") -> Callable[[Frame], tuple[Picture, Alpha]]:
    """The standard tier: a frame's composite and matte."""
    settings = Settings(camera="sitter", background=background)
    pipeline = opened.enter_context(open_pipeline(settings, StreamFormat(SIZE, FPS)))

    def process(frame: Frame) -> tuple[Picture, Alpha]:
        output = pipeline.process(frame)
        return output.picture, output.alpha

    return process


def methods(opened: ExitStack) -> dict[str, Method]:
    """By the name that tables give them."""
    rimlight, tutorial = open_rimlight(opened), opened.enter_context(Tutorial())
    return {"tutorial": lambda frame: tutorial.matte(frame.picture), "Rimlight": lambda frame: rimlight(frame)[1]}


def row(scene: str, method: str, measured: Measured) -> str:
    """A line of the table."""
    f, (name, _) = measured.figures, FAULTS.get(scene, STRAY)
    steadiness = "" if f.dtssd is None else f"{f.dtssd:.2f}"
    return f"| {scene} | {method} | {f.mad:.1f} | {f.biou:.3f} | {steadiness} | {name} {measured.fault:.1f} % |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", help=f"of {', '.join(SCENES)}; all")
    wanted = parser.parse_args().scenes or list(SCENES)
    cv2.setNumThreads(1)
    print("| scene | pipeline | MAD | bIoU | dtSSD | own fault |")
    print("| --- | --- | --- | --- | --- | --- |")
    for scene in wanted:
        with ExitStack() as opened:
            for name, method in methods(opened).items():
                print(row(scene, name, measure(scene, method)), flush=True)


if __name__ == "__main__":
    main()
