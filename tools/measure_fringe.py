"""Measures the colours at the edge on the synthetic sitter: how far composites are from ideal ones.

    python tools/measure_fringe.py [SCENE ...]

Prints Markdown. The ideal composite has the true matte, the person's own colours, and a plate made of the room
without the person. The error is the mean absolute difference over Y, U and V, chroma scaled up, in levels, within
10 pixels of the true edge at 1280x720; sensor noise, which is no fringe, is off. Light wrap, which is wanted,
is too.
tests/quality holds Rimlight to bars on the same figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import fmean
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.assemble import open_background, open_pipeline
from rimlight.composite import over
from rimlight.foreground import clean
from rimlight.picture import reduced, shrink
from rimlight.protocols import Background
from rimlight.settings import Settings, Tuning
from rimlight.sources.sitter import SitterSource, open_sitter
from rimlight.types import Alpha, Cut, Frame, Picture, Plane, Size

SIZE = Size(1280, 720)
BAND = 10
"""Pixels from the true edge."""
FRAMES = (14, 23, 32, 41)
"""Those that count; the ones before them are warm-up."""
BACKGROUNDS = ("studio", "#ffffff", "#000000", "blur")

Matte = Literal["true", "own"]
Floats = NDArray[np.float32]


class Fringe(NamedTuple):
    """Mean errors in levels."""

    camera: float
    """Of the camera's colours, with the same matte and plate."""
    estimated: float
    """Of Rimlight's estimated colours."""
    worst: float
    """Of the worst of the rings, one pixel wide, that the band consists of; estimated too."""
    true: float
    """Of the person's true colours, with the same matte and plate: what no better colours could take away."""

    @property
    def ratio(self) -> float:
        return self.estimated / self.camera


class Watched(Background):
    """A background that keeps what it was asked for and what it gave."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self.cut: Cut | None = None
        self.last = Picture.empty(SIZE)

    @property
    def name(self) -> str:
        return self._background.name

    def paint(self, cut: Cut, out: Picture) -> None:
        self.cut, self.last = cut, self._background.plate(cut)
        np.copyto(out.i420, self.last.i420)

    def reduced(self, cut: Cut) -> Sequence[Plane] | None:
        self.cut, self.last = cut, self._background.plate(cut)
        return self._background.reduced(cut)

    def close(self) -> None:
        self._background.close()


def fringes(scene: str, background: str) -> dict[Matte, Fringe]:
    """The mean of the frames: with matte and plate true, and with the pipeline's own."""
    found: dict[Matte, list[Fringe]] = {"true": [], "own": []}
    with ExitStack() as opened:
        sitter = opened.enter_context(open_sitter(SIZE, scene=scene, noise=0.0, paced=False))
        settings = Settings(background=background, light_wrap=0)
        pipeline = opened.enter_context(open_pipeline(settings, sitter.format))
        ideal = opened.enter_context(open_background(background, settings.blur_strength, sitter.format))
        watched = pipeline.background = Watched(pipeline.background)
        for index in range(FRAMES[-1] + 1):
            made = pipeline.process(Frame(sitter.render(index), index / 30, index)).picture
            if index in FRAMES and watched.cut is not None:
                seen = Seen(sitter, index, ideal.plate(empty(sitter.room(index))))
                found["true"].append(seen.with_true_matte(watched.cut))
                found["own"].append(seen.fringe(watched.cut, watched.last, made))
    return {matte: Fringe(*map(fmean, zip(*each, strict=True))) for matte, each in found.items()}


class Seen:
    """One frame, its truth, and the ideal composite."""

    def __init__(self, sitter: SitterSource, index: int, plate: Picture) -> None:
        self._plate = plate
        self._truth, self._person = sitter.truth(index), sitter.person(index)
        self._ideal = over(self._person, self._truth, self._plate)
        self._distance = _distance(self._truth)

    def with_true_matte(self, own: Cut) -> Fringe:
        """Matte and plate are true: what is left is the colours' alone."""
        cut = replace(own, alpha=self._truth, small=Alpha(shrink(self._truth, own.planes.size)))
        return self.fringe(cut, self._plate, over(clean(cut), cut.alpha, self._plate))

    def fringe(self, cut: Cut, plate: Picture, composite: Picture) -> Fringe:
        band = np.abs(self._distance) <= BAND
        made = self._error(composite)
        ring_of = np.floor(self._distance)
        rings = [made[ring_of == ring] for ring in np.unique(ring_of[band])]
        camera, true = (self._error(over(colors, cut.alpha, plate))[band] for colors in (cut.picture, self._person))
        worst = max(float(ring.mean()) for ring in rings)
        return Fringe(float(camera.mean()), float(made[band].mean()), worst, float(true.mean()))

    def _error(self, picture: Picture) -> Floats:
        """Of each pixel, mean over Y, U and V."""
        differences = [
            cv2.resize(cv2.absdiff(one, other), tuple(picture.size), interpolation=cv2.INTER_NEAREST)
            for one, other in zip(picture.planes, self._ideal.planes, strict=True)
        ]
        error: Floats = np.mean(differences, axis=0, dtype=np.float32)
        return error


def empty(room: Picture) -> Cut:
    """The room with nobody in it."""
    planes = reduced(room, Tuning().guide_size)
    nobody = np.zeros((room.size.height, room.size.width), np.uint8)
    return Cut(room, Alpha(nobody), planes, Alpha(np.zeros_like(planes.y)), 0.0)


def _distance(truth: Alpha) -> Floats:
    """Pixels from the true edge: positive inside."""
    inside = (truth > 127).astype(np.uint8)
    within, outwards = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (inside, 1 - inside))
    distance: Floats = within - outwards
    return distance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("scenes", nargs="*", default=["plain"], metavar="SCENE")
    print(
        "| scene | background | matte, plate | camera's colours | estimated | ratio | worst ring | true colours |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for scene in parser.parse_args().scenes:
        for background in BACKGROUNDS:
            for matte, it in fringes(scene, background).items():
                figures = f"{it.camera:.2f} | {it.estimated:.2f} | {it.ratio:.2f} | {it.worst:.2f} | {it.true:.2f}"
                print(f"| {scene} | {background} | {matte} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
