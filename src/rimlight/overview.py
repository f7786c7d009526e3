"""An overview of a batch: what was made, on one sheet. Results only: what went in shows the room."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rimlight.contact import MOST, Small, contact_sheet, small
from rimlight.errors import ClipError, UsageError
from rimlight.photo import kind_of, read_photo
from rimlight.photo_file import Photo, encoded
from rimlight.picture import to_bgr
from rimlight.printable import printable
from rimlight.sources.clip import open_clip
from rimlight.types import Bgr
from rimlight.unfinished import open_unfinished, write_whole

_KINDS = (".jpg", ".jpeg", ".png")
_AFTER = 1.0
"""Seconds from a clip's start to the picture that stands for it: many begin black, or with an empty chair."""


def check_overview(path: Path, *, force: bool) -> None:
    """Raises UsageError if sheets are not written to names like that, and as `open_unfinished`."""
    if path.suffix.lower() not in _KINDS:
        raise UsageError(
            f"--sheet {path.name}: a sheet is a picture", f"End the name with one of {' '.join(_KINDS)}"
        )
    open_unfinished(path, force=force).discard()


def write_overview(outputs: Sequence[Path], path: Path, *, force: bool = False) -> list[str]:
    """Writes small pictures of the files, clips' after a second, with their names; and says what is not on it.

    Nothing is written if there is none. Raises as `check_overview`, and DiskError if it cannot be written.
    """
    check_overview(path, force=force)
    pictures: list[Small] = []
    notes = []
    for output, name in zip(outputs[:MOST], _names(outputs[:MOST]), strict=True):
        try:
            pictures.append(small(printable(name), _shown(output)))
        except ClipError as error:
            notes.append(f"{path.name} does not show {name}: {error.what}")
    if len(outputs) > MOST:
        notes.append(f"{path.name} shows the first {MOST} of {len(outputs)}")
    if pictures:
        write_whole(path, encoded(contact_sheet(pictures), Photo(pictures[0].picture), path), force=force)
    return notes


def _names(outputs: Sequence[Path]) -> list[str]:
    """With the folders that they do not share."""
    if not outputs:
        return []
    common = os.path.commonpath([output.absolute().parent for output in outputs])
    return [str(output.absolute().relative_to(common)) for output in outputs]


def _shown(output: Path) -> Bgr:
    """Raises ClipError if there is nothing to be seen."""
    if output.is_dir():
        first = min(output.glob("*.png"), default=None)
        if first is None:
            raise ClipError(f"{output} holds no PNG")
        return read_photo(first)
    if kind_of(output) == "photo":
        return read_photo(output)
    with open_clip(output) as clip:
        shown = frame = clip.read()
        while frame is not None and frame.at < _AFTER:
            shown, frame = frame, clip.read()
        if shown is None:
            raise ClipError(f"{output} holds no picture")
        return to_bgr(shown.picture)[: clip.size.height, : clip.size.width]
