"""The command itself, from a real webcam driver into a real virtual camera (see `run`)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from rimlight.sinks.virtual_camera import find_virtual_cameras
from rimlight.types import Bgr

pytestmark = pytest.mark.skipif(
    "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
)

GREEN = (64, 176, 0)
WAIT = 60.0


@contextmanager
def rimlight(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "rimlight", "live", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            yield program
        finally:
            program.kill()


def wait_until_written(program: subprocess.Popen[str]) -> None:
    limit = time.monotonic() + WAIT
    while next(info for info in find_virtual_cameras() if info.device == "/dev/video10").free:
        assert program.poll() is None, program.communicate()
        assert time.monotonic() < limit, "nothing writes to the virtual camera"
        time.sleep(0.1)


def unlike_green(bgr: Bgr) -> float:
    """By how many levels, in the middle of all."""
    return float(np.median(np.abs(bgr.astype(int) - GREEN)))


def test_from_the_webcam_into_the_virtual_camera_and_ended_by_ctrl_c() -> None:
    look = ("--background", "#00b140", "--to", "virtual", "--on-demand", "always-on")
    with rimlight("--camera", "fake", *look) as program:
        wait_until_written(program)
        reader = cv2.VideoCapture("/dev/video10", cv2.CAP_V4L2)
        limit = time.monotonic() + WAIT
        pictures = [reader.read()[1]]
        # The card comes first, and a picture that is both: v4l2loopback does not lock its buffers.
        while unlike_green(pictures[-1]) > 4 and time.monotonic() < limit:
            pictures.append(reader.read()[1])
        reader.release()
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=WAIT)
    assert pictures[-1].shape == (720, 1280, 3)
    # Nobody sits before the fed webcam: all of it is background.
    assert unlike_green(pictures[-1]) <= 4
    assert "Fake Webcam: 1280x720 YUYV at 30 fps" in err
    assert "Traceback" not in err
    assert program.returncode == 0, (out, err)
    assert all(info.free for info in find_virtual_cameras() if info.device == "/dev/video10")
