"""Who reads a real v4l2loopback at /dev/video10 (see `run`), found in /proc: this driver, 0.12.7, cannot tell."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rimlight.handles import counted, holders_of, loopbacks
from rimlight.sinks.virtual_camera import open_virtual_camera
from rimlight.types import Alpha, Output, Picture, Size, StreamFormat
from rimlight.usage import Usage, open_usage

pytestmark = pytest.mark.skipif(
    "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
)

DEVICE = "/dev/video10"
FORMAT = StreamFormat(Size(320, 240), Fraction(30))
NOBODY = 65534

V4L2_CTL = ["v4l2-ctl", "-d", DEVICE, "--stream-mmap", "--stream-to=/dev/null"]
FFMPEG = ["ffmpeg", "-nostdin", "-loglevel", "error", "-f", "v4l2", "-i", DEVICE, "-f", "null", "-"]
OPENCV = [
    sys.executable,
    "-c",
    f"import cv2\ncamera = cv2.VideoCapture({DEVICE!r}, cv2.CAP_V4L2)\nwhile camera.read()[0]: pass",
]


@pytest.fixture
def written() -> Iterator[None]:
    """Makes the device a camera: this process writes to it."""
    over = threading.Event()
    output = Output(Picture(np.full((360, 320), 128, np.uint8)), Alpha(np.zeros((240, 320), np.uint8)), 0.0, 0)
    with open_virtual_camera(FORMAT, DEVICE) as camera:
        camera.send(output)

        def send() -> None:
            while not over.wait(1 / 30):
                camera.send(output)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            over.set()
            sender.join()


@contextmanager
def running(command: list[str]) -> Iterator[str]:
    """Another program; gives how it is named as a reader, once it has its name."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            yield f"{name_of(program.pid)} (process {program.pid})"
        finally:
            program.kill()


def name_of(process: int) -> str:
    return Path(f"/proc/{process}/comm").read_text().strip()


def until(usage: Usage, wanted: Callable[[Sequence[str]], bool]) -> Sequence[str]:
    limit = time.monotonic() + 60
    while not wanted(readers := usage.readers()):
        assert time.monotonic() < limit, f"still read by {readers}"
        usage.wait(1.0)
    return readers


def read_by(count: int) -> Callable[[Sequence[str]], bool]:
    return lambda readers: len(readers) == count


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("command", [V4L2_CTL, FFMPEG, OPENCV], ids=["v4l2-ctl", "ffmpeg", "OpenCV"])
def test_a_program_that_takes_pictures_is_named_and_leaves(command: list[str]) -> None:
    with open_usage(DEVICE) as usage:
        assert usage.readers() == []
        with running(command) as name:
            assert until(usage, bool) == [name]
        assert until(usage, read_by(0)) == []


@pytest.mark.usefixtures("written")
def test_two_programs_are_two_readers() -> None:
    with open_usage(DEVICE) as usage:
        with running(V4L2_CTL) as one:
            assert until(usage, bool) == [one]
            with running(FFMPEG) as other:
                assert set(until(usage, read_by(2))) == {one, other}
            assert until(usage, read_by(1)) == [one]
        assert until(usage, read_by(0)) == []


@pytest.mark.usefixtures("written")
def test_neither_the_writer_nor_who_asks_what_camera_it_is_reads() -> None:
    ends = time.monotonic() + 4
    with open_usage(DEVICE) as usage:
        while time.monotonic() < ends:
            subprocess.run(["v4l2-ctl", "-d", DEVICE, "--info"], stdout=subprocess.DEVNULL, check=True)
            assert usage.readers() == []
            usage.wait(0.3)
            assert usage.readers() == []


def test_another_writer_that_only_writes_is_no_reader() -> None:
    ends = time.monotonic() + 1
    with (
        open_usage(DEVICE) as usage,
        Path(DEVICE).open("wb") as handle,  # as pyvirtualcam opens it
        subprocess.Popen(["sleep", "60"], stdout=handle) as writer,
    ):
        try:
            while time.monotonic() < ends:
                usage.wait(0.3)
                assert usage.readers() == []
            found = [one for one in holders_of({DEVICE}) if one.process == writer.pid]
            assert [(one.handles, one.reads) for one in found] == [(1, False)]
        finally:
            writer.kill()


def test_the_kernel_counts_the_handles_on_all_its_devices() -> None:
    assert loopbacks() == {DEVICE, "/dev/video11"}
    seen = sum(one.handles for one in holders_of(loopbacks()))
    assert counted() == seen
    with Path(DEVICE).open("rb", buffering=0):
        assert counted() == seen + 1
    assert counted() == seen


@pytest.mark.usefixtures("written")
def test_the_programs_of_other_users_count_without_a_name() -> None:
    """What feeds /dev/video11 is root's too, and might be at /dev/video10 for all that the user nobody can know."""
    os.seteuid(NOBODY)
    try:
        with open_usage(DEVICE) as usage:
            assert until(usage, bool) == ["a program"]
            os.seteuid(0)
            with running(V4L2_CTL):
                os.seteuid(NOBODY)
                assert until(usage, read_by(2)) == ["a program", "a program"]
                os.seteuid(0)
            os.seteuid(NOBODY)
            assert until(usage, read_by(1)) == ["a program"]
    finally:
        os.seteuid(0)
