"""Interlaced clips come out whole: no combs, every picture at its own time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media import LOSSLESS, Planes, write_clip
from rimlight.sources.clip import ClipFrame, open_clip
from rimlight.types import Size

SIZE = Size(128, 96)
INTERLACED = {**LOSSLESS, "x264-params": "bff=1"}
STEP = 6
"""Pixels that the bar moves in a field."""


def bar(number: int, size: Size) -> Planes:
    """A bar that moves on between the two fields of an image, of which the lower lines come first."""
    luma = np.full((size.height, size.width), 40, np.uint8)
    for field in (0, 1):
        left = (2 * number + field) * STEP % 96
        luma[1 - field :: 2, left : left + 16] = 200
    chroma = np.full((size.height // 2, size.width // 2), 128, np.uint8)
    return luma, chroma, chroma


def frames(path: Path) -> list[ClipFrame]:
    with open_clip(path) as clip:
        return list(iter(clip.read, None))


def combs(luma: np.ndarray) -> float:
    """How much neighbouring lines differ."""
    return float(np.abs(np.diff(luma[8:-8].astype(int), axis=0)).mean())


@pytest.mark.parametrize("ending", ["mp4", "ts", "mkv"])
def test_a_moving_bar_has_straight_edges_where_its_first_field_had_it(tmp_path: Path, ending: str) -> None:
    path = write_clip(tmp_path / f"a.{ending}", count=10, size=SIZE, options=INTERLACED, make=bar)

    got = frames(path)

    assert len(got) == 10
    assert [round(frame.at * 25, 2) for frame in got] == list(range(10))
    for number, frame in enumerate(got[1:-1], 1):
        assert combs(bar(number, SIZE)[0]) > 14
        assert combs(frame.picture.y) < 0.5
        left = 2 * number * STEP % 96
        assert frame.picture.y[40, left : left + 16].min() > 190


def test_it_is_said(tmp_path: Path) -> None:
    with open_clip(write_clip(tmp_path / "a.mp4", count=3, size=SIZE, options=INTERLACED, make=bar)) as clip:
        assert clip.notes == ["a.mp4 is interlaced: its pictures were made whole (bwdif)"]


def test_progressive_clips_are_left_as_they_are(tmp_path: Path) -> None:
    with open_clip(write_clip(tmp_path / "a.mp4", count=3, size=SIZE, make=bar)) as clip:
        first = clip.read()
        assert clip.notes == []
    assert first is not None
    np.testing.assert_array_equal(first.picture.y, bar(0, SIZE)[0])


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    from fractions import Fraction

    pts = [0, 40, 120, 130, 700]
    path = write_clip(
        tmp_path / "a.mp4", count=5, size=SIZE, pts=pts, time_base=Fraction(1, 1000), options=INTERLACED, make=bar
    )
    assert [round(frame.at * 1000) for frame in frames(path)] == pts
