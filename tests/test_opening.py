"""Models that are opened beside a run: never waited for, timed, and closed whoever they end with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest

from rimlight.errors import SegmenterError
from rimlight.opening import look_time, open_timed
from rimlight.protocols import Segmenter
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.types import Mask, Rgb
from standins import WAIT

_Found = TypeVar("_Found")


class Watched(EllipseSegmenter):
    """Tells what is done to it."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.done: list[str] = []
        self.tried, self.closed = threading.Event(), threading.Event()
        self._error = error

    def segment(self, rgb: Rgb) -> Mask:
        self.done.append("look")
        if self._error is not None:
            raise self._error
        return super().segment(rgb)

    def reset(self) -> None:
        self.done.append("reset")
        self.tried.set()

    def close(self) -> None:
        self.closed.set()


def soon(found: Callable[[], _Found | None]) -> _Found:
    """Waits until there is one."""
    waiting = threading.Event()
    for _ in range(int(WAIT / 0.01)):
        if (one := found()) is not None:
            return one
        waiting.wait(0.01)
    pytest.fail("it never came")


def test_a_model_is_opened_elsewhere_timed_and_taken_once() -> None:
    go, model, threads = threading.Event(), Watched(), []

    def open_model() -> Segmenter:
        threads.append(threading.current_thread())
        assert go.wait(WAIT)
        return model

    with open_timed(open_model) as opening:
        assert opening.taken() is None, "nobody waits"
        go.set()
        segmenter, seconds = soon(opening.taken)
        assert opening.taken() is None
    assert segmenter is model
    assert seconds > 0
    assert threads != [threading.current_thread()]
    assert not model.closed.is_set(), "it is the taker's"


def test_a_trial_leaves_no_past() -> None:
    model = Watched()
    look_time(model)
    assert set(model.done[:-1]) == {"look"}
    assert model.done[-1] == "reset"


def test_what_nobody_took_is_closed_however_late_it_comes() -> None:
    early, late, go = Watched(), Watched(), threading.Event()
    opening = open_timed(lambda: early)
    assert early.tried.wait(WAIT)
    opening.close()
    assert early.closed.wait(WAIT)

    def open_late() -> Segmenter:
        assert go.wait(WAIT)
        return late

    opening = open_timed(open_late)
    opening.close(0)
    opening.close(0)
    assert not late.closed.is_set()
    go.set()
    assert late.closed.wait(WAIT)
    assert opening.taken() is None


def test_an_error_of_the_model_is_the_takers_and_the_model_is_closed() -> None:
    model = Watched(SegmenterError("the model gave nonsense"))
    with open_timed(lambda: model) as opening:
        assert model.closed.wait(WAIT)
        with pytest.raises(SegmenterError, match="nonsense"):
            soon(opening.taken)
