"""A long clip in chunks: cut at keyframes, each processed for itself by whoever has hands free, and joined again.

What remembers the past (smoothing, the follower, the learned room) starts anew with each chunk. So each leads in:
the pipeline sees the `OVERLAP` before it, whose outputs are dropped. Where to cut depends on the clip alone, so the
same comes out however many process it, and wherever.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import cv2

from rimlight.assemble import open_pipeline
from rimlight.foresight import FirstPass
from rimlight.mattes import MatteFolder, Mattes
from rimlight.offline import matte_track_of, track_of, true_part
from rimlight.passes import Made, process_frames
from rimlight.protocols import Closes
from rimlight.settings import Settings
from rimlight.sinks.video_file import FFV1, H264, VideoFile, open_video_file
from rimlight.sources.clip import ClipFrame, Facts
from rimlight.sources.cuts import CONTAINER, Span, later
from rimlight.sources.part import open_part

LENGTH = 30.0
"""Seconds of a chunk at least."""

OVERLAP = 4.0
"""Seconds that lead in. Smoothing and judging settle in 2, the room's evidence in 3; what differs then from one run
(MAD x 1000 of 1 to 2 over 3 s of the sitter) is due to the follower's box, which 16 do not settle either."""

_THREADS = 2
"""Of a chunk's encoder: what x264 writes depends on their number, and must not on the machine."""

PART, VIDEO, MATTE, MATTES = "part.nut", "video.nut", "matte.nut", "mattes"
"""Names in a chunk's folder: what is to be processed, and what comes out, the mattes as a video or as PNGs."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done with a chunk. Its part of the clip lies in a folder, and what comes out does so too."""

    settings: Settings
    facts: Facts
    span: Span
    matte: Literal["video", "folder"] | None


class Chunk(NamedTuple):
    """A job, its number from 0, and where its part of the clip lies."""

    number: int
    job: Job
    folder: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a chunk."""

    frames: int
    end: int
    """Tick at which the last of them ends."""
    errors: int
    """Packets that could not be decoded."""
    said: tuple[str, ...]
    """What its pipeline had to say, a line each."""


class Hands(Closes, Protocol):
    """Who processes chunks."""

    @property
    def name(self) -> str:
        """Who that is, for people: '4 processes'."""

    def work(
        self, chunks: Iterator[Chunk], each: Callable[[int], None]
    ) -> Generator[tuple[Chunk, Outcome], None, None]:
        """Gives the chunks, their folders filled, in order; takes them when there is somebody to process them.

        `each` is called again and again, with how many frames were done since: whatever it raises ends all. Raises
        what went wrong with a chunk.
        """


def process_chunk(job: Job, folder: Path, each: Callable[[], None] = lambda: None) -> Outcome:
    """Processes the part in the folder; `each` is called after each frame of the chunk's own.

    Raises as `open_pipeline` and `process_frames` do.
    """
    cv2.setNumThreads(1)
    said: list[str] = []
    frames, end = 0, job.span.start
    with (
        open_part(folder / PART, job.facts, job.span) as part,
        open_pipeline(job.settings, job.facts.format, say=said.append, ahead=not job.settings.quick) as pipeline,
        ExitStack() as opened,
    ):
        video, mattes = _open_outputs(job, folder, opened)
        late = later(job.facts.time_base)

        def write(made: Made) -> None:
            if made.pts >= job.span.start:
                video.write(made.output.picture.i420, made.pts + late, made.duration)
                if mattes is not None:
                    matte = true_part(made.output.alpha, job.facts.size, pipeline.mirror)
                    mattes.write(matte, made.pts + late, made.duration)

        def count(frame: ClipFrame) -> None:
            nonlocal frames, end
            if frame.pts >= job.span.start:
                frames, end = frames + 1, frame.pts + frame.duration
                each()

        first = FirstPass(lambda: open_part(folder / PART, job.facts, job.span), scratch=folder)
        process_frames(part.read, pipeline, write, count, first)
        # Of a clip that is damaged there may be none, and there is no file without pictures.
        for file in [] if not frames else [video] if mattes is None else [video, mattes]:
            file.finish()
            file.publish()
    return Outcome(frames, end, part.errors, tuple(said))


def _open_outputs(job: Job, folder: Path, opened: ExitStack) -> tuple[VideoFile, Mattes | None]:
    encoding = replace(H264, threads=_THREADS)
    video = open_video_file(folder / VIDEO, track_of(job.facts), encoding, container=CONTAINER)
    opened.enter_context(video)
    if job.matte == "folder":
        return video, opened.enter_context(MatteFolder(folder / MATTES, force=False))
    if job.matte == "video":
        track = matte_track_of(job.facts)
        return video, opened.enter_context(open_video_file(folder / MATTE, track, FFV1, container=CONTAINER))
    return video, None
