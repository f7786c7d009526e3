"""`rimlight eval`: what a user gets is what is scored, each frame against its own reference, and said clearly."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from media import ellipse_pipeline
from rimlight import evaluate
from rimlight.backgrounds.color import open_color
from rimlight.figures import LABELS, Figures, change_error, frame_figures, mean_of
from rimlight.framing import squashed
from rimlight.offline import process_clip, true_part
from rimlight.pipeline import Pipeline
from rimlight.protocols import Segmenter
from rimlight.scores import Score, means
from rimlight.settings import Settings
from rimlight.sources.clip import open_clip
from rimlight.types import Mask, Plane, Rgb, Size
from sittings import load, photo, save, scored, sitting, truths, without_model

KEYS = ("frames", *LABELS)


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    without_model(monkeypatch)


def alphas(folder: Path) -> list[Plane]:
    """What a user gets as mattes of the clip."""
    with open_clip(folder / "clip.mp4") as clip, ellipse_pipeline() as pipeline:
        return [true_part(pipeline.process(f).alpha, clip.size, False).copy() for f in iter(clip.read, None)]


def test_what_a_user_gets_is_scored_frame_by_frame(tmp_path: Path) -> None:
    clip = sitting(tmp_path / "set" / "sit-a")
    got, want = alphas(clip), truths(clip)
    rows = [frame_figures(*pair) for pair in zip(got, want, strict=True)]
    expected = mean_of(rows)
    change = [change_error(got[n], got[n - 1], want[n], want[n - 1]) for n in range(1, 4)]
    result = scored(tmp_path / "set")
    assert result["mattes"] == "standard"
    assert list(result["clips"]) == ["sit-a"]
    found = result["clips"]["sit-a"]
    assert list(found) == list(KEYS)
    assert found.pop("frames") == 4
    assert found.pop("dtSSD") == pytest.approx(np.mean(change))
    assert list(found.values()) == pytest.approx(list(expected[:-1]))
    # The stand-in is no good, and that shows.
    assert found["mIoU"] < 0.9
    assert found["MAD"] > 50


def test_a_photo_is_a_clip_of_one_frame_without_flicker(tmp_path: Path) -> None:
    photo(tmp_path / "set", "anna")
    found = scored(tmp_path / "set")["clips"]["anna"]
    assert found["frames"] == 1
    assert found["dtSSD"] is None
    assert 0 < found["mIoU"] < 1


class Brightness(Segmenter):
    """Takes for a person what is bright, and doubts everything: its masks follow the picture and are smoothed."""

    name = "brightness"
    size = Size(64, 64)

    def segment(self, rgb: Rgb) -> Mask:
        return Mask(rgb.mean(axis=2, dtype=np.float32) / 255)

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_no_clip_is_touched_by_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        evaluate, "open_pipeline", lambda *_, **__: Pipeline(Brightness(), open_color("#336699"), squashed)
    )
    for name, start in (("a", 0), ("b", 40), ("c", 0)):
        sitting(tmp_path / "set" / name, start=start)
    photo(tmp_path / "set" / "photos", "abel", start=40)
    photo(tmp_path / "set" / "photos", "anna")
    photo(tmp_path / "alone", "anna")
    together = scored(tmp_path / "set")["clips"]
    assert together["c"] == pytest.approx(together["a"])
    assert together["b"] != pytest.approx(together["a"])
    assert together["photos/anna"] == pytest.approx(scored(tmp_path / "alone")["clips"]["anna"])


@pytest.mark.parametrize("like", ["files", "quick", "live"])
def test_clips_are_scored_as_they_are_made(like: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files twice over, with what comes; else frame by frame."""
    opened: list[tuple[bool, bool]] = []

    def open_pipeline(*_: object, live: bool = False, ahead: bool = False, **__: object) -> Pipeline:
        opened.append((live, ahead))
        pipeline = Pipeline(Brightness(), open_color("#336699"), squashed)
        pipeline.looks_ahead = ahead
        return pipeline

    monkeypatch.setattr(evaluate, "open_pipeline", open_pipeline)
    (tmp_path / "made").mkdir()
    clip = sitting(tmp_path / "set" / "sit-a") / "clip.mp4"
    with open_clip(clip) as source, open_pipeline(live=like == "live", ahead=like == "files") as pipeline:
        process_clip(source, pipeline, tmp_path / "out.mp4", matte=tmp_path / "made" / "sit-a")

    settings = Settings(quick=like == "quick")
    found = scored(tmp_path / "set", settings=settings, live=like == "live")

    expected = scored(tmp_path / "set", mattes=tmp_path / "made")
    assert found["clips"]["sit-a"] == pytest.approx(expected["clips"]["sit-a"])
    assert opened[0] == opened[1]
    assert found["mattes"] == ("standard" if like == "files" else f"standard, {like}")


def test_mattes_made_elsewhere_are_scored_instead(tmp_path: Path) -> None:
    clip = sitting(tmp_path / "set" / "sit-a")
    photo(tmp_path / "set" / "photos", "anna")
    made = tmp_path / "made"
    for number, truth in enumerate(truths(clip)):
        save(made / "sit-a" / f"{number}.png", truth)
    save(made / "photos" / "anna.png", 255 - load(tmp_path / "set/photos/alpha/anna.png"))
    result = scored(tmp_path / "set", mattes=made)
    assert result["mattes"] == str(made)
    assert result["clips"]["sit-a"] == pytest.approx(dict(zip(KEYS, (4, 1, 1, 0, 0, 0, 0, 0), strict=True)))
    assert result["clips"]["photos/anna"]["mIoU"] < 0.05


def test_the_table_holds_every_figure_and_the_means(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("sit-a", "sit-b", "walk"):
        sitting(tmp_path / "set" / name, count=2)
    result = scored(tmp_path / "set")
    lines = capsys.readouterr().out.splitlines()
    for label in KEYS:
        assert label in lines[1]
    assert sum("sit-a" in line for line in lines) == 1
    for name, row in result["means"].items():
        line = next(line for line in lines if f"mean of {name}" in line)
        for label in LABELS:
            assert f"{row[label]:.3f}" in line
    assert list(result["means"]) == ["sit (2)", "the others (1)", "all (3)"]


def test_names_are_shown_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("take[bold]-a", "take[bold]-b", "other"):
        sitting(tmp_path / "set" / name, count=1)
    scored(tmp_path / "set")
    shown = capsys.readouterr().out
    assert "take[bold]-a" in shown
    assert "mean of take[bold] (2)" in shown


def score(name: str, group: str, mad: float, dtssd: float | None = None) -> Score:
    return Score(name, group, 1, Figures(1, 1, mad, 0, 0, 0, dtssd))


def test_means_are_of_groups_of_others_and_of_all_where_these_differ() -> None:
    scores = [score("k-a", "k", 1, 4), score("k-b", "k", 3), score("x", "x", 6), score("y", "y", 8, 6)]
    assert {name: (row.mad, row.dtssd) for name, row in means(scores).items()} == {
        "k (2)": (2, 4),
        "the others (2)": (7, 6),
        "all (4)": (4.5, 5),
    }
    assert list(means(scores[:2])) == ["all (2)"]
    assert list(means(scores[2:])) == ["all (2)"]
    assert list(means([*scores[:2], score("x-a", "x", 1), score("x-b", "x", 1)])) == ["k (2)", "x (2)", "all (4)"]


Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rimlight", "eval", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_the_command_with_the_real_model(tmp_path: Path, command: Command) -> None:
    sitting(tmp_path / "set" / "sit-a", count=3)
    done = command("set", "--sheet", "s.png", "--json", "f.json")
    assert done.returncode == 0, done.stderr
    assert "mean of all (1)" in done.stdout
    assert json.loads((tmp_path / "f.json").read_text())["clips"]["sit-a"]["mIoU"] > 0.9
    assert (tmp_path / "s.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["nowhere"], 1, "there is no folder nowhere"),
        (["."], 2, "NAME/alpha/*.png"),
        ([".", "--model", "huge"], 2, "huge"),
        ([".", "--sheet", "s.gif"], 2, "--sheet s.png"),
        ([], 2, "FOLDER"),
    ],
)
def test_the_command_says_what_it_cannot_do(command: Command, words: list[str], code: int, expected: str) -> None:
    done = command(*words)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith("rimlight: ")
    assert expected in done.stderr
