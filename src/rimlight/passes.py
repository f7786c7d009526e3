"""All frames of a clip through the pipeline, in order: once, or twice where there is time to look ahead.

Decoding and cutting go on ahead of composing and encoding behind it, each on a thread of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, nullcontext
from typing import NamedTuple, TypeVar

from rimlight.foresight import FirstPass, foreseen
from rimlight.lookahead import Lookahead
from rimlight.overlap import ahead, behind
from rimlight.pipeline import Pipeline
from rimlight.sources.clip import ClipFrame
from rimlight.types import Cut, Frame, Matted, Output

AnyFrame = TypeVar("AnyFrame", bound=Frame)


class Made(NamedTuple):
    """An output with its exact time and length, in ticks of the source's time base."""

    output: Output
    pts: int
    duration: int


def process_frames(
    read: Callable[[], ClipFrame | None],
    pipeline: Pipeline,
    write: Callable[[Made], None],
    each: Callable[[ClipFrame], None],
    first: FirstPass | None = None,
) -> None:
    """What the pipeline makes of each frame that `read` gives, from a fresh start, to `write`, in order.

    Where the pipeline looks ahead, mattes wait for the frames after theirs. They are made in a `first` pass, if the
    clip can be read twice, and then the room of all of it is known from the start.

    `read` and `write` are called on threads of their own, and frames are cut on another; `each` on the caller's
    after each frame. What any of them raises ends all, and is raised here; DiskError too, if mattes have no place.
    """
    pipeline.reset()
    twice = foreseen(pipeline, first) if pipeline.looks_ahead and first is not None else nullcontext()
    with twice, behind(write) as put, ahead(read) as take:
        cuts = _cuts(take, pipeline) if first is not None else _waiting_cuts(take, pipeline)
        with closing(_composed(cuts, pipeline)) as made:
            for frame, output in made:
                put(Made(output, frame.pts, frame.duration))
                each(frame)


def composed(
    read: Callable[[], AnyFrame | None], pipeline: Pipeline
) -> Generator[tuple[AnyFrame, Output], None, None]:
    """The frames that `read` gives, once, with their outputs; while one is composed, a thread cuts the next."""
    return _composed(_waiting_cuts(read, pipeline), pipeline)


_Cuts = Generator[tuple[AnyFrame, Cut], None, None]


def _composed(cuts: _Cuts[AnyFrame], pipeline: Pipeline) -> Generator[tuple[AnyFrame, Output], None, None]:
    with closing(cuts), ahead(lambda: next(cuts, None)) as take:
        while (taken := take()) is not None:
            yield taken[0], pipeline.compose(taken[1])


def _cuts(read: Callable[[], AnyFrame | None], pipeline: Pipeline) -> _Cuts[AnyFrame]:
    """Each frame with the matte that it has as soon as it is read."""
    while (frame := read()) is not None:
        yield frame, pipeline.cut(frame)


def _waiting_cuts(read: Callable[[], AnyFrame | None], pipeline: Pipeline) -> _Cuts[AnyFrame]:
    """The same, or, where the pipeline looks ahead, with the matte that each has once what follows is read."""
    if not pipeline.looks_ahead:
        yield from _cuts(read, pipeline)
        return
    lookahead, frames = Lookahead(), deque[AnyFrame]()

    def cut(settled: Sequence[Matted]) -> _Cuts[AnyFrame]:
        for matted in settled:
            frame = frames.popleft()
            yield frame, pipeline.settled(frame, matted)

    while (frame := read()) is not None:
        frames.append(frame)
        yield from cut(lookahead.put(pipeline.matted(frame)))
    yield from cut(lookahead.end())
