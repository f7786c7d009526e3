"""The command's way to keep mattes, and to compose anew what was kept."""

from __future__ import annotations

import stat
from fractions import Fraction
from pathlib import Path

import av
import pytest

from keeping import keep, walk
from media import Sound, content
from rimlight import assemble
from rimlight.batch import process_all
from rimlight.errors import UsageError
from rimlight.settings import Settings, Tuning
from rimlight.sinks.codecs import Quality
from rimlight.wanted import Wanted

SETTINGS = Settings(background="#336699", tuning=Tuning(views=1))


def test_keeping_is_asked_for_said_and_private(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = walk(tmp_path / "in.mp4", count=4, pts=None)

    process_all([source], tmp_path / "plain.mp4", SETTINGS)
    process_all([source], tmp_path / "out.mp4", SETTINGS, keep=True)

    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.mp4", "out.mp4", "out.rim.mkv", "plain.mp4"]
    assert stat.S_IMODE((tmp_path / "out.rim.mkv").stat().st_mode) == 0o600
    said = capsys.readouterr().err
    assert said.count("will show the room") == 1
    assert "Only you can read it (mode 0600)" in said


def sounds(path: Path) -> int:
    with av.open(str(path)) as file:
        return len(file.streams.audio)


def test_no_model_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = keep(walk(tmp_path / "in.mp4", count=4, pts=None, sound=[Sound(seconds=0.1)]), "blur")
    monkeypatch.setattr(assemble, "open_segmenter", lambda *_, **__: pytest.fail("a model was opened"))

    process_all([path], tmp_path / "new.mp4", SETTINGS.model_copy(update={"model": "fast"}))
    process_all([path], tmp_path / "silent.mp4", SETTINGS, wanted=Wanted(sound=False))
    process_all([path], tmp_path / "new.webm", Settings(background="transparent"), wanted=Wanted(sound=False))

    assert len(content(tmp_path / "new.mp4").times) == 4
    assert sounds(tmp_path / "new.mp4") == 1
    assert not sounds(tmp_path / "silent.mp4")
    assert content(tmp_path / "new.webm").facts["codec"] == "vp9"
    assert "keeps its mattes: --model would need the model" in capsys.readouterr().err


def test_pipes_keep_nothing(tmp_path: Path) -> None:
    source = walk(tmp_path / "in.mp4", count=2, pts=None)
    with pytest.raises(UsageError, match="beside a file"):
        process_all([source], Path("-"), SETTINGS, keep=True)
    assert [file.name for file in tmp_path.iterdir()] == ["in.mp4"]


def test_what_would_change_the_pictures_is_refused(tmp_path: Path) -> None:
    path = keep(walk(tmp_path / "in.mp4", count=2, pts=None), "blur")
    with pytest.raises(UsageError, match="as it was kept: whole"):
        process_all([path], tmp_path / "new.mp4", SETTINGS, wanted=Wanted(begin=Fraction(1)))


def test_a_quality_that_is_named_goes_for_alpha_too(tmp_path: Path) -> None:
    source = walk(tmp_path / "in.mp4", count=2, pts=None)
    transparent = SETTINGS.model_copy(update={"background": "transparent"})
    process_all([source], tmp_path / "a.webm", transparent, quality=Quality(crf=40))
    process_all([source], tmp_path / "b.webm", transparent)

    assert (tmp_path / "a.webm").read_bytes() != (tmp_path / "b.webm").read_bytes()
    for name in ("a.webm", "b.webm"):
        with av.open(str(tmp_path / name)) as file:
            assert file.streams.video[0].metadata["alpha_mode"] == "1"
    with pytest.raises(UsageError, match="neither --crf"):
        process_all([source], tmp_path / "a.mov", transparent, quality=Quality(crf=40))
