"""Two reports side by side: what became faster, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from rimlight.benches.bars import Bar, bars, ratio
from rimlight.benches.rows import Report, Row
from rimlight.benches.table import table


def compared(old: Report, new: Report) -> str:
    """Rows and bars that both have, as Markdown. More than 1.00 is better throughout.

    `fps` and `cpu` compare milliseconds of two runs, which only a machine as quiet as then makes comparable;
    `to the sample` compares each run's own ratio.
    """
    lines = [f"old: {old.machine}", f"new: {new.machine}"] if old.machine != new.machine else [new.machine]
    matched = [(_before(old.rows, row, new.rows), row) for row in new.rows]
    pairs = [(was, now) for was, now in matched if was is not None]
    if pairs:
        lines.append(_rows(old, new, pairs))
    lines.append(_bars(bars(old), bars(new)))
    if missing := [" ".join(map(str, row.way)) for was, row in matched if was is None]:
        lines.append(f"Not in the old run: {', '.join(missing)}.")
    return "\n\n".join(lines)


def _before(rows: Sequence[Row], now: Row, others: Sequence[Row]) -> Row | None:
    """The row of the same way; else of the runtime whose place another has taken."""
    still = {row.way for row in others}
    alike = [row for row in rows if row.way._replace(runtime=now.runtime) == now.way]
    same = [row for row in alike if row.way == now.way]
    return next(iter(same or [row for row in alike if row.way not in still]), None)


def _rows(old: Report, new: Report, pairs: Sequence[tuple[Row, Row]]) -> str:
    headings = (
        *("size", "background", "model", "runtime", "cores"),
        *("fps old", "new", "better", "cpu ms old", "new", "better", "to the sample old", "new", "better"),
    )
    lines = []
    for was, now in pairs:
        samples = ratio(old.rows, was), ratio(new.rows, now)
        figures = chain(_change(was.fps, now.fps), _change(was.cpu_ms, now.cpu_ms, less=True), _change(*samples))
        runtime = now.runtime if was.runtime == now.runtime else f"{was.runtime}, now {now.runtime}"
        lines.append((now.size, now.background, now.model, runtime, str(now.threads), *figures))
    return table(headings, lines, text_columns=4)


def _bars(old: Sequence[Bar], new: Sequence[Bar]) -> str:
    lines = [
        (now.figure, *_change(was.reached, now.reached, less=not now.at_least), was.verdict, now.verdict)
        for was, now in zip(old, new, strict=True)
        if was.reached is not None and now.reached is not None
    ]
    return table(("bar", "old", "new", "better", "was", "is"), lines)


def _change(was: float | None, now: float | None, *, less: bool = False) -> tuple[str, str, str]:
    """Old, new, and how many times better; `less` is better where it is a cost."""
    told = tuple("" if value is None else f"{value:.4g}" for value in (was, now))
    if not was or not now or was < 0 or now < 0:
        return (*told, "")  # type: ignore[return-value]
    return (*told, f"{was / now if less else now / was:.2f}")  # type: ignore[return-value]
