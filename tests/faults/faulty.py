"""A wrapper for every protocol, whose calls meet the faults of a schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from faults.schedule import Alters, End, Repeat, Schedule, Shrink
from rimlight.picture import scale
from rimlight.protocols import Background, Key, Segmenter, Sink, Source, Window
from rimlight.types import Cut, Frame, Mask, Output, Picture, Plane, Rgb, Size, StreamFormat

OpenSource = Callable[[], Source]


class FaultySource(Source):
    """Meets faults in 'read'. It comes back by `reopen`, whose calls meet faults in 'reopen'.

    What comes back is wrapped again and goes on with the same schedule. `Shrink` at 'reopen' gives a source whose
    frames are all of another size. Its `End` says that it cannot come back.
    """

    def __init__(self, source: Source, schedule: Schedule, reopen: OpenSource | None = None) -> None:
        self._source = source
        self._schedule = schedule
        self._reopen = reopen
        self._last: Frame | None = None
        self._all: Shrink | None = None

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def format(self) -> StreamFormat:
        given = self._source.format
        return StreamFormat(self._all.size(given.size), given.fps, given.color) if self._all else given

    @property
    def returns(self) -> bool:
        return self._reopen is not None

    def read(self) -> Frame | None:
        fault = self._schedule.meet("read")
        if isinstance(fault, End):
            return None
        if isinstance(fault, Repeat) and self._last is not None:
            return self._last
        frame = self._source.read()
        if frame is None:
            return None
        self._last = Frame(_altered(frame.picture, self._all), frame.at, frame.index)
        if fault is None or isinstance(fault, Repeat):
            return self._last
        return Frame(_altered(frame.picture, fault), frame.at, frame.index)

    def reopened(self) -> Source | None:
        fault = self._schedule.meet("reopen")
        if self._reopen is None or isinstance(fault, End):
            return None
        opened = FaultySource(self._reopen(), self._schedule, self._reopen)
        opened._all = fault if isinstance(fault, Shrink) else None
        return opened

    def close(self) -> None:
        self._source.close()


def _altered(picture: Picture, fault: Alters | None) -> Picture:
    if fault is None:
        return picture
    if isinstance(fault, Shrink):
        return scale(picture, fault.size(picture.size))
    # Of another type none can be made: that raises ValueError, as it would in a camera that gave such.
    return Picture(fault.of(picture.i420), picture.color)


class FaultySegmenter(Segmenter):
    """Meets faults in 'segment'."""

    def __init__(self, segmenter: Segmenter, schedule: Schedule) -> None:
        self._segmenter = segmenter
        self._schedule = schedule
        self._last: Mask | None = None

    @property
    def name(self) -> str:
        return self._segmenter.name

    @property
    def size(self) -> Size:
        return self._segmenter.size

    @property
    def is_matte(self) -> bool:
        return self._segmenter.is_matte

    @property
    def foreground(self) -> Rgb | None:
        return self._segmenter.foreground

    def reset(self) -> None:
        self._segmenter.reset()

    def segment(self, rgb: Rgb) -> Mask:
        fault = self._schedule.meet("segment")
        if isinstance(fault, Repeat) and self._last is not None:
            return Mask(self._last.copy())
        mask = self._last = self._segmenter.segment(rgb)
        if isinstance(fault, End):
            return Mask(mask[:0])
        return mask if fault is None or isinstance(fault, Repeat) else Mask(fault.of(mask))

    def close(self) -> None:
        self._segmenter.close()


class FaultyBackground(Background):
    """Meets faults in 'paint', whichever way the plate is asked for."""

    def __init__(self, background: Background, schedule: Schedule) -> None:
        self._background = background
        self._schedule = schedule

    @property
    def name(self) -> str:
        return self._background.name

    def paint(self, cut: Cut, out: Picture) -> None:
        fault = self._schedule.meet("paint")
        self._background.paint(cut, out)
        if fault is not None and not isinstance(fault, Repeat | End | Shrink):
            np.copyto(out.i420, fault.of(out.i420), casting="unsafe")

    def reduced(self, cut: Cut) -> Sequence[Plane] | None:
        planes = self._background.reduced(cut)
        if planes is None:
            return None
        fault = self._schedule.meet("paint")
        return planes if fault is None or isinstance(fault, Repeat | End) else [fault.of(plane) for plane in planes]

    def close(self) -> None:
        self._background.close()


class FaultySink(Sink):
    """Meets faults in 'send', and in 'reopen sink' when it is opened again; `End` there: it is gone for good.

    What is opened again is wrapped again. `prompt` is as told: on the thread of the run, or on one of its own.
    """

    _sending = "send"

    def __init__(self, sink: Sink, schedule: Schedule, *, prompt: bool = False, returns: bool = True) -> None:
        self._sink = sink
        self._schedule = schedule
        self._prompt = prompt
        self._returns = returns
        self._closed = False

    @property
    def name(self) -> str:
        return self._sink.name

    @property
    def prompt(self) -> bool:
        return self._prompt

    @property
    def returns(self) -> bool:
        return self._returns

    def send(self, output: Output) -> None:
        self._schedule.meet(self._sending)
        if not self._closed:
            self._sink.send(output)

    def reopened(self) -> Sink | None:
        if isinstance(self._schedule.meet("reopen sink"), End):
            return None
        return FaultySink(self._sink, self._schedule, prompt=self._prompt)

    def close(self) -> None:
        """The sink within lives on, for when it is opened again; what still hangs never reaches it."""
        self._closed = True


class FaultyWindow(FaultySink, Window):
    """A window: meets faults in 'show' for 'send', and in 'keys', where what `press()` gives is pressed.

    It is prompt and never opened again, as the preview is.
    """

    _sending = "show"

    def __init__(self, sink: Sink, schedule: Schedule, press: Callable[[], Sequence[Key]] = tuple) -> None:
        super().__init__(sink, schedule, prompt=True, returns=False)
        self._press = press
        self.caption = ""
        self.recording = False
        self.paused = False

    def keys(self) -> Sequence[Key]:
        return () if isinstance(self._schedule.meet("keys"), End) else self._press()


class _Controls(Protocol):
    def apply(self, key: Key) -> str: ...


class FaultyControls:
    """Meets faults in 'apply'."""

    def __init__(self, controls: _Controls, schedule: Schedule) -> None:
        self._controls = controls
        self._schedule = schedule

    def apply(self, key: Key) -> str:
        self._schedule.meet("apply")
        return self._controls.apply(key)


class FaultyGovernor:
    """A governor that has nothing to say, and meets faults in 'tend'."""

    note = "nothing is governed"

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def tend(self) -> str:
        self._schedule.meet("tend")
        return ""
