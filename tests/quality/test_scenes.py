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
    "plain": Bar(mad=4.3, biou=0.886, dtssd=0.56, fault=0.3),
    "hair": Bar(mad=6.9, biou=0.789, dtssd=1.35, fault=25.6),
    "boom": Bar(mad=6.0, biou=0.840, dtssd=0.84, fault=95.4),
    "hand": Bar(mad=17.0, biou=0.700, dtssd=6.87, fault=40.3),
    "glasses": Bar(mad=5.1, biou=0.853, dtssd=0.6, fault=0.3),
    "chair": Bar(mad=20.5, biou=0.601, dtssd=1.0, fault=23.0),
    "dark": Bar(mad=6.5, biou=0.855, dtssd=1.56, fault=0.3),
    "exposure": Bar(mad=4.3, biou=0.886, dtssd=0.6, fault=0.3),
    "motion": Bar(mad=6.4, biou=0.813, dtssd=5.52, fault=0.5),
    "newcomer": Bar(mad=14.9, biou=0.733, dtssd=7.85, fault=1.7),
    "busy": Bar(mad=22.3, biou=0.537, dtssd=0.92, fault=5.0),
    "coat": Bar(mad=5.3, biou=0.855, dtssd=0.7, fault=0.3),
    "shake": Bar(mad=4.9, biou=0.863, dtssd=3.13, fault=0.3),
    "mjpeg": Bar(mad=4.4, biou=0.886, dtssd=0.75, fault=0.3),
    "far": Bar(mad=2.2, biou=0.906, dtssd=0.34, fault=0.3),
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
