"""`rimlight process`: one input after the other, with what was done before left out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from rimlight.done import Done
from rimlight.errors import OutputExistsError, RimlightError
from rimlight.offline import Report
from rimlight.order import Order
from rimlight.overview import check_overview, write_overview
from rimlight.photo import kind_of
from rimlight.plan import Job, plan
from rimlight.processing import Processing
from rimlight.progress import Watched
from rimlight.settings import Settings
from rimlight.sharing import open_hands
from rimlight.sinks.codecs import Quality
from rimlight.sources.rest import STDIN
from rimlight.tally import Outcome, made_of, raise_failures, told, write_report
from rimlight.wanted import Wanted


@dataclass
class _Batch:
    """A run over all jobs."""

    processing: Processing
    done: Done | None
    """What an earlier run did; None where the output is a file."""
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self, jobs: Sequence[Job], report: Path | None) -> None:
        """Does all jobs that are not done, and writes the report, also of those before an interrupt."""
        try:
            self._do(jobs)
        except KeyboardInterrupt:
            if self.done is not None and self.outcomes:
                done = f"{len(self.outcomes)} of {len(jobs)} are done"
                self.processing.watched.say(f"{done}: the same command goes on from there")
            raise
        finally:
            if report is not None:
                write_report(report, self.outcomes)

    def _do(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.processing.check()
            if self.done is not None and not self.processing.order.force and self.done.is_done(job):
                self.processing.watched.passed()
                self.outcomes.append(Outcome(job, "skipped"))
                if len(jobs) == 1:
                    self.processing.watched.say(f"{job.output} is as it was made before: --force makes it anew")
                continue
            try:
                report = self._made(job)
            except RimlightError as error:
                if len(jobs) == 1:
                    raise
                named = str(error).startswith(str(job.source))
                self.processing.watched.say(str(error) if named else f"{job.source}: {error}")
                self.outcomes.append(Outcome(job, "failed", error=str(error)))
            else:
                self._tell(job, report, len(jobs))
                self.outcomes.append(Outcome(job, "done", report))

    def _made(self, job: Job) -> Report:
        """Does the job and notes that it is done."""
        if self.done is None:
            return self.processing.process(job, force=self.processing.order.force)
        ours = self.done.is_ours(job)
        if not (ours or self.processing.order.force) and job.output.exists():
            raise OutputExistsError(
                f"{job.output} exists already, and no run into this folder made it",
                "Choose another folder, or overwrite it with --force.",
            )
        self.done.begin(job)
        try:
            report = self.processing.process(job, force=self.processing.order.force or ours)
        except RimlightError:
            if not ours:
                # Nothing came into being: whatever lies there later is somebody else's.
                self.done.forget(job)
            raise
        self.done.finish(job)
        return report

    def _tell(self, job: Job, report: Report, of: int) -> None:
        for note in report.notes:
            self.processing.watched.say(note)
        number = f"[{len(self.outcomes) + 1}/{of}] " if of > 1 else ""
        output = "standard output" if job.output == STDIN else job.output
        self.processing.watched.say(f"{number}{output}: {made_of(report)}")


def process_all(
    sources: Sequence[Path],
    output: Path,
    settings: Settings,
    *,
    wanted: Wanted = Wanted(),
    quality: Quality = Quality(),
    y4m: bool = False,
    matte: Path | None = None,
    force: bool = False,
    keep: bool = False,
    recursive: bool = False,
    ending: str = ".mp4",
    report: Path | None = None,
    sheet: Path | None = None,
    stop: threading.Event | None = None,
    processes: int | None = None,
    cluster: str | None = None,
) -> list[Outcome]:
    """Processes each source; what fails is told, the others are done all the same.

    Where they go is `plan`'s to say. In a folder, what an earlier run into it made of the same is left as it is
    unless `force`. Long clips are processed in chunks by so many `processes` (None: as many as pay), or by the
    `cluster` whose scheduler is at that address. `report` is written in the end, and after an interrupt too;
    `sheet` shows what was made, if nothing interrupted it.

    Raises KeyboardInterrupt between two frames once `stop` is set, leaving nothing half-written; what the only one
    raised, if there is one; SeveralFailedError that counts the failures otherwise.
    """
    if sheet is not None:
        check_overview(sheet, force=force)
    wanted = _even(wanted) if y4m else wanted
    order = Order(settings, wanted, quality, y4m, force, keep)

    def check() -> None:
        if stop is not None and stop.is_set():
            raise KeyboardInterrupt

    console = Console(stderr=True, highlight=False)
    with open_hands(processes, cluster) as hands:
        jobs = plan(sources, output, settings, matte, recursive=recursive, ending=ending)
        for job in jobs:
            if kind_of(job.source) == "video":
                order.encoding(job.output)
        with Watched(console, [job.source for job in jobs]) as watched:
            done = Done(output, order.recipe, watched.say, keep=order.keep) if output.is_dir() else None
            batch = _Batch(Processing(order, watched, hands, check), done)
            batch.run(jobs, report)
            if sheet is not None:
                made = [o.job.output for o in batch.outcomes if o.state != "failed" and o.job.output != STDIN]
                for note in write_overview(made, sheet, force=force):
                    watched.say(note)
    if done is not None and len(jobs) > 1:
        console.print(told(batch.outcomes), markup=False)
    raise_failures(batch.outcomes)
    return batch.outcomes


def _even(wanted: Wanted) -> Wanted:
    """Y4M has no times of its own."""
    return Wanted(wanted.begin, wanted.end, wanted.fps, True, wanted.size, wanted.sound)
