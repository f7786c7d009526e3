"""Which input goes where: files, folders and patterns in, one job for each clip and photo out."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rimlight.errors import ClipError, DiskError, UsageError
from rimlight.kept import is_kept
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
_LONGEST_NAME = 255
"""Bytes; no file system in use takes more."""
_STILL = re.compile(r"\d+\.png")


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
    named: bool = False


def plan(
    sources: Sequence[Path],
    output: Path,
    settings: Settings,
    matte: Path | None = None,
    *,
    recursive: bool = False,
    ending: str = ".mp4",
    folder: bool = False,
    say: Callable[[str], None] = lambda line: None,  # noqa: ARG005
) -> list[Job]:
    """Where everything goes: into the file `output` or, for several sources, into the folder, which is made.

    A source that is a folder stands for the clips and photos in it, with `recursive` for those in folders below it
    too, which come out in such folders. One that is no file and has *, ? or [ in its name is a pattern. '-' is the
    standard input or output. `ending` is that of clips in a folder. `folder`: `output` is one, be there one source
    or several, and whatever its name. What in a folder cannot be looked at or written is left out, and `say` told.

    Raises UsageError if there is nothing to do, or several sources would become one file, ClipError if a source
    cannot be looked at, DiskError if a folder cannot be made or a name is too long.
    """
    into = folder or _is_folder(output)
    alone = len(sources) == 1 and _is_one(sources[0])
    if alone and (not into or _is_stills(sources[0], output, settings, folder)):
        _check_name(output)
        return [Job(sources[0], output, matte)]
    if output == STDIN or STDIN in sources:
        raise UsageError("- is one clip, and one output", "rimlight process - - --background blur")
    all_found = [one for source in sources for one in _expanded(source, output, recursive, say)]
    found = list({(one.path, one.within): one for one in all_found}.values())
    if output.suffix and not into:
        raise UsageError(f"{output} is to hold {len(found)} files and is named like one", "Name a folder.")
    jobs = list(_jobs(found, output, settings, matte, ending, say))
    _refuse_twins(jobs)
    for made in dict.fromkeys([output, *([matte] if matte else []), *(job.output.parent for job in jobs)]):
        _make(made)
    for made in dict.fromkeys(job.matte.parent for job in jobs if job.matte):
        _make(made)
    return jobs


def _is_one(source: Path) -> bool:
    return source == STDIN or not (_is_there(source, Path.is_dir) or _is_pattern(source))


def _is_pattern(source: Path) -> bool:
    return glob.has_magic(str(source)) and not _is_there(source, Path.exists)


def _is_there(source: Path, kind: Callable[[Path], bool]) -> bool:
    """Raises ClipError if that cannot be told."""
    try:
        return kind(source)
    except OSError as error:
        raise _unreadable(source, error) from error


def _unreadable(source: Path, error: OSError) -> ClipError:
    return ClipError(f"{source} cannot be read: {error.strerror}", "Check its name and folder.")


def _is_folder(output: Path) -> bool:
    try:
        return output.is_dir()
    except OSError as error:
        raise DiskError(f"{output} cannot be written: {error.strerror}", "Choose another place.") from error


def _is_stills(source: Path, output: Path, settings: Settings, folder: bool) -> bool:
    """Whether a folder is itself what a clip without a background becomes: it holds such pictures alone.

    None will do, unless it was named as a folder of files.
    """
    if settings.background != "transparent" or output.suffix or kind_of(source) == "photo" or not output.is_dir():
        return False
    try:
        names = [path.name for path in output.iterdir()]
    except OSError:
        return False
    return all(map(_STILL.fullmatch, names)) and not (folder and not names)


def _check_name(output: Path) -> None:
    if len(os.fsencode(output.name)) > _LONGEST_NAME:
        raise DiskError(
            f"{output} cannot be written: its name has more than {_LONGEST_NAME} bytes", "Give a shorter one."
        )


def _expanded(source: Path, output: Path, recursive: bool, say: Callable[[str], None]) -> Iterator[_Found]:
    if _is_there(source, Path.is_dir):
        yield from _in_folder(source, output, recursive, say)
    elif _is_pattern(source):
        yield from _matching(source, output)
    else:
        yield _Found(source, Path(), named=True)


def _matching(pattern: Path, output: Path) -> Iterator[_Found]:
    # Up to where it names one folder.
    fixed = next(folder for folder in pattern.parents if not glob.has_magic(str(folder)))
    ours = _within(output, fixed)
    some = False
    for name in sorted(glob.glob(str(pattern), recursive=True)):  # noqa: PTH207  may be absolute
        path = Path(name)
        if _is_there(path, Path.is_file) and not (ours and path.resolve().is_relative_to(ours)):
            some = True
            yield _Found(path, Path())
    if not some:
        raise UsageError(f"no file is called {pattern}", "Check the folder and the pattern.")


def _in_folder(folder: Path, output: Path, recursive: bool, say: Callable[[str], None]) -> Iterator[_Found]:
    ours = _within(output, folder)
    some = False
    for path in _files(folder, recursive, say):
        if is_kept(path) or (ours and path.resolve().is_relative_to(ours)):
            continue
        if path.suffix.lower() in _CLIPS or kind_of(path) == "photo":
            some = True
            yield _Found(path, path.relative_to(folder).parent)
    if not some:
        hint = "Name another." if recursive else "Folders in it are looked through with --recursive."
        raise UsageError(f"{folder} holds no clip and no photo", hint)


def _within(output: Path, folder: Path) -> Path | None:
    """The output if it lies in the folder: what an earlier run made there is no input."""
    ours, around = output.resolve(), folder.resolve()
    return ours if ours != around and ours.is_relative_to(around) else None


def _files(folder: Path, recursive: bool, say: Callable[[str], None]) -> list[Path]:
    """What is not hidden, by name; what cannot be looked at is told."""
    found: list[Path] = []

    def skip(error: OSError) -> None:
        if error.filename == str(folder):
            raise _unreadable(folder, error)
        say(f"{error.filename} is left out: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=skip):
        folders[:] = [name for name in folders if recursive and not name.startswith(".")]
        for path in (Path(place, name) for name in names if not name.startswith(".")):
            try:
                if path.is_file():
                    found.append(path)
            except OSError as error:
                skip(error)
    return sorted(found)


def _jobs(
    found: Sequence[_Found],
    output: Path,
    settings: Settings,
    matte: Path | None,
    ending: str,
    say: Callable[[str], None],
) -> Iterator[Job]:
    for one in found:
        into = output / one.within / _name(one.path, settings, ending)
        try:
            _check_name(into)
        except DiskError as error:
            if one.named:
                raise
            say(f"{one.path} is left out: {error.what}")
            continue
        yield Job(one.path, into, matte / one.within / one.path.stem if matte else None)


def _name(source: Path, settings: Settings, ending: str) -> str:
    if kind_of(source) == "video":
        return f"{source.stem}{ending}"
    if settings.background == "transparent":
        return f"{source.stem}.png"
    return source.name if source.suffix.lower() in _KEPT else f"{source.stem}.jpg"


def _refuse_twins(jobs: Sequence[Job]) -> None:
    taken: dict[Path, Path] = {}
    for job in jobs:
        for path in (job.output, *([job.matte] if job.matte else [])):
            other = taken.setdefault(path, job.source)
            if other != job.source:
                raise UsageError(
                    f"{other} and {job.source} would both become {path}", "Process them into different folders."
                )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"the folder {folder} cannot be made: {error.strerror}", "Name another.") from error
