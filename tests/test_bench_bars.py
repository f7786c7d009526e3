"""The bars of `rimlight bench`: which rows they are taken from, and what passes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measured import LIVE, report, row
from rimlight.benches.bars import Bar, bars, cost_line, ratio, standard
from rimlight.benches.rows import SAMPLE, Report, Row


def reached(of: Report) -> dict[str, tuple[float | None, str]]:
    return {bar.figure: (bar.reached and round(bar.reached, 3), bar.verdict) for bar in bars(of)}


def test_each_bar_is_taken_from_its_own_row() -> None:
    assert reached(report()) == {
        "1080p blur, one core": (12.0, "falls short"),
        "720p blur, one core": (11.0, "pass"),
        "1080p blur, all cores, overlapped": (18.0, "pass"),
        "4K blur, all cores, overlapped": (21.6, "pass"),
        "live 720p30, MJPG to I420: processor": (28.0, "pass"),
        "live 1080p30, capture to sink: p95": (12.0, "pass"),
        "live 1080p30, capture to sink: p99": (20.0, "pass"),
        "`process` 1080p, share of ffmpeg's plain transcode": (0.8, "pass"),
        "live 1080p30: most memory": (180.0, "pass"),
        "live 1080p30: growth of memory": (1.5, "pass"),
        "cost against pixels, a line: R squared": (0.999, "pass"),
    }


def test_slower_pipelines_fall_short_where_they_are_measured_and_nowhere_else() -> None:
    short = [bar.figure for bar in bars(report(speed=0.5)) if bar.verdict == "falls short"]
    assert short == [
        "1080p blur, one core",
        "720p blur, one core",
        "1080p blur, all cores, overlapped",
        "4K blur, all cores, overlapped",
    ]


def test_what_was_not_measured_neither_passes_nor_falls_short() -> None:
    assert {verdict for _, verdict in reached(Report()).values()} == {"not measured"}


def test_only_runs_into_memory_count() -> None:
    through = replace(LIVE, sink="/dev/video10", p95=99.0)
    assert reached(Report(live=(through, LIVE)))["live 1080p30, capture to sink: p95"] == (12.0, "pass")
    assert reached(Report(live=(through,)))["live 1080p30, capture to sink: p95"] == (None, "not measured")


def test_a_run_that_drops_frames_does_not_get_off_cheaply() -> None:
    run = replace(LIVE, size="1280x720", delivered=100, dropped=200, cpu=0.15)
    assert reached(Report(live=(run,)))["live 720p30, MJPG to I420: processor"] == (45.0, "falls short")


@pytest.mark.parametrize(
    ("at_least", "value", "verdict"),
    [(True, 10, "pass"), (True, 9.99, "falls short"), (False, 10, "pass"), (False, 10.01, "falls short")],
)
def test_a_bar_that_is_just_met_is_met(at_least: bool, value: float, verdict: str) -> None:
    assert Bar("figure", at_least, 10, "", value).verdict == verdict


def test_the_ratio_to_the_sample_is_that_of_the_first_runtime_on_one_core() -> None:
    rows = [
        row("1280x720", 80, "fast"),
        row("1280x720", 60),
        row("1280x720", 50, runtime="mediapipe"),
        row("1280x720", 10, SAMPLE),
        row("1920x1080", 5, SAMPLE),
        row("1280x720", 90, threads=2),
    ]
    first, both = standard(rows, "1280x720"), standard(rows, "1280x720", one_core=False)
    assert (first, both) == (rows[1], rows[5])
    assert first is not None
    assert both is not None
    assert (ratio(rows, first), ratio(rows, both)) == (6, 9)
    assert ratio(rows, row("640x360", 100)) is None


@given(st.floats(0.5, 20), st.floats(0.1, 10))
def test_a_cost_that_is_a_line_is_found(slope: float, fixed: float) -> None:
    sizes = ("640x360", "960x540", "1280x720", "3840x2160")
    rows = [row(size, 1.0) for size in sizes]
    line = cost_line([replace(r, fps=1e3 / (slope * r.pixels / 1e6 + fixed)) for r in rows])
    assert line is not None
    assert (line.per_megapixel, line.fixed) == pytest.approx((slope, fixed), rel=1e-6)
    assert line.r2 == pytest.approx(1)


def test_a_cost_that_bends_is_told() -> None:
    def bent(r: Row) -> Row:
        return replace(r, fps=1e3 / (r.pixels / 1e6) ** 2)

    line = cost_line(
        [bent(row(size, 1.0)) for size in ("640x360", "960x540", "1280x720", "1920x1080", "3840x2160")]
    )
    assert line is not None
    assert line.r2 < 0.9


def test_small_pictures_that_cost_too_much_are_not_hidden_by_large_ones() -> None:
    rows = [row(size, 1.0) for size in ("640x360", "960x540", "1280x720", "1920x1080", "3840x2160")]
    costs = [1e-6 * r.pixels * (2.5 if r.size == "640x360" else 1) for r in rows]
    line = cost_line([replace(r, fps=1 / cost) for r, cost in zip(rows, costs, strict=True)])
    assert line is not None
    assert line.r2 == pytest.approx(0.882, abs=1e-3), "of all lines, the one with the least relative distance"


def test_three_sizes_make_no_line() -> None:
    assert cost_line([row(size, 100) for size in ("640x360", "1280x720", "1920x1080")]) is None
