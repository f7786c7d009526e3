"""Codecs, qualities, rates and sizes by their flags, each read back."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from media import Content, content, ellipse_pipeline, write_clip
from rimlight.errors import SettingError, UsageError
from rimlight.offline import Report, process_clip
from rimlight.sinks.codecs import Quality, encoding_for
from rimlight.sources.clip import open_clip
from rimlight.sources.decoding import open_decoder
from rimlight.types import Size
from rimlight.wanted import Wanted

MADE = {"h264": "h264", "hevc": "hevc", "vp9": "vp9", "av1": "libdav1d"}
FITTING = [("h264", "mp4"), ("hevc", "mp4"), ("hevc", "mkv"), ("vp9", "webm"), ("av1", "webm"), ("av1", "mp4")]


def made(source: Path, output: Path, quality: Quality = Quality(), **wanted: Any) -> tuple[Content, Report]:
    encoding = encoding_for(output, quality)
    with open_clip(source, wanted=Wanted(**wanted)) as clip, ellipse_pipeline() as pipeline:
        report = process_clip(clip, pipeline, output, encoding=encoding)
    return content(output), report


@pytest.mark.parametrize(("codec", "ending"), FITTING)
def test_each_codec_keeps_pictures_and_times(tmp_path: Path, codec: str, ending: str) -> None:
    source = write_clip(tmp_path / "a.mp4", count=8, size=Size(128, 96))
    expected, _ = made(source, tmp_path / "plain.mp4", Quality(crf=10))

    got, _ = made(source, tmp_path / f"out.{ending}", Quality(codec))

    assert got.facts["codec"] in (MADE[codec], codec)
    assert got.times == [Fraction(n, 25) for n in range(8)]
    difference = np.abs(got.planes[5][0].astype(int) - expected.planes[5][0])
    assert difference.mean() < 4


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no such policies")
def test_no_encoder_makes_itself_more_urgent_than_the_rest_of_the_machine(tmp_path: Path) -> None:
    """SVT-AV1 does, where root starts it, and whatever the process starts then would be as urgent."""
    made(write_clip(tmp_path / "in.mp4", count=2, size=Size(128, 96)), tmp_path / "out.mp4", Quality("av1"))
    assert {os.sched_getscheduler(int(task.name)) for task in Path("/proc/self/task").iterdir()} == {os.SCHED_OTHER}


def test_hevc_is_named_as_apple_wants_it(tmp_path: Path) -> None:
    made(write_clip(tmp_path / "a.mp4", count=8, size=Size(128, 96)), tmp_path / "out.mp4", Quality("hevc"))
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.streams.video[0].codec_context.codec_tag == "hvc1"


def test_webm_is_vp9_unless_told(tmp_path: Path) -> None:
    got, _ = made(write_clip(tmp_path / "a.mp4", count=2), tmp_path / "out.webm")
    assert got.facts["codec"] == "vp9"


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
def test_crf_and_preset_reach_the_encoder(codec: str) -> None:
    output = Path("out.mkv")
    presets = {"h264": "slow", "hevc": "slow", "vp9": "2", "av1": "4"}

    encoding = encoding_for(output, Quality(codec, 33, presets[codec]))

    assert encoding.options["crf"] == "33"
    assert presets[codec] in encoding.options.values()
    assert encoding.options != encoding_for(output, Quality(codec)).options


def test_a_worse_quality_is_a_smaller_file_and_crf_0_is_lossless(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=10, size=Size(160, 120))
    sizes = []
    for crf in (0, 20, 45):
        made(source, tmp_path / f"{crf}.mp4", Quality(crf=crf))
        sizes.append((tmp_path / f"{crf}.mp4").stat().st_size)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 2 * sizes[2]
    assert content(tmp_path / "0.mp4").facts["profile"] == "High 4:4:4 Predictive"


@pytest.mark.parametrize(
    ("output", "quality", "error", "told"),
    [
        ("out.mov", {"codec": "vp9"}, UsageError, r"\.mov does not hold --codec vp9"),
        ("out.webm", {"codec": "h264"}, UsageError, r"\.webm does not hold --codec h264"),
        ("out.mp4", {"codec": "divx"}, SettingError, "h264, hevc, vp9, av1"),
        ("out.mp4", {"crf": 52}, SettingError, r"--crf 52.*51"),
        ("out.webm", {"crf": 64}, SettingError, r"--crf 64.*63"),
        ("out.mp4", {"crf": -1}, SettingError, "--crf -1"),
        ("out.mp4", {"preset": "9"}, SettingError, "ultrafast"),
        ("out.gif", {}, UsageError, r"\.webm"),
    ],
)
def test_what_does_not_fit_is_refused(output: str, quality: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        encoding_for(Path(output), Quality(**quality))


def test_a_part_is_exact_to_the_frame(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=50)
    whole, _ = made(source, tmp_path / "whole.mp4", Quality(crf=0))

    part, report = made(source, tmp_path / "part.mp4", Quality(crf=0), begin=Fraction(2, 5), end=Fraction(6, 5))

    assert report == Report(20, 0.8)
    assert part.times == [Fraction(n, 25) for n in range(20)]
    # The first frame is as the segmenter sees it, with nothing remembered: pictures without a person are the same.
    corner = np.s_[:8, :8]
    for got, expected in zip(part.planes, whole.planes[10:30], strict=True):
        np.testing.assert_array_equal(got[0][corner], expected[0][corner])


@pytest.mark.parametrize("begin", [Fraction(3), Fraction(100)])
def test_a_part_behind_the_end_is_refused_and_leaves_nothing(tmp_path: Path, begin: Fraction) -> None:
    source = write_clip(tmp_path / "a.mp4", count=50)
    with pytest.raises(Exception, match="shows nothing from there"):
        made(source, tmp_path / "out.mp4", begin=begin)
    assert list(tmp_path.iterdir()) == [source]


def test_rates_repeat_and_leave_out(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=50)

    faster, _ = made(source, tmp_path / "b.mp4", fps=Fraction(60))
    slower, _ = made(source, tmp_path / "c.mp4", fps=Fraction(10))

    assert faster.times == [Fraction(n, 60) for n in range(120)]
    assert slower.times == [Fraction(n, 10) for n in range(20)]


def test_variable_rates_become_even(tmp_path: Path) -> None:
    pts = [0, 40, 45, 50, 400, 1000, 1040]
    source = write_clip(tmp_path / "a.mp4", count=7, pts=pts, time_base=Fraction(1, 1000))

    got, _ = made(source, tmp_path / "b.mp4", fps=Fraction(25))

    assert got.times == [Fraction(n, 25) for n in range(27)]


@pytest.mark.parametrize(("box", "size"), [(Size(32, 24), Size(32, 24)), (Size(200, 96), Size(128, 96))])
def test_sizes_are_kept_in_proportion(tmp_path: Path, box: Size, size: Size) -> None:
    got, report = made(write_clip(tmp_path / "a.mp4", count=2), tmp_path / "b.mp4", size=box)

    assert got.facts["size"] == size
    assert bool(report.notes) == (size != box)


def test_a_turned_clip_is_scaled_upright(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=2, rotation=-90)
    got, _ = made(path, tmp_path / "b.mp4", size=Size(24, 32))
    assert got.facts["size"] == Size(24, 32)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
def test_a_part_far_into_a_clip_is_the_same_however_it_is_found(tmp_path: Path, ending: str) -> None:
    # Two pictures a second, a keyframe every ten seconds, B frames between: a minute is enough to be sought in.
    codec: Any = "mpeg4" if ending == "avi" else "libx264"
    options = {"qp": "5", "g": "20", "bf": "3"} if ending != "avi" else {"qscale": "2", "g": "20"}
    source = write_clip(tmp_path / f"a.{ending}", count=120, fps=Fraction(2), codec=codec, options=options)
    with open_clip(source) as clip:
        whole = list(iter(clip.read, None))

    for begin in (Fraction(7), Fraction(41), Fraction(101, 2), Fraction(59)):
        with open_clip(source, wanted=Wanted(begin=begin)) as clip:
            part = list(iter(clip.read, None))
        expected = whole[int(begin * 2) :]
        assert [round(frame.at, 3) for frame in part] == [round(frame.at - float(begin), 3) for frame in expected]
        for got, kept in zip(part, expected, strict=True):
            np.testing.assert_array_equal(got.picture.i420, kept.picture.i420)


@pytest.mark.parametrize(("ending", "sought"), [("mp4", True), ("mkv", True), ("ts", False)])
def test_what_comes_long_before_a_part_is_not_decoded_where_there_is_an_index(
    tmp_path: Path, ending: str, sought: bool
) -> None:
    options = {"qp": "5", "g": "20", "bf": "3"}
    source = write_clip(tmp_path / f"a.{ending}", count=120, fps=Fraction(2), options=options)
    with open_decoder(source) as decoder:
        decoder.skip_to(Fraction(50))
        first = decoder.read()
        assert first is not None
        assert (first.pts * decoder.time_base > 30) == sought
