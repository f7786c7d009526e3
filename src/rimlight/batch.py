"""`rimlight process`: which input goes where, one after the other, with progress."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rimlight.assemble import open_pipeline
from rimlight.chunks import LENGTH, Hands
from rimlight.cores import usable_cores
from rimlight.errors import DiskError, RimlightError, UsageError
from rimlight.joined import process_in_chunks, spans_of
from rimlight.offline import Report, process_clip
from rimlight.photo import kind_of, process_photo
from rimlight.printable import printable
from rimlight.settings import Settings
from rimlight.sources.clip import ClipSource, open_clip
from rimlight.sources.cuts import Span
from rimlight.types import Size, StreamFormat

_PHOTO_SIZE = StreamFormat(Size(2, 2), Fraction(1))
"""Photos tell their size when they are read; only video backgrounds ask for it before."""

_CORES = 2
"""Of this machine to a process: decoding, the pipeline and encoding, overlapped, keep nearly two busy. One each is
faster by a fifth at most, which is not worth what is forgotten at the joints."""


@dataclass(frozen=True, slots=True)
class Job:
    """One input, where its picture goes, and where its matte goes."""

    source: Path
    output: Path
    matte: Path | None


def process_all(
    sources: Sequence[Path],
    output: Path,
    settings: Settings,
    *,
    matte: Path | None = None,
    force: bool = False,
    stop: threading.Event | None = None,
    processes: int | None = None,
    cluster: str | None = None,
) -> None:
    """Processes each source; what fails is told, the others are done all the same.

    Long clips are processed in chunks by so many `processes` (None: as many as pay), or by the `cluster` whose
    scheduler is at that address.

    Raises KeyboardInterrupt between two frames once `stop` is set, leaving nothing half-written; what the only one
    raised, if there is one source; RimlightError that counts the failures if there were several.
    """
    jobs = plan(sources, output, settings, matte)
    console = Console(stderr=True, highlight=False)
    failed = []

    def check() -> None:
        if stop is not None and stop.is_set():
            raise KeyboardInterrupt

    with open_hands(processes, cluster) as hands:
        for job in jobs:
            check()
            try:
                _tell(console, job, _process(job, settings, console, check, hands, force=force))
            except RimlightError as error:
                if len(jobs) == 1:
                    raise
                failed.append(job.source.name)
                console.print(printable(f"{job.source}: {error}"), markup=False, soft_wrap=True)
    if failed:
        raise RimlightError(f"{len(failed)} of {len(jobs)} failed: {', '.join(failed)}")


def plan(sources: Sequence[Path], output: Path, settings: Settings, matte: Path | None) -> list[Job]:
    """Where everything goes: into the file `output` or, for several sources, into the folder, which is made.

    Raises UsageError if several sources would become one file, DiskError if the folder cannot be made.
    """
    if len(sources) == 1 and not output.is_dir():
        return [Job(sources[0], output, matte)]
    if output.suffix and not output.is_dir():
        raise UsageError(f"{output} is to hold {len(sources)} files and is named like one", "Name a folder.")
    for folder in [output, *([matte] if matte else [])]:
        _make(folder)
    jobs = [Job(s, output / _name(s, settings), matte / s.stem if matte else None) for s in sources]
    for job in jobs:
        twins = [other.source for other in jobs if other.output == job.output]
        if len(twins) > 1:
            names = " and ".join(str(twin) for twin in twins)
            raise UsageError(f"{names} would both become {job.output}", "Process them into different folders.")
    return jobs


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"the folder {folder} cannot be made: {error.strerror}", "Name another.") from error


def _name(source: Path, settings: Settings) -> str:
    if kind_of(source) == "video":
        return f"{source.stem}.mp4"
    if settings.background == "transparent":
        return f"{source.stem}.png"
    return source.name if source.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"} else f"{source.stem}.jpg"


def open_hands(processes: int | None, cluster: str | None) -> AbstractContextManager[Hands | None]:
    """Who processes chunks; None where this process alone is to process clips whole."""
    if cluster is not None:
        if processes is not None:
            raise UsageError("--jobs is about this computer, --cluster about others", "Give one of them.")
        from rimlight.cluster import open_cluster

        return open_cluster(cluster)
    if processes is not None and processes < 1:
        raise UsageError(
            f"--jobs {processes}: there has to be one at least", "Leave it out to have as many as pay."
        )
    count = max(1, usable_cores() // _CORES) if processes is None else processes
    if count == 1:
        return nullcontext()
    from rimlight.hands import open_processes

    return open_processes(count)


def _process(
    job: Job,
    settings: Settings,
    console: Console,
    check: Callable[[], None],
    hands: Hands | None,
    *,
    force: bool,
) -> Report:
    def say(line: str) -> None:
        console.print(printable(line), markup=False, soft_wrap=True)

    if kind_of(job.source) == "photo":
        with open_pipeline(settings, _PHOTO_SIZE, say=say) as pipeline:
            return process_photo(job.source, pipeline, job.output, matte=job.matte, force=force)
    with open_clip(job.source) as clip, _progress(console, job.source.name) as show:

        def progress(done: int, of: int | None) -> None:
            check()
            show(done, of)

        if hands is not None and (parts := _parts(clip, settings, hands, say)):
            return process_in_chunks(
                clip, parts, settings, job.output, hands, matte=job.matte, force=force, progress=progress
            )
        with open_pipeline(settings, clip.format, say=say) as pipeline:
            return process_clip(clip, pipeline, job.output, matte=job.matte, force=force, progress=progress)


def _parts(clip: ClipSource, settings: Settings, hands: Hands, say: Callable[[str], None]) -> Sequence[Span] | None:
    """The chunks of a clip that is long enough for some; None, and why is said, of one that should have some."""
    if clip.length is not None and clip.length / clip.format.fps < 2 * LENGTH:
        return None
    background = Path(settings.background)
    if background.is_file() and kind_of(background) == "video":
        why = "a video background plays on from frame to frame"
    else:
        parts = spans_of(clip)
        if not isinstance(parts, str):
            return parts
        why = parts
    say(f"{why}: one process does it all, not {hands.name}")
    return None


@contextmanager
def _progress(console: Console, name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar with frames, frames a second and the time that remains; nothing where nobody watches."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("{task.speed:.1f} fps"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)


def _tell(console: Console, job: Job, report: Report) -> None:
    for note in report.notes:
        console.print(printable(note), markup=False, soft_wrap=True)
    what = f"{report.frames} frames, {report.seconds:.1f} s" if report.seconds else "1 photo"
    what += "" if report.whole else ", incomplete"
    console.print(printable(f"{job.output}: {what}"), markup=False, soft_wrap=True)
