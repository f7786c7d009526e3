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
from rimlight.passes import Made, process_frames
from rimlight.pipeline import Pipeline
from rimlight.sinks.video_file import Track, open_video_file
from rimlight.sources.clip import ClipFrame, ClipSource, Facts
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
    track = track_of(source.facts)
    with ExitStack() as opened:
        video = opened.enter_context(open_video_file(output, track, force=force, sound_of=source.path))
        mattes = None
        if matte is not None:
            mattes = opened.enter_context(open_mattes(matte, matte_track_of(source.facts), force=force))

        def write(made: Made) -> None:
            video.write(made.output.picture.i420, made.pts, made.duration)
            if mattes is not None:
                mattes.write(true_part(made.output.alpha, source.size, pipeline.mirror), made.pts, made.duration)

        done, end = 0, 0

        def count(frame: ClipFrame) -> None:
            nonlocal done, end
            done, end = done + 1, frame.pts + frame.duration
            progress(done, source.length)

        process_frames(source.read, pipeline, write, count)
        files = [video] if mattes is None else [video, mattes]
        for file in files:
            file.finish()
        for file in files:
            file.publish()
    notes = [*notes_of(source, source.damage, pipeline.background.name, output), *video.notes]
    return Report(done, float(end * source.facts.time_base), source.damage is None, tuple(notes))


def track_of(facts: Facts) -> Track:
    """What is made of a clip with these facts, as a file's track."""
    return Track(facts.format.size, facts.time_base, facts.format.fps, facts.tags, facts.aspect)


def matte_track_of(facts: Facts) -> Track:
    """The same of its mattes, which have the clip's true size."""
    return replace(track_of(facts), size=facts.size, tags=_GRAY)


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


def notes_of(source: ClipSource, damage: str | None, background: str, output: Path) -> Iterator[str]:
    """What is to be told of a clip with that damage that was made into `output` with that background."""
    if damage is not None:
        yield damage
    if source.size != source.format.size:
        yield f"{output.name} is {source.format.size}, not {source.size}: H.264 has even sizes only (edge repeated)"
    if background == "transparent":
        yield f"{output.name}: H.264 carries no alpha, so the background is key green; --matte writes the alpha"
