"""`rimlight bench` measuring for real, on tiny pictures: ways that take turns, profiles; and the command."""

from __future__ import annotations

import io
import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import rimlight.bench as bench_room
from measured import report
from rimlight.bench import measure_ways, plan
from rimlight.benches.machine import machine, peak_resident, resident
from rimlight.benches.players import answer_all, open_player, take_turns
from rimlight.benches.profiling import Node, Profile, collapsed, profile, tree
from rimlight.benches.rows import SAMPLE, Way, from_json
from rimlight.benches.ways import frames, open_ways, pumped
from rimlight.cli import run
from rimlight.cores import usable_cores
from rimlight.errors import RimlightError
from rimlight.throughput import Transcode
from rimlight.types import Frame, Picture, Size

TINY = "160x90"


def pictures(count: int) -> list[Picture]:
    return [Picture.empty(Size(2, 2)) for _ in range(count)]


def test_pictures_go_to_and_fro_while_time_runs_on() -> None:
    shown = pictures(3)
    given = frames(shown)
    first = [next(given) for _ in range(6)]
    assert [[p is frame.picture for p in shown].index(True) for frame in first] == [0, 1, 2, 1, 0, 1]
    assert [frame.at for frame in first] == pytest.approx([index / 30 for index in range(6)])


@pytest.mark.parametrize("background", ["blur", "picture", "colour", "transparent", "clip"])
def test_each_background_is_measured(background: str) -> None:
    with open_ways([Way(TINY, background, "standard", "auto", 1)]) as ways:
        ways[0].turn(0.01)
        row = ways[0].row()
    assert row.way == (TINY, background, "standard", "auto", 1)
    assert row.fps > 0
    assert row.cpu_ms > 0
    assert row.looks == 1
    assert {"segment", "refine", "composite"} <= set(row.stages_ms)


def test_the_next_frame_is_cut_while_one_is_composed() -> None:
    class Halves:
        """Each waits until the other is at work as well: one after the other they would never end."""

        looks_ahead = False

        def __init__(self) -> None:
            self.both = threading.Barrier(2, timeout=10)
            self.composed: list[int] = []

        def cut(self, frame: Frame) -> Frame:
            if frame.index > 0:
                self.both.wait()
            return frame

        def compose(self, cut: Frame) -> None:
            if cut.index < 4:
                self.both.wait()
            self.composed.append(cut.index)

    halves = Halves()
    assert pumped(halves, frames_of(5)) > 0  # type: ignore[arg-type]
    assert halves.composed == [0, 1, 2, 3, 4]


def frames_of(count: int) -> list[Frame]:
    given = frames(pictures(2))
    return [next(given) for _ in range(count)]


def test_ways_take_turns_in_processes_of_their_own() -> None:
    """The sample on one core and the pipeline on two, as the bars want them."""
    said: list[str] = []
    ways = [Way(TINY, "blur", "standard", "auto", 1), Way(TINY, "blur", SAMPLE, "mediapipe", 1)]
    overlapped = Way(TINY, "blur", "standard", "auto", 2)
    rows = measure_ways([*ways, overlapped], 0.5, said.append)
    assert [row.way for row in rows] == [*ways, overlapped]
    assert [row.stages_ms == {} for row in rows] == [row.model == SAMPLE for row in rows]
    assert said == ["opening 3 ways ...", "turn 1 of 2 ...", "turn 2 of 2 ..."]


def test_files_are_processed_beside_a_plain_transcode() -> None:
    with open_player("transcode") as player:
        found = Transcode(**player.ask({"size": TINY, "frames": 6, "rounds": 1}))
    assert found.frames == 6
    assert min(found.fps, found.plain_fps, found.ratio) > 0


def test_what_a_process_cannot_do_is_its_error() -> None:
    with open_player("one core") as player, pytest.raises(RimlightError) as caught:
        take_turns([(player, [Way(TINY, "blur", "nothing.onnx", "auto", 1)])], 1, 0.01, print)
    assert "nothing.onnx" in caught.value.what


def test_a_process_that_fails_or_hangs_is_told() -> None:
    with (
        open_player("one core") as player,
        pytest.raises(RimlightError, match=r"(?s)failed with exit code 1.*KeyError"),
    ):
        player.ask({"nonsense": 1})
    with (
        open_player("watch", patience=1.5) as player,
        pytest.raises(RimlightError, match=r"did not end within 1\.5 s"),
    ):
        player.ask({"device": "/dev/nothing", "seconds": 30})


def test_questions_are_answered_line_by_line() -> None:
    answers = io.StringIO()

    def job(question: Any) -> object:
        if question == 0:
            raise RimlightError("not zero", "Ask for more.")
        return question * 2

    answer_all(job, ["2", "0", "4"], answers, patience=60)
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [
        {"is": 4},
        {"error": ["not zero", "Ask for more."]},
        {"is": 8},
    ]


def test_the_plan_has_what_the_bars_need() -> None:
    from rimlight.benches.bars import bars
    from rimlight.benches.rows import Report, Row

    rows = [Row(*way, fps=100.0, cpu_ms=10.0) for way in plan(False, "onnx", True, 2)]
    assert len({row.way for row in rows}) == len(rows)
    missing = [bar.figure for bar in bars(Report("m", rows=tuple(rows))) if bar.verdict == "not measured"]
    assert [figure.split()[0] for figure in missing] == ["live"] * 3 + ["`process`"] + ["live"] * 2


def test_the_plan_asks_only_for_what_is_there() -> None:
    ways = plan(False, "mediapipe", False, 1)
    assert {way.threads for way in ways} == {1}
    assert {way.model for way in ways} == {"standard", "fast", SAMPLE}
    assert len(set(ways)) == len(ways)
    quick = plan(True, "onnx", True, 2)
    assert {(way.background, way.size) for way in quick} == {("blur", "1280x720"), ("blur", "1920x1080")}


def test_the_machine_is_told() -> None:
    line = machine()
    assert f"{usable_cores()} cores, Python 3." in line
    assert "numpy " in line
    now, most = resident(), peak_resident()
    assert now is not None
    assert most is not None
    assert 10e6 < now <= most


def test_a_profile_tells_every_call_within_its_stage() -> None:
    seen = profile(Size(160, 90), 0.02)
    stacks = dict(line.rsplit(" ", 1) for line in collapsed(seen.root).splitlines())
    model = [stack for stack in stacks if ".segment;" in stack]
    assert model
    assert all(0 < stack.index("[segment];") < stack.index(".segment;") for stack in model)
    assert not any("[segment]" in stack and "[refine]" in stack for stack in stacks), "stages end"
    assert {stack.split(";")[1] for stack in stacks if ";" in stack} == {"pipeline.Pipeline.process"}
    assert any("[composite];composite." in stack and ";cv2." in stack for stack in stacks)
    assert not any("meter." in stack or "contextlib" in stack or "profiling" in stack for stack in stacks)
    assert sum(map(int, stacks.values())) == pytest.approx(seen.root.total * 1e6, rel=0.05)
    assert seen.frames >= 8


def test_a_tree_shows_shares_slowest_first_and_leaves_out_what_is_nothing() -> None:
    root = Node("frame", calls=2, own=0.001)
    quick, slow, nothing = root.enter("quick"), root.enter("slow"), root.enter("nothing")
    quick.own, slow.own, nothing.own = 0.001, 0.004, 1e-6
    slow.enter("inner").own = 0.002
    assert tree(Profile(root, 2, 1.25)).splitlines() == [
        "2 frames; being watched made each 1.25 times as long",
        "    4.00 ms 100.0 %    1.0 calls  frame",
        "    3.00 ms  75.0 %    0.5 calls    slow",
        "    1.00 ms  25.0 %    0.5 calls      inner",
        "    0.50 ms  12.5 %    0.5 calls    quick",
    ]
    assert (
        collapsed(root) == "frame 1000\nframe;slow 4000\nframe;slow;inner 2000\nframe;quick 1000\nframe;nothing 1\n"
    )


def ended(*words: str) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as end:
        sys.exit(run(["bench", *words]))
    return int(end.value.code or 0)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_room, "measure", lambda *_, **__: report(2.0))


def test_the_command_prints_the_table_or_json(measured: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended() == 0
    assert "| 1080p blur, one core" in capsys.readouterr().out
    assert ended("--json") == 0
    told = capsys.readouterr().out
    assert from_json(told, "told") == report(2.0)
    assert {bar["verdict"] for bar in json.loads(told)["bars"]} == {"pass"}


def test_the_command_compares_and_writes_the_page(
    measured: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from rimlight.benches.rows import to_json

    (tmp_path / "old.json").write_text(to_json(report()), encoding="utf-8")
    page = tmp_path / "page.md"
    assert ended("--compare", str(tmp_path / "old.json"), "--markdown", str(page)) == 0
    assert "to the sample old" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").startswith("## Speed\n")
    assert ended("--compare", str(tmp_path / "gone.json")) == 2
    assert "gone.json cannot be read" in capsys.readouterr().err
