"""Random schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import cv2
from hypothesis import strategies as st

from faults.scene import HASTY
from faults.schedule import (
    Alters,
    Corrupt,
    Delay,
    End,
    Everything,
    Fault,
    Hang,
    Raise,
    Repeat,
    Schedule,
    Shrink,
    Unreal,
)
from rimlight.errors import (
    BackgroundError,
    CameraBusyError,
    CameraMissingError,
    SegmenterError,
    SinkError,
    SourceError,
)
from rimlight.protocols import Key

Strategy = st.SearchStrategy[Fault]

CALLS = 10
"""Calls of a method of which any may meet a fault."""
MOST = 5
"""Faults in one schedule."""
LONGEST = 4
"""Calls, one after the other, that meet the same fault, if it is one that alters the answer."""

KEYS: tuple[Key, ...] = ("next-background", "less-blur", "more-blur", "mirror", "overlay", "help")

FOREIGN: tuple[Callable[[], BaseException], ...] = (
    partial(RuntimeError, "a bug in a library"),
    partial(MemoryError, "no memory"),
    partial(cv2.error, "(-215) an assertion failed"),
    partial(OSError, 5, "input/output error"),
)
"""What no protocol allows."""


def raising(*errors: Callable[[], BaseException]) -> Strategy:
    """One of these errors."""
    return st.builds(Raise, st.sampled_from(errors))


delays: Strategy = st.builds(Delay, st.sampled_from([0.001, 0.005, 0.02]))
hangs: Strategy = st.builds(Hang, st.sampled_from([HASTY * 1.2, None]))
unreal: Strategy = st.builds(Unreal, st.sampled_from([float("nan"), float("inf"), float("-inf"), -2.0, 1.5]))


def corrupted(*how: str) -> Strategy:
    """Garbage of one of these kinds."""
    return st.builds(Corrupt, st.sampled_from(how))


def sized(*times: float) -> Strategy:
    """Another size."""
    return st.builds(Shrink, st.sampled_from(times))


own_source = raising(
    partial(SourceError, "the cable fell out"),
    partial(CameraMissingError, "no such camera"),
    partial(CameraBusyError, "another program has it"),
)
own_model = raising(partial(SegmenterError, "the model answered nonsense"))
own_sink = raising(partial(SinkError, "the device is gone"))
own_background = raising(partial(BackgroundError, "office.jpg is gone"))
foreign = raising(*FOREIGN)
repeats: Strategy = st.just(Repeat())
ends: Strategy = st.just(End())
everything: Strategy = st.just(Everything())

BEARABLE: Mapping[str, Strategy] = {
    "read": st.one_of(
        own_source, foreign, delays, hangs, repeats, corrupted("noise", "zeros"), sized(0.5, 0.75, 2)
    ),
    "reopen": st.one_of(own_source, foreign, delays, sized(0.5, 2)),
    "segment": st.one_of(own_model, foreign, delays, hangs, corrupted("zeros", "dtype", "bits")),
    "segment ": st.one_of(unreal, sized(0.5, 2), ends),
    "paint": st.one_of(own_background, foreign, delays, hangs, corrupted("zeros", "dtype"), everything),
    "send": st.one_of(own_sink, foreign, delays, hangs),
    "reopen sink": st.one_of(own_sink, foreign, delays, ends),
    "show": st.one_of(own_sink, foreign, delays),
    "keys": delays,
    "apply": st.one_of(own_background, foreign, delays, hangs),
    "tend": st.one_of(foreign, delays, hangs),
}
"""By method: what a run gets over, a few times. A key 'segment ' is 'segment' once more."""

DEADLY: Mapping[str, Strategy] = {
    "read": st.one_of(ends, corrupted("dtype"), everything),
    "reopen": st.one_of(hangs, ends),
    "open": st.one_of(own_model, foreign, hangs, ends, delays),
    "reopen sink": hangs,
}
"""What may end it besides."""


def _faults(given: Mapping[str, Strategy]) -> st.SearchStrategy[tuple[str, Fault]]:
    return st.one_of(*(st.tuples(st.just(method.strip()), faults) for method, faults in given.items()))


def _schedules(
    given: st.SearchStrategy[tuple[str, Fault]], most: int, longest: int = LONGEST
) -> st.SearchStrategy[Schedule]:
    planned = st.tuples(given, st.integers(0, CALLS - 1), st.integers(1, longest))
    return st.lists(planned, min_size=1, max_size=most).map(_scheduled)


def _scheduled(planned: list[tuple[tuple[str, Fault], int, int]]) -> Schedule:
    schedule = Schedule()
    for (method, fault), call, lasting in planned:
        # What is opened is opened once or twice: a later call would never come.
        first = call // 4 if "open" in method else call
        for later in range(lasting if isinstance(fault, Alters | Repeat) else 1):
            schedule.plan(method, first + later, fault)
    return schedule


TREACHEROUS: Mapping[str, Strategy] = {"segment": st.one_of(everything, corrupted("noise"), repeats)}
"""Masks that are wrong, and of the right kind; repeated ones are so where the person moves, or is mirrored."""

any_schedule = _schedules(st.one_of(_faults(BEARABLE), _faults(DEADLY)), MOST)
bearable_schedule = _schedules(_faults(BEARABLE), 3, longest=1)
"""No more faults than pipelines are replaced."""

treacherous_schedule = _schedules(_faults(TREACHEROUS), 2)

keys = st.lists(st.sampled_from(KEYS), max_size=6)
