"""Who processes a clip: this process, several of them, or a cluster; and what is said about it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media import content, write_clip
from rimlight import processing, sharing
from rimlight.assemble import open_pipeline
from rimlight.batch import process_all
from rimlight.cli import run
from rimlight.errors import ClusterError, SeveralFailedError, UsageError
from rimlight.offline import Report, process_clip
from rimlight.picture import to_bgr
from rimlight.pipeline import Pipeline
from rimlight.settings import Settings, Tuning
from rimlight.sinks.codecs import Quality
from rimlight.sources.clip import ClipSource
from rimlight.sources.sitter import open_sitter
from rimlight.types import Size
from rimlight.wanted import Wanted

SETTINGS = Settings(background="#336699", tuning=Tuning(views=1))


def long_clip(path: Path, group: int = 10) -> Path:
    """65 seconds, not many frames."""
    return write_clip(path, count=130, size=Size(64, 48), fps=Fraction(2), options={"g": str(group)})


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Clips that were processed in one piece."""
    seen: list[str] = []

    def noted(clip: ClipSource, *words: Any, **options: Any) -> Report:
        seen.append(clip.name)
        return process_clip(clip, *words, **options)

    monkeypatch.setattr(processing, "process_clip", noted)
    return seen


def test_long_clips_are_shared_by_processes_and_short_ones_are_not(
    tmp_path: Path, whole: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [long_clip(tmp_path / "long.mp4"), write_clip(tmp_path / "short.mp4")]

    process_all(clips, tmp_path / "out", SETTINGS, processes=2)

    assert whole == ["short.mp4"]
    assert len(content(tmp_path / "out" / "long.mp4").times) == 130
    made = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert made == [".rimlight-done.json", "long.mp4", "short.mp4"]
    assert "long.mp4: 130 frames, 65.0 s" in capsys.readouterr().err


def test_one_process_needs_no_help(tmp_path: Path, whole: list[str]) -> None:
    process_all([long_clip(tmp_path / "long.mp4")], tmp_path / "out.mp4", SETTINGS, processes=1)
    assert whole == ["long.mp4"]


@pytest.mark.parametrize(("cores", "expected"), [(1, []), (2, []), (3, []), (4, [2]), (16, [8])])
def test_every_two_cores_get_a_process(cores: int, expected: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    monkeypatch.setattr(sharing, "usable_cores", lambda: cores)
    monkeypatch.setattr("rimlight.hands.open_processes", opened.append)

    sharing.open_hands(None, None)

    assert opened == expected


def test_long_clips_that_cannot_be_shared_say_why(
    tmp_path: Path, whole: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    one_group, loop = long_clip(tmp_path / "a.mp4", group=900), write_clip(tmp_path / "loop.mp4")

    process_all([one_group], tmp_path / "b.mp4", SETTINGS, processes=2)
    playing = SETTINGS.model_copy(update={"background": str(loop)})
    process_all([long_clip(tmp_path / "c.mp4")], tmp_path / "d.mp4", playing, processes=2)

    assert whole == ["a.mp4", "c.mp4"]
    told = capsys.readouterr().err
    assert "a.mp4 has no keyframes that would cut it into chunks of 30 s: one process does it all, not 2" in told
    assert "a video background plays on from frame to frame: one process does it all" in told


@pytest.mark.parametrize(
    ("processes", "cluster", "told"),
    [(0, None, "--jobs 0"), (2, "tcp://127.0.0.1:1", "Give one of them"), (None, "nonsense", "is no address")],
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(
    tmp_path: Path, processes: int | None, cluster: str | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        process_all([tmp_path / "a.mp4"], tmp_path / "b.mp4", SETTINGS, processes=processes, cluster=cluster)


def test_a_cluster_that_is_not_there_is_told_first(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no scheduler answers"):
        process_all([tmp_path / "a.mp4"], tmp_path / "b.mp4", SETTINGS, cluster="tcp://127.0.0.1:1")


def ran(words: list[str]) -> int:
    """The command's exit code."""
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(run(words))
    return int(ended.value.code or 0)


def test_a_slash_says_folder_even_for_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("a.jpg", np.full((40, 60, 3), 90, np.uint8))
    for name in ("cut-outs/", "v1.0/"):
        assert ran(["process", "a.jpg", name, "--background", "#336699"]) == 0
        assert (tmp_path / name / "a.jpg").is_file()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Pipeline]:
    """The pipelines that are opened."""
    seen: list[Pipeline] = []

    def noted(*words: Any, **options: Any) -> Pipeline:
        seen.append(open_pipeline(*words, **options))
        return seen[-1]

    monkeypatch.setattr(processing, "open_pipeline", noted)
    return seen


@pytest.mark.parametrize("background", ["blur", "office", "transparent", "loop.mp4"])
def test_photos_share_a_pipeline_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[Pipeline], background: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "loop.mp4", count=20, size=Size(64, 48))
    with open_sitter(Size(480, 270), Fraction(2), paced=False) as sitter:
        pictures = [to_bgr(frame.picture) for frame in (sitter.read() for _ in range(3)) if frame]
    photos = [
        pictures[0],
        cv2.rotate(pictures[1], cv2.ROTATE_90_CLOCKWISE),
        pictures[2],
        pictures[2][::-1, 9:, ::-1],
    ]
    for number, photo in enumerate(photos):
        cv2.imwrite(f"{number}.png", photo)
    Path("0a.png").write_bytes(Path("0.png").read_bytes()[:3000])
    sources = sorted(tmp_path.glob("*.png"))
    settings = Settings(background=background)

    Path("alone").mkdir()
    for source in (sources[0], *sources[2:]):
        process_all([source], Path("alone", source.name), settings)
    assert len(opened) == 4
    with pytest.raises(SeveralFailedError):
        process_all(sources, Path("together"), settings, folder=True)

    assert len(opened) == 6, "another one after the photo that failed"
    alone, together = ({f.name: f.read_bytes() for f in Path(name).glob("*.png")} for name in ("alone", "together"))
    assert len(alone) == 4
    assert alone == together


def test_stills_are_made_again_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "a.mp4", count=3)
    words = ["process", "a.mp4", "stills", "--background", "transparent", "--quick"]
    assert ran(words) == 0
    assert ran(words) == 2
    assert ran([*words, "--force"]) == 0
    assert sorted(path.name for path in (tmp_path / "stills").iterdir()) == [f"{n:06}.png" for n in range(3)]


def test_what_is_not_for_some_inputs_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.jpg", "b.jpg"):
        cv2.imwrite(str(tmp_path / name), np.full((40, 60, 3), 90, np.uint8))
    write_clip(tmp_path / "c.mp4", count=2)
    sources = [tmp_path / name for name in ("a.jpg", "b.jpg", "c.mp4")]

    process_all(sources, tmp_path / "1", SETTINGS, wanted=Wanted(size=Size(32, 24)), keep=True)
    told = capsys.readouterr().err
    assert told.count("a.jpg and 1 more: --from, --until, --fps, --size") == 1
    assert told.count("a.jpg and 1 more: --keep-matte is for clips") == 1

    process_all([tmp_path / "a.jpg"], tmp_path / "a.png", SETTINGS, quality=Quality("hevc"))
    assert "a.jpg: --from" in capsys.readouterr().err
    process_all([tmp_path / "1" / "c.rim.mkv"], tmp_path / "d.mp4", SETTINGS, keep=True)
    assert "c.rim.mkv: --keep-matte is for clips that were not kept yet" in capsys.readouterr().err
    process_all(sources, tmp_path / "2", SETTINGS)
    assert "left out" not in capsys.readouterr().err
