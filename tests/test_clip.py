"""Video files as sources: planes, times, tags and turns are the file's own; damaged files give what there is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media import Sound, content, flat, planes, write_clip
from rimlight.sources.clip import ClipFrame, ClipSource, open_clip
from rimlight.tags import ColorTags
from rimlight.types import Color, Size

UPRIGHT = {
    (0, False): lambda p: p,
    (90, False): lambda p: np.rot90(p, 1),
    (180, False): lambda p: np.rot90(p, 2),
    (-90, False): lambda p: np.rot90(p, -1),
    (0, True): lambda p: p[:, ::-1],
    (90, True): lambda p: np.rot90(p, 1)[:, ::-1],
}


def frames(source: ClipSource) -> list[ClipFrame]:
    with source:
        return list(iter(source.read, None))


def test_planes_are_the_files_own(tmp_path: Path) -> None:
    # 90 columns: FFmpeg pads such lines.
    path = write_clip(tmp_path / "a.mp4", count=5, size=Size(90, 50))

    got = frames(open_clip(path))

    assert [frame.index for frame in got] == [0, 1, 2, 3, 4]
    for number, frame in enumerate(got):
        for plane, wanted in zip(frame.picture.planes, planes(number, Size(90, 50)), strict=True):
            np.testing.assert_array_equal(plane, wanted)
    got[0].picture.i420[:] = 0
    assert got[1].picture.y.any()


@pytest.mark.parametrize(
    ("pixels", "codec"),
    [
        ("yuv422p", "ffv1"),
        ("yuv444p", "ffv1"),
        ("yuv420p10le", "ffv1"),
        ("yuva420p", "ffv1"),
        ("yuvj422p", "mjpeg"),
    ],
)
def test_other_pixel_formats_keep_their_numbers(tmp_path: Path, pixels: str, codec: Any) -> None:
    wanted = (201, 90, 160)
    full = pixels.startswith("yuvj")
    tags = ColorTags(1, 1, 9, 2 if full else 1)
    path = write_clip(tmp_path / "a.mkv", count=1, codec=codec, pixels=pixels, tags=tags, make=flat(wanted))

    with open_clip(path) as source:
        frame = source.read()
        assert source.format.color == (Color("bt601", True) if full else Color("bt2020"))

    assert frame is not None
    for plane, level in zip(frame.picture.planes, wanted, strict=True):
        np.testing.assert_allclose(plane, level, atol=2 if full else 1)


def test_rgb_becomes_what_players_take_it_for(tmp_path: Path) -> None:
    def red(_: int, size: Size) -> Any:
        return flat((81, 90, 240))(0, size)  # BT.601 limited

    path = write_clip(tmp_path / "a.mkv", count=1, codec="ffv1", pixels="bgr0", tags=ColorTags(matrix=6), make=red)

    with open_clip(path) as source:
        frame = source.read()
        assert source.format.color == Color("bt601", False)
        assert source.facts.tags.matrix == 6
        assert source.facts.tags.range == 1

    assert frame is not None
    for plane, level in zip(frame.picture.planes, (81, 90, 240), strict=True):
        np.testing.assert_allclose(plane, level, atol=2)


@pytest.mark.parametrize(
    ("tags", "size", "color"),
    [
        (ColorTags(1, 1, 1, 1), Size(64, 48), Color("bt709")),
        (ColorTags(6, 6, 6, 1), Size(64, 720), Color("bt601")),
        (ColorTags(5, 6, 5, 2), Size(64, 48), Color("bt601", True)),
        (ColorTags(9, 14, 9, 1), Size(64, 48), Color("bt2020")),
        (ColorTags(), Size(64, 718), Color("bt601")),
        (ColorTags(), Size(64, 720), Color("bt709")),
        (ColorTags(), Size(1280, 534), Color("bt709")),
    ],
)
def test_colours_are_as_tagged_or_as_players_guess(
    tmp_path: Path, tags: ColorTags, size: Size, color: Color
) -> None:
    with open_clip(write_clip(tmp_path / "a.mp4", count=1, size=size, tags=tags)) as source:
        assert source.facts.tags == tags
        assert source.format.color == color


@pytest.mark.parametrize(("rotation", "flip"), UPRIGHT)
def test_turned_clips_come_upright(tmp_path: Path, rotation: int, flip: bool) -> None:
    path = write_clip(
        tmp_path / "a.mp4", count=2, rotation=rotation, flip=flip, aspect=Fraction(4, 3), tags=ColorTags(matrix=1)
    )
    turned = rotation in {90, -90}

    with open_clip(path) as source:
        assert source.size == source.format.size == (Size(48, 64) if turned else Size(64, 48))
        assert source.facts.aspect == (Fraction(3, 4) if turned else Fraction(4, 3))
        frame = source.read()

    assert frame is not None
    for plane, coded in zip(frame.picture.planes, planes(0, Size(64, 48)), strict=True):
        np.testing.assert_array_equal(plane, UPRIGHT[rotation, flip](coded))


def test_silent_tags_are_spoken_for_when_turning_changes_the_guess(tmp_path: Path) -> None:
    with open_clip(write_clip(tmp_path / "a.mp4", count=1, size=Size(720, 64), rotation=90)) as source:
        assert source.format.color.matrix == "bt601"
        assert source.facts.tags.matrix == 6


@pytest.mark.parametrize("size", [Size(63, 47), Size(64, 47), Size(63, 48)], ids=str)
@pytest.mark.parametrize("rotation", [0, 90])
def test_odd_sizes_are_padded_by_their_edge(tmp_path: Path, size: Size, rotation: int) -> None:
    # Matroska carries odd sizes and no rotation, QuickTime both.
    path = write_clip(
        tmp_path / "a.mov", count=1, codec="mpeg4", size=size, rotation=rotation, options={"qmin": "1"}
    )
    true = Size(*size[::-1]) if rotation else size

    with open_clip(path) as source:
        assert source.size == true
        assert source.format.size == true.even
        frame = source.read()

    assert frame is not None
    upright = UPRIGHT[rotation, False](content(path).planes[0][0])
    luma = frame.picture.y
    np.testing.assert_array_equal(luma[: true.height, : true.width], upright)
    np.testing.assert_array_equal(luma[:, -1], luma[:, true.width - 1])
    np.testing.assert_array_equal(luma[-1], luma[true.height - 1])


def test_variable_rates_keep_their_exact_times(tmp_path: Path) -> None:
    pts = [30, 31, 100, 2000, 2001, 90000]
    ticks = Fraction(1, 12800)
    # MP4 rounds a late start to the movie's clock, milliseconds by default.
    muxing = {"movie_timescale": "12800"}
    path = write_clip(tmp_path / "a.mp4", count=6, pts=pts, time_base=ticks, fps=Fraction(30), muxing=muxing)

    with open_clip(path) as source:
        got = list(iter(source.read, None))
        times = [frame.pts * source.facts.time_base for frame in got]

    assert times == [p * ticks for p in pts]
    assert [frame.at for frame in got] == [float(t) for t in times]
    assert all(frame.duration > 0 for frame in got)


def test_a_broadcasts_clock_starts_at_zero(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "a.ts", count=4, pts=[90000 + 3600 * n for n in range(4)], time_base=Fraction(1, 90000)
    )

    assert [round(frame.at, 6) for frame in frames(open_clip(path))] == [0.0, 0.04, 0.08, 0.12]


def test_it_says_how_much_there_will_be(tmp_path: Path) -> None:
    for ending in ("mp4", "mkv"):
        with open_clip(write_clip(tmp_path / f"a.{ending}", count=20, sound=[Sound()])) as source:
            assert source.length == 20
            assert source.format.fps == 25
            assert source.name == f"a.{ending}"
            assert len(list(iter(source.read, None))) == 20
            assert source.damage is None
