"""What every sink owes: `Sink` in types.py. The virtual camera takes part in tests/devices/run."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rimlight.protocols import Sink
from rimlight.sinks.null import open_null
from rimlight.sinks.preview import open_preview
from rimlight.sinks.recorder import open_recorder
from rimlight.sinks.virtual_camera import VirtualCamera, open_virtual_camera
from rimlight.types import Alpha, Color, Output, Picture, Size, StreamFormat
from screen import needs_screen, open_screen

SIZE = Size(320, 180)
FORMAT = StreamFormat(SIZE, Fraction(30))
OPENERS: dict[str, Callable[[Path], Sink]] = {
    "null": lambda _: open_null(),
    "recorder mp4": lambda folder: open_recorder(folder / "out.mp4", FORMAT),
    "recorder mkv": lambda folder: open_recorder(folder / "out.mkv", FORMAT),
    "preview": lambda _: open_preview("contract", FORMAT),
    "virtual camera": lambda _: open_virtual_camera(FORMAT),
}


RETURNING = (VirtualCamera,)
"""Those that can be lost and come back."""

ELSEWHERE = {
    "preview": ("DISPLAY", "tested under Xvfb, in a process of its own, by the last test here"),
    "virtual camera": (
        "VCAM_VM",
        "there is no virtual camera here; tests/devices/run tests it in a virtual machine",
    ),
}


@pytest.fixture(params=OPENERS)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    variable, reason = ELSEWHERE.get(request.param, ("PATH", ""))
    if variable not in os.environ:
        pytest.skip(reason)
    with OPENERS[request.param](tmp_path) as opened:
        yield opened


def output(index: int) -> Output:
    levels = np.random.default_rng(index).integers(16, 235, (SIZE.height * 3 // 2, SIZE.width), np.uint8)
    return Output(
        Picture(levels, Color()), Alpha(np.full((SIZE.height, SIZE.width), 255, np.uint8)), index / 30, index
    )


def test_outputs_are_taken_and_not_written_to(sink: Sink) -> None:
    for index in range(5):
        given = output(index)
        before = given.picture.i420.copy()
        sink.send(given)
        assert np.array_equal(given.picture.i420, before)
    assert sink.name
    assert "\n" not in sink.name


def test_no_reference_to_an_outputs_memory_is_kept(sink: Sink) -> None:
    given = output(0)
    array = given.picture.i420
    before = sys.getrefcount(array)
    sink.send(given)
    gc.collect()
    assert sys.getrefcount(array) == before


def test_the_same_output_may_come_again(sink: Sink) -> None:
    given = output(0)
    before = given.picture.i420.copy()
    sink.send(given)
    sink.send(given)
    sink.send(output(1))
    sink.close()
    assert np.array_equal(given.picture.i420, before)


def test_closing_twice_is_allowed_and_leaves_no_thread(sink: Sink) -> None:
    before = threading.active_count()
    sink.send(output(0))
    sink.close()
    sink.close()
    assert threading.active_count() <= before


def test_what_was_closed_comes_back_as_the_same_or_says_that_it_cannot(sink: Sink) -> None:
    sink.send(output(0))
    sink.close()
    again = sink.reopened()
    assert (again is not None) == isinstance(sink, RETURNING)
    if again is not None:
        with again:
            again.send(output(1))
            assert again.name == sink.name


@needs_screen
@pytest.mark.skipif("DISPLAY" in os.environ, reason="this is that process")
def test_the_preview_keeps_the_contract_too() -> None:
    """In a process of its own: Qt ends the whole process when its screen goes away."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", __file__, "-k", "preview", "-rA"]
    with open_screen() as screen:
        done = subprocess.run(
            command, env=screen.environment, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 5
