"""What is measured is what happens: the same frames, the same encoding, both ways."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from media import write_clip
from rimlight import throughput
from rimlight.settings import Settings, Tuning
from rimlight.throughput import Transcode, measure_transcode
from rimlight.types import Size

SETTINGS = Settings(background="#336699", tuning=Tuning(views=1))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "a.mp4", count=20, size=Size(128, 96))


def test_all_figures_are_of_all_frames(clip: Path) -> None:
    got = measure_transcode(clip, SETTINGS, rounds=1)

    assert got.frames == 20
    assert got.ratio == pytest.approx(got.fps / got.plain_fps)
    assert min(got.pipeline, got.codecs, got.plain) > 0
    assert list(clip.parent.iterdir()) == [clip]


def test_turns_are_compared_with_their_neighbours() -> None:
    turn = throughput.Turn
    ours = [turn(2.0, 3.0, 1.0), turn(4.0, 3.0, 1.0), turn(8.0, 3.0, 1.0)]
    plain = [turn(1.0, 1.5), turn(2.0, 1.5), turn(4.0, 1.5)]

    got = throughput.judged(10, ours, plain, "ffmpeg")

    assert got == Transcode(10, 2.5, 5.0, 0.5, 100.0, 200.0, 150.0, "ffmpeg")


@pytest.mark.parametrize("there", [True, False])
def test_the_plain_transcode_is_done_with_or_without_a_command(
    clip: Path, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from media import content

    if there and shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg here")
    if not there:
        monkeypatch.setattr(shutil, "which", lambda _: None)
    output = clip.with_name("plain.mp4")

    _, by = throughput.transcode(clip, output)

    assert by == ("ffmpeg" if there else "FFmpeg in PyAV")
    got = content(output)
    assert len(got.times) == 20
    assert (got.facts["codec"], got.facts["profile"]) == ("h264", "High")
    assert b"crf=18.0" in output.read_bytes()
    assert b"subme=2" in output.read_bytes(), "veryfast"
