"""File to file: the same pipeline as live, in a plain loop. Every frame, nothing dropped, the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rimlight.errors import UsageError
from rimlight.foresight import FirstPass
from rimlight.kept import Header
from rimlight.mattes import Mattes, open_mattes
from rimlight.outlets import Clip, Outlet, Part, open_outlet
from rimlight.overlap import behind
from rimlight.passes import Made, process_frames
from rimlight.pipeline import Pipeline
from rimlight.sinks.alpha import alpha_encoding, carries_alpha
from rimlight.sinks.codecs import encoding_for
from rimlight.sinks.kept_file import KeptFile, open_kept_file
from rimlight.sinks.video_file import Encoding, Track
from rimlight.sources.clip import ClipFrame, Facts
from rimlight.sources.rest import STDIN
from rimlight.tags import ColorTags
from rimlight.types import Frame, Matted, Size

_GRAY = ColorTags(range=2)
"""A matte's 0..255 is all there is."""

FIRST = 0.6
"""Share of the whole time that the first of two passes takes, about."""

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
    source: Clip,
    pipeline: Pipeline,
    output: Path,
    *,
    encoding: Encoding | None = None,
    matte: Path | None = None,
    keep: Path | None = None,
    force: bool = False,
    progress: Progress = lambda done, of: None,  # noqa: ARG005
) -> Report:
    """Writes what the pipeline makes of each frame to `output`, with the source's times, tags and all the rest.

    The `encoding` is by default the one that the ending stands for: without a background one with alpha, if there
    is one. An `output` of '-' is the standard output. `matte` gets the alpha of every frame at the source's true
    size: a folder one PNG each, a .mkv lossless video. `keep` gets the pictures as they came, and their mattes, for
    `recompose`. Files appear when all are complete; after an error or Ctrl-C there are none.

    Raises UsageError if an output is the input or its ending does not fit, OutputExistsError if something would be
    overwritten and not `force`, DiskError if nothing can be written, and what the source and the pipeline raise.
    """
    refuse_same(source.path, output, matte, keep)
    if keep is not None and (output == STDIN or not source.rereadable):
        raise UsageError("mattes are kept beside a file, of a file", "Give both the input and the output a name.")
    if encoding is None:
        transparent = pipeline.background.name == "transparent"
        encoding = alpha_encoding(output) if transparent else encoding_for(output)
    alpha = pipeline.alone = carries_alpha(encoding)
    with ExitStack() as opened:
        files = _open_files(opened, source, pipeline, output, encoding, matte, keep, force)

        def part(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return true_part(image, source.size, pipeline.mirror)

        done, end, seen = 0, 0, 0

        def looked() -> None:
            nonlocal seen
            seen += 1
            progress(int(FIRST * seen), source.length)

        def count(frame: ClipFrame) -> None:
            nonlocal done, end
            done, end = done + 1, frame.pts + frame.duration
            progress(done if not seen else int(FIRST * seen + (1 - FIRST) * done), source.length)

        first = None
        if source.rereadable:
            first = FirstPass(source.again, looked, None if output == STDIN else output.absolute().parent)
        with _keeping(pipeline, files.kept) if files.kept is not None else nullcontext():
            process_frames(source.read, pipeline, lambda made: files.write(made, part), count, first)
        files.publish()
    notes = notes_of(source, source.damage, pipeline.background.name, output, alpha=alpha, pads=files.outlet.pads)
    return Report(
        done,
        float(end * source.facts.time_base),
        source.damage is None,
        (*notes, *files.outlet.notes),
    )


class _Files(NamedTuple):
    """All that is written."""

    outlet: Outlet
    mattes: Mattes | None
    kept: KeptFile | None

    def write(self, made: Made, part: Part) -> None:
        self.outlet.write(made, part)
        if self.mattes is not None:
            self.mattes.write(part(made.output.alpha), made.pts, made.duration)

    def publish(self) -> None:
        """Finishes all, and then moves them to their places."""
        files = [file for file in self if file is not None]
        for file in files:
            file.finish()
        for file in files:
            file.publish()


def _open_files(
    opened: ExitStack,
    source: Clip,
    pipeline: Pipeline,
    output: Path,
    encoding: Encoding,
    matte: Path | None,
    keep: Path | None,
    force: bool,
) -> _Files:
    track, gray = track_of(source.facts), matte_track_of(source.facts)
    outlet = opened.enter_context(open_outlet(source, output, encoding, track, force=force))
    mattes = kept = None
    if matte is not None:
        mattes = opened.enter_context(open_mattes(matte, gray, force=force))
    if keep is not None:
        kept = opened.enter_context(open_kept_file(keep, _header(source, pipeline), source.rest, force=force))
    return _Files(outlet, mattes, kept)


def _header(source: Clip, pipeline: Pipeline) -> Header:
    from importlib import metadata

    facts = source.facts
    return Header(
        Size(0, 0),
        facts.size,
        facts.format,
        facts.time_base,
        facts.tags,
        facts.aspect,
        pipeline.mirror,
        pipeline.learns,
        # What is kept is of a file, which is gone through twice.
        "both ways" if pipeline.looks_ahead else "quick",
        metadata.version("rimlight"),
    )


@contextmanager
def _keeping(pipeline: Pipeline, file: KeptFile) -> Iterator[None]:
    """Has the file take what the pipeline cuts, on a thread of its own; all of it once this is left."""

    def write(one: tuple[Frame, Matted]) -> None:
        frame, matted = one
        assert isinstance(frame, ClipFrame)
        file.write(frame, matted, frame.pts, frame.duration)

    with behind(write) as put:
        pipeline.keep = lambda frame, matted: put((frame, matted))
        try:
            yield
        finally:
            pipeline.keep = None


def track_of(facts: Facts) -> Track:
    """What is made of a clip with these facts, as a file's track."""
    return Track(facts.format.size, facts.time_base, facts.format.fps, facts.tags, facts.aspect)


def matte_track_of(facts: Facts) -> Track:
    """The same of its mattes, which have the clip's true size."""
    return replace(track_of(facts), size=facts.size, tags=_GRAY)


def refuse_same(source: Path, output: Path, *others: Path | None) -> None:
    """Raises UsageError if an output is the input or another output: not even --force means that."""
    paths = [output, *(path for path in others if path is not None)]
    for number, path in enumerate(paths):
        if path.exists() and path.samefile(source):
            raise UsageError(f"{path} is the input itself", "Choose another name for the output.")
        if any(path.resolve() == earlier.resolve() for earlier in paths[:number]):
            raise UsageError(
                f"{path} cannot be both the output and its matte", "Choose another name for the matte."
            )


def true_part(image: NDArray[np.uint8], size: Size, mirrored: bool) -> NDArray[np.uint8]:
    """A view of what is not padding: of `size` within an image made even on the right and at the bottom."""
    left = image.shape[1] - size.width if mirrored else 0
    return image[: size.height, left : left + size.width]


def notes_of(
    source: Clip, damage: str | None, background: str, output: Path, *, alpha: bool = False, pads: bool = True
) -> Iterator[str]:
    """What is to be told of a clip with that damage that was made into `output` with that background.

    `alpha`: the output carries it. `pads`: an odd size became even in it.
    """
    if damage is not None:
        yield damage
    yield from source.notes
    name = "standard output" if output == STDIN else output.name
    if pads and source.size != source.format.size:
        yield f"{name} is {source.format.size}, not {source.size}: its pictures are even in size (edge repeated)"
    if background == "transparent" and not alpha:
        yield f"{name} carries no alpha, so the background is key green; --matte writes the alpha"
