"""The report as Markdown that reads well as it is: for the screen, an issue, and docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rimlight.benches.bars import Bar, bars, cost_line, cost_points, ratio
from rimlight.benches.rows import LiveRun, Report, Row
from rimlight.errors import UsageError
from rimlight.throughput import Transcode
from rimlight.unfinished import write_whole

HEADING = "## Speed"
_LEAST = 0.05
"""Milliseconds below which a stage is not worth a figure."""


def markdown(report: Report) -> str:
    """Machine, ways, stages, cost against pixels, live runs and bars, each as far as it was measured."""
    parts = [
        _machine(report),
        _ways(report.rows),
        _stages(report.rows),
        _cost(report.rows),
        live_table(report.live),
    ]
    if report.transcode:
        parts.append(_transcode(report.transcode))
    parts.append(_bars(bars(report)))
    return "\n\n".join(part for part in parts if part)


def put_into(path: Path, report: Report) -> None:
    """Makes the report the section 'Speed' of a Markdown file, in the place of an earlier one, or at its end.

    Raises UsageError if the file cannot be read, DiskError if it cannot be written.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    write_whole(path, with_section(text, markdown(report)).encode(), force=True)


def with_section(text: str, section: str) -> str:
    """The Markdown text with the section 'Speed' exchanged, or added; all else stays as it is."""
    made = f"{HEADING}\n\nMade by `rimlight bench --markdown FILE`.\n\n{section}\n"
    before, found, rest = f"\n{text}".partition(f"\n{HEADING}\n")
    if not found:
        return f"{text.rstrip()}\n\n{made}".lstrip()
    after = rest.partition("\n## ")[2]
    return f"{before}\n{made}".lstrip("\n") + (f"\n## {after}" if after else "")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """A Markdown table whose columns line up; the first `text_columns` to the left, figures to the right."""
    rows = [tuple(row) for row in rows]
    widths = [max(3, *(len(row[column]) for row in (headings, *rows))) for column in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        placed = (
            cell.ljust(width) if column < text_columns else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join(placed)} |"

    left, right = widths[:text_columns], widths[text_columns:]
    rules = ["-" * width for width in left] + ["-" * (width - 1) + ":" for width in right]
    return "\n".join([line(headings), line(rules), *map(line, rows)])


def live_table(runs: Sequence[LiveRun]) -> str:
    """Latency, jitter, drops, processor and memory of the live runs; empty without any."""
    if not runs:
        return ""
    headings = (
        *("live", "sink", "seconds", "pictures", "dropped", "misread"),
        *("p50 ms", "p95 ms", "p99 ms", "jitter ms", "% of a core", "MB", "growth MB"),
    )
    rows = (
        (
            *(f"{run.size} at {run.fps:g}", run.sink, f"{run.seconds:.0f}"),
            *(str(run.delivered), str(run.dropped), str(run.misread)),
            *(f"{ms:.1f}" for ms in (run.p50, run.p95, run.p99, run.jitter)),
            *("" if run.cpu is None else f"{100 * run.cpu:.0f}", _figure(run.memory), _figure(run.growth)),
        )
        for run in runs
    )
    return table(headings, rows, text_columns=2)


def _machine(report: Report) -> str:
    beside = "" if report.load is None else f" Load average before the run: {report.load:.1f}."
    return f"{report.machine}.{beside}" if report.machine else ""


def _ways(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    headings = (
        "size",
        "background",
        "model",
        "runtime",
        "cores",
        "looks",
        "fps",
        "cpu ms",
        "times the sample",
        "by cpu",
    )
    return table(headings, [(*_names(row), *_figures(rows, row)) for row in rows], text_columns=4)


def _names(row: Row) -> tuple[str, ...]:
    return row.size, row.background, row.model, row.runtime


def _figures(rows: Sequence[Row], row: Row) -> tuple[str, ...]:
    """The last one compares processor time, which neighbours on the machine disturb less than the clock's."""
    by_cpu = ratio(rows, row, by_cpu=True) if row.threads == 1 else None
    looks = "" if row.looks is None else f"{row.looks:.2f}"
    speed = f"{row.fps:.1f}", f"{row.cpu_ms:.1f}"
    return str(row.threads), looks, *speed, _figure(ratio(rows, row)), _figure(by_cpu)


def _stages(rows: Sequence[Row]) -> str:
    """Where one core's time goes."""
    staged = [row for row in rows if row.stages_ms and row.threads == 1]
    if not staged:
        return ""
    names = list(dict.fromkeys(name for row in staged for name in row.stages_ms))
    lines = ((*_names(row), *(_milliseconds(row.stages_ms.get(name, 0)) for name in names)) for row in staged)
    return "Medians in milliseconds, one core:\n\n" + table(
        ("size", "background", "model", "runtime", *names), lines, text_columns=4
    )


def _cost(rows: Sequence[Row]) -> str:
    line = cost_line(rows)
    if line is None:
        return ""

    def fitted(row: Row) -> float:
        return line.per_megapixel * row.pixels / 1e6 + line.fixed

    points = [
        (row.size, f"{row.pixels / 1e6:.2f}", f"{1e3 / row.fps:.2f}", f"{fitted(row):.2f}")
        for row in cost_points(rows)
    ]
    said = (
        f"Cost against pixels, blur, one core: {line.per_megapixel:.2f} ms a megapixel and {line.fixed:.2f} ms a "
        f"frame (R squared {line.r2:.4f}):"
    )
    return f"{said}\n\n" + table(("size", "megapixels", "ms", "by the line"), points)


def _transcode(found: Transcode) -> str:
    return (
        f"`rimlight process`, {found.frames} pictures of 1080p H.264: {found.fps:.1f} a second; {found.by} alone "
        f"{found.plain_fps:.1f}, of which that is {found.ratio:.2f}. Processor time a picture: pipeline "
        f"{found.pipeline:.1f} ms, all else {found.codecs:.1f} ms; {found.by} alone {found.plain:.1f} ms."
    )


def _bars(measured: Sequence[Bar]) -> str:
    lines = [
        (bar.figure, _need(bar), f"{bar.reached:.4g}", bar.verdict) for bar in measured if bar.reached is not None
    ]
    missing = "; ".join(bar.figure for bar in measured if bar.reached is None)
    told = [table(("bar", "need", "reached", "verdict"), lines)] if lines else []
    return "\n\n".join(told + ([f"Bars not measured in this run: {missing}."] if missing else []))


def _need(bar: Bar) -> str:
    return f"{'>=' if bar.at_least else '<='} {bar.need:g} {bar.unit}".rstrip()


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _milliseconds(value: float) -> str:
    return f"{value:.1f}" if value >= _LEAST else ""
