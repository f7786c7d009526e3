"""Where a frame's time goes, call by call within the pipeline's stages: exact stacks of one thread.

`sys.setprofile` sees each call of Python and of C functions (OpenCV's, the model's), in order, so that the stacks
are true ones, where cProfile keeps pairs of callers only and a sampler would miss what takes microseconds. Its own
time is left out as far as it can be measured; what it still adds is told (`Profile.slowed`).
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from types import FrameType
from typing import Any

import cv2

from rimlight.assemble import open_pipeline
from rimlight.benches.ways import FPS, PICTURES, frames, sitting
from rimlight.meter import Meter
from rimlight.pipeline import Pipeline
from rimlight.settings import Settings, Tuning
from rimlight.types import Frame, Size, StreamFormat

_UNSEEN = {__name__, Meter.__module__}
"""Rooms whose functions only measure: what they call is shown as if their callers called it."""
_DEEP = 2
"""Calls from whoever enters a stage to the recorder."""
_WARM_UP = 30
_LEAST = 0.01
"""Share of a frame below which a call is not shown on the screen; the file has all."""


@dataclass
class Node:
    """One call, in the place that it has in the stack, over all frames."""

    name: str
    parent: Node | None = None
    calls: int = 0
    own: float = 0.0
    """Seconds in it and in nothing that it called."""
    inner: dict[str, Node] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Seconds in it and in all that it called."""
        return self.own + sum(node.total for node in self.inner.values())

    def enter(self, name: str) -> Node:
        """The node of a call from here."""
        node = self.inner.get(name)
        if node is None:
            node = self.inner[name] = Node(name, self)
        node.calls += 1
        return node


class Recorder(Meter):
    """Builds the tree while it is set as the thread's profiler; stages of the pipeline are nodes of it too."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Node("frame")
        self._node = self.root
        self._callers: list[Node] = []
        self._last = time.perf_counter()

    def stage(self, name: str) -> Any:
        """A context manager that is a node of the tree."""
        return _Stage(self, name)

    def begin(self) -> None:
        """Another frame."""
        self._node, self._last = self.root, time.perf_counter()
        self._callers.clear()
        self.root.calls += 1

    def see(self, frame: FrameType, event: str, what: Any) -> None:
        """For `sys.setprofile`."""
        self._node.own += time.perf_counter() - self._last
        if event == "call":
            self._callers.append(self._node)
            if frame.f_globals.get("__name__") not in _UNSEEN:
                self._node = self._node.enter(_name_of_frame(frame))
        elif event == "c_call":
            self._callers.append(self._node)
            self._node = self._node.enter(_name_of_function(what))
        elif self._callers:
            self._node = self._callers.pop()
        self._last = time.perf_counter()

    def enter_stage(self, name: str) -> None:
        """Called by a stage's `__enter__`: when that returns, its caller is inside the stage."""
        if len(self._callers) >= _DEEP:
            self._callers[-_DEEP] = self._callers[-_DEEP].enter(f"[{name}]")

    def leave_stage(self) -> None:
        """Called by a stage's `__exit__`."""
        if len(self._callers) >= _DEEP and (outer := self._callers[-_DEEP].parent) is not None:
            self._callers[-_DEEP] = outer


class _Stage(contextlib.AbstractContextManager[None]):
    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder, self._name = recorder, name

    def __enter__(self) -> None:
        self._recorder.enter_stage(self._name)

    def __exit__(self, *_: object) -> None:
        self._recorder.leave_stage()


@dataclass(frozen=True)
class Profile:
    """What was seen, of how many frames, and how many times longer a frame took because it was watched."""

    root: Node
    frames: int
    slowed: float


def profile(size: Size, seconds: float) -> Profile:
    """Watches the pipeline with blur and the standard model, on this thread, for about so long.

    Raises RimlightError in its several kinds if it cannot be opened.
    """
    given = frames(sitting(size))
    recorder = Recorder()
    with open_pipeline(Settings(tuning=Tuning(rest=0)), StreamFormat(size, FPS), recorder, live=True) as pipeline:
        for frame in itertools.islice(given, _WARM_UP):
            pipeline.process(frame)
        plain: list[float] = []
        watched: list[float] = []
        # In turns, for the machine's pace may change.
        while sum(watched) < seconds:
            plain += [_timed(pipeline, frame) for frame in itertools.islice(given, PICTURES)]
            watched += [_watched(recorder, pipeline, frame) for frame in itertools.islice(given, PICTURES)]
    return Profile(recorder.root, len(watched), median(watched) / median(plain))


def collapsed(root: Node) -> str:
    """A line a stack, 'frame;pipeline.process;[segment] 1234', with its own microseconds: for flame graphs."""
    return "".join(
        f"{';'.join(node.name for node in stack)} {round(stack[-1].own * 1e6)}\n"
        for stack in _stacks((root,))
        if round(stack[-1].own * 1e6) > 0
    )


def tree(profile: Profile) -> str:
    """Milliseconds and calls a frame and the share of it, indented by depth, slowest first."""
    whole = profile.root.total
    lines = [
        f"{node.total / profile.frames * 1e3:8.2f} ms {100 * node.total / whole:5.1f} % "
        f"{node.calls / profile.frames:6.1f} calls  {'  ' * (len(stack) - 1)}{node.name}"
        for stack in _stacks((profile.root,))
        if (node := stack[-1]).total >= _LEAST * whole
    ]
    said = f"{profile.frames} frames; being watched made each {profile.slowed:.2f} times as long"
    return "\n".join([said, *lines])


def _stacks(stack: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """Every node with its ancestors before it, slowest siblings first."""
    yield stack
    for node in sorted(stack[-1].inner.values(), key=lambda node: -node.total):
        yield from _stacks((*stack, node))


def _timed(pipeline: Pipeline, frame: Frame) -> float:
    start = time.perf_counter()
    pipeline.process(frame)
    return time.perf_counter() - start


def _watched(recorder: Recorder, pipeline: Pipeline, frame: Frame) -> float:
    recorder.begin()
    start = time.perf_counter()
    sys.setprofile(recorder.see)
    try:
        pipeline.process(frame)
    finally:
        sys.setprofile(None)
    return time.perf_counter() - start


def _name_of_frame(frame: FrameType) -> str:
    code = frame.f_code
    name = code.co_qualname if sys.version_info >= (3, 11) else code.co_name
    room = frame.f_globals.get("__name__", "").removeprefix("rimlight.")
    return f"{room}.{name}".replace(" ", "_").replace(";", "_")


def _name_of_function(what: Any) -> str:
    name: str = what.__name__
    if getattr(cv2, name, None) is what:
        return f"cv2.{name}"  # they do not know their module
    owner = getattr(what, "__module__", None) or type(getattr(what, "__self__", None)).__name__
    return f"{owner}.{name}".replace(" ", "_").replace(";", "_")
