"""Reports and sheets: where they may be written, what they replace, and what they never hide."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media import write_clip
from rimlight.batch import process_all
from rimlight.errors import ClipError, DiskError, OutputExistsError, SeveralFailedError, UsageError
from rimlight.settings import Settings, Tuning

SETTINGS = Settings(background="#336699", tuning=Tuning(views=1), runtime="auto")

Run = Callable[..., dict[str, str]]

ALL = {"a": "done", "b": "done", "c": "done"}
NONE = {"a": "skipped", "b": "skipped", "c": "skipped"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Processes a.mp4, b.mp4 and c.png into a folder and tells what became of each."""
    write_clip(tmp_path / "a.mp4", count=3)
    write_clip(tmp_path / "b.mp4", count=4)
    cv2.imwrite(str(tmp_path / "c.png"), np.full((40, 60, 3), 90, np.uint8))

    def go(**options: Any) -> dict[str, str]:
        sources = [tmp_path / name for name in ("a.mp4", "b.mp4", "c.png")]
        outcomes = process_all(sources, tmp_path / "out", SETTINGS, processes=1, **options)
        return {outcome.job.source.name[0]: outcome.state for outcome in outcomes}

    return go


def test_a_report_of_one_input_says_that_it_failed(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"text")
    with pytest.raises(ClipError):
        process_all([tmp_path / "a.mp4"], tmp_path / "b.mp4", SETTINGS, report=tmp_path / "r.json")
    told = json.loads((tmp_path / "r.json").read_text())
    assert (told["failed"], told["files"][0]["state"]) == (1, "failed")


@pytest.mark.parametrize("flag", ["report", "sheet"])
@pytest.mark.parametrize("name", ["a.mp4", "c.png", "out/c.png", "mattes/c"])
def test_a_report_or_sheet_in_the_place_of_another_file_is_refused(
    run: Run, tmp_path: Path, flag: str, name: str
) -> None:
    before = (tmp_path / "c.png").read_bytes()
    (tmp_path / "x").mkdir()
    for force in (False, True):
        with pytest.raises(UsageError, match=f"--{flag} .*itself"):
            run(matte=tmp_path / "mattes", force=force, **{flag: tmp_path / "x" / ".." / name})
    assert (tmp_path / "c.png").read_bytes() == before
    assert not (tmp_path / "out" / "a.mp4").exists()


def test_report_and_sheet_are_two_files(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="itself"):
        run(report=tmp_path / "x.png", sheet=tmp_path / "x.png")


@pytest.mark.parametrize("content", [b"dear", b"{}", b'{"done": 1}', b"\xff"])
def test_a_report_replaces_earlier_reports_alone(run: Run, tmp_path: Path, content: bytes) -> None:
    report = tmp_path / "report.json"
    report.write_bytes(content)
    with pytest.raises(OutputExistsError, match=r"report\.json exists already"):
        run(report=report)
    assert report.read_bytes() == content
    assert run(report=report, force=True) == ALL
    assert run(report=report) == NONE
    assert json.loads(report.read_text())["skipped"] == 3


def test_a_sheet_replaces_what_a_run_into_the_folder_made_alone(run: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.jpg"
    sheet.write_bytes(b"dear")
    with pytest.raises(OutputExistsError, match=r"sheet\.jpg exists already"):
        run(sheet=sheet)
    sheet.unlink()
    assert run(sheet=sheet) == ALL
    assert run(sheet=sheet) == NONE
    sheet.write_bytes(b"retouched")
    with pytest.raises(OutputExistsError, match=r"sheet\.jpg exists already"):
        run(sheet=sheet)


@pytest.mark.parametrize("flag", ["report", "sheet"])
def test_a_place_that_cannot_be_written_is_told_before_the_work(run: Run, tmp_path: Path, flag: str) -> None:
    with pytest.raises(DiskError, match="there is no folder"):
        run(**{flag: tmp_path / "nowhere" / "x.png"})
    assert not (tmp_path / "out" / "a.mp4").exists()


@pytest.mark.parametrize("flag", ["report", "sheet"])
def test_what_goes_wrong_with_a_report_or_sheet_hides_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise DiskError("the disk is full")

    monkeypatch.setattr(f"rimlight.batch.write_{'report' if flag == 'report' else 'overview'}", full)
    options = {flag: tmp_path / "x.png"}
    with pytest.raises(DiskError, match="the disk is full"):
        run(**options)
    assert "3 done" in capsys.readouterr().err
    (tmp_path / "b.mp4").write_bytes(b"text")
    with pytest.raises(SeveralFailedError):
        run(**options)
    assert "the disk is full" in capsys.readouterr().err


def test_what_goes_wrong_with_a_report_hides_no_interrupt(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise DiskError("the disk is full")

    stop = threading.Event()
    stop.set()
    monkeypatch.setattr("rimlight.batch.write_report", broken)
    with pytest.raises(KeyboardInterrupt):
        run(report=tmp_path / "r.json", stop=stop)
    assert "the disk is full" in capsys.readouterr().err
