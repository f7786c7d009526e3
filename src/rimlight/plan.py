"""Which input goes where: files, folders and patterns in, one job for each clip and photo out."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rimlight.errors import DiskError, UsageError
from rimlight.photo import kind_of
from rimlight.settings import Settings
from rimlight.sources.rest import STDIN

_CLIPS = {
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv"),
    *(".ogv", ".3gp", ".mxf", ".y4m", ".dv", ".asf"),
}
"""How names of clips end; what else lies in a folder is left alone."""
_KEPT = {".jpg", ".jpeg", ".png", ".webp"}
"""Endings that photos keep."""


@dataclass(frozen=True, slots=True)
class Job:
    """One input, where its picture goes, and where its matte goes."""

    source: Path
    output: Path
    matte: Path | None


class _Found(NamedTuple):
    path: Path
    within: Path
    """The folder it lies in, below the one that was named; '.' for what was named itself."""


def plan(
    sources: Sequence[Path],
    output: Path,
    settings: Settings,
    matte: Path | None = None,
    *,
    recursive: bool = False,
    ending: str = ".mp4",
) -> list[Job]:
    """Where everything goes: into the file `output` or, for several sources, into the folder, which is made.

    A source that is a folder stands for the clips and photos in it, with `recursive` for those in folders below it
    too, which come out in such folders. One that is no file and has *, ? or [ in its name is a pattern. '-' is the
    standard input or output. `ending` is that of clips in a folder.

    Raises UsageError if there is nothing to do, or several sources would become one file, DiskError if a folder
    cannot be made.
    """
    if len(sources) == 1 and not output.is_dir() and _is_one(sources[0]):
        return [Job(sources[0], output, matte)]
    if output == STDIN or STDIN in sources:
        raise UsageError("- is one clip, and one output", "rimlight process - - --background blur")
    found = list(dict.fromkeys(one for source in sources for one in _expanded(source, output, recursive)))
    if output.suffix and not output.is_dir():
        raise UsageError(f"{output} is to hold {len(found)} files and is named like one", "Name a folder.")
    jobs = [_job(one, output, settings, matte, ending) for one in found]
    _refuse_twins(jobs)
    for folder in dict.fromkeys([output, *([matte] if matte else []), *(job.output.parent for job in jobs)]):
        _make(folder)
    for folder in dict.fromkeys(job.matte.parent for job in jobs if job.matte):
        _make(folder)
    return jobs


def _is_one(source: Path) -> bool:
    return source == STDIN or not (source.is_dir() or _is_pattern(source))


def _is_pattern(source: Path) -> bool:
    return glob.has_magic(str(source)) and not source.exists()


def _expanded(source: Path, output: Path, recursive: bool) -> Iterator[_Found]:
    if source.is_dir():
        yield from _in_folder(source, output, recursive)
    elif _is_pattern(source):
        paths = [Path(path) for path in sorted(glob.glob(str(source), recursive=True))]  # noqa: PTH207  may be absolute
        if not any(path.is_file() for path in paths):
            raise UsageError(f"no file is called {source}", "Check the folder and the pattern.")
        yield from (_Found(path, Path()) for path in paths if path.is_file())
    else:
        yield _Found(source, Path())


def _in_folder(folder: Path, output: Path, recursive: bool) -> Iterator[_Found]:
    paths = sorted(folder.rglob("*") if recursive else folder.iterdir())
    # What an earlier run made within the folder is no input.
    ours = output.resolve()
    some = False
    for path in paths:
        below = path.relative_to(folder)
        if any(part.startswith(".") for part in below.parts) or not path.is_file():
            continue
        if path.resolve().is_relative_to(ours):
            continue
        if path.suffix.lower() in _CLIPS or kind_of(path) == "photo":
            some = True
            yield _Found(path, below.parent)
    if not some:
        hint = "Name another." if recursive else "Folders in it are looked through with --recursive."
        raise UsageError(f"{folder} holds no clip and no photo", hint)


def _job(found: _Found, output: Path, settings: Settings, matte: Path | None, ending: str) -> Job:
    into = output / found.within / _name(found.path, settings, ending)
    return Job(found.path, into, matte / found.within / found.path.stem if matte else None)


def _name(source: Path, settings: Settings, ending: str) -> str:
    if kind_of(source) == "video":
        return f"{source.stem}{ending}"
    if settings.background == "transparent":
        return f"{source.stem}.png"
    return source.name if source.suffix.lower() in _KEPT else f"{source.stem}.jpg"


def _refuse_twins(jobs: Sequence[Job]) -> None:
    taken: dict[Path, Path] = {}
    for job in jobs:
        other = taken.setdefault(job.output, job.source)
        if other != job.source:
            raise UsageError(
                f"{other} and {job.source} would both become {job.output}", "Process them into different folders."
            )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"the folder {folder} cannot be made: {error.strerror}", "Name another.") from error
