"""A long clip, processed chunk by chunk by several hands, and joined into the one output."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from rimlight.chunks import LENGTH, MATTE, MATTES, OVERLAP, PART, VIDEO, Chunk, Hands, Job, Outcome
from rimlight.mattes import MatteFolder, Mattes, open_mattes
from rimlight.offline import Progress, Report, matte_track_of, notes_of, refuse_same, track_of
from rimlight.settings import Settings
from rimlight.sinks.joint import Joint
from rimlight.sinks.video_file import FFV1, H264, VideoFile, open_video_file
from rimlight.sources.clip import ClipSource
from rimlight.sources.cuts import Span, cut_out, spans, survey
from rimlight.unfinished import disk_error


def spans_of(source: ClipSource, length: float = LENGTH, overlap: float = OVERLAP) -> Sequence[Span] | str:
    """How the clip is cut into chunks of at least `length` seconds that lead in `overlap` seconds before.

    In place of fewer than two, why there are none, in a line. Raises ClipError if the clip cannot be read.
    """
    clock = source.facts.time_base
    told = survey(source.path)
    if told.obstacle is not None:
        return f"{source.name}: {told.obstacle} cut apart"
    found = spans(told.marks, told.end, round(length / clock), round(overlap / clock)) if told.marks else []
    if len(found) < 2:
        return f"{source.name} has no keyframes that would cut it into chunks of {length:g} s"
    return found


def process_in_chunks(
    source: ClipSource,
    parts: Sequence[Span],
    settings: Settings,
    output: Path,
    hands: Hands,
    *,
    matte: Path | None = None,
    force: bool = False,
    progress: Progress = lambda done, of: None,  # noqa: ARG005
) -> Report:
    """As `process_clip`, by all hands: the chunks lie in a hidden folder beside `output` meanwhile.

    Frames after the first joint may differ from those of one run, by what the pipeline would have remembered for
    longer than `chunks.OVERLAP` seconds. Raises as `process_clip` does, and what hands raise.
    """
    refuse_same(source.path, output, matte)
    outcomes, done = list[Outcome](), 0

    def count(frames: int) -> None:
        nonlocal done
        done += frames
        progress(done, source.length)

    with ExitStack() as opened:
        whole = _Whole(source, output, matte, force, opened)
        job = Job(settings, source.facts, parts[0], whole.kind)
        chunks = opened.enter_context(closing(_chunks(source, parts, job, opened.enter_context(_beside(output)))))
        for chunk, outcome in opened.enter_context(closing(hands.work(chunks, count))):
            if outcome.frames:
                whole.add(chunk, outcome)
            outcomes.append(outcome)
            shutil.rmtree(chunk.folder)
        whole.publish()
    frames, errors = sum(o.frames for o in outcomes), sum(o.errors for o in outcomes)
    end = max(o.end for o in outcomes)
    damage = source.damage_of(end, frames, errors)
    said = dict.fromkeys(line for outcome in outcomes for line in outcome.said)
    notes = [*said, *notes_of(source, damage, settings.background, output), *whole.notes]
    return Report(frames, float(end * source.facts.time_base), damage is None, tuple(notes))


class _Whole:
    """The outputs, to which chunks are added."""

    def __init__(
        self, source: ClipSource, output: Path, matte: Path | None, force: bool, opened: ExitStack
    ) -> None:
        track, gray = track_of(source.facts), matte_track_of(source.facts)
        # It encodes nothing: an idle thread is one too many.
        encoding = replace(H264, threads=1)
        video = opened.enter_context(open_video_file(output, track, encoding, force=force, rest=source.rest))
        self._video = video
        self._joints = [(VIDEO, Joint(video, track, H264))]
        self._files: list[VideoFile | Mattes] = [video]
        self._folder: MatteFolder | None = None
        self.kind: Literal["video", "folder"] | None = None
        if matte is None:
            return
        mattes = opened.enter_context(open_mattes(matte, gray, force=force))
        self._files.append(mattes)
        if isinstance(mattes, VideoFile):
            self.kind = "video"
            self._joints.append((MATTE, Joint(mattes, gray, FFV1)))
        elif isinstance(mattes, MatteFolder):
            self.kind, self._folder = "folder", mattes

    @property
    def notes(self) -> list[str]:
        """What a user should know about the output, a line each."""
        return self._video.notes

    def add(self, chunk: Chunk, outcome: Outcome) -> None:
        """Adds what became of the next chunk."""
        for name, joint in self._joints:
            joint.add(chunk.folder / name, outcome.end)
        if self._folder is not None:
            for png in sorted((chunk.folder / MATTES).iterdir()):
                self._folder.add(png.read_bytes())

    def publish(self) -> None:
        """Finishes all files, and then moves them to their places."""
        for file in self._files:
            file.finish()
        for file in self._files:
            file.publish()


def _chunks(source: ClipSource, parts: Sequence[Span], job: Job, folder: Path) -> Generator[Chunk, None, None]:
    """Each chunk in a folder of its own, cut out when it is asked for."""
    folders = [folder / f"{number:06d}" for number in range(len(parts))]
    for own in folders:
        own.mkdir()
    files = [(part, own / PART) for part, own in zip(parts, folders, strict=True)]
    with closing(cut_out(source.path, files)) as cut:
        for number, (part, file) in enumerate(zip(parts, cut, strict=True)):
            yield Chunk(number, replace(job, span=part), file.parent)


@contextmanager
def _beside(output: Path) -> Iterator[Path]:
    """A hidden folder where there is room for the output, removed in the end. Raises DiskError."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{output.name}.chunks-", dir=output.absolute().parent))
    except OSError as error:
        raise disk_error(output, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
