"""The matte in each scene of the synthetic sitter, against a bar: what was once reached is not lost unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from measure_scenes import FAULTS, STRAY, Method, measure, methods
from rimlight.sources.scenes import SCENES


class Bar(NamedTuple):
    """The worst that is let pass; `python tools/measure_scenes.py` prints what is reached."""

    mad: float
    biou: float
    dtssd: float
    fault: float
    """Per cent, of the scene's own fault in `measure_scenes.FAULTS`, or of what strays."""


BARS = {
    "plain": Bar(mad=5.0, biou=0.874, dtssd=0.58, fault=0.3),
    "hair": Bar(mad=9.3, biou=0.734, dtssd=1.32, fault=33.5),
    "boom": Bar(mad=5.9, biou=0.832, dtssd=0.83, fault=78.5),
    "hand": Bar(mad=22.2, biou=0.614, dtssd=7.40, fault=54.4),
    "glasses": Bar(mad=8.7, biou=0.751, dtssd=0.60, fault=1.5),
    "chair": Bar(mad=32.1, biou=0.478, dtssd=0.77, fault=42.1),
    "dark": Bar(mad=7.1, biou=0.829, dtssd=1.65, fault=0.3),
    "exposure": Bar(mad=5.1, biou=0.869, dtssd=0.60, fault=0.3),
    "motion": Bar(mad=7.8, biou=0.768, dtssd=6.14, fault=0.6),
    "newcomer": Bar(mad=16.0, biou=0.715, dtssd=8.43, fault=1.8),
    "busy": Bar(mad=17.6, biou=0.581, dtssd=0.84, fault=3.0),
    "coat": Bar(mad=5.1, biou=0.871, dtssd=0.59, fault=0.5),
    "shake": Bar(mad=7.2, biou=0.811, dtssd=3.33, fault=0.6),
    "mjpeg": Bar(mad=5.2, biou=0.862, dtssd=0.73, fault=0.3),
    "far": Bar(mad=21.2, biou=0.287, dtssd=0.74, fault=35.8),
}


@pytest.fixture
def rimlight() -> Iterator[Method]:
    with ExitStack() as opened:
        yield methods(opened)["Rimlight"]


def test_every_scene_has_its_bar() -> None:
    assert list(BARS) == list(SCENES)


@pytest.mark.slow
@pytest.mark.parametrize("scene", BARS)
def test_the_matte_keeps_to_the_bar(scene: str, rimlight: Method) -> None:
    reached, bar = measure(scene, rimlight), BARS[scene]
    figures = reached.figures
    assert figures.dtssd is not None
    fault, _ = FAULTS.get(scene, STRAY)
    missed = {
        name: (value, limit)
        for name, value, limit, good in (
            ("MAD", figures.mad, bar.mad, figures.mad <= bar.mad),
            ("bIoU", figures.biou, bar.biou, figures.biou >= bar.biou),
            ("dtSSD", figures.dtssd, bar.dtssd, figures.dtssd <= bar.dtssd),
            (fault, reached.fault, bar.fault, reached.fault <= bar.fault),
        )
        if not good
    }
    assert missed == {}, "(reached, bar)"
