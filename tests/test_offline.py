"""File to file: every frame at its own time, everything else of the file carried on, and all or nothing."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from media import Content, Sound, boxes, content, ellipse_pipeline, write_clip
from rimlight.backgrounds.transparent import open_transparent
from rimlight.errors import UsageError
from rimlight.offline import Report, process_clip
from rimlight.pipeline import Pipeline
from rimlight.sources.clip import open_clip
from rimlight.tags import ColorTags
from rimlight.types import Cut, Frame, Size


def process(source: Path, output: Path, *, pipeline: Pipeline | None = None, **options: Any) -> Report:
    with open_clip(source) as clip, pipeline or ellipse_pipeline() as made:
        return process_clip(clip, made, output, **options)


def processed(source: Path, name: str = "out.mp4") -> Content:
    process(source, source.with_name(name))
    return content(source.with_name(name))


def hidden(folder: Path) -> list[str]:
    return [found.name for found in folder.rglob(".*")]


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv"])
def test_times_are_kept_exactly(tmp_path: Path, name: str) -> None:
    # Milliseconds, so that Matroska can keep them too; a late start, a long pause, a short step.
    pts = [40, 41, 200, 220, 5000, 5010, 5015]
    millis = Fraction(1, 1000)
    path = write_clip(tmp_path / "a.mp4", count=7, pts=pts, time_base=millis, fps=Fraction(30))

    got = processed(path, name)

    assert got.times == [p * millis for p in pts]
    assert (got.facts["codec"], got.facts["pixels"], got.facts["profile"]) == ("h264", "yuv420p", "High")
    # The last image's length too; Matroska counts a file's length from 0, MP4 from its first image.
    late = got.times[0] if name.endswith("mkv") else 0
    assert float(got.facts["seconds"] - late) == pytest.approx(float(content(path).facts["seconds"]), abs=0.0011)


def test_times_finer_than_milliseconds_are_kept_too(tmp_path: Path) -> None:
    pts = [37 + 1001 * n + n % 2 * 11 for n in range(20)]
    muxing = {"movie_timescale": "30000"}
    path = write_clip(tmp_path / "a.mp4", count=20, pts=pts, time_base=Fraction(1, 30000), muxing=muxing)

    assert processed(path).times == [Fraction(p, 30000) for p in pts]


@pytest.mark.parametrize(
    "tags", [ColorTags(1, 1, 1, 1), ColorTags(6, 6, 6, 2), ColorTags(9, 14, 9, 1), ColorTags()]
)
def test_colour_tags_and_pixel_shape_are_kept(tmp_path: Path, tags: ColorTags) -> None:
    path = write_clip(tmp_path / "a.mp4", tags=tags, aspect=Fraction(16, 11))

    for name in ("out.mp4", "out.mkv"):
        facts = processed(path, name).facts
        assert facts["tags"] == tags
        assert facts["aspect"] == Fraction(16, 11)


def test_turned_clips_come_out_upright(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", rotation=-90, aspect=Fraction(4, 3))

    facts = processed(path).facts

    assert facts["size"] == Size(48, 64)
    assert facts["rotation"] == 0
    assert facts["aspect"] == Fraction(3, 4)


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.mov"])
def test_sound_is_copied_packet_by_packet(tmp_path: Path, name: str) -> None:
    sound = [Sound(seconds=1.5), Sound("aac", 0.7, 44100)]
    path = write_clip(tmp_path / "a.mp4", count=25, sound=sound)

    got = processed(path, name)

    assert len(got.sound) == 2
    assert got.sound == content(path).sound
    assert starts(path.with_name(name)) == pytest.approx(starts(path), abs=0.0011)


def starts(path: Path) -> list[float]:
    """When each stream's first and last packet is due, in seconds."""
    import av

    with av.open(str(path)) as file:
        packets = list(file.demux())
        times = [
            [float(p.pts * p.time_base) for p in packets if p.stream_index == s.index and p.pts is not None]
            for s in file.streams
        ]
    return [end for stream in times for end in (min(stream), max(stream))]


def test_sound_is_interleaved_with_the_pictures(tmp_path: Path) -> None:
    import av

    # More than the 10 s for which FFmpeg's muxer itself waits for the other stream.
    path = write_clip(tmp_path / "a.mp4", count=75, fps=Fraction(5), sound=[Sound(seconds=15)])
    processed(path)

    with av.open(str(tmp_path / "out.mp4")) as file:
        places = sorted((p.pos, p.stream.type) for p in file.demux() if p.size)
    runs = [len(list(run)) for kind, run in itertools.groupby(kind for _, kind in places) if kind == "video"]
    # The first are decoded before time 0, for the sake of B frames.
    assert max(runs) <= 4


@pytest.mark.parametrize("name", ["out.mp4", "out.mov"])
def test_sound_that_the_container_cannot_hold_is_refused(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / "a.mkv", sound=[Sound("tta")])

    with pytest.raises(UsageError, match=r"\(tta\)\n.*out\.mkv"):
        process(path, tmp_path / name)

    assert list(tmp_path.iterdir()) == [path]


def test_sound_that_no_container_of_ours_holds_becomes_opus_and_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.avi", codec="mpeg4", sound=[Sound("wmav2"), Sound("pcm_s16le")])

    with pytest.raises(UsageError, match=r"out\.mkv, which holds most kinds"):
        process(path, tmp_path / "out.mp4")
    report = process(path, tmp_path / "out.mkv")

    assert report.notes == ("out.mkv: sound in wmav2 became Opus, as Matroska cannot hold it",)
    with av.open(str(tmp_path / "out.mkv")) as file:
        anew = file.streams.audio[0]
        assert anew.codec_context.name.removeprefix("lib") == "opus"
        loud = [float(np.abs(frame.to_ndarray()).max()) for frame in file.decode(anew)]
    assert len(loud) == pytest.approx(50, abs=4)
    assert max(loud[10:40]) > 0.5
    got = content(tmp_path / "out.mkv").sound
    assert [b"".join(got[1])] == [b"".join(content(path).sound[1])]


def test_damaged_sound_is_copied_but_for_the_damage(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", count=40, sound=[Sound(seconds=1.6)])
    whole = processed(path, "whole.mp4")
    data = path.read_bytes()
    header = b"\xff\xf1"
    place = data.index(header, len(data) // 2)
    path.write_bytes(data[:place] + bytes(7) + data[place + 7 :])

    report = process(path, tmp_path / "out.mp4")

    assert report.notes[-1] == "the sound of out.mp4 has gaps or ends early: the input's is damaged or cut off"
    got = content(tmp_path / "out.mp4")
    assert len(got.times) == 40
    assert len(whole.sound[0]) - 12 < len(got.sound[0]) < len(whole.sound[0])
    assert set(got.sound[0]) < set(whole.sound[0])


FITTING = [("pcm_s16le", "out.mov"), ("flac", "out.mkv"), ("tta", "out.mkv")]


@pytest.mark.parametrize(("codec", "name"), FITTING)
def test_sound_of_other_kinds_is_copied_where_it_fits(tmp_path: Path, codec: Any, name: str) -> None:
    path = write_clip(tmp_path / "a.mkv", sound=[Sound(codec)])

    got = processed(path, name)

    assert b"".join(got.sound[0]) == b"".join(content(path).sound[0])


def test_an_mp4_begins_with_its_index(tmp_path: Path) -> None:
    processed(write_clip(tmp_path / "a.mp4"))

    assert boxes(tmp_path / "out.mp4")[:2] == ["ftyp", "moov"]


@pytest.mark.parametrize("ending", ["mp4", "mov"])
def test_the_same_comes_out_each_time(tmp_path: Path, ending: str) -> None:
    # x264 itself is not the same each time at less than a hundred pixels.
    path = write_clip(tmp_path / "a.mp4", count=30, size=Size(128, 96), sound=[Sound()])
    for name in ("b", "c"):
        process(path, tmp_path / f"{name}.{ending}")

    assert (tmp_path / f"b.{ending}").read_bytes() == (tmp_path / f"c.{ending}").read_bytes()


@pytest.mark.parametrize("size", [Size(63, 47), Size(64, 47), Size(63, 48)], ids=str)
@pytest.mark.parametrize("mirror", [False, True])
def test_odd_sizes_become_even_and_their_mattes_do_not(tmp_path: Path, size: Size, mirror: bool) -> None:
    path = write_clip(tmp_path / "a.mkv", codec="ffv1", size=size, count=2)
    matte = tmp_path / "matte"

    report = process(path, tmp_path / "out.mp4", matte=matte, pipeline=ellipse_pipeline(mirror=mirror))

    assert content(tmp_path / "out.mp4").facts["size"] == size.even
    assert report.notes == (f"out.mp4 is {size.even}, not {size}: its pictures are even in size (edge repeated)",)
    assert pngs(matte)[0].shape == (size.height, size.width)


def test_the_report_tells_what_was_made(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=30)
    seen: list[tuple[int, int | None]] = []

    report = process(path, tmp_path / "out.mp4", progress=lambda done, of: seen.append((done, of)))

    assert report == Report(30, 1.2)
    assert seen == [(n, 30) for n in range(1, 31)]


def test_a_clip_is_new_to_the_pipeline(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=3)
    pipeline = ellipse_pipeline()
    before = pipeline.cut
    seen: list[str] = []
    pipeline.reset = lambda: seen.append("reset")  # type: ignore[method-assign]

    def noted(frame: Frame) -> Cut:
        seen.append("frame")
        return before(frame)

    pipeline.cut = noted  # type: ignore[method-assign]
    process(path, tmp_path / "out.mp4", pipeline=pipeline)

    assert seen == ["reset", "frame", "frame", "frame"]


def test_what_is_left_of_a_cut_off_clip_is_processed(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4", count=100, muxing={"movflags": "faststart"}, sound=[Sound(seconds=4)])
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])

    report = process(cut, tmp_path / "out.mp4")

    assert not report.whole
    assert f"{report.frames} of about 100 frames could be read" in report.notes[0]
    assert 20 < report.frames < 80
    assert len(content(tmp_path / "out.mp4").times) == report.frames


def test_transparent_is_green_in_a_video_and_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=2)

    report = process(path, tmp_path / "out.mp4", pipeline=ellipse_pipeline(open_transparent()))

    assert report.notes == ("out.mp4 carries no alpha, so the background is key green; --matte writes the alpha",)


def pngs(folder: Path) -> list[Any]:
    return [cv2.imread(str(f), cv2.IMREAD_UNCHANGED) for f in sorted(folder.glob("*.png"))]
