"""Mattes of a whole clip: a folder of gray PNGs, or a lossless video. Pictures with alpha lie in folders, too."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.errors import OutputExistsError, UsageError
from rimlight.protocols import Closes
from rimlight.sinks.video_file import FFV1, Track, open_video_file
from rimlight.types import Plane
from rimlight.unfinished import disk_error

_NUMBER = re.compile(r"%0?\d*d")
_NO_FOLDERS = {".mp4", ".m4v", ".mov", ".webm", ".avi", ".gif", ".png", ".jpg", ".jpeg", ".webp"}
_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP)
"""For mattes a third of the default's time at the same size: 7 ms at 1080p."""


class Mattes(Closes, Protocol):
    """Takes mattes one by one; they appear in their place with `publish`, and closing before that removes them."""

    def write(self, image: Plane, pts: int, duration: int) -> None:
        """Adds one, (H, W) uint8, shown from tick `pts` on. Raises DiskError if it cannot be written."""

    def finish(self) -> None:
        """Writes what is left. Raises DiskError if it cannot be written."""

    def publish(self) -> None:
        """Moves them to their place. Raises DiskError if that fails."""


def open_mattes(path: Path, track: Track, *, force: bool = False) -> Mattes:
    """A lossless gray video (FFV1) if `path` ends with .mkv, else a folder of `%06d.png` from 0, made if need be.

    Raises UsageError if the ending is that of another kind of file, OutputExistsError if something would be
    overwritten and not `force`, DiskError if nothing can be written there.
    """
    if path.suffix.lower() == ".mkv" and not path.is_dir():
        return open_video_file(path, track, FFV1, force=force)
    if path.suffix.lower() in _NO_FOLDERS and not path.is_dir():
        raise UsageError(f"--matte {path}: a matte is a folder or a .mkv", f"--matte {path.with_suffix('.mkv')}")
    return MatteFolder(path, force=force)


class MatteFolder(Mattes):
    """PNGs from 0, gathered in a hidden folder within `path` until they are published.

    `name` is theirs, with %06d or the like for the number.
    """

    def __init__(self, path: Path, *, force: bool, name: str = "%06d.png") -> None:
        self._path = path
        self._name = name
        self._ours = re.compile(_NUMBER.sub(r"\\d+", re.escape(name)))
        self._count = 0
        self._made = not path.exists()
        try:
            path.mkdir(exist_ok=True)
            if not force and any(self._ours.fullmatch(inner.name) for inner in path.iterdir()):
                raise OutputExistsError(
                    f"{path} holds PNG files of such names already",
                    "Choose another folder, or overwrite them with --force.",
                )
            self._part = Path(tempfile.mkdtemp(prefix=".part-", dir=path))
        except OSError as error:
            raise disk_error(path / "000000.png", error) from error

    def write(self, image: NDArray[np.uint8], pts: int, duration: int) -> None:  # noqa: ARG002
        """Adds one, (H, W) uint8, or (H, W, 4) in blue, green, red and alpha. Raises DiskError as `add`."""
        _, png = cv2.imencode(".png", image, _PNG)
        self.add(np.asarray(png).tobytes())

    def add(self, png: bytes) -> None:
        """Adds one that is encoded already. Raises DiskError if it cannot be written."""
        name = self._name % self._count
        try:
            (self._part / name).write_bytes(png)
        except OSError as error:
            raise disk_error(self._path / name, error) from error
        self._count += 1

    def finish(self) -> None:
        """Each is written at once."""

    def publish(self) -> None:
        try:
            for old in self._path.iterdir():
                if self._ours.fullmatch(old.name):
                    old.unlink()
            for matte in self._part.iterdir():
                matte.replace(self._path / matte.name)
            self._part.rmdir()
        except OSError as error:
            raise disk_error(self._path / "000000.png", error) from error
        self._made = False

    def close(self) -> None:
        shutil.rmtree(self._part, ignore_errors=True)
        if self._made:
            shutil.rmtree(self._path, ignore_errors=True)
