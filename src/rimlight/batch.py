"""`rimlight process`: one input after the other, with what was done before left out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from rimlight.done import Done
from rimlight.errors import OutputExistsError, RimlightError, UsageError
from rimlight.kept import kept_beside
from rimlight.offline import Report
from rimlight.order import Order
from rimlight.overview import check_overview, write_overview
from rimlight.photo import kind_of
from rimlight.plan import Job, plan
from rimlight.printable import printable
from rimlight.processing import Processing
from rimlight.progress import Watched
from rimlight.settings import Settings
from rimlight.sharing import open_hands
from rimlight.sinks.codecs import Quality
from rimlight.sources.rest import STDIN
from rimlight.tally import Outcome, check_report, made_of, raise_failures, told, write_report
from rimlight.wanted import Wanted


@dataclass
class _Batch:
    """A run over all jobs."""

    processing: Processing
    done: Done | None
    """What an earlier run did; None where the output is a file."""
    outcomes: list[Outcome] = field(default_factory=list)
    troubles: list[RimlightError] = field(default_factory=list)
    """What went wrong beside them, with the report or the sheet."""

    def run(self, jobs: Sequence[Job], report: Path | None) -> None:
        """Does all jobs that are not done, and writes the report, also of those before an interrupt."""
        try:
            self._do(jobs)
        except BaseException as error:
            self._report(report)
            for trouble in self.troubles:
                self.processing.watched.say(str(trouble))
            made = sum(outcome.state != "failed" for outcome in self.outcomes)
            if isinstance(error, KeyboardInterrupt) and self.done is not None and made:
                self.processing.watched.say(f"{made} of {len(jobs)} are done: the same command goes on from there")
            raise
        self._report(report)

    def show(self, sheet: Path) -> None:
        """Writes the overview of what was made."""
        made = [o.job.output for o in self.outcomes if o.state != "failed" and o.job.output != STDIN]
        try:
            for note in write_overview(made, sheet, force=_may_replace(sheet, self.processing.order, self.done)):
                self.processing.watched.say(note)
            if self.done is not None and made and sheet.exists():
                self.done.note_sheet(sheet)
        except RimlightError as error:
            self.troubles.append(error)

    def _report(self, report: Path | None) -> None:
        try:
            if report is not None:
                write_report(report, self.outcomes)
        except RimlightError as error:
            self.troubles.append(error)

    def _do(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.processing.check()
            try:
                self.outcomes.append(self._outcome(job, len(jobs)))
            except RimlightError as error:
                self.outcomes.append(Outcome(job, "failed", error=str(error)))
                if len(jobs) == 1:
                    raise
                named = str(error).startswith(str(job.source))
                self.processing.watched.say(str(error) if named else f"{job.source}: {error}")
            self.processing.watched.passed()

    def _outcome(self, job: Job, of: int) -> Outcome:
        if self.done is not None and not self.processing.order.force and self.done.is_done(job):
            if of == 1:
                self.processing.watched.say(f"{job.output} is as it was made before: --force makes it anew")
            return Outcome(job, "skipped")
        report = self._made(job)
        self._tell(job, report, of)
        return Outcome(job, "done", report)

    def _made(self, job: Job) -> Report:
        """Does the job and notes that it is done."""
        if self.done is None:
            return self.processing.process(job, force=self.processing.order.force)
        ours = self.done.is_ours(job)
        if not (ours or self.processing.order.force) and job.output.exists():
            raise OutputExistsError(
                f"{job.output} exists already, and no run into this folder made it so of {job.source.name}",
                "Choose another folder, or overwrite it with --force.",
            )
        self.done.begin(job)
        try:
            report = self.processing.process(job, force=self.processing.order.force or ours)
        except BaseException:
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
    folder: bool = False,
    report: Path | None = None,
    sheet: Path | None = None,
    stop: threading.Event | None = None,
    processes: int | None = None,
    cluster: str | None = None,
) -> list[Outcome]:
    """Processes each source; what fails is told, the others are done all the same.

    Where they go is `plan`'s to say. In a folder, what an earlier run into it made of the same is left as it is
    unless `force`; `folder`: `output` is one, even for one source. Long clips are processed in chunks by so many
    `processes` (None: as many as pay), or by the `cluster` whose scheduler is at that address. `report` is written
    in the end, and after an interrupt too; `sheet` shows what was made, if nothing interrupted it. They replace
    earlier ones of their kind, and other files with `force` alone.

    Raises KeyboardInterrupt between two frames once `stop` is set, leaving nothing half-written; what the only one
    raised, if there is one; SeveralFailedError that counts the failures otherwise.
    """
    # Y4M has no times of its own.
    wanted = replace(wanted, even=True) if y4m else wanted
    order = Order(settings, wanted, quality, y4m, force, keep)

    def check() -> None:
        if stop is not None and stop.is_set():
            raise KeyboardInterrupt

    console = Console(stderr=True, highlight=False)

    def say(line: str) -> None:
        console.print(printable(line), markup=False, soft_wrap=True)

    with open_hands(processes, cluster) as hands:
        jobs = plan(sources, output, settings, matte, recursive=recursive, ending=ending, folder=folder, say=say)
        for job in jobs:
            if kind_of(job.source) == "video":
                order.encoding(job.output)
        # Stills of one clip lie in a folder, too.
        several = output.is_dir() and jobs[0].output != output
        done = Done(output, order.recipe, say, keep=order.keep) if several else None
        _check_places(jobs, order, report, sheet, done)
        for line in order.unheard([job.source for job in jobs]):
            say(line)
        with (
            Watched(console, [job.source for job in jobs]) as watched,
            Processing(order, watched, hands, check) as processing,
        ):
            batch = _Batch(processing, done)
            batch.run(jobs, report)
            if sheet is not None:
                batch.show(sheet)
    if done is not None and len(jobs) > 1:
        console.print(told(batch.outcomes), markup=False)
    _raise_troubles(batch, say)
    return batch.outcomes


def _check_places(
    jobs: Sequence[Job], order: Order, report: Path | None, sheet: Path | None, done: Done | None
) -> None:
    """Raises UsageError if a report or a sheet would overwrite what is not theirs, DiskError if it cannot be."""
    taken = {path.resolve() for job in jobs for path in (job.source, job.output, job.matte) if path is not None}
    if order.keep:
        taken |= {kept_beside(job.output).resolve() for job in jobs}
    for name, path in (("--report", report), ("--sheet", sheet)):
        if path is not None and path.resolve() in taken:
            raise UsageError(f"{name} {path} is an input or an output itself", "Choose another name for it.")
        taken |= {path.resolve()} if path is not None else set()
    if report is not None:
        check_report(report, force=order.force)
    if sheet is not None:
        check_overview(sheet, force=_may_replace(sheet, order, done))


def _may_replace(sheet: Path, order: Order, done: Done | None) -> bool:
    return order.force or (done is not None and done.is_our_sheet(sheet))


def _raise_troubles(batch: _Batch, say: Callable[[str], None]) -> None:
    """Raises what went wrong; failed files before the rest, which is told then."""
    failed = any(outcome.state == "failed" for outcome in batch.outcomes)
    for trouble in batch.troubles if failed else batch.troubles[1:]:
        say(str(trouble))
    raise_failures(batch.outcomes)
    if batch.troubles:
        raise batch.troubles[0]
