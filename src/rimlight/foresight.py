"""The first of two passes over a clip: all mattes are made, with a look ahead, and its whole room is learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from rimlight.lookahead import Lookahead
from rimlight.overlap import ahead
from rimlight.pipeline import Pipeline
from rimlight.shelf import Shelf, open_shelf
from rimlight.types import Frame, Matted, Picture, Size

GLANCE = 1 / 3
"""Seconds between two lessons about the room: as much as one may count (`room`)."""

_NO_PICTURE = Picture.empty(Size(2, 2))
"""In place of those that nobody needs any more."""


class Reads(Protocol):
    """What gives a clip's frames."""

    def read(self) -> Frame | None:
        """The next frame; None at the end."""


@dataclass(frozen=True, slots=True)
class FirstPass:
    """How a clip is gone through before its frames are made."""

    again: Callable[[], AbstractContextManager[Reads]]
    """Opens the same clip another time."""
    each: Callable[[], None] = lambda: None
    """Called on the caller's thread after each frame of this pass."""
    scratch: Path | None = None
    """Folder with room for the mattes (`shelf`); the system's if None."""


@contextmanager
def foreseen(pipeline: Pipeline, first: FirstPass) -> Iterator[None]:
    """Goes through the clip; until this is left, the pipeline gives its frames those mattes and knows the room.

    A pipeline that remembers its mattes has them already. Raises what reading and matting raise, and DiskError.
    """
    if pipeline.remembers:
        _look_through(pipeline, first, None)
        pipeline.rewind()
        yield
        return
    with open_shelf(first.scratch) as shelf:
        _look_through(pipeline, first, shelf)
        shelf.reset()
        with pipeline.rewound(shelf):
            yield


def _look_through(pipeline: Pipeline, first: FirstPass, shelf: Shelf | None) -> None:
    lookahead = Lookahead()
    taught: float | None = None

    def settle(settled: Matted) -> None:
        nonlocal taught
        if shelf is not None:
            shelf.put(settled)
        # Times are rounded.
        if taught is None or settled.at - taught >= 0.99 * GLANCE:
            taught = settled.at
            pipeline.learn(settled)

    with first.again() as clip, ahead(clip.read) as take:

        def matted() -> Matted | None:
            frame = take()
            return None if frame is None else replace(pipeline.matted(frame), picture=_NO_PICTURE)

        with ahead(matted) as following:
            while (one := following()) is not None:
                for settled in [one] if shelf is None else lookahead.put(one):
                    settle(settled)
                first.each()
            for settled in lookahead.end():
                settle(settled)
