"""High dynamic range and 10 bits as pictures of 8: the numbers that the standards give."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from media import content, ellipse_pipeline, flat, write_clip
from rimlight.hdr import Transfer, rolled_off, table
from rimlight.offline import process_clip
from rimlight.sources.clip import open_clip
from rimlight.tags import ColorTags
from rimlight.types import Color, Size
from rimlight.wanted import Wanted

TAGS: dict[Transfer, ColorTags] = {"pq": ColorTags(9, 16, 9, 1), "hlg": ColorTags(9, 18, 9, 1)}


def hdr_clip(
    path: Path, transfer: Transfer, levels: tuple[int, int, int], codec: Literal["ffv1", "libx264"] = "ffv1"
) -> Path:
    """One colour, in 10 bits; levels are of 8."""
    pixels = "yuv420p10le"
    return write_clip(path, count=2, codec=codec, pixels=pixels, tags=TAGS[transfer], make=flat(levels))


# By hand from BT.2100's tables: PQ's code for 0, 50, 100, 203 and 1000 nits as 8-bit limited range, and what
# BT.1886 has for a 203rd of them after BT.2390's roll-off.
@pytest.mark.parametrize(
    ("transfer", "code", "expected"),
    [
        ("pq", 16, 16),
        ("pq", 112, 138),
        ("pq", 127, 177),
        ("pq", 143, 213),
        ("pq", 181, 235),
        ("pq", 235, 235),
        ("hlg", 16, 16),
        ("hlg", 180, 213),
        ("hlg", 235, 235),
    ],
)
def test_gray_is_as_bright_as_the_standards_say(
    tmp_path: Path, transfer: Transfer, code: int, expected: int
) -> None:
    with open_clip(hdr_clip(tmp_path / "a.mkv", transfer, (code, 128, 128))) as clip:
        frame = clip.read()
        assert clip.notes == [f"a.mkv is HDR ({transfer.upper()}): made SDR, BT.709 of 8 bits (BT.2390)"]
        assert clip.facts.tags == ColorTags(1, 1, 1, 1)
        assert clip.format.color == Color("bt709")
    assert frame is not None
    assert abs(int(frame.picture.y[20, 30]) - expected) <= 2
    # The last half of a level is dithered.
    assert np.ptp(frame.picture.y) <= 1
    assert abs(frame.picture.u.astype(int) - 128).max() <= 1
    assert abs(frame.picture.v.astype(int) - 128).max() <= 1


def test_colours_keep_their_hue(tmp_path: Path) -> None:
    with open_clip(hdr_clip(tmp_path / "a.mkv", "pq", (110, 110, 150))) as clip:
        frame = clip.read()
    assert frame is not None
    assert frame.picture.u[3, 3] < 118
    # BT.709 needs more of the same red than BT.2020 does.
    assert frame.picture.v[3, 3] > 160


def test_what_comes_out_says_that_it_is_not_hdr(tmp_path: Path) -> None:
    source = hdr_clip(tmp_path / "a.mkv", "hlg", (150, 128, 128))
    with open_clip(source, wanted=Wanted(size=Size(32, 24))) as clip, ellipse_pipeline() as pipeline:
        report = process_clip(clip, pipeline, tmp_path / "out.mp4")

    facts = content(tmp_path / "out.mp4").facts
    assert facts["tags"] == ColorTags(1, 1, 1, 1)
    assert facts["pixels"] == "yuv420p"
    assert facts["size"] == Size(32, 24)
    assert "HDR (HLG)" in report.notes[0]


def test_ten_bits_of_standard_range_are_eight_and_said(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", count=1, codec="ffv1", pixels="yuv420p10le", make=flat((90, 100, 150)))
    with open_clip(path) as clip:
        frame = clip.read()
        assert clip.notes == ["a.mkv has 10 bits a colour: 8 are kept"]
    assert frame is not None
    assert [int(plane[2, 2]) for plane in frame.picture.planes] == [90, 100, 150]


def test_the_roll_off_leaves_the_dark_and_never_turns_back() -> None:
    nits = np.linspace(0, 1000, 2001)
    rolled = rolled_off(nits)
    np.testing.assert_allclose(rolled[:170], nits[:170], rtol=1e-6, atol=1e-6)
    assert (np.diff(rolled) > 0).all()
    assert rolled[-1] == pytest.approx(203, abs=0.01)


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_the_table_is_whole_and_gray_stays_gray(transfer: Transfer) -> None:
    colours = table(transfer, 9)
    assert colours.shape == (9, 9, 9, 3)
    assert colours.min() == 0
    assert colours.max() == 1
    gray = colours[range(9), range(9), range(9)]
    np.testing.assert_allclose(gray, gray[:, :1].repeat(3, axis=1), atol=2e-3)
    assert (np.diff(gray[:, 0]) >= 0).all()
    # Red runs fastest, as a .cube file has it.
    assert colours[0, 0, 8, 0] > 0.9
    assert colours[0, 0, 8, 2] == 0
