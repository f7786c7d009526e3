"""The virtual camera on a real v4l2loopback at /dev/video10, read back as call programs would (see `run`)."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from rimlight.errors import VirtualCameraError
from rimlight.picture import from_bgr
from rimlight.sinks.virtual_camera import VirtualCamera, find_virtual_cameras, open_virtual_camera
from rimlight.sources.cameras import list_cameras
from rimlight.types import Alpha, Bgr, Color, Output, Picture, Size, StreamFormat

pytestmark = pytest.mark.skipif(
    "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
)

DEVICE = "/dev/video10"
FORMAT = StreamFormat(Size(640, 480), Fraction(30))
LARGE = StreamFormat(Size(1280, 720), Fraction(30))
CHOICE = "Choose one of these: /dev/video10 'Virtual Camera', /dev/video11 'Fake Webcam'."


def output(picture: Picture, index: int = 0) -> Output:
    size = picture.size
    return Output(picture, Alpha(np.zeros((size.height, size.width), np.uint8)), 0.0, index)


def numbered(index: int) -> Picture:
    """A ramp that moves, so that a picture made of two shows."""
    picture = Picture.empty(FORMAT.size)
    rows, columns = np.indices(picture.y.shape)
    picture.y[:] = (rows + 2 * columns + 7 * index) % 220 + 16
    picture.u[:] = 64 + index
    picture.v[:] = 192 - index
    return picture


@contextmanager
def sending(camera: VirtualCamera, picture: Callable[[int], Picture]) -> Iterator[None]:
    """Sends picture(0), picture(1) ... 15 over and over at about 30 a second."""
    pictures = [output(picture(index), index) for index in range(16)]
    over = threading.Event()

    def send() -> None:
        index = 0
        while not over.wait(1 / 30):
            camera.send(pictures[index % 16])
            index += 1

    camera.send(pictures[0])
    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


def watched(count: int) -> list[Bgr]:
    """Pictures that OpenCV gets from the device, as (H, W, 3)."""
    reader = cv2.VideoCapture(DEVICE, cv2.CAP_V4L2)
    assert reader.isOpened()
    try:
        return [reader.read()[1] for _ in range(count)]
    finally:
        reader.release()


@contextmanager
def another_writer() -> Iterator[subprocess.Popen[str]]:
    """Another Rimlight on the same virtual camera."""
    program = """
import sys, time
from test_virtual_camera_device import DEVICE, FORMAT, numbered, open_virtual_camera, output
with open_virtual_camera(FORMAT, DEVICE) as camera:
    while True:
        camera.send(output(numbered(0)))
        print("sent", flush=True)
        time.sleep(0.03)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "sent\n"
            yield writer
        finally:
            writer.kill()


def test_readers_get_every_byte_as_it_was_sent(tmp_path: Path) -> None:
    file = tmp_path / "read.yuv"
    with open_virtual_camera(FORMAT, DEVICE) as camera, sending(camera, numbered):
        assert camera.name == DEVICE
        command = ["v4l2-ctl", "-d", DEVICE, "--stream-mmap", "--stream-count=30", f"--stream-to={file}"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    read = np.fromfile(file, np.uint8).reshape(30, 720, 640)
    sent = {numbered(index).i420.tobytes() for index in range(16)}
    # v4l2loopback does not lock its buffers: a reader that lags may see two pictures in one.
    assert sum(picture.tobytes() in sent for picture in read) >= 24
    assert len({picture.tobytes() for picture in read}) > 8


def test_the_camera_has_the_size_and_rate_that_were_asked_for_and_call_programs_list_it() -> None:
    odd = StreamFormat(Size(854, 482), Fraction(30000, 1001))
    with open_virtual_camera(odd, DEVICE) as camera:
        camera.send(output(Picture(np.full((723, 854), 128, np.uint8))))
        assert "Virtual Camera" in [info.name for info in list_cameras()]
        answer = subprocess.run(["v4l2-ctl", "-d", DEVICE, "--all"], capture_output=True, text=True, check=True)
    text = " ".join(answer.stdout.split())
    assert "Width/Height : 854/482" in text
    assert "Pixel Format : 'YU12'" in text
    assert "Virtual Camera" not in [info.name for info in list_cameras()]


@pytest.mark.parametrize("color", [Color(), Color("bt709"), Color("bt601", full_range=True), Color("bt709", True)])
def test_colours_are_right_whatever_the_source_was(color: Color) -> None:
    bgr: Bgr = np.empty((480, 640, 3), np.uint8)
    bgr[:] = (40, 90, 200)
    picture = from_bgr(bgr, color)
    with open_virtual_camera(FORMAT, DEVICE) as camera, sending(camera, lambda _: picture):
        got = watched(3)[-1]
    assert np.abs(got.astype(int) - bgr).max() <= 3


def test_a_closed_camera_can_be_opened_again_at_another_size() -> None:
    """v4l2loopback before 0.13 takes such a writer for one that stays for ever."""
    for format_ in (FORMAT, LARGE, FORMAT):
        with open_virtual_camera(format_, DEVICE) as camera:
            camera.send(output(Picture.empty(format_.size)))
            assert not next(info for info in find_virtual_cameras() if info.device == DEVICE).free
        camera.close()
        assert next(info for info in find_virtual_cameras() if info.device == DEVICE).free


def test_a_program_that_keeps_watching_does_not_keep_us_from_coming_back() -> None:
    reader = cv2.VideoCapture()
    with open_virtual_camera(FORMAT, DEVICE) as camera, sending(camera, numbered):
        reader.open(DEVICE, cv2.CAP_V4L2)
        assert reader.read()[0]
    try:
        with open_virtual_camera(FORMAT, DEVICE) as camera, sending(camera, numbered):
            assert reader.read()[0]
        with pytest.raises(VirtualCameraError) as raised:
            open_virtual_camera(LARGE, DEVICE)
        assert "is being watched at 640x480, which cannot change to 1280x720" in raised.value.what
    finally:
        reader.release()
    with open_virtual_camera(LARGE, DEVICE) as camera:
        camera.send(output(Picture.empty(LARGE.size)))


def test_a_camera_that_another_program_writes_to_names_it_and_is_not_chosen() -> None:
    with another_writer() as writer:
        with pytest.raises(VirtualCameraError) as raised:
            open_virtual_camera(FORMAT, DEVICE)
        name = Path(f"/proc/{writer.pid}/comm").read_text().strip()
        assert f"{DEVICE} 'Virtual Camera' is already in use by {name} (process {writer.pid})" in raised.value.what
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    with open_virtual_camera(FORMAT, DEVICE) as camera, sending(camera, numbered):
        assert watched(1)[0].shape == (480, 640, 3), "a writer that was killed does not block the device"


def test_without_a_name_the_first_free_one_is_chosen() -> None:
    with open_virtual_camera(FORMAT) as camera:
        assert camera.name == DEVICE


@pytest.mark.parametrize(
    ("device", "what"),
    [
        ("/dev/video0", "/dev/video0 is no virtual camera"),
        ("/dev/video99", "there is no device /dev/video99"),
        ("OBS", "there is no virtual camera 'OBS'"),
    ],
)
def test_a_wrong_device_is_told_with_those_that_are_right(device: str, what: str) -> None:
    with pytest.raises(VirtualCameraError) as raised:
        open_virtual_camera(FORMAT, device)
    assert str(raised.value) == f"{what}\n{CHOICE}"
