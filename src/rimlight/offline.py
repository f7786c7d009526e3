"""File to file: the same pipeline as live, in a plain loop. Every frame, nothing dropped, the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rimlight.errors import UsageError
from rimlight.mattes import open_mattes
from rimlight.pipeline import Pipeline
from rimlight.sinks.video_file import Track, open_video_file
from rimlight.sources.clip import ClipSource
from rimlight.tags import ColorTags
from rimlight.types import Size

_GRAY = ColorTags(range=2)
"""A matte's 0..255 is all there is."""

Progress = Callable[[int, int | None], None]
"""Takes how many frames are done, and of about how many; None if that is unknown."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was made."""

    frames: int
    seconds: float
    """Length of the clip; 0 for a photo."""
    whole: bool = True
    """False if the input is damaged or cut off, and only what could be read was processed."""
    notes: tuple[str, ...] = ()
    """What a user should know, a line each."""


def process_clip(
    source: ClipSource,
    pipeline: Pipeline,
    output: Path,
    *,
    matte: Path | None = None,
    force: bool = False,
    progress: Progress = lambda done, of: None,  # noqa: ARG005
) -> Report:
    """Writes what the pipeline makes of each frame to `output`: H.264, with the source's times, tags and sound.

    `matte` gets the alpha of every frame at the source's true size: a folder one PNG each, a .mkv lossless video.
    Files appear when all are complete; after an error or Ctrl-C there are none.

    Raises UsageError if an output is the input or its ending does not fit, OutputExistsError if something would be
    overwritten and not `force`, DiskError if nothing can be written, and what the source and the pipeline raise.
    """
    refuse_same(source.path, output, matte)
    track = Track(source.format.size, source.time_base, source.format.fps, source.tags, source.aspect)
    with ExitStack() as opened:
        video = opened.enter_context(open_video_file(output, track, force=force, sound_of=source.path))
        mattes = None
        if matte is not None:
            gray = replace(track, size=source.size, tags=_GRAY)
            mattes = opened.enter_context(open_mattes(matte, gray, force=force))
        pipeline.reset()
        done, end = 0, 0
        while (frame := source.read()) is not None:
            made = pipeline.process(frame)
            video.write(made.picture.i420, frame.pts, frame.duration)
            if mattes is not None:
                mattes.write(true_part(made.alpha, source.size, pipeline.mirror), frame.pts, frame.duration)
            done, end = done + 1, frame.pts + frame.duration
            progress(done, source.length)
        files = [video] if mattes is None else [video, mattes]
        for file in files:
            file.finish()
        for file in files:
            file.publish()
    notes = [*_notes(source, pipeline, output), *video.notes]
    return Report(done, float(end * source.time_base), source.damage is None, tuple(notes))


def refuse_same(source: Path, output: Path, matte: Path | None) -> None:
    """Raises UsageError if an output is the input or the other output: not even --force means that."""
    for path in [output] if matte is None else [output, matte]:
        if path.exists() and path.samefile(source):
            raise UsageError(f"{path} is the input itself", "Choose another name for the output.")
    if matte is not None and matte.absolute() == output.absolute():
        raise UsageError(f"{matte} cannot be both the output and its matte", "Choose another name for the matte.")


def true_part(image: NDArray[np.uint8], size: Size, mirrored: bool) -> NDArray[np.uint8]:
    """A view of what is not padding: of `size` within an image made even on the right and at the bottom."""
    left = image.shape[1] - size.width if mirrored else 0
    return image[: size.height, left : left + size.width]


def _notes(source: ClipSource, pipeline: Pipeline, output: Path) -> Iterator[str]:
    if source.damage is not None:
        yield source.damage
    if source.size != source.format.size:
        yield f"{output.name} is {source.format.size}, not {source.size}: H.264 has even sizes only (edge repeated)"
    if pipeline.background.name == "transparent":
        yield f"{output.name}: H.264 carries no alpha, so the background is key green; --matte writes the alpha"
