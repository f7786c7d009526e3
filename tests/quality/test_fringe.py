"""The colours at the edge of composites, against ideal ones: what was once reached is not lost unseen."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from measure_fringe import fringes


class Bar(NamedTuple):
    """The worst that is let pass; `python tools/measure_fringe.py` prints what is reached."""

    own: float
    """Part of the error of the camera's colours that is left with the pipeline's own matte, whose error outweighs
    the colours': with the person's true colours 0.92 to 0.94 would be left."""
    levels: float
    """The same, in levels."""


TRUE = 0.5
"""Part of it that is left where matte and plate are true, so that only colours are wrong."""

BARS = {"studio": Bar(0.86, 2.6), "#000000": Bar(0.98, 5.7), "blur": Bar(0.80, 3.2)}


@pytest.mark.slow
@pytest.mark.parametrize("background", BARS)
def test_estimated_colours_come_nearer_to_the_ideal_composite(background: str) -> None:
    found, bar = fringes("plain", background), BARS[background]
    assert found["true"].ratio <= TRUE
    assert found["own"].ratio <= bar.own
    assert found["own"].estimated <= bar.levels
