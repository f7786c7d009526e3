"""The matte is worth the same at every frame rate, and when frames are dropped: time counts, not frames."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from rimlight.assemble import open_pipeline
from rimlight.figures import Figures, frame_figures, mean_of
from rimlight.settings import Settings
from rimlight.sources.sitter import open_sitter
from rimlight.types import Frame, Size, StreamFormat

SIZE, FPS = Size(640, 360), Fraction(60)
SECONDS = 2.4
TIMES = range(30, round(SECONDS * FPS), 6)
"""Frames of the sixty a second that every rate shows, and that are compared."""


def figures(scene: str, shown: Sequence[int]) -> Figures:
    """Of the frames of TIMES, when only the frames `shown` of sixty a second are seen."""
    with (
        open_sitter(SIZE, FPS, paced=False, scene=scene) as sitter,
        open_pipeline(Settings(background="#00b140"), StreamFormat(SIZE, FPS), live=True) as pipeline,
    ):
        found = []
        for index in shown:
            output = pipeline.process(Frame(sitter.render(index), index / float(FPS), index))
            if index in TIMES:
                found.append(frame_figures(output.alpha, sitter.truth(index)))
        assert len(found) == len(TIMES)
        return mean_of(found)


def dropped(share: float) -> list[int]:
    """Thirty a second with frames missing here and there, those of TIMES excepted."""
    lost = np.random.default_rng(7).random(round(SECONDS * FPS)) < share
    return [index for index in range(0, TIMES.stop, 2) if index in TIMES or not lost[index]]


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["plain", "hair"])
def test_the_matte_is_worth_the_same_at_every_rate(scene: str) -> None:
    usual = figures(scene, range(0, TIMES.stop, 2))
    for shown in (range(0, TIMES.stop, 6), range(TIMES.stop), dropped(0.4)):
        found = figures(scene, list(shown))
        assert found.mad == pytest.approx(usual.mad, rel=0.15)
        assert found.biou == pytest.approx(usual.biou, abs=0.02)
