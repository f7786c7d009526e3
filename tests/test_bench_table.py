"""What `rimlight bench` writes: JSON and back, the table, the section of a page, and two runs side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from measured import LIVE, report, row
from rimlight.benches.bars import bars
from rimlight.benches.compare import compared
from rimlight.benches.rows import Report, from_json, read_report, to_json
from rimlight.benches.table import live_table, markdown, put_into, table, with_section
from rimlight.errors import UsageError


def cells(text: str, start: str) -> list[str]:
    """Of the table line that begins with these words."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_report_comes_back_from_json_as_it_was() -> None:
    text = to_json(report(), [{"figure": bar.figure, "verdict": bar.verdict} for bar in bars(report())])
    assert from_json(text, "new.json") == report()
    assert json.loads(text)["bars"][0] == {"figure": "1080p blur, one core", "verdict": "falls short"}
    assert from_json(to_json(Report("m")), "new.json") == Report("m")


def test_rows_alone_are_read_as_bench_once_wrote_them() -> None:
    old = {"rows": [{"size": "1280x720", "background": "blur", "model": "standard", "runtime": "onnx",
                     "threads": 1, "fps": 49.5, "cpu_ms": 19.7, "stages_ms": {}}]}  # fmt: skip
    assert [r.fps for r in from_json(json.dumps(old), "old.json").rows] == [49.5]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": [{"size": "1x1"}]}', '{"rows": 5}'])
def test_what_is_no_report_is_told_with_its_name(text: str) -> None:
    with pytest.raises(UsageError, match=r"old\.json holds no measurements of rimlight bench") as caught:
        from_json(text, "old.json")
    assert "rimlight bench --json > old.json" in caught.value.hint


def test_a_report_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"old\.json cannot be read"):
        read_report(tmp_path / "old.json")


def test_tables_line_up() -> None:
    made = table(("name", "ms"), [("a", "1.0"), ("longer", "10.0")])
    assert made.splitlines() == [
        "| name   |   ms |",
        "| ------ | ---: |",
        "| a      |  1.0 |",
        "| longer | 10.0 |",
    ]


def test_everything_that_was_measured_is_in_the_table() -> None:
    text = markdown(report())
    assert text.startswith("a machine, 2 cores. Load average before the run: 0.5.\n\n")
    assert cells(text, "1920x1080 | blur       | standard | onnx      |     1") == [
        *("1920x1080", "blur", "standard", "onnx", "1", "1.00", "120.0", "8.3", "12.0", "12.0"),
    ]
    assert "| segment | plate |" in text
    assert "8.3 ms a" not in text
    assert "Cost against pixels, blur, one core: " in text
    assert "150 pictures of 1080p H.264: 60.0 a second; ffmpeg alone 75.0, of which that is 0.80." in text
    assert cells(text, "1080p blur, one core")[1:] == [">= 12.5 times the sample", "12", "falls short"]
    assert "not measured" not in text


def test_what_was_not_measured_is_named_in_a_line() -> None:
    text = markdown(Report("m", live=(LIVE,)))
    assert "Bars not measured in this run: 1080p blur, one core; 720p blur, one core; " in text
    assert cells(text, "live 1080p30, capture to sink: p95")[2:] == ["12", "pass"]


def test_a_run_that_was_only_watched_has_no_processor_time() -> None:
    from dataclasses import replace

    text = live_table([LIVE, replace(LIVE, sink="/dev/video10, read back", cpu=None, memory=None, growth=None)])
    assert cells(text, "1920x1080 at 30 | in process")[-3:] == ["45", "180.0", "1.5"]
    assert cells(text, "1920x1080 at 30 | /dev/video10")[-3:] == ["", "", ""]


PAGE = "# Benchmarks\n\nWords.\n\n## Speed\n\nold numbers\n\n### Deeper\n\nmore\n\n## Fringe\n\nkept\n"


def test_the_section_takes_the_place_of_the_last_one_and_all_else_stays() -> None:
    made = with_section(PAGE, "new numbers")
    assert made == (
        "# Benchmarks\n\nWords.\n\n## Speed\n\nMade by `rimlight bench --markdown FILE`.\n\nnew numbers\n"
        "\n## Fringe\n\nkept\n"
    )
    assert with_section(made, "new numbers") == made


@pytest.mark.parametrize("page", ["", "# Page\n\nwords\n", "# Page\n\n## Speedy\n\nwords\n"])
def test_a_page_without_the_section_gets_it_at_its_end(page: str) -> None:
    made = with_section(page, "numbers")
    assert made.startswith(page.rstrip())
    assert made.endswith("\n\nnumbers\n")
    assert with_section(made, "numbers") == made


def test_the_page_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    put_into(page, report())
    assert page.read_text(encoding="utf-8") == with_section(PAGE, markdown(report()))
    with pytest.raises(UsageError, match="cannot be read"):
        put_into(tmp_path, report())


def test_two_runs_side_by_side_say_how_many_times_better_the_new_one_is() -> None:
    text = compared(report(), report(speed=2.0))
    assert cells(text, "1920x1080 | blur       | standard | onnx      |     1")[5:] == [
        *("120", "240", "2.00", "8.333", "4.167", "2.00", "12", "24", "2.00"),
    ]
    assert cells(text, "1080p blur, one core")[1:] == ["12", "24", "2.00", "falls short", "pass"]
    assert cells(text, "live 1080p30, capture to sink: p95")[1:] == ["12", "12", "1.00", "pass", "pass"]


def test_a_row_is_compared_with_the_runtime_that_ran_it_before() -> None:
    old = [row("1280x720", 50, runtime="litert"), row("1280x720", 40, runtime="mediapipe")]
    new = [row("1280x720", 100, runtime="onnx"), row("1280x720", 60, runtime="mediapipe")]
    text = compared(Report("m", rows=tuple(old)), Report("m", rows=tuple(new)))
    assert cells(text, "1280x720 | blur       | standard | litert, now onnx")[5:8] == ["50", "100", "2.00"]
    assert cells(text, "1280x720 | blur       | standard | mediapipe ")[5:8] == ["40", "60", "1.50"]


def test_runs_of_two_machines_say_so_and_what_only_one_has_is_named() -> None:
    old = Report("another machine", rows=(row("1280x720", 100),))
    text = compared(old, Report("a machine", rows=(row("1280x720", 50), row("1280x720", 200, threads=2))))
    assert text.startswith("old: another machine\n\nnew: a machine\n\n")
    assert cells(text, "1280x720")[5:] == ["100", "50", "0.50", "10", "20", "0.50", "", "", ""]
    assert "Not in the old run: 1280x720 blur standard onnx 2." in text
