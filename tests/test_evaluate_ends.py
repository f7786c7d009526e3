"""`rimlight eval`, its ends: what does not fit is told, files are whole or not there, the sheet shows the worst."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from rimlight import evaluate
from rimlight.errors import ClipError, DiskError, OutputExistsError, RimlightError, UsageError
from rimlight.evaluate import run_evaluation
from rimlight.settings import Settings
from rimlight.sheet import COLUMNS, GAP, HEAD, LABEL, PANEL
from rimlight.types import Plane
from sittings import SIZE, load, photo, save, scored, sitting, truths, without_model


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    without_model(monkeypatch)


@pytest.mark.parametrize("broken", ["missing", "one less", "another size", "no folder"])
def test_mattes_made_elsewhere_that_do_not_fit_are_told(tmp_path: Path, broken: str) -> None:
    clip = sitting(tmp_path / "set" / "sit-a")
    made = tmp_path / "made"
    for number, truth in enumerate(truths(clip)[: 3 if broken == "one less" else 4]):
        name = "sit-b" if broken == "missing" else "sit-a"
        save(made / name / f"{number}.png", truth[:50] if broken == "another size" else truth)
    expected = {
        "missing": "0 mattes, the reference 4",
        "one less": "3 mattes, the reference 4",
        "another size": "160x50.*160x90",
        "no folder": "there is no folder",
    }[broken]
    with pytest.raises(ClipError, match=expected):
        scored(tmp_path / "set", mattes=tmp_path / "nowhere" if broken == "no folder" else made)


@pytest.mark.parametrize("mattes", [2, 7])
def test_frames_and_mattes_must_be_as_many(tmp_path: Path, mattes: int) -> None:
    sitting(tmp_path / "set" / "sit-a", count=5, mattes=mattes)
    with pytest.raises(ClipError, match=rf"clip\.mp4 has 5 frames, but .*alpha {mattes} mattes"):
        scored(tmp_path / "set")


def test_frames_of_several_sizes_are_refused_by_name(tmp_path: Path) -> None:
    for number, width in enumerate((64, 64, 66)):
        for kind in ("com", "pha"):
            save(tmp_path / "set" / kind / f"{number}.png", np.zeros((48, width), np.uint8))
    with pytest.raises(ClipError, match=r"2\.png is 66x48, those before it 64x48"):
        scored(tmp_path / "set")


def test_what_fails_is_told_and_the_others_are_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sitting(tmp_path / "set" / "good")
    sitting(tmp_path / "set" / "bad", mattes=2)
    target = tmp_path / "figures.json"
    with pytest.raises(RimlightError, match="1 of 2 could not be scored: bad"):
        run_evaluation(tmp_path / "set", Settings(), json_file=target)
    told = capsys.readouterr()
    assert "4 frames" in told.err
    assert "good" in told.out
    assert "mean of all (1)" in told.out
    assert list(json.loads(target.read_text())["clips"]) == ["good"]


def test_nothing_but_failures_gives_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        sitting(tmp_path / "set" / name, mattes=2)
    with pytest.raises(RimlightError, match="2 of 2"):
        run_evaluation(
            tmp_path / "set", Settings(), sheet_file=tmp_path / "s.png", json_file=tmp_path / "figures.json"
        )
    assert capsys.readouterr().out == ""
    assert json.loads((tmp_path / "figures.json").read_text())["clips"] == {}
    assert not (tmp_path / "s.png").exists()


def test_the_sheet_has_a_row_for_each_with_the_worst_first(tmp_path: Path) -> None:
    clip = sitting(tmp_path / "set" / "sit-a")
    sitting(tmp_path / "set" / "sit-b")
    made = tmp_path / "made"
    for number, truth in enumerate(truths(clip)):
        save(made / "sit-a" / f"{number}.png", truth)
        # In the second, the third frame is worst: nobody is found in it.
        save(made / "sit-b" / f"{number}.png", truth * (number != 2))
    run_evaluation(tmp_path / "set", Settings(), mattes=made, sheet_file=tmp_path / "s.png")
    sheet = load(tmp_path / "s.png")
    step = LABEL + PANEL.height + GAP
    assert sheet.shape == (HEAD + 2 * step, GAP + len(COLUMNS) * (PANEL.width + GAP), 3)

    def panel(row: int, column: int) -> Plane:
        top, left = HEAD + row * step + LABEL, GAP + column * (PANEL.width + GAP)
        part: Plane = sheet[top : top + PANEL.width * SIZE.height // SIZE.width, left : left + PANEL.width]
        return part

    third = cv2.resize(truths(tmp_path / "set" / "sit-b")[2], (panel(0, 1).shape[1], panel(0, 1).shape[0]))
    assert np.abs(panel(0, 1)[..., 0].astype(int) - third).mean() < 3
    assert not panel(0, 2).any()
    assert np.array_equal(panel(1, 1), panel(1, 2))


def test_a_sheet_of_many_shows_the_worst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "_MOST_ROWS", 2)
    for name in ("anna", "bert", "carl"):
        photo(tmp_path / "set", name)
    run_evaluation(tmp_path / "set", Settings(), sheet_file=tmp_path / "s.jpg")
    assert load(tmp_path / "s.jpg").shape[0] == HEAD + 2 * (LABEL + PANEL.height + GAP)


def test_files_are_kept_unless_forced_and_that_is_known_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sitting(tmp_path / "set" / "sit-a", count=2)
    for option, file in (("sheet_file", tmp_path / "s.png"), ("json_file", tmp_path / "f.json")):
        file.write_text("mine")
        with pytest.raises(OutputExistsError, match=file.name):
            run_evaluation(tmp_path / "set", Settings(), **{option: file})  # type: ignore[arg-type]
        assert file.read_text() == "mine"
        assert capsys.readouterr().out == ""
        run_evaluation(tmp_path / "set", Settings(), **{option: file}, force=True)  # type: ignore[arg-type]
        assert file.stat().st_size > 100
        assert "sit-a" in capsys.readouterr().out


def test_a_sheet_is_a_picture(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"s\.pdf is no picture\n--sheet .*s\.png"):
        run_evaluation(tmp_path, Settings(), sheet_file=tmp_path / "s.pdf")


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    sitting(tmp_path / "set" / "sit-a", count=1)
    with pytest.raises(DiskError, match="gone"):
        run_evaluation(tmp_path / "set", Settings(), json_file=tmp_path / "gone" / "f.json")


def test_a_stop_ends_it_between_two_frames_and_leaves_nothing(tmp_path: Path) -> None:
    sitting(tmp_path / "set" / "sit-a")
    stop = threading.Event()
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        run_evaluation(tmp_path / "set", Settings(), json_file=tmp_path / "f.json", stop=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
