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
    "plain": Bar(mad=3.4, biou=0.900, dtssd=0.49, fault=0.3),
    "hair": Bar(mad=6.1, biou=0.799, dtssd=1.31, fault=22.4),
    "boom": Bar(mad=4.9, biou=0.858, dtssd=0.76, fault=86.6),
    "hand": Bar(mad=15.9, biou=0.720, dtssd=6.53, fault=40.4),
    "glasses": Bar(mad=4.3, biou=0.870, dtssd=0.56, fault=0.3),
    "chair": Bar(mad=20.3, biou=0.606, dtssd=0.94, fault=23.6),
    "dark": Bar(mad=5.7, biou=0.859, dtssd=1.94, fault=0.3),
    "exposure": Bar(mad=3.4, biou=0.899, dtssd=0.52, fault=0.3),
    "motion": Bar(mad=5.2, biou=0.831, dtssd=5.24, fault=0.4),
    "newcomer": Bar(mad=11.6, biou=0.790, dtssd=6.81, fault=1.5),
    "busy": Bar(mad=21.1, biou=0.545, dtssd=0.83, fault=4.8),
    "coat": Bar(mad=3.8, biou=0.891, dtssd=0.58, fault=0.4),
    "shake": Bar(mad=4.0, biou=0.877, dtssd=2.82, fault=0.3),
    "mjpeg": Bar(mad=3.7, biou=0.893, dtssd=0.79, fault=0.3),
    "far": Bar(mad=1.4, biou=0.923, dtssd=0.29, fault=0.3),
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
