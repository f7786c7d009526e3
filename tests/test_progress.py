"""How far a batch is, for who watches and for who reads a log; and what became of it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from media import write_clip
from rimlight.batch import process_all
from rimlight.errors import SeveralFailedError
from rimlight.offline import Report
from rimlight.plan import Job
from rimlight.progress import Watched
from rimlight.settings import Settings
from rimlight.tally import Outcome, raise_failures, told


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def console(terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None, highlight=False)


def text(shown: Console) -> str:
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


def test_a_log_gets_a_line_now_and_then(tmp_path: Path) -> None:
    clock, shown = Clock(), console(terminal=False)
    with Watched(shown, [tmp_path / "long.mp4"], clock) as watched, watched.file("long.mp4") as step:
        for frame in range(1, 1001):
            clock.now = frame / 10
            step(frame, 1000)
    assert text(shown).splitlines() == [
        "long.mp4: 300 of 1000 frames, 10.0 fps, 1:10 left",
        "long.mp4: 600 of 1000 frames, 10.0 fps, 0:40 left",
        "long.mp4: 900 of 1000 frames, 10.0 fps, 0:10 left",
    ]


def test_a_length_that_is_not_known_is_not_made_up(tmp_path: Path) -> None:
    clock, shown = Clock(), console(terminal=False)
    with Watched(shown, [tmp_path / "-"], clock) as watched, watched.file("standard input") as step:
        clock.now = 40
        step(80, None)
    assert text(shown) == "standard input: 80 of ? frames, 2.0 fps\n"


def test_a_terminal_shows_the_file_and_all_of_them(tmp_path: Path) -> None:
    for name, size in (("a.mp4", 1000), ("b.mp4", 3000)):
        (tmp_path / name).write_bytes(bytes(size))
    clock, shown = Clock(), console(terminal=True)
    with Watched(shown, [tmp_path / "a.mp4", tmp_path / "b.mp4"], clock) as watched:
        with watched.file("a.mp4") as step:
            clock.now = 2
            step(50, 50)
        watched.passed()
        with watched.file("b.mp4") as step:
            clock.now = 4
            step(25, 100)
            watched._bars.refresh()
            watched.say("a line [with] brackets\x1b]0;x")
    got = text(shown)
    assert "25/100 frames, 12.5 fps" in got
    assert "1/2 files" in got
    # Above the bars, harmless, as it is.
    assert "a line [with] brackets" in got
    assert "\x1b]0" not in got


@pytest.mark.parametrize(("failed", "code"), [(1, 11), (7, 17), (100, 110), (250, 110)])
def test_the_exit_code_counts_the_failures(failed: int, code: int) -> None:
    job = Job(Path("a.mp4"), Path("b.mp4"), None)
    outcomes = [Outcome(job, "failed", error="no") for _ in range(failed)] + [Outcome(job, "done", Report(1, 1.0))]
    with pytest.raises(SeveralFailedError, match=f"{failed} of {failed + 1} failed") as caught:
        raise_failures(outcomes)
    assert caught.value.exit_code == code


def test_a_table_names_each_or_of_many_those_that_failed() -> None:
    def outcome(name: str, error: str = "") -> Outcome:
        job = Job(Path("/x/holiday") / name, Path("/x/out") / name, None)
        return Outcome(job, "failed" if error else "done", None if error else Report(50, 2.0), error)

    shown = console(terminal=False)
    shown.print(told([outcome("a.mp4"), outcome("sub/b.mp4", "/x/holiday/sub/b.mp4 is empty (0 bytes)\nGet it.")]))
    few = text(shown)
    assert few.splitlines()[0].strip() == "1 done, 1 failed"
    assert "sub/b.mp4  failed  is empty (0 bytes)" in few
    assert "a.mp4      done    50 frames, 2.0 s" in few

    shown = console(terminal=False)
    shown.print(told([*(outcome(f"{n}.mp4") for n in range(100)), outcome("b.mp4", "it [red]failed[/red]")]))
    many = text(shown)
    assert "100 done, 1 failed" in many
    assert "it [red]failed[/red]" in many
    assert "7.mp4" not in many


@pytest.mark.parametrize("kinds", [["done", "failed"], ["failed", "done"], ["failed", "failed"]])
def test_each_file_counts_once_however_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: list[str]
) -> None:
    counted: list[int] = []
    passed = Watched.passed

    def noted(watched: Watched) -> None:
        passed(watched)
        counted.append(watched._number)

    monkeypatch.setattr(Watched, "passed", noted)
    clips = [tmp_path / f"{number}.mp4" for number in range(2)]
    for clip, kind in zip(clips, kinds, strict=True):
        if kind == "done":
            write_clip(clip, count=3)
        else:
            clip.write_bytes(b"text")
    settings = Settings(background="#336699", runtime="auto")
    with pytest.raises(SeveralFailedError):
        process_all(clips, tmp_path / "out", settings, processes=1)
    assert counted == [1, 2]
