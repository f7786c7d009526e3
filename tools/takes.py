"""Takes: pictures in memory with their true mattes, and what a tuning is worth on them.

The model is asked once for each view of a picture, however many tunings look at its answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import cv2

from measure_scenes import FPS, counted, frames
from rimlight.assemble import UNHURRIED_GUIDE, open_background, open_segmenter
from rimlight.figures import Figures, change_error, frame_figures, mean_of
from rimlight.framing import fitted
from rimlight.matted import find_matted, read_matte, shots
from rimlight.offline import true_part
from rimlight.pipeline import Pipeline
from rimlight.protocols import Segmenter
from rimlight.settings import Settings, Tuning
from rimlight.sources.scenes import SCENES
from rimlight.sources.sitter import open_sitter
from rimlight.types import Frame, Mask, Plane, Rgb, Size, StreamFormat

FILES = Tuning(views=2, guide_size=UNHURRIED_GUIDE)
"""What files get."""
SITTER = "the sitter's scenes"
"""The group of the sitter's scenes."""
SCENE_SIZE = Size(640, 360)
"""A quarter of the pixels that tests/quality looks at; what differs between tunings is the same."""


class Variant(NamedTuple):
    """A way to make mattes: a tuning or, if `raw`, the model's own mask scaled up, which no tuning gives."""

    tuning: Tuning
    raw: bool = False


class Place(NamedTuple):
    """Where a take comes from; none of its pictures is in memory yet."""

    name: str
    group: str
    folder: Path | None
    """In which it is found by its name; None: a scene of the sitter."""


@dataclass(frozen=True, slots=True)
class Take:
    """Frames with true mattes. Those from `start` on count; the ones before are warm-up."""

    frames: tuple[Frame, ...]
    truths: tuple[Plane, ...]
    size: Size
    """True size of the mattes; pictures are even."""
    start: int = 0


class Around(Segmenter):
    """A segmenter that is another one, but for what its kinds change."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter

    @property
    def name(self) -> str:
        return self._segmenter.name

    @property
    def size(self) -> Size:
        return self._segmenter.size

    def segment(self, rgb: Rgb) -> Mask:
        return self._segmenter.segment(rgb)

    def close(self) -> None:
        self._segmenter.close()


class Remembering(Around):
    """A segmenter that answers from memory what it was asked before."""

    def __init__(self, segmenter: Segmenter) -> None:
        super().__init__(segmenter)
        self._known: dict[bytes, Mask] = {}

    def segment(self, rgb: Rgb) -> Mask:
        key = hashlib.blake2b(rgb.tobytes(), digest_size=16).digest()
        if key not in self._known:
            self._known[key] = super().segment(rgb)
        return Mask(self._known[key].copy())

    def close(self) -> None:
        self._known.clear()
        super().close()


class Raw(Around):
    """A segmenter whose masks are taken for mattes: nothing is made of them but larger."""

    @property
    def is_matte(self) -> bool:
        return True


def places(folder: Path) -> list[Place]:
    """All clips and photos of a folder, their groups as in `rimlight eval`. Raises what `find_matted` raises."""
    return [Place(matted.name, matted.group, folder) for matted in find_matted(folder)]


def scene_places() -> list[Place]:
    """All scenes of the sitter."""
    return [Place(scene, SITTER, None) for scene in SCENES]


def load(place: Place) -> Take:
    """The take itself. Raises ClipError for what cannot be read."""
    return _scene(place.name) if place.folder is None else _clip(place.folder, place.name)


def _scene(scene: str) -> Take:
    """As tests/quality looks at it, but smaller."""
    indices = counted(scene)
    with open_sitter(SCENE_SIZE, FPS, paced=False, scene=scene) as sitter:
        shown = tuple(frames(sitter, indices))
        truths = tuple(sitter.truth(frame.index) for frame in shown)
    return Take(shown, truths, SCENE_SIZE, len(shown) - len(indices))


def _clip(folder: Path, name: str) -> Take:
    matted = next(matted for matted in find_matted(folder) if matted.name == name)
    seen = list(shots(matted))
    truths = tuple(read_matte(path, seen[0].size) for path in matted.mattes)
    return Take(tuple(shot.frame for shot in seen), truths, seen[0].size)


@contextmanager
def open_variant(variant: Variant, segmenter: Segmenter, background: str, size: Size) -> Iterator[Pipeline]:
    """The standard pipeline of this variant, around a segmenter that stays open."""
    with open_background(background, Settings().blur_strength, StreamFormat(size, FPS)) as behind:
        yield Pipeline(Raw(segmenter) if variant.raw else segmenter, behind, fitted, variant.tuning)


def figures(take: Take, pipeline: Pipeline, each: int) -> Figures:
    """Means over the frames that count: of every one for flicker, of one in `each` for all else."""
    found, changes = [], []
    before: tuple[Plane, Plane] | None = None
    for number, (frame, truth) in enumerate(zip(take.frames, take.truths, strict=True)):
        alpha = true_part(pipeline.process(frame).alpha, take.size, mirrored=False)
        if number < take.start:
            continue
        if before is not None:
            changes.append(change_error(alpha, before[0], truth, before[1]))
        if (number - take.start) % each == 0:
            found.append(frame_figures(alpha, truth))
        before = alpha, truth
    return mean_of(found)._replace(dtssd=sum(changes) / len(changes) if changes else None)


def worth(place: Place, variants: Sequence[Variant], each: int) -> list[Figures]:
    """What each variant is worth on the take; the model is asked once for what they share."""
    cv2.setNumThreads(1)
    take = load(place)
    found = []
    with Remembering(open_segmenter("standard")) as segmenter:
        for variant in variants:
            with open_variant(variant, segmenter, "#00b140", take.size.even) as pipeline:
                found.append(figures(take, pipeline, each))
    return found


def worths(
    where: Sequence[Place], variants: Sequence[Variant], each: int, cores: int
) -> dict[Place, list[Figures]]:
    """The same of many takes, on several cores."""
    jobs = [(place, variants, each) for place in where]
    # Forked processes would share the runtimes' threads.
    with get_context("spawn").Pool(cores) as pool:
        return dict(zip(where, pool.starmap(worth, jobs, chunksize=1), strict=True))
