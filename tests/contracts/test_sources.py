"""What every source owes: `Source` in types.py. The webcam takes part where there is one: in tests/devices/run."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from media import write_clip
from rimlight.errors import SourceError
from rimlight.protocols import Source
from rimlight.sources.clip import open_clip
from rimlight.sources.sitter import open_sitter
from rimlight.sources.webcam import open_webcam
from rimlight.types import Size

SIZE = Size(320, 180)
Opener = Callable[[Path], Source]
OPENERS: dict[str, Opener] = {
    "sitter": lambda _: open_sitter(SIZE, Fraction(60), duration=0.3, paced=False),
    # Cameras leave out frames for which a busy machine is late: there must be enough of them.
    "sitter as a camera": lambda _: open_sitter(SIZE, Fraction(60), duration=2.5),
    "clip": lambda folder: open_clip(write_clip(folder / "clip.mp4")),
    "odd clip": lambda folder: open_clip(write_clip(folder / "odd.mkv", size=Size(63, 47), codec="ffv1")),
    "clip as a camera": lambda folder: open_clip(write_clip(folder / "clip.mp4", count=60), paced=True),
    "endless clip": lambda folder: open_clip(write_clip(folder / "clip.mp4"), paced=True, loop=True),
    "webcam": lambda _: open_webcam("/dev/video0", Size(640, 360), Fraction(30)),
}
ENDLESS = {"webcam", "endless clip"}
RETURNING = {"webcam"}
"""Those that can be lost and come back."""
CAMERAS = {"webcam", "endless clip", "clip as a camera", "sitter as a camera"}


@pytest.fixture(params=OPENERS)
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "webcam" and "VCAM_VM" not in os.environ:
        pytest.skip("there is no webcam here; tests/devices/run tests it in a virtual machine")
    return str(request.param)


@pytest.fixture
def open_kind(name: str, tmp_path: Path) -> Callable[[], Source]:
    return lambda: OPENERS[name](tmp_path)


def test_frames_are_what_the_format_says_and_times_grow(open_kind: Callable[[], Source]) -> None:
    with open_kind() as source:
        frames = [frame for frame in (source.read() for _ in range(5)) if frame]
        assert len(frames) == 5
        for frame in frames:
            assert frame.picture.size == source.format.size == source.format.size.even
            assert frame.picture.color == source.format.color
        assert source.format.fps > 0
    assert all(one.index < after.index and one.at < after.at for one, after in pairwise(frames))


def test_each_picture_has_its_own_memory(open_kind: Callable[[], Source]) -> None:
    with open_kind() as source:
        first = source.read()
        assert first is not None
        before = first.picture.i420.copy()
        for _ in range(3):
            other = source.read()
            assert other is not None
            assert not np.shares_memory(first.picture.i420, other.picture.i420)
        assert np.array_equal(first.picture.i420, before)


def test_it_says_its_name_and_what_was_obtained(open_kind: Callable[[], Source]) -> None:
    with open_kind() as source:
        assert source.name
        assert str(source.format.size) in source.note
        assert "\n" not in source.note


def test_the_end_is_none_and_stays_so(name: str, open_kind: Callable[[], Source]) -> None:
    if name in ENDLESS:
        pytest.skip("this one has no end")
    with open_kind() as source:
        frames = list(iter(source.read, None))
        assert frames
        assert source.read() is None


def test_cameras_count_time_on_the_monotonic_clock(name: str, open_kind: Callable[[], Source]) -> None:
    if name not in CAMERAS:
        pytest.skip("files count from their own beginning")
    with open_kind() as source:
        frame = source.read()
        assert frame is not None
        assert abs(frame.at - time.monotonic()) < 1.0


def test_closing_twice_is_allowed_and_ends_a_reader(open_kind: Callable[[], Source]) -> None:
    source = open_kind()
    done = threading.Event()

    def read_to_the_end() -> None:
        with contextlib.suppress(SourceError):  # what a source closed under its reader may raise
            while source.read() is not None:
                pass
        done.set()

    thread = threading.Thread(target=read_to_the_end, daemon=True)
    thread.start()
    source.close()
    source.close()
    assert done.wait(3)
    thread.join(3)


def test_what_was_closed_comes_back_as_the_same_or_says_that_it_cannot(
    name: str, open_kind: Callable[[], Source]
) -> None:
    source = open_kind()
    source.close()
    again = source.reopened()
    assert (again is not None) == (name in RETURNING)
    if again is not None:
        with again:
            assert (again.name, again.format) == (source.name, source.format)
            assert again.read() is not None
