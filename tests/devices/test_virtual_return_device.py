"""Virtual cameras that go and come back, and their readers, on a real v4l2loopback (see `run`)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import cv2
import pytest
from modules import feeder, handles, put_loopback_in, take_out, takes_drivers_out
from test_virtual_camera_device import DEVICE, FORMAT, numbered, output, sending

from rimlight.errors import VirtualCameraError
from rimlight.sinks.virtual_camera import open_virtual_camera
from rimlight.types import Picture
from rimlight.v4l2 import holders, video_node

pytestmark = pytest.mark.skipif(
    "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
)


def seen(device: str, count: int) -> list[bytes]:
    """Pictures that a program which opens the device now is given."""
    reader = cv2.VideoCapture(device, cv2.CAP_V4L2)
    try:
        pictures = [reader.read()[1] for _ in range(count)]
    finally:
        reader.release()
    assert all(picture.shape == (480, 640, 3) for picture in pictures)
    return [picture.tobytes() for picture in pictures]


def test_readers_leave_and_return_and_the_camera_goes_and_comes_between() -> None:
    camera = open_virtual_camera(FORMAT, DEVICE)
    for _ in range(2):
        with camera, sending(camera, numbered):
            for _ in range(2):
                assert any(one != after for one, after in pairwise(seen(DEVICE, 6))), "moving"
                time.sleep(0.3)
        camera = camera.reopened()
    camera.close()


@contextmanager
def without_the_fake_webcam() -> Iterator[None]:
    """Its player holds the driver; it is started again as the guest's start does it."""
    player = feeder()
    os.kill(player, signal.SIGKILL)
    limit = time.monotonic() + 30
    while holders("/dev/video11"):
        assert time.monotonic() < limit
        time.sleep(0.05)
    try:
        yield
    finally:
        subprocess.run("sh /run/vcam-vm/feed >/dev/null 2>&1 </dev/null &", shell=True, check=True)
        while not video_node("/dev/video11").captures:
            assert time.monotonic() < limit + 60
            time.sleep(0.05)


@takes_drivers_out
def test_a_virtual_camera_whose_driver_was_loaded_anew_is_found_by_its_name() -> None:
    with without_the_fake_webcam():
        camera = open_virtual_camera(FORMAT, DEVICE)
        camera.send(output(numbered(0)))
        assert not take_out("v4l2loopback"), "as long as it is open it cannot go"
        camera.close()
        assert take_out("v4l2loopback")
        try:
            before = handles()
            for _ in range(50):
                with pytest.raises(
                    VirtualCameraError, match="there is no virtual camera 'Virtual Camera' any more"
                ):
                    camera.reopened()
            assert handles() == before
            put_loopback_in(20)
            with camera.reopened() as again, sending(again, numbered):
                assert again.name == "/dev/video20"
                assert seen("/dev/video20", 3)
        finally:
            take_out("v4l2loopback")
            put_loopback_in(10)
    with again.reopened() as home:
        assert home.name == DEVICE
        home.send(output(Picture.empty(FORMAT.size)))
