"""Pictures kept with their mattes: composed anew they are, to the byte, what they would have been at the time."""

from __future__ import annotations

import stat
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from keeping import (
    Colorful,
    anew,
    direct,
    keep,
    piped,
    rewritten,
    same,
    walk,
)
from media import Sound, content
from rimlight.assemble import open_background
from rimlight.errors import OutputExistsError, UsageError
from rimlight.framing import fitted
from rimlight.offline import process_clip
from rimlight.pipeline import Pipeline
from rimlight.recompose import open_recomposition
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.settings import Settings, Tuning
from rimlight.sinks.video_file import Encoding
from rimlight.sources.clip import open_clip
from rimlight.sources.kept import open_kept
from rimlight.tags import ColorTags
from rimlight.types import Rgb, Size

LOSSLESS = Encoding("libx264", "yuv420p", {"preset": "ultrafast", "qp": "0"})
"""What x264 loses of the same pictures is not the same each time."""
BACKGROUNDS = ["blur", "studio", "transparent"]


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_composed_anew_it_is_what_it_would_have_been(tmp_path: Path, background: str) -> None:
    source = walk(tmp_path / "in.mp4")
    path = keep(source, "#336699")

    wanted = direct(source, background)

    assert same(anew(path, background), wanted)
    assert len({output.alpha.tobytes() for output, _, _ in wanted}) > 3


@pytest.mark.parametrize("matrix", [1, 6])
def test_of_full_range_it_is_too(tmp_path: Path, matrix: int) -> None:
    source = walk(tmp_path / "in.mp4", count=6, pts=None, time_base=None, tags=ColorTags(1, 1, matrix, 2))
    path = keep(source, "#336699")

    with open_kept(path) as kept:
        assert kept.format.color.full_range
    assert same(anew(path, "studio"), direct(source, "studio"))


def test_the_room_has_a_say_in_that(tmp_path: Path) -> None:
    source = walk(tmp_path / "in.mp4")
    path = keep(source, "blur")
    with open_kept(path) as kept:
        without = Pipeline(
            None,
            open_background("blur", 0.5, kept.format),
            fitted,
            Tuning(clean_plate=False),
            maker=kept_maker(kept),
        )
        with without:
            unlearned = [without.process(frame).picture.i420.tobytes() for frame in iter(kept.read, None)]
    assert unlearned != [output.picture.i420.tobytes() for output, _, _ in direct(source, "blur")]


def kept_maker(kept: Any) -> Any:
    from rimlight.recompose import _Remembering

    return _Remembering(kept)


@pytest.mark.parametrize(
    "options", [{"mirror": True}, {"segmenter": Colorful(Size(64, 64))}], ids=["mirrored", "own colours"]
)
def test_whatever_came_along_comes_again(tmp_path: Path, options: dict[str, Any]) -> None:
    source = walk(tmp_path / "in.mp4", count=6, pts=None, time_base=None)
    path = keep(source, "#336699", **options)

    assert same(anew(path, "studio"), direct(source, "studio", **options))


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_files_and_mattes_are_the_same_too(tmp_path: Path, twice: bool) -> None:
    source = walk(
        tmp_path / "in.mp4",
        size=Size(63, 47),
        sound=[Sound(seconds=0.5)],
        tags=ColorTags(9, 16, 9, 1),
        codec="mpeg4",
        aspect=Fraction(4, 3),
    )
    path = keep(source, "studio", twice=twice)
    with open_clip(source) as clip, piped("blur", clip, twice=twice) as pipeline:
        process_clip(clip, pipeline, tmp_path / "direct.mp4", encoding=LOSSLESS, matte=tmp_path / "direct.mkv")
    with open_kept(path) as kept, open_recomposition(Settings(background="blur"), kept) as pipeline:
        report = process_clip(kept, pipeline, tmp_path / "anew.mp4", encoding=LOSSLESS, matte=tmp_path / "anew.mkv")

    assert (report.frames, report.whole) == (24, True)
    one, other = content(tmp_path / "direct.mp4"), content(tmp_path / "anew.mp4")
    assert (one.times, one.sound, one.facts) == (other.times, other.sound, other.facts)
    assert [p.tobytes() for image in one.planes for p in image] == [
        p.tobytes() for image in other.planes for p in image
    ]
    assert packets(tmp_path / "direct.mkv") == packets(tmp_path / "anew.mkv")


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(video=0) if packet.size]


def test_nobody_else_may_read_it_from_the_first_byte_on(tmp_path: Path) -> None:
    modes: list[int] = []

    class Looking(EllipseSegmenter):
        def segment(self, rgb: Rgb) -> Any:
            modes.extend(stat.S_IMODE(part.stat().st_mode) for part in tmp_path.glob("kept.unfinished.rim.mkv"))
            return super().segment(rgb)

    path = keep(walk(tmp_path / "in.mp4", count=3, pts=None), "blur", segmenter=Looking(Size(64, 64)))

    assert modes
    assert set(modes) == {0o600}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_older_file_that_all_may_read_is_not_written_into(tmp_path: Path) -> None:
    target = tmp_path / "kept.rim.mkv"
    target.write_text("old")
    target.chmod(0o644)
    source = walk(tmp_path / "in.mp4", count=2, pts=None)
    with open_clip(source) as clip, piped("blur", clip) as pipeline, pytest.raises(OutputExistsError):
        process_clip(clip, pipeline, tmp_path / "out.mp4", keep=target)
    keep(source, "blur")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_players_show_the_camera_and_editors_find_the_matte(tmp_path: Path) -> None:
    with av.open(str(keep(walk(tmp_path / "in.mp4", sound=[Sound()]), "blur"))) as file:
        first, second = file.streams.video
        assert (first.codec_context.name, second.codec_context.name) == ("h264", "ffv1")
        assert second.codec_context.pix_fmt == "gray"
        default = av.stream.Disposition.default
        assert first.disposition & default
        assert not second.disposition & default
        assert [s.metadata["title"] for s in (first, second)] == ["camera", "matte"]
        assert len(file.streams.audio) == 1


def test_settings_about_the_matte_have_no_say_which_is_told(tmp_path: Path) -> None:
    path = keep(walk(tmp_path / "in.mp4", count=2, pts=None), "blur")
    said: list[str] = []
    with open_kept(path) as kept:
        open_recomposition(Settings(background="blur", model="fast", mirror=True), kept, said.append).close()
        open_recomposition(Settings(background="blur"), kept, said.append).close()
    assert said == [f"{path.name} keeps its mattes: --model, --mirror would need the model, and is left out"]


def test_an_output_that_is_the_file_itself_is_refused(tmp_path: Path) -> None:
    path = keep(walk(tmp_path / "in.mp4", count=2, pts=None), "blur")
    with open_kept(path) as kept, open_recomposition(Settings(), kept) as pipeline, pytest.raises(UsageError):
        process_clip(kept, pipeline, path, force=True)


def test_copied_by_another_program_it_is_the_same(tmp_path: Path) -> None:
    source = walk(tmp_path / "in.mp4", count=4, pts=None, time_base=None)
    path = rewritten(keep(source, "blur"), lambda _: None)
    assert same(anew(path, "blur"), direct(source, "blur"))
