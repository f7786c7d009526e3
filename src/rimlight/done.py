"""What of a batch is done already: kept in a small hidden file in the output folder, so that a run can go on.

Done is what was made of the same bytes, with the same settings, by a version that makes the same of them, and still
lies there as it was made.
"""

from __future__ import annotations

import hashlib
import json
import os
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
        entry = self._entries.get(self._name(job))
        if entry is None or entry["recipe"] != self._recipe or entry["made"] is None:
            return False
        made = entry["made"]
        if not {str(_below(path, self._folder)) for path in (job.output, job.matte) if path} <= set(made):
            return False
        if not all(_is_as_it_was(self._folder / name, known) for name, known in made.items()):
            return False
        return bool(entry["source"] == _content(job.source))

    def is_ours(self, job: Job) -> bool:
        """Whether what lies at the job's outputs was made, or begun, by an earlier run: it may be made anew."""
        return self._name(job) in self._entries

    def begin(self, job: Job) -> None:
        """Notes that the job's outputs are ours from now on. Raises DiskError if that cannot be written."""
        self._note(job, {"recipe": self._recipe, "source": "", "made": None})

    def forget(self, job: Job) -> None:
        """Notes that the job's outputs are not ours. Raises DiskError if that cannot be written."""
        del self._entries[self._name(job)]
        self._write()

    def finish(self, job: Job) -> None:
        """Notes that the job is done. Raises DiskError if that cannot be written."""
        made = {str(path): _known(self._folder / path) for path in self._made_by(job)}
        self._note(job, {"recipe": self._recipe, "source": _content(job.source), "made": made})

    def _note(self, job: Job, entry: dict[str, Any]) -> None:
        self._entries[self._name(job)] = entry
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

    def _name(self, job: Job) -> str:
        return str(_below(job.output, self._folder))

    def _made_by(self, job: Job) -> Iterator[Path]:
        kept = kept_beside(job.output) if self._keep else None
        for path in (job.output, job.matte, kept):
            if path is not None and path.exists():
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
        words = isinstance(entry, dict) and all(isinstance(entry.get(word), str) for word in ("recipe", "source"))
        if not words or not isinstance(entry.get("made", 0), dict | None):
            raise ValueError("an entry is none")
    return entries


def _below(path: Path, folder: Path) -> Path:
    """The path as the book has it: moved together, folder and book stay true."""
    path, folder = path.absolute(), folder.absolute()
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _known(path: Path) -> dict[str, object]:
    """What is noted of an output: enough to see that it is still the same."""
    status = path.stat()
    return {"size": status.st_size, "time": status.st_mtime_ns, "content": _content(path)}


def _is_as_it_was(path: Path, known: object) -> bool:
    if not isinstance(known, dict):
        return False
    try:
        status = path.stat()
    except OSError:
        return False
    if path.is_file() and status.st_size != known.get("size"):
        return False
    return status.st_mtime_ns == known.get("time") or _content(path) == known.get("content")


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
