"""Mattes of clips: every frame's, as PNGs or lossless video, at the clip's own size and times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media import ellipse_pipeline, write_clip
from rimlight.errors import DiskError, OutputExistsError, UsageError
from rimlight.mattes import open_mattes
from rimlight.offline import Report, process_clip
from rimlight.sinks.video_file import Track
from rimlight.sources.clip import open_clip
from rimlight.tags import ColorTags
from rimlight.types import Size

TRACK = Track(Size(64, 48), Fraction(1, 25), Fraction(25), ColorTags(range=2))


def process(source: Path, matte: Path, *, force: bool = False, mirror: bool = False) -> Report:
    with open_clip(source) as clip, ellipse_pipeline(mirror=mirror) as pipeline:
        return process_clip(clip, pipeline, source.with_name("out.mp4"), matte=matte, force=force)


def alphas(source: Path, *, mirror: bool = False) -> list[Any]:
    with open_clip(source) as clip, ellipse_pipeline(mirror=mirror) as pipeline:
        return [pipeline.process(frame).alpha.copy() for frame in iter(clip.read, None)]


def pngs(folder: Path) -> list[Any]:
    return [cv2.imread(str(f), cv2.IMREAD_UNCHANGED) for f in sorted(folder.iterdir())]


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_gets_one_gray_png_a_frame(tmp_path: Path, there: bool) -> None:
    source = write_clip(tmp_path / "a.mp4", count=12)
    matte = tmp_path / "Matte 1.v2"
    if there:
        matte.mkdir()

    process(source, matte)

    assert [f.name for f in sorted(matte.iterdir())] == [f"{n:06d}.png" for n in range(12)]
    for png, alpha in zip(pngs(matte), alphas(source), strict=True):
        assert png.dtype == np.uint8
        np.testing.assert_array_equal(png, alpha)


def test_a_matroska_gets_lossless_gray_at_the_same_times(tmp_path: Path) -> None:
    pts = [0, 40, 41, 500]
    source = write_clip(tmp_path / "a.mp4", count=4, pts=pts, time_base=Fraction(1, 1000))

    process(source, tmp_path / "matte.mkv")

    assert content_of_gray(tmp_path / "matte.mkv")[0] == [Fraction(p, 1000) for p in pts]
    for gray, alpha in zip(content_of_gray(tmp_path / "matte.mkv")[1], alphas(source), strict=True):
        np.testing.assert_array_equal(gray, alpha)


def content_of_gray(path: Path) -> tuple[list[Fraction], list[Any]]:
    import av

    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("ffv1", "gray")
        images = list(file.decode(stream))
        assert stream.time_base is not None
        times = [image.pts * stream.time_base for image in images if image.pts is not None]
        return times, [image.to_ndarray() for image in images]


@pytest.mark.parametrize("name", ["matte", "matte.mkv"])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_matte_has_the_true_upright_size(tmp_path: Path, name: str, mirror: bool) -> None:
    source = write_clip(tmp_path / "a.mov", codec="mpeg4", size=Size(63, 47), rotation=90, count=2)

    process(source, tmp_path / name, mirror=mirror)

    got = pngs(tmp_path / name)[0] if name == "matte" else content_of_gray(tmp_path / name)[1][0]
    whole = alphas(source, mirror=mirror)[0]
    assert whole.shape == (64, 48)
    # What was padded is left out: on the right, or on the left of what is mirrored.
    np.testing.assert_array_equal(got, whole[:63, 1:] if mirror else whole[:63, :47])


def test_odd_mattes_can_be_videos(tmp_path: Path) -> None:
    with open_mattes(tmp_path / "m.mkv", Track(Size(5, 3), Fraction(1), Fraction(1), ColorTags(range=2))) as mattes:
        image = np.arange(15, dtype=np.uint8).reshape(3, 5)
        mattes.write(image, 0, 1)
        mattes.finish()
        mattes.publish()

    np.testing.assert_array_equal(content_of_gray(tmp_path / "m.mkv")[1][0], image)


def test_pngs_that_are_there_are_kept_unless_forced(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=2)
    matte = tmp_path / "matte"
    matte.mkdir()
    for name in ("000000.png", "000005.png", "sketch.png", "notes.txt"):
        (matte / name).write_text("dear")

    with pytest.raises(OutputExistsError, match="--force"):
        process(source, matte)
    assert {f.read_text() for f in matte.iterdir()} == {"dear"}
    assert not (tmp_path / "out.mp4").exists()

    process(source, matte, force=True)
    # A matte of an earlier, longer clip is not mixed with this one's; what is no matte is not touched.
    assert {f.name for f in matte.iterdir()} == {"000000.png", "000001.png", "sketch.png", "notes.txt"}
    assert (matte / "sketch.png").read_text() == "dear"


def test_a_folder_with_other_files_is_fine(tmp_path: Path) -> None:
    matte = tmp_path / "matte"
    matte.mkdir()
    (matte / "notes.txt").write_text("dear")

    process(write_clip(tmp_path / "a.mp4", count=2), matte)

    assert sorted(f.name for f in matte.iterdir()) == ["000000.png", "000001.png", "notes.txt"]


def test_an_existing_matte_video_is_kept_unless_forced(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=2)
    (tmp_path / "m.mkv").write_text("dear")

    with pytest.raises(OutputExistsError, match=r"m\.mkv exists"):
        process(source, tmp_path / "m.mkv")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["a.mp4", "m.mkv"]

    process(source, tmp_path / "m.mkv", force=True)
    assert len(content_of_gray(tmp_path / "m.mkv")[0]) == 2


@pytest.mark.parametrize("name", ["m.mp4", "m.MOV", "m.png", "m.webm"])
def test_other_files_are_no_mattes(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"a folder or a \.mkv\n"):
        open_mattes(tmp_path / name, TRACK)


def test_places_that_take_no_matte_are_named(tmp_path: Path) -> None:
    for place in (tmp_path / "gone" / "matte", Path("/proc/self/matte")):
        with pytest.raises(DiskError, match=str(place)):
            open_mattes(place, TRACK)
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="file"):
        open_mattes(tmp_path / "file", TRACK)
