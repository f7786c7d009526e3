"""The property that people trust: whatever fails, and whenever, no sink ever gets a pixel of the raw room.

A few hundred random schedules here; thousands with the variable SCHEDULES=5000.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from faults.scene import Result, hasty, run
from faults.schedule import Raise, Schedule
from faults.strategies import FOREIGN, any_schedule, bearable_schedule, keys, treacherous_schedule
from rimlight.errors import BackgroundError, RimlightError
from rimlight.pipeline import Pipeline
from rimlight.protocols import Key
from rimlight.types import Cut, Frame, Output

SCHEDULES = int(os.environ.get("SCHEDULES", "150"))

BACKGROUNDS = st.sampled_from(["blur", "#808080", "office"])
OLDEST = 1.5
"""Seconds from a frame to a sink: the airlock lets none pass that is older than one, and no sink queues any."""

ANY: tuple[type[BaseException], ...] = (ValueError, *(type(error()) for error in FOREIGN))
"""Errors that no protocol allows; ValueError is what a picture of a wrong type is."""

unhurried = settings(max_examples=SCHEDULES, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, scope="module")
def _one_thread_in_opencv() -> Iterator[None]:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # as the command does
    yield
    cv2.setNumThreads(threads)


def handles() -> int:
    """Open handles of this process, where that can be told."""
    table = Path("/proc/self/fd")
    return len(list(table.iterdir())) if table.exists() else 0


def check(result: Result) -> None:
    """What holds after every run."""
    for sink in (result.witness, result.sink, result.window):
        assert sink.first is None, sink.first.what if sink.first else ""
        assert sink.slowest < OLDEST
    assert not result.stuck, "it had to be stopped"
    assert result.left == []


@pytest.mark.slow
@unhurried
@given(schedule=any_schedule, background=BACKGROUNDS, keys=keys)
def test_no_sink_ever_gets_a_pixel_of_the_raw_room(
    schedule: Schedule, background: str, keys: Sequence[Key]
) -> None:
    open_before = handles()
    with hasty():
        result = run(schedule, background=background, keys=keys)
    check(result)
    assert handles() == open_before
    if result.error is not None:
        event(f"ends with {type(result.error).__name__}")
        assert isinstance(result.error, (RimlightError, *ANY))


@pytest.mark.slow
@unhurried
@given(schedule=bearable_schedule, background=BACKGROUNDS, keys=keys)
def test_a_run_gets_over_what_can_be_borne(schedule: Schedule, background: str, keys: Sequence[Key]) -> None:
    with hasty():
        result = run(schedule, background=background, keys=keys)
    check(result)
    assert result.error is None
    assert result.report is not None
    assert result.report.ended == "source"


def test_a_frame_with_a_foreign_matte_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    cut, earlier = Pipeline.cut, deque[Cut](maxlen=8)

    def late(pipeline: Pipeline, frame: Frame) -> Cut:
        earlier.append(cut(pipeline, frame))
        return replace(earlier[-1], alpha=earlier[0].alpha, small=earlier[0].small)

    monkeypatch.setattr(Pipeline, "cut", late)
    with hasty():
        result = run(Schedule(), frames=40, speed=0.03)
    assert result.witness.first is not None


def test_a_run_that_fails_open_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    compose = Pipeline.compose

    def open_wide(pipeline: Pipeline, cut: Cut) -> Output:
        try:
            return compose(pipeline, cut)
        except BackgroundError:
            return Output(cut.picture, cut.alpha, cut.at, cut.index)

    monkeypatch.setattr(Pipeline, "compose", open_wide)
    gone = Raise(lambda: BackgroundError("office.jpg is gone"))
    with hasty():
        result = run(Schedule({"paint": dict.fromkeys(range(1, 40), gone)}), frames=40)
    assert result.witness.first is not None
    assert result.window.first is not None


@pytest.mark.slow
@unhurried
@given(schedule=treacherous_schedule, background=BACKGROUNDS)
def test_a_model_that_goes_mad_is_not_believed(schedule: Schedule, background: str) -> None:
    with hasty():
        result = run(schedule, background=background)
    check(result)
    assert result.error is None
