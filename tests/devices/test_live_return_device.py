"""The command itself while real devices go and come: the card, then the call again; and the camera on demand."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import cv2
import numpy as np
import pytest
from test_live_device import GREEN, WAIT, rimlight, wait_until_written
from test_return_device import plug_in, plugged_in_again, unplug
from test_webcam_device import streaming

from rimlight.types import Bgr
from rimlight.v4l2 import holders

pytestmark = pytest.mark.skipif(
    "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
)
__all__ = ["plugged_in_again"]

LOOK = ["--background", "#00b140", "--to", "virtual"]
LAG = 10
"""Pictures; more than can be under way in the run and in v4l2loopback's buffers."""
MODEST = ["--size", "640x480", "--runtime", "onnx"]


class Reader:
    """A program that watches the virtual camera."""

    def __init__(self) -> None:
        self._capture = cv2.VideoCapture("/dev/video10", cv2.CAP_V4L2)
        self.kinds: list[str] = []

    def until(self, kind: str) -> float:
        """Reads until pictures are of that kind; how many seconds it took."""
        start = time.monotonic()
        while True:
            whole, bgr = self._capture.read()
            assert time.monotonic() - start < WAIT, self.kinds[-20:]
            if whole:
                self.kinds.append(kind_of(bgr))
                if self.kinds[-1] == kind:
                    return time.monotonic() - start

    def until_again(self, kind: str) -> float:
        """The same, of pictures that come from now on.

        On a busy machine one that was captured before the card came may be shown after it.
        """
        return sum(self.until(kind) for _ in range(LAG))

    def close(self) -> None:
        self._capture.release()


def kind_of(bgr: Bgr) -> str:
    """'live' with the green behind, 'card' when it is dark, as both kinds of card are; else 'raw'."""
    corners = np.concatenate([bgr[:20, :20].reshape(-1, 3), bgr[:20, -20:].reshape(-1, 3)]).astype(int)
    if np.abs(np.median(corners, axis=0) - GREEN).max() <= 8:
        return "live"
    return "card" if corners.max() < 140 else "raw"


@contextmanager
def reading() -> Iterator[Reader]:
    reader = Reader()
    try:
        yield reader
    finally:
        reader.close()


def soon(holds: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


def ended(program: subprocess.Popen[str]) -> str:
    """What it printed until Ctrl-C ended it, in order."""
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=WAIT)
    assert program.returncode == 0, err
    assert "Traceback" not in err
    return err


def counted(err: str, what: str) -> int:
    """How often that happened, by the run's last line. On a busy machine a camera may be stuck or late besides."""
    found = re.search(rf"^in this run: .*\b{what} (\d+)", err, re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.mark.usefixtures("plugged_in_again")
def test_an_unplugged_webcam_is_covered_by_the_card_and_taken_again_when_it_is_back() -> None:
    with rimlight("--camera", "0", *MODEST, *LOOK, "--on-demand", "always-on") as program:
        wait_until_written(program)
        with reading() as reader:
            reader.until("live")
            unplug()
            covered = reader.until("card")
            plug_in()
            live = reader.until_again("live")
        err = ended(program)
    print(f"unplugged to card: {covered:.2f} s; plugged in to {LAG} live pictures: {live:.2f} s")
    assert "raw" not in reader.kinds
    assert "camera 0 'vivid-000-vid-cap' was unplugged; it is taken again as soon as it can be" in err
    assert counted(err, "camera lost") == 1
    assert counted(err, "camera back") >= 1


def test_the_camera_is_on_only_while_the_virtual_camera_is_read() -> None:
    with rimlight("--camera", "Fake Webcam", *MODEST, *LOOK) as program:

        def is_on() -> bool:
            return any(f"(process {program.pid})" in holder for holder in holders("/dev/video11"))

        wait_until_written(program)
        soon(lambda: not is_on(), "the camera is on although nobody looks")
        times = []
        for _ in range(2):
            with reading() as reader:
                times.append(reader.until("live"))
                soon(is_on, "pictures without a camera")
                assert "raw" not in reader.kinds
            soon(lambda: not is_on(), "the camera stays on")
        err = ended(program)
    print(f"from opening to the first picture: {', '.join(f'{seconds:.2f}' for seconds in times)} s")
    assert f"(process {os.getpid()})" in err
    assert "Fake Webcam is off until a program reads /dev/video10" in err
    # Each time that nobody looked. At first it may be off because it was stuck: then it was never told so.
    assert counted(err, "camera off") >= 2
    assert counted(err, "camera back") >= 2


def test_a_webcam_that_another_program_holds_is_waited_for() -> None:
    with ExitStack() as opened:
        other = ExitStack()
        opened.enter_context(other)
        other.enter_context(streaming("/dev/video0"))
        program = opened.enter_context(rimlight("--camera", "0", *MODEST, *LOOK, "--on-demand", "always-on"))
        wait_until_written(program)
        reader = opened.enter_context(reading())
        reader.until("card")
        other.close()
        free = reader.until("live")
        err = ended(program)
    print(f"free to live: {free:.2f} s")
    assert "in use by v4l2-ctl" in err
    assert "raw" not in reader.kinds


def test_after_kill_9_both_cameras_can_be_used_again() -> None:
    for _ in range(2):
        with rimlight("--camera", "Fake Webcam", *MODEST, *LOOK, "--on-demand", "always-on") as program:
            wait_until_written(program)
            with reading() as reader:
                reader.until("live")
            os.kill(program.pid, signal.SIGKILL)
            program.wait(WAIT)
