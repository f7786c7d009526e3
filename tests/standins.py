"""Small sources, pipelines and sinks that tests steer: no camera, no model, no screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from rimlight.errors import SinkError
from rimlight.protocols import Background, Key, Records, Sink, Source, Window
from rimlight.types import Alpha, Cut, Frame, Output, Picture, Plane, Planes, Size, StreamFormat

WAIT = 20.0
"""Seconds: no wait of a test lasts as long unless something is broken."""

SIZE = Size(16, 8)
FORMAT = StreamFormat(SIZE, Fraction(30))


def gray(level: int, size: Size = SIZE) -> Picture:
    """A picture of one luma level."""
    plane: Plane = np.full((size.height * 3 // 2, size.width), 128, np.uint8)
    plane[: size.height] = level
    return Picture(plane)


def frame(index: int, at: float | None = None) -> Frame:
    """A frame whose luma is its number, at 30 frames a second unless told."""
    return Frame(gray(index % 256), index / 30 if at is None else at, index)


def output(index: int, at: float | None = None) -> Output:
    """What a pipeline would make of `frame`."""
    return composited(frame(index, at))


def composited(frame: Frame) -> Output:
    """An output of the whole picture, whose matte takes half of it for the person."""
    return Output(frame.picture, half(frame.picture), frame.at, frame.index)


def half(picture: Picture) -> Alpha:
    """A matte that takes the picture's left half for the person."""
    alpha = np.zeros_like(picture.y)
    alpha[:, : alpha.shape[1] // 2] = 255
    return Alpha(alpha)


def uncut(frame: Frame) -> Cut:
    """A cut of the whole picture, whose matte takes half of it for the person."""
    picture = frame.picture
    alpha = half(picture)
    return Cut(picture, alpha, Planes(*picture.planes), alpha, frame.at, index=frame.index)


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Turns:
    """Lets a source give a frame only when the one before it was `seen`: then nothing is ever dropped."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(1)
        self._over = False

    def wait(self) -> bool:
        """False when there are no more turns."""
        assert self._free.acquire(timeout=WAIT)
        return not self._over

    def seen(self, _: object = None) -> None:
        self._free.release()

    def end(self) -> None:
        self._over = True
        self._free.release()


class ScriptedSource(Source):
    """Gives these frames, each after `before(frame)`, and at the end calls `finish()`; both may wait or raise.

    With `turns`, every frame also waits for its turn, and closing ends the turns.
    """

    def __init__(
        self,
        frames: Iterable[Frame],
        turns: Turns | None = None,
        *,
        before: Callable[[Frame], object] = lambda _: None,
        finish: Callable[[], object] = lambda: None,
    ) -> None:
        self._frames = iter(frames)
        self._turns = turns
        self._before = before
        self._finish = finish
        self.closed = threading.Event()

    @property
    def name(self) -> str:
        return "script"

    @property
    def format(self) -> StreamFormat:
        return FORMAT

    def read(self) -> Frame | None:
        following = next(self._frames, None)
        if following is None:
            self._finish()
            return None
        if self._turns is not None and not self._turns.wait():
            return None
        self._before(following)
        return following

    def close(self) -> None:
        self.closed.set()
        if self._turns is not None:
            self._turns.end()


class PlainBackground(Background):
    """A name and nothing else."""

    @property
    def name(self) -> str:
        return "plain"

    def paint(self, cut: Cut, out: Picture) -> None:
        np.copyto(out.i420, cut.picture.i420)

    def close(self) -> None:
        pass


class ScriptedPipeline:
    """Makes an output of each frame, after `before(frame)`, which may wait or raise."""

    def __init__(self, before: Callable[[Frame], object] = lambda _: None) -> None:
        self.background: Background = PlainBackground()
        self._before = before

    def cut(self, frame: Frame) -> Cut:
        self._before(frame)
        return uncut(frame)

    def compose(self, cut: Cut) -> Output:
        return composited(Frame(cut.picture, cut.at, cut.index))

    def reset(self) -> None:
        """Nothing is remembered."""


class Collector(Sink):
    """Keeps the numbers of what it was sent and counts the cards; fails with `SinkError` from `fails_at` on."""

    prompt = True

    def __init__(
        self,
        name: str = "collector",
        fails_at: int | None = None,
        repeats: bool = False,
        seen: Callable[[Output], object] = lambda _: None,
    ) -> None:
        self._name = name
        self._fails_at = fails_at
        self._seen = seen
        self._repeats = repeats
        self.indices: list[int] = []
        self.cards = 0
        self.closed = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def repeats(self) -> bool:
        return self._repeats

    def send(self, output: Output) -> None:
        if self._fails_at is not None and output.index >= self._fails_at:
            raise SinkError(f"{self._name} is full", "Empty it.")
        if not output.alpha.any():
            self.cards += 1
            return
        self.indices.append(output.index)
        self._seen(output)

    def close(self) -> None:
        self.closed += 1


class Recording(Collector, Records):
    """Notes the times of what it is sent, cards too, and when it was told to pause and to go on."""

    paused = False
    dropped = 0

    def __init__(self, name: str = "talk.mp4", written: int = 1) -> None:
        super().__init__(name)
        self._written = written
        self.times: list[float] = []
        self.told: list[tuple[str, float]] = []

    @property
    def written(self) -> int:
        return self._written

    def send(self, output: Output) -> None:
        self.times.append(output.at)

    def pause(self, at: float) -> None:
        self.paused = True
        self.told.append(("pause", at))

    def resume(self, at: float) -> None:
        self.paused = False
        self.told.append(("resume", at))


class ScriptedWindow(Collector, Window):
    """A window where, after output number n was sent, the keys `presses[n]` are pressed."""

    def __init__(
        self, presses: Mapping[int, Sequence[Key]], seen: Callable[[Output], object] = lambda _: None
    ) -> None:
        super().__init__("window", seen=seen)
        self._presses = dict(presses)
        self.caption = ""
        self.recording = False
        self.paused = False
        self.captions: list[str] = []

    def keys(self) -> Sequence[Key]:
        if self.caption and self.caption not in self.captions[-1:]:
            self.captions.append(self.caption)
        return self._presses.pop(self.indices[-1], ()) if self.indices else ()
