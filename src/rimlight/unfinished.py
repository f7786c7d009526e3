"""A file that is written beside its place under another name, and moved there when it is complete."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import DiskError, OutputExistsError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def open_unfinished(target: Path, *, force: bool, usable: str = "", private: bool = False) -> Unfinished:
    """Reserves `.NAME.part` beside `target` (`.NAME.2.part` if an earlier run left one) and opens it.

    `usable`: the ending of its name, if what lies there can be used as it is at any time. It is called
    `STEM.unfinished.ENDING` then, so that whoever looks for it after a crash finds it, and a double click opens it.
    `private`: nobody else may read it, from its first byte on.

    Raises OutputExistsError if `target` exists and not `force`, DiskError if its folder is missing or read-only.
    """
    check_free(target, force=force)
    for part in _places(target, usable):
        try:
            return Unfinished(part.absolute(), target, force=force, private=private)
        except FileExistsError:
            continue
        except OSError as error:
            raise disk_error(target, error) from error
    raise AssertionError("unreachable")


def _places(target: Path, usable: str) -> Iterator[Path]:
    for number in itertools.count(1):
        if usable:
            mark = ".unfinished" + (f"-{number}" if number > 1 else "")
            yield target.with_name(f"{target.name.removesuffix(usable)}{mark}{usable}")
        else:
            yield target.with_name(f".{target.name}.part" if number == 1 else f".{target.name}.{number}.part")


def write_whole(path: Path, content: bytes, *, force: bool) -> None:
    """Writes a file that appears when it is complete, or not at all. Raises as `open_unfinished`, and DiskError."""
    file = open_unfinished(path, force=force)
    try:
        file.write(content)
    except OSError as error:
        file.discard()
        raise disk_error(path, error) from error
    file.publish()


def check_free(target: Path, *, force: bool) -> None:
    """Raises OutputExistsError if something would be overwritten that may not be; a folder never may."""
    if target.is_dir():
        raise OutputExistsError(f"{target} is a folder, not a file", f"Name a file in it: {target / 'talk.mp4'}")
    if not force and target.exists():
        raise OutputExistsError(f"{target} exists already", "Choose another name, or overwrite it with --force.")


def disk_error(path: Path, error: OSError) -> DiskError:
    """Says what a failed write to `path` means: which folder, how much is free, and what to do."""
    folder = path.parent
    if error.errno in _FULL:
        what = f"{path} cannot be written: the disk is full ({_free(folder)} free in {folder.absolute()})"
        return DiskError(what, "Free some space, or write to another disk.")
    if error.errno == errno.EFBIG:
        what = f"{path} cannot be written: it became larger than the disk's format or a limit of this user allows"
        return DiskError(what, "Write to another disk, or less at once.")
    if error.errno in _FORBIDDEN:
        what = f"{path} cannot be written: {folder.absolute()} is read-only for this user"
        return DiskError(what, f"Choose a folder you may write to, for example {Path.home() / path.name}")
    if error.errno == errno.ENOENT:
        return DiskError(f"{path} cannot be written: there is no folder {folder}", f"Make it: mkdir -p '{folder}'")
    return DiskError(f"{path} cannot be written: {error.strerror or error}", "Choose another place to write to.")


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:.1f} MB"
    except OSError:
        return "an unknown amount"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Unfinished(io.FileIO):
    """The open, unbuffered file. `publish` or `discard` it; if the process dies before, it stays where it is.

    Its methods raise OSError as files do, but for `publish`.
    """

    def __init__(self, part: Path, target: Path, *, force: bool, private: bool = False) -> None:
        super().__init__(part, "x+", opener=_private if private else None)
        self.part = part
        """Where it lies meanwhile."""
        self._target = target
        self._force = force

    def write(self, data: ReadableBuffer, /) -> int:
        """Writes all of it: a raw file's own `write` may stop in the middle, and FFmpeg would not notice."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest:
            rest = rest[super().write(rest) or 0 :]
        return size

    def publish(self) -> None:
        """Closes the file and moves it to its place.

        Raises DiskError if that fails, OutputExistsError if the place was taken meanwhile and not `force`; either
        way the file stays where it is, and the error says where.
        """
        try:
            self.close()
            self._move()
        except FileExistsError as error:
            raise OutputExistsError(
                f"{self._target} came into being meanwhile and was not overwritten",
                f"What was written lies in {self.part}: move it to where you want it.",
            ) from error
        except OSError as error:
            failed = disk_error(self._target, error)
            raise DiskError(failed.what, f"What was written lies in {self.part}. {failed.hint}") from error

    def _move(self) -> None:
        if self._force:
            self.part.replace(self._target)
            return
        try:
            # Unlike moving, this overwrites nothing, whoever else is at it.
            self._target.hardlink_to(self.part)
        except FileExistsError:
            raise
        except OSError:  # file systems that know no links
            if self._target.exists():
                raise FileExistsError from None
            self.part.replace(self._target)
        else:
            self.part.unlink()

    def discard(self) -> None:
        """Closes and removes the file."""
        # An error of closing means unwritten data, and that is wanted here.
        with contextlib.suppress(OSError):
            self.close()
        self.part.unlink(missing_ok=True)
