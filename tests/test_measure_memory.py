"""tools/measure_memory.py: what it looks at, and the slope that it tells."""

from __future__ import annotations

import pytest

from measure_memory import measured, slope
from rimlight.types import Size


def test_memory_is_looked_at_every_so_many_frames() -> None:
    points = list(measured(Size(160, 90), 11, every=4))
    assert [done for done, _ in points] == [4, 8]
    assert all(megabytes > 10 for _, megabytes in points)


def test_the_slope_leaves_out_what_fills_at_first() -> None:
    filling = [(1000, 100.0), (2000, 150.0)]
    flat = [(1000 * n, 180.0) for n in range(3, 9)]
    leaking = [(done, 180 + done / 10_000) for done, _ in flat]
    assert slope(filling + flat) == pytest.approx(0, abs=1e-9)
    assert slope(filling + leaking) == pytest.approx(10)
