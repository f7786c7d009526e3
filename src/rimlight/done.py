"""What of a batch is done already: kept in a small hidden file in the output folder, so that a run can go on.

Done is what was made of the same bytes, with the same settings, by a version that makes the same of them, and still
lies there as it was made.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rimlight.kept import kept_beside
from rimlight.plan import Job
from rimlight.settings import Settings
from rimlight.unfinished import disk_error

BOOK = ".rimlight-done.json"
"""The file's name."""

RESULT = 1
"""Raised by whoever changes what comes out of the same input with the same settings: all is made anew then."""

_LIVE = {"camera", "size", "fps", "on_demand", "duration", "cpu_budget", "max_latency", "mic", "replay"}
"""The settings that do not matter for files; whatever comes to be set does until it is named here."""
_PIECE = 1 << 20
_SHEET = "sheet"
"""The recipe of overviews."""


def recipe(settings: Settings, *choices: object) -> str:
    """A name for everything but the input that decides what comes out; `choices` are dataclasses or plain values.

    Files that the settings name count by what is in them.
    """
    words = [str(RESULT), settings.model_dump_json(exclude=_LIVE)]
    words += [_content(Path(name)) for name in (settings.background, settings.model) if Path(name).is_file()]
    words += [repr(asdict(one) if hasattr(one, "__dataclass_fields__") else one) for one in choices]  # type: ignore[call-overload]
    return hashlib.blake2b("\n".join(words).encode(), digest_size=16).hexdigest()


class Done:
    """The book of one output folder.

    A book that cannot be read counts as none, and `say` is told so: nothing is done then, and nothing is ours.
    """

    def __init__(self, folder: Path, recipe: str, say: Callable[[str], None], *, keep: bool = False) -> None:
        """`keep`: what is kept beside an output (`kept_beside`) was made with it."""
        self._folder = folder
        self._recipe = recipe
        self._keep = keep
        self._path = folder / BOOK
        self._entries = self._read(say)

    def is_done(self, job: Job) -> bool:
        """Whether the job need not be done again; reads its input through if it looks like that."""
        entry = self._entries.get(self._name(job.output))
        if entry is None or entry["recipe"] != self._recipe or entry["made"] is None:
            return False
        made = entry["made"]
        if not {self._name(path) for path in (job.output, job.matte) if path} <= set(made):
            return False
        if not all(_is_as_it_was(self._folder / name, known) for name, known in made.items()):
            return False
        return bool(entry["source"] == _content(job.source))

    def is_ours(self, job: Job) -> bool:
        """Whether something is at the job's outputs, and all of it is as an earlier run made it of this input.

        It may be made anew then. Of what was begun and not finished, what lay there before counts.
        """
        entry = self._entries.get(self._name(job.output))
        if entry is not None and entry["made"] is None:
            entry = entry.get("before")
        present = {str(path) for path in self._made_by(job)}
        if entry is None or not present or not self._is_of(entry, job):
            return False
        made = entry["made"] or {}
        return present <= set(made) and all(_is_at_most(self._folder / name, made[name]) for name in present)

    def begin(self, job: Job) -> None:
        """Notes that the job is being done, and removes what a run that was killed in the middle of it left.

        Raises DiskError if that cannot be written.
        """
        before = self._entries.get(self._name(job.output))
        if before is not None and before["made"] is None:
            if not _lives(before.get("by")):
                _remove_leftovers(job)
            before = before.get("before")
        entry = {"recipe": self._recipe, "source": "", "made": None, "by": [socket.gethostname(), os.getpid()]}
        self._note(job.output, {**entry, "before": before})

    def forget(self, job: Job) -> None:
        """Notes that nothing came of the job: what lies there is whose it was. Raises DiskError as `begin`."""
        before = self._entries.pop(self._name(job.output)).get("before")
        if before is not None:
            self._entries[self._name(job.output)] = before
        self._write()

    def finish(self, job: Job) -> None:
        """Notes that the job is done. Raises DiskError if that cannot be written."""
        entry = {"recipe": self._recipe, "source": "", "from": self._name(job.source)}
        paths = list(self._made_by(job))
        # At once, for long files take seconds to be read: killed meanwhile, they are known as ours.
        self._note(job.output, {**entry, "made": {str(path): _seen(self._folder / path) for path in paths}})
        made = {str(path): _known(self._folder / path) for path in paths}
        self._note(job.output, {**entry, "source": _content(job.source), "made": made})

    def is_our_sheet(self, path: Path) -> bool:
        """Whether a run into this folder wrote that overview, and it is still the same."""
        entry = self._entries.get(self._name(path))
        made = entry["made"] if entry is not None and entry["recipe"] == _SHEET else None
        return made is not None and _is_as_it_was(path, made.get(self._name(path)))

    def note_sheet(self, path: Path) -> None:
        """Notes that this run wrote it. Raises DiskError as `begin`."""
        self._note(path, {"recipe": _SHEET, "source": "", "made": {self._name(path): _known(path)}})

    def _is_of(self, entry: dict[str, Any], job: Job) -> bool:
        return entry.get("from") == self._name(job.source) or entry["source"] == _content(job.source)

    def _note(self, path: Path, entry: dict[str, Any]) -> None:
        self._entries[self._name(path)] = entry
        self._write()

    def _write(self) -> None:
        text = json.dumps({"rimlight": 1, "entries": self._entries}, indent=0)
        part = self._path.with_name(f"{BOOK}.part")
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                # Else a power cut may leave the new name on an empty file.
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise disk_error(self._path, error) from error

    def _name(self, path: Path) -> str:
        return str(_below(path, self._folder))

    def _made_by(self, job: Job) -> Iterator[Path]:
        kept = kept_beside(job.output) if self._keep else None
        for path in (job.output, job.matte, kept):
            if path is not None and path.exists() and not _is_empty_folder(path):
                yield _below(path, self._folder)

    def _read(self, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
        try:
            return _checked(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            say(f"{self._path} cannot be read ({type(error).__name__}): what is done already is not known")
            return {}


def _checked(book: Any) -> dict[str, dict[str, Any]]:
    """The entries of a book. Raises ValueError if it is none."""
    entries = book.get("entries") if isinstance(book, dict) else None
    if not isinstance(entries, dict):
        raise ValueError("no entries")
    for entry in entries.values():
        if not _is_entry(entry) or (entry.get("before") is not None and not _is_entry(entry["before"])):
            raise ValueError("an entry is none")
    return entries


def _is_entry(entry: Any) -> bool:
    words = isinstance(entry, dict) and all(isinstance(entry.get(word), str) for word in ("recipe", "source"))
    return words and isinstance(entry.get("made", 0), dict | None)


def _below(path: Path, folder: Path) -> Path:
    """The path as the book has it: moved together, folder and book stay true."""
    path, folder = path.absolute(), folder.absolute()
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _known(path: Path) -> dict[str, object]:
    """What is noted of an output: enough to see that it is still the same."""
    return {**_seen(path), "content": _content(path)}


def _seen(path: Path) -> dict[str, object]:
    """As much of it as needs no reading."""
    status = path.stat()
    newest = {"newest": _newest(path)} if path.is_dir() else {}
    return {"size": status.st_size, "time": status.st_mtime_ns, **newest}


def _newest(folder: Path) -> int:
    return max((inner.stat().st_mtime_ns for inner in folder.iterdir()), default=0)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _is_at_most(path: Path, known: object) -> bool:
    """Whether an output is as it was or, of a folder, some of it is."""
    if _is_as_it_was(path, known):
        return True
    newest = known.get("newest") if isinstance(known, dict) and path.is_dir() else None
    return isinstance(newest, int) and _newest(path) <= newest


def _is_as_it_was(path: Path, known: object) -> bool:
    if not isinstance(known, dict):
        return False
    try:
        status = path.stat()
    except OSError:
        return False
    if path.is_file() and status.st_size != known.get("size"):
        return False
    return status.st_mtime_ns == known.get("time") or (_content(path) or None) == known.get("content")


def _content(path: Path) -> str:
    """A name for the bytes of a file, or for the names and sizes of what is in a folder; empty if unreadable."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        if path.is_dir():
            for inner in sorted(path.iterdir()):
                digest.update(f"{inner.name} {inner.stat().st_size}\n".encode())
            return digest.hexdigest()
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()


def _lives(process: object) -> bool:
    """Whether a process that was noted may still be at it; of another computer's that cannot be told."""
    match process:
        case [str(host), int(number)] if host == socket.gethostname():
            return number != os.getpid() and _is_running(number)
        case None:
            return False
    return True


def _is_running(number: int) -> bool:
    if os.name != "posix":
        # There, asking would end it.
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove_leftovers(job: Job) -> None:
    """Removes what our code makes for the job's outputs under hidden names until they are complete."""
    _remove(job.output.parent, rf"\.{re.escape(job.output.name)}(\.\d+)?\.part")
    _remove(job.output.parent, rf"\.{re.escape(job.output.name)}\.chunks-\w{{8}}")
    if job.matte is not None:
        _remove(job.matte.parent, rf"\.{re.escape(job.matte.name)}(\.\d+)?\.part")
        _remove(job.matte, r"\.part-\w{8}")


def _remove(folder: Path, names: str) -> None:
    with contextlib.suppress(OSError):
        for path in [inner for inner in folder.iterdir() if re.fullmatch(names, inner.name)]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
