"""The bars: what the project set out to reach, what this run reached, and whether that is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from rimlight.benches.rows import SAMPLE, LiveRun, Report, Row

HD, FULL_HD, UHD = "1280x720", "1920x1080", "3840x2160"

Verdict = Literal["pass", "falls short", "not measured"]


@dataclass(frozen=True)
class Bar:
    """A figure and what it must be. `at_least`: more is better."""

    figure: str
    at_least: bool
    need: float
    unit: str
    reached: float | None

    @property
    def verdict(self) -> Verdict:
        if self.reached is None:
            return "not measured"
        good = self.reached >= self.need if self.at_least else self.reached <= self.need
        return "pass" if good else "falls short"


class Line(NamedTuple):
    """Milliseconds a frame = `per_megapixel` * megapixels + `fixed`; `r2` is 1 where all points lie on it."""

    per_megapixel: float
    fixed: float
    r2: float


def bars(report: Report) -> list[Bar]:
    """Every bar of the project's; those that the report has no rows for are not measured.

    The ratios are to the sample's row on one core at the same size in the same run. "Two cores" are all that the
    machine has, if there are more than one.
    """
    line = cost_line(report.rows)
    hd, full = _run(report.live, HD), _run(report.live, FULL_HD)

    def told(run: LiveRun | None, figure: Callable[[LiveRun], float | None]) -> float | None:
        return None if run is None else figure(run)

    return [
        _ratio_bar(report.rows, "1080p blur, one core", FULL_HD, 12.5, one_core=True),
        _ratio_bar(report.rows, "720p blur, one core", HD, 10, one_core=True),
        _ratio_bar(report.rows, "1080p blur, all cores, overlapped", FULL_HD, 18, one_core=False),
        _ratio_bar(report.rows, "4K blur, all cores, overlapped", UHD, 13, one_core=False),
        Bar("live 720p30, MJPG to I420: processor", False, 30, "% of a core", told(hd, _percent)),
        Bar("live 1080p30, capture to sink: p95", False, 15, "ms", told(full, lambda run: run.p95)),
        Bar("live 1080p30, capture to sink: p99", False, 25, "ms", told(full, lambda run: run.p99)),
        Bar(
            "`process` 1080p, share of ffmpeg's plain transcode",
            True,
            0.7,
            "times",
            report.transcode.ratio if report.transcode else None,
        ),
        Bar("live 1080p30: most memory", False, 350, "MB", told(full, lambda run: run.memory)),
        Bar("live 1080p30: growth of memory", False, 5, "MB", told(full, lambda run: run.growth)),
        Bar("cost against pixels, a line: R squared", True, 0.98, "", line.r2 if line else None),
    ]


def ratio(rows: Sequence[Row], row: Row, *, by_cpu: bool = False) -> float | None:
    """How many times the pictures of the sample, on one core at the same size, a row does in a second.

    `by_cpu`: of processor time.
    """
    sample = next((r for r in rows if r.model == SAMPLE and r.threads == 1 and r.size == row.size), None)
    if sample is None:
        return None
    return sample.cpu_ms / row.cpu_ms if by_cpu else row.fps / sample.fps


def standard(rows: Sequence[Row], size: str, *, one_core: bool = True) -> Row | None:
    """The row of blur with the standard model: that of the first runtime, which `--runtime auto` picks here."""
    fitting = (
        row
        for row in rows
        if (row.size, row.background, row.model) == (size, "blur", "standard") and (row.threads == 1) == one_core
    )
    return next(fitting, None)


def cost_line(rows: Sequence[Row]) -> Line | None:
    """The line of least squares through blur on one core, by size; None for fewer than four sizes.

    Each point's distance counts in relation to its own cost: else the largest size would be all that matters.
    """
    points = cost_points(rows)
    if len(points) < 4:
        return None
    x = np.array([row.pixels / 1e6 for row in points])
    y = np.array([1e3 / row.fps for row in points])
    slope, fixed = np.polyfit(x, y, 1, w=1 / y)
    weights = 1 / y**2
    residual = float((weights * (y - slope * x - fixed) ** 2).sum())
    total = float((weights * (y - np.average(y, weights=weights)) ** 2).sum())
    return Line(float(slope), float(fixed), 1 - residual / total)


def cost_points(rows: Sequence[Row]) -> list[Row]:
    """Blur with the standard model on one core, a row a size, small to large."""
    sizes = dict.fromkeys(row.size for row in rows)
    points = [row for size in sizes if (row := standard(rows, size)) is not None]
    return sorted(points, key=lambda row: row.pixels)


def _ratio_bar(rows: Sequence[Row], figure: str, size: str, need: float, *, one_core: bool) -> Bar:
    row = standard(rows, size, one_core=one_core)
    return Bar(figure, True, need, "times the sample", ratio(rows, row) if row else None)


def _run(runs: Sequence[LiveRun], size: str) -> LiveRun | None:
    """The run of that size at 30 fps that went nowhere but into memory."""
    return next((run for run in runs if (run.size, run.fps, run.sink) == (size, 30, "in process")), None)


def _percent(run: LiveRun) -> float | None:
    """Of one core, if no frame had been dropped: whoever drops half of them has done half of the work."""
    return None if run.cpu is None else 100 * run.cpu * (run.delivered + run.dropped) / run.delivered
