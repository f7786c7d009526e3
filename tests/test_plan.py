"""Files, folders and patterns become jobs."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from rimlight.errors import ClipError, DiskError, UsageError
from rimlight.plan import Job, plan
from rimlight.settings import Settings

SETTINGS = Settings()


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    """A folder as they are: clips, photos, other things, folders."""
    for name in (
        *(
            "a.mp4",
            "b.JPG",
            "notes.txt",
            ".hidden.mp4",
            "sub/c.mov",
            "sub/deep/d.png",
            "sub/.cache/e.mp4",
            "x[1].mkv",
        ),
    ):
        path = tmp_path / "holiday" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"-")
    return tmp_path / "holiday"


def outputs(jobs: list[Job], folder: Path) -> list[str]:
    return [str(job.output.relative_to(folder)) for job in jobs]


def test_one_file_goes_into_a_file(tmp_path: Path) -> None:
    assert plan([Path("a.mp4")], tmp_path / "b.mp4", SETTINGS) == [Job(Path("a.mp4"), tmp_path / "b.mp4", None)]


def test_a_folder_stands_for_what_lies_in_it(holiday: Path, tmp_path: Path) -> None:
    jobs = plan([holiday], tmp_path / "out", SETTINGS, tmp_path / "mattes")
    assert outputs(jobs, tmp_path / "out") == ["a.mp4", "b.JPG", "x[1].mp4"]
    assert [job.matte for job in jobs] == [tmp_path / "mattes" / name for name in ("a", "b", "x[1]")]


def test_folders_below_are_kept(holiday: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    jobs = plan([holiday], out, SETTINGS, tmp_path / "mattes", recursive=True, ending=".mkv")
    assert outputs(jobs, out) == ["a.mkv", "b.JPG", "sub/c.mkv", "sub/deep/d.png", "x[1].mkv"]
    assert (out / "sub" / "deep").is_dir()
    assert jobs[3].matte == tmp_path / "mattes" / "sub" / "deep" / "d"
    assert (tmp_path / "mattes" / "sub" / "deep").is_dir()


def test_what_an_earlier_run_made_is_no_input(holiday: Path) -> None:
    out = holiday / "out"
    (out / "sub").mkdir(parents=True)
    (out / "a.mp4").write_bytes(b"-")
    jobs = plan([holiday], out, SETTINGS, recursive=True)
    assert [job.source.name for job in jobs] == ["a.mp4", "b.JPG", "c.mov", "d.png", "x[1].mkv"]


def test_patterns_are_expanded_and_files_named_like_patterns_are_files(
    holiday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(holiday)
    assert outputs(plan([Path("*.mp4")], tmp_path / "1", SETTINGS), tmp_path / "1") == ["a.mp4"]
    jobs = plan([Path("**/*.mov"), Path("a.*"), Path("x[1].mkv")], tmp_path / "2", SETTINGS)
    assert outputs(jobs, tmp_path / "2") == ["c.mp4", "a.mp4", "x[1].mp4"]


def test_a_file_that_two_patterns_name_is_one(holiday: Path, tmp_path: Path) -> None:
    jobs = plan([holiday / "*.mp4", holiday / "a*"], tmp_path / "out", SETTINGS)
    assert [job.source.name for job in jobs] == ["a.mp4"]


@pytest.mark.parametrize("name", ["*.avi", "empty", "nothing/*.mp4"])
def test_nothing_to_do_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty" / "folder").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"no file is called|holds no clip"):
        plan([tmp_path / name], tmp_path / "out", SETTINGS)


def test_twins_are_refused(holiday: Path, tmp_path: Path) -> None:
    (holiday / "a.mov").write_bytes(b"-")
    with pytest.raises(UsageError, match=r"a\.mov and .*a\.mp4 would both become"):
        plan([holiday], tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out").exists()


def test_a_pipe_is_alone(tmp_path: Path) -> None:
    assert plan([Path("-")], Path("-"), SETTINGS) == [Job(Path("-"), Path("-"), None)]
    for sources, output in (([Path("-"), Path("a.mp4")], tmp_path), ([Path("a.mp4"), Path("b.mp4")], Path("-"))):
        with pytest.raises(UsageError, match="one clip"):
            plan(sources, output, SETTINGS)


def test_transparent_photos_become_png(holiday: Path, tmp_path: Path) -> None:
    jobs = plan([holiday / "b.JPG", holiday / "a.mp4"], tmp_path / "o", Settings(background="transparent"))
    assert outputs(jobs, tmp_path / "o") == ["b.png", "a.mp4"]


def test_a_thousand_files_are_planned(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(1000):
        os.close(os.open(folder / f"{number:04}.mp4", os.O_CREAT))
    assert len(plan([folder], tmp_path / "out", SETTINGS)) == 1000


def test_mattes_that_would_share_a_folder_are_refused(holiday: Path, tmp_path: Path) -> None:
    (holiday / "a.jpg").write_bytes(b"-")
    assert len(plan([holiday], tmp_path / "out", SETTINGS)) == 4
    with pytest.raises(UsageError, match=r"a\.jpg and .*a\.mp4 would both become .*/m/a\n"):
        plan([holiday], tmp_path / "out", SETTINGS, tmp_path / "m")


@pytest.mark.parametrize("names", [[], ["000000.png", "000001.png"]])
def test_a_folder_of_stills_is_what_a_clip_becomes_again(tmp_path: Path, names: list[str]) -> None:
    stills = tmp_path / "stills"
    stills.mkdir()
    for name in names:
        (stills / name).write_bytes(b"-")
    clip, alone = Path("a.mp4"), Settings(background="transparent")
    assert plan([clip], stills, alone) == [Job(clip, stills, None)]
    assert plan([clip], stills, alone, folder=True)[0].output == (stills if names else stills / "a.mp4")
    assert plan([clip], stills, SETTINGS) == [Job(clip, stills / "a.mp4", None)]
    assert plan([Path("a.jpg")], stills, alone) == [Job(Path("a.jpg"), stills / "a.png", None)]
    (stills / "notes.txt").write_bytes(b"-")
    assert plan([clip], stills, alone) == [Job(clip, stills / "a.mp4", None)]


def test_what_cannot_be_looked_at_in_a_folder_is_left_out_and_said(
    holiday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a folder that may be listed and not entered; root may enter all.
    look = Path.is_file

    def forbidden(path: Path) -> bool:
        if path.name == "a.mp4":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(Path, "is_file", forbidden)
    said: list[str] = []
    jobs = plan([holiday], tmp_path / "out", SETTINGS, say=said.append)
    assert outputs(jobs, tmp_path / "out") == ["b.JPG", "x[1].mp4"]
    assert said == [f"{holiday / 'a.mp4'} is left out: Permission denied"]


def test_a_folder_that_cannot_be_listed_is_told(
    holiday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(folder: str | Path) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(ClipError, match="holiday cannot be read: Permission denied"):
        plan([holiday], tmp_path / "out", SETTINGS)


def test_names_that_are_too_long_are_told(tmp_path: Path) -> None:
    long, longest = "a" * 300, "b" * 252
    with pytest.raises(ClipError, match="cannot be read: File name too long"):
        plan([Path(f"{long}.mp4")], tmp_path / "out.mp4", SETTINGS)
    with pytest.raises(DiskError, match="File name too long"):
        plan([Path("a.mp4")], tmp_path / f"{long}.mp4", SETTINGS)
    with pytest.raises(DiskError, match="more than 255 bytes"):
        plan([Path("a.mp4"), Path(f"{longest}.ts")], tmp_path, SETTINGS)
    (tmp_path / "in").mkdir()
    for name in (f"{longest}.ts", "a.mp4"):
        (tmp_path / "in" / name).write_bytes(b"-")
    said: list[str] = []
    jobs = plan([tmp_path / "in"], tmp_path / "out", SETTINGS, say=said.append)
    assert outputs(jobs, tmp_path / "out") == ["a.mp4"]
    assert len(said) == 1
    assert "more than 255 bytes" in said[0]


@pytest.mark.parametrize("output", [".", ".."])
def test_into_the_folder_itself_or_above_it(holiday: Path, output: str) -> None:
    jobs = plan([holiday], holiday / output, SETTINGS, ending=".mkv")
    assert [job.source.name for job in jobs] == ["a.mp4", "b.JPG", "x[1].mkv"]


def test_a_pattern_takes_nothing_that_an_earlier_run_made(holiday: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(holiday)
    Path("out").mkdir()
    Path("out/a.mp4").write_bytes(b"-")
    assert [job.source for job in plan([Path("**/*.mp4")], Path("out"), SETTINGS)] == [Path("a.mp4")]
    assert [job.source for job in plan([Path("out/*.mp4")], Path("out"), SETTINGS)] == [Path("out/a.mp4")]


def test_what_was_kept_is_no_input_unless_named(holiday: Path, tmp_path: Path) -> None:
    (holiday / "a.rim.mkv").write_bytes(b"-")
    assert "a.rim.mp4" not in outputs(plan([holiday], tmp_path / "out", SETTINGS), tmp_path / "out")
    assert len(plan([holiday / "a.rim.mkv"], tmp_path, SETTINGS)) == 1


@pytest.mark.parametrize("name", ["cut-outs", "v1.0"])
def test_a_folder_may_be_for_one_file(holiday: Path, tmp_path: Path, name: str) -> None:
    photo, into = holiday / "b.JPG", tmp_path / name
    assert plan([photo], into, SETTINGS, folder=True) == [Job(photo, into / "b.JPG", None)]
    assert into.is_dir()


def test_a_file_that_is_named_and_lies_in_a_folder_is_one(holiday: Path, tmp_path: Path) -> None:
    jobs = plan([holiday / "a.mp4", holiday], tmp_path / "out", SETTINGS)
    assert outputs(jobs, tmp_path / "out") == ["a.mp4", "b.JPG", "x[1].mp4"]
