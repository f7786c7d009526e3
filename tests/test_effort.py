"""The ladder of efforts, and what efforts are forecast to cost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.effort import LADDER, Effort, rungs
from rimlight.forecast import Spent, forecast

SPENT = Spent(call=8e-3, reading=0.0, calls=1.0, guide=4e-3, rest=5e-3, beside=0.0, cpu=0.6, latency=0.02)
LOOKS = {"standard": 1.0, "best": 8.0}

efforts = st.sampled_from(LADDER)
intervals = st.sampled_from([1 / 15, 1 / 30, 1 / 60])


def test_an_effort_is_told_in_words() -> None:
    assert str(Effort()) == "1 view, guide 384, model every frame"
    assert str(Effort(2, 640)) == "2 views, guide 640, model every frame"
    assert str(Effort(cadence=1 / 15, model="fast")) == "1 view, guide 384, fast model 15 times a second"


@pytest.mark.parametrize(
    ("fps", "cadence", "calls"), [(30, 0, 1), (30, 1 / 15, 1 / 2), (30, 0.1, 1 / 3), (60, 0.1, 1 / 6), (10, 0.1, 1)]
)
def test_a_cadence_skips_whole_frames(fps: float, cadence: float, calls: float) -> None:
    assert Effort(cadence=cadence).calls(1 / fps) == pytest.approx(calls)
    assert Effort(cadence=cadence * 0.99).calls(1 / fps) == pytest.approx(calls), "frames are never quite regular"


def test_rungs_that_are_the_same_for_these_pictures_are_one() -> None:
    at_30, at_60, at_15 = (rungs("standard", fps, 1280) for fps in (30, 60, 15))
    assert len(at_60) == len(LADDER)
    assert [rung.cadence for rung in at_30].count(1 / 30) == 0, "every frame"
    assert len(at_15) < len(at_30)
    assert [rung.views for rung in rungs("standard", 30, 320)].count(2) == 1, "no guide is larger than the picture"
    for ladder in (at_30, at_60, at_15, rungs("standard", 30, 320)):
        assert Effort() in ladder


def test_whoever_chose_a_model_keeps_it() -> None:
    assert {rung.model for rung in rungs("fast", 30, 1280)} == {"fast"}
    assert rungs("fast", 30, 1280)[-1] == Effort(model="fast")
    assert rungs("mine.onnx", 30, 1280) == (Effort(model="mine.onnx"),)
    assert rungs("best", 30, 1280)[-1] == Effort(model="best")


@given(efforts, efforts, intervals)
def test_a_forecast_there_and_back_is_what_was_measured(one: Effort, other: Effort, interval: float) -> None:
    here = SPENT._replace(calls=one.calls(interval), cpu=SPENT._replace(calls=one.calls(interval)).own / interval)
    back = forecast(forecast(here, one, other, interval, LOOKS), other, one, interval, LOOKS)
    assert back == pytest.approx(here, abs=1e-9)


@given(intervals, st.floats(1e-3, 0.1), st.floats(1e-4, 0.05), st.floats(0, 0.05))
def test_each_rung_is_forecast_to_cost_more_than_the_one_before(
    interval: float, call: float, guide: float, rest: float
) -> None:
    spent = Spent(call, 0.0, 1.0, guide, rest, 0.0, 2.0, 1.0)
    ladder = [rung for rung in rungs("standard", 1 / interval, 1280) if rung.model == "standard"]
    costs = [forecast(spent, Effort(), rung, interval, LOOKS) for rung in ladder]
    assert all(less.own < more.own and less.cpu <= more.cpu for less, more in pairwise(costs))
    assert all(less.latency <= more.latency for less, more in pairwise(costs))


def test_a_second_view_costs_a_call_and_a_finer_guide_its_pixels() -> None:
    found = forecast(SPENT, Effort(), Effort(views=2, guide_size=768), 1 / 30, LOOKS)
    assert (found.call, found.guide, found.rest) == pytest.approx((16e-3, 16e-3, 5e-3))
    assert found.latency == pytest.approx(0.02 + 8e-3 + 12e-3)
    assert found.cpu == pytest.approx(0.6 + 20e-3 * 30)


def test_fewer_calls_save_work_but_the_frames_that_have_one_are_as_late() -> None:
    found = forecast(SPENT, Effort(), Effort(cadence=1 / 10), 1 / 30, LOOKS)
    assert found.own == pytest.approx(8e-3 / 3 + 9e-3)
    reading = forecast(SPENT._replace(reading=3e-3), Effort(), Effort(2, cadence=1 / 10), 1 / 30, LOOKS)
    assert reading.own == pytest.approx((16e-3 + 3e-3) / 3 + 9e-3), (
        "what follows a call is skipped too, not doubled"
    )
    assert found.latency == SPENT.latency


def test_work_that_waits_for_a_core_saves_no_more_cpu_than_it_takes() -> None:
    waiting = SPENT._replace(cpu=SPENT.own * 30 / 4)
    found = forecast(waiting, Effort(), Effort(cadence=1 / 10), 1 / 30, LOOKS)
    assert found.cpu == pytest.approx(found.own * 30 / 4)


def test_the_busier_thread_sets_the_pace_and_waiting_for_a_core_is_part_of_it() -> None:
    assert SPENT._replace(waited=0.004).work == pytest.approx(SPENT.own + 0.004)
    assert SPENT._replace(beside=0.03).work == 0.03
