"""All frames of a clip through the pipeline, in order.

Decoding and cutting go on ahead of composing and encoding behind it, each on a thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import NamedTuple, TypeVar

from rimlight.overlap import ahead, behind
from rimlight.pipeline import Pipeline
from rimlight.sources.clip import ClipFrame
from rimlight.types import Cut, Frame, Output

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
) -> None:
    """What the pipeline makes of each frame that `read` gives, from a fresh start, to `write`, in order.

    `read` and `write` are called on threads of their own, and frames are cut on another; `each` on the caller's
    after each frame. What any of them raises ends all, and is raised here.
    """
    pipeline.reset()
    with behind(write) as put, ahead(read) as take, closing(composed(take, pipeline)) as made:
        for frame, output in made:
            put(Made(output, frame.pts, frame.duration))
            each(frame)


def composed(
    read: Callable[[], AnyFrame | None], pipeline: Pipeline
) -> Generator[tuple[AnyFrame, Output], None, None]:
    """The frames that `read` gives, with their outputs; while one is composed, a thread cuts the next."""

    def cut() -> tuple[AnyFrame, Cut] | None:
        frame = read()
        return None if frame is None else (frame, pipeline.cut(frame))

    with ahead(cut) as take:
        while (taken := take()) is not None:
            yield taken[0], pipeline.compose(taken[1])
