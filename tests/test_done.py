"""An interrupted batch goes on: what is done is left alone, what is not is done, nobody's file is overwritten."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media import content, write_clip
from rimlight import done
from rimlight.batch import process_all
from rimlight.done import BOOK, recipe
from rimlight.errors import OutputExistsError, SeveralFailedError
from rimlight.photo import process_photo
from rimlight.settings import Settings, Tuning
from rimlight.sinks.codecs import Quality
from rimlight.types import Size
from rimlight.wanted import Wanted

SETTINGS = Settings(background="#336699", tuning=Tuning(views=1), runtime="auto")

Run = Callable[..., dict[str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Processes a.mp4, b.mp4 and c.png into a folder and tells what became of each."""
    write_clip(tmp_path / "a.mp4", count=3)
    write_clip(tmp_path / "b.mp4", count=4)
    cv2.imwrite(str(tmp_path / "c.png"), np.full((40, 60, 3), 90, np.uint8))

    def go(settings: Settings = SETTINGS, **options: Any) -> dict[str, str]:
        sources = [tmp_path / name for name in ("a.mp4", "b.mp4", "c.png")]
        outcomes = process_all(sources, tmp_path / "out", settings, processes=1, **options)
        return {outcome.job.source.name[0]: outcome.state for outcome in outcomes}

    return go


ALL = {"a": "done", "b": "done", "c": "done"}
NONE = {"a": "skipped", "b": "skipped", "c": "skipped"}


def test_what_is_done_is_left_alone(run: Run, tmp_path: Path) -> None:
    assert run() == ALL
    made = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert run() == NONE
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == made
    assert run(force=True) == ALL


def test_what_was_deleted_is_made_anew(run: Run, tmp_path: Path) -> None:
    run()
    (tmp_path / "out" / "a.mp4").unlink()
    assert run() == {"a": "done", "b": "skipped", "c": "skipped"}
    assert len(content(tmp_path / "out" / "a.mp4").times) == 3


def test_what_was_changed_is_not_ours_any_more(run: Run, tmp_path: Path) -> None:
    run()
    (tmp_path / "out" / "c.png").write_bytes(b"retouched")
    with pytest.raises(SeveralFailedError, match=r"1 of 3 failed: c\.png"):
        run()
    assert (tmp_path / "out" / "c.png").read_bytes() == b"retouched"
    assert run(force=True)["c"] == "done"


def test_a_result_of_another_input_is_not_replaced(run: Run, tmp_path: Path) -> None:
    run()
    other = tmp_path / "other"
    other.mkdir()
    write_clip(other / "a.mp4", count=7)

    with pytest.raises(OutputExistsError, match=r"a\.mp4 exists already"):
        process_all([other / "a.mp4"], tmp_path / "out", SETTINGS, processes=1)

    assert len(content(tmp_path / "out" / "a.mp4").times) == 3
    assert run() == NONE


def test_an_input_that_was_moved_is_still_the_same(run: Run, tmp_path: Path) -> None:
    run()
    (tmp_path / "moved").mkdir()
    moved = (tmp_path / "a.mp4").rename(tmp_path / "moved" / "a.mp4")
    other = SETTINGS.model_copy(update={"background": "#112233"})
    assert [one.state for one in process_all([moved], tmp_path / "out", other, processes=1)] == ["done"]


@pytest.mark.parametrize("before", [False, True])
def test_after_an_interrupt_what_is_put_there_is_not_overwritten(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    other = SETTINGS.model_copy(update={"background": "#112233"})
    if before:
        run()
    with monkeypatch.context() as patch:
        patch.setattr(
            "rimlight.processing.process_photo", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            run(other)
    if before:
        # What lay there is as ours as it was.
        assert run(other) == {"a": "skipped", "b": "skipped", "c": "done"}
        return
    (tmp_path / "out" / "c.png").write_bytes(b"mine")
    with pytest.raises(SeveralFailedError, match=r"1 of 3 failed: c\.png"):
        run(other)
    assert (tmp_path / "out" / "c.png").read_bytes() == b"mine"


def test_an_input_counts_by_what_is_in_it(run: Run, tmp_path: Path) -> None:
    run()
    os.utime(tmp_path / "a.mp4")
    write_clip(tmp_path / "b.mp4", count=5)
    assert run() == {"a": "skipped", "b": "done", "c": "skipped"}
    assert len(content(tmp_path / "out" / "b.mp4").times) == 5


def test_a_folder_that_was_copied_is_still_done(run: Run, tmp_path: Path) -> None:
    run()
    for path in (tmp_path / "out").iterdir():
        os.utime(path, (1, 1))
    assert run() == NONE


def test_other_settings_make_other_results(run: Run, tmp_path: Path) -> None:
    run()
    assert run(SETTINGS.model_copy(update={"background": "#112233"})) == ALL
    assert run(SETTINGS.model_copy(update={"background": "#112233"}), wanted=Wanted(size=Size(32, 24))) == ALL
    assert run(SETTINGS.model_copy(update={"background": "#112233"}), wanted=Wanted(size=Size(32, 24))) == NONE


def test_a_matte_that_was_not_made_is(run: Run, tmp_path: Path) -> None:
    run()
    assert run(matte=tmp_path / "mattes") == ALL
    assert run(matte=tmp_path / "mattes") == NONE
    (tmp_path / "mattes" / "a" / "000001.png").unlink()
    assert run(matte=tmp_path / "mattes") == {"a": "done", "b": "skipped", "c": "skipped"}


def test_settings_that_do_not_matter_do_not(tmp_path: Path) -> None:
    plain = recipe(SETTINGS, Wanted(), Quality())
    assert recipe(SETTINGS.model_copy(update={"camera": "3", "cpu_budget": 0.5}), Wanted(), Quality()) == plain
    assert recipe(SETTINGS, Wanted(), Quality(crf=20)) != plain
    picture = tmp_path / "wall.png"
    behind = SETTINGS.model_copy(update={"background": str(picture)})
    picture.write_bytes(b"one")
    before = recipe(behind)
    picture.write_bytes(b"two")
    assert recipe(behind) != before


def test_another_version_makes_all_anew_only_if_it_makes_another_thing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setattr(done, "RESULT", done.RESULT + 1)
    assert run() == ALL


def test_a_file_of_somebody_else_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.mp4").write_bytes(b"mine")
    for _ in range(2):
        with pytest.raises(SeveralFailedError, match=r"1 of 3 failed: a\.mp4") as caught:
            run()
        assert caught.value.exit_code == 11
        assert (tmp_path / "out" / "a.mp4").read_bytes() == b"mine"
    assert run(force=True)["a"] == "done"


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        '{"entries": 3}',
        '{"entries": {"a.mp4": 1}}',
        '{"entries": {"a.mp4": {"made": []}}}',
        "\0\xff",
    ],
)
def test_a_damaged_book_is_said_and_overwrites_nothing(
    run: Run, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.mp4").write_bytes(b"mine")
    (tmp_path / "out" / BOOK).write_text(damage, encoding="latin-1")

    with pytest.raises(SeveralFailedError, match=r"1 of 3 failed: b\.mp4"):
        run()

    assert "what is done already is not known" in capsys.readouterr().err
    (tmp_path / "out" / "b.mp4").unlink()
    assert run() == {"a": "skipped", "b": "done", "c": "skipped"}


def test_entries_with_nonsense_in_them_count_as_none(run: Run, tmp_path: Path) -> None:
    run()
    book = json.loads((tmp_path / "out" / BOOK).read_text())
    book["entries"]["a.mp4"]["made"]["a.mp4"] = 7
    book["entries"]["b.mp4"]["made"] = {}
    (tmp_path / "out" / BOOK).write_text(json.dumps(book))
    before = (tmp_path / "out" / "a.mp4").stat().st_mtime_ns
    with pytest.raises(SeveralFailedError, match=r"2 of 3 failed: a\.mp4, b\.mp4"):
        run()
    assert (tmp_path / "out" / "a.mp4").stat().st_mtime_ns == before


def test_a_failure_is_named_in_the_report_and_tried_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.mp4").write_bytes(b"text")
    report = tmp_path / "report.json"
    with pytest.raises(SeveralFailedError):
        run(report=report)
    told = json.loads(report.read_text())
    assert {key: told[key] for key in ("done", "skipped", "failed")} == {"done": 2, "skipped": 0, "failed": 1}
    assert [file["state"] for file in told["files"]] == ["done", "failed", "done"]
    assert "is no video" in told["files"][1]["error"]
    write_clip(tmp_path / "b.mp4", count=4)
    assert run() == {"a": "skipped", "b": "done", "c": "skipped"}


def test_what_came_into_being_meanwhile_is_not_overwritten(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = process_photo

    def taken(*words: Any, **options: Any) -> Any:
        (tmp_path / "out" / "c.png").write_bytes(b"mine")
        return before(*words, **options)

    monkeypatch.setattr("rimlight.processing.process_photo", taken)
    with pytest.raises(SeveralFailedError, match=r"c\.png"):
        run()
    assert (tmp_path / "out" / "c.png").read_bytes() == b"mine"
    with pytest.raises(SeveralFailedError, match=r"c\.png"):
        run()


def test_one_input_into_a_folder_fails_with_its_own_error(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", count=2)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.mp4").write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        process_all([tmp_path / "a.mp4"], tmp_path / "out", SETTINGS)


def test_a_killed_batch_goes_on_where_it_was(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_clip(tmp_path / f"{name}.mp4", count=3)
    write_clip(tmp_path / "c.mp4", count=900, size=Size(320, 180))
    out = tmp_path / "out"
    words = ["process", "a.mp4", "b.mp4", "c.mp4", "out", "--background", "#336699"]
    with subprocess.Popen(
        [sys.executable, "-m", "rimlight", *words], cwd=tmp_path, stderr=subprocess.PIPE
    ) as child:
        deadline = time.monotonic() + 60
        while not (out / ".c.mp4.part").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert not (out / "c.mp4").exists()
    write_clip(tmp_path / "c.mp4", count=5)

    settings = Settings(background="#336699")
    outcomes = process_all([tmp_path / f"{name}.mp4" for name in "abc"], out, settings)

    assert [outcome.state for outcome in outcomes] == ["skipped", "skipped", "done"]
    assert len(content(out / "c.mp4").times) == 5
    assert sorted(path.name for path in out.iterdir()) == [BOOK, "a.mp4", "b.mp4", "c.mp4"]


def test_killed_while_a_file_is_read_for_its_entry_it_is_made_anew(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(done, "_known", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run()
    assert (tmp_path / "out" / "a.mp4").exists()
    assert run() == ALL
