"""The webcam source on real drivers: vivid at /dev/video0, a fed v4l2loopback at /dev/video11 (see `run`)."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from rimlight.errors import CameraBusyError, CameraMissingError, SourceError
from rimlight.picture import to_bgr
from rimlight.sources.cameras import list_cameras
from rimlight.sources.raw import open_raw_decoder
from rimlight.sources.webcam import open_webcam
from rimlight.types import Color, Frame, Size, StreamFormat
from rimlight.v4l2 import is_busy, let_write_again, video_node, video_nodes

pytestmark = pytest.mark.skipif(
    "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
)

HD, VGA = Size(1280, 720), Size(640, 480)
THIRTY = Fraction(30)
CHOICE = "Choose one of these by number or name: 0 'vivid-000-vid-cap', 11 'Fake Webcam'."


COLOURS = [[0, 0, 255], [0, 255, 0], [255, 0, 0], [0, 255, 255]]
"""Blue, green and red of the quarters that the fed webcams show."""


def quarters(frame: Frame) -> list[list[int]]:
    bgr = to_bgr(frame.picture)
    return [bgr[y, x].astype(int).tolist() for y in (180, 540) for x in (320, 960)]


@contextmanager
def streaming(device: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another program that takes pictures from the device."""
    command = ["v4l2-ctl", "-d", device, "--stream-mmap", "--stream-to=/dev/null"]
    limit = time.monotonic() + 30
    while True:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
            try:
                while not is_busy(device) and program.poll() is None:
                    time.sleep(0.05)
                # Of a driver that is slow to give the first picture it does not wait for it, and ends.
                if program.poll() is None:
                    yield program
                    return
            finally:
                program.kill()
        assert time.monotonic() < limit, f"v4l2-ctl ended with {program.returncode} again and again"


def test_the_lists_name_cameras_and_leave_out_what_gives_no_pictures() -> None:
    cameras = {camera.index: camera for camera in list_cameras()}
    assert {index: camera.name for index, camera in cameras.items()} == {0: "vivid-000-vid-cap", 11: "Fake Webcam"}
    assert cameras[11].path == "/dev/video11"
    assert cameras[11].formats == ("YUYV up to 1280x720",)
    assert "YUYV up to 3840x2160" in cameras[0].formats
    nodes = {node.path: node for node in video_nodes()}
    assert list(nodes) == ["/dev/video0", "/dev/video10", "/dev/video11"]
    assert (nodes["/dev/video10"].captures, nodes["/dev/video10"].outputs) == (False, True)
    assert [node.is_loopback for node in nodes.values()] == [False, True, True]


@pytest.mark.parametrize("camera", [11, "11", "/dev/video11", "Fake Webcam", "fake"])
def test_what_the_driver_gives_is_the_truth_whatever_was_asked(camera: int | str) -> None:
    with open_webcam(camera, VGA, THIRTY) as source:
        assert source.format == StreamFormat(HD, THIRTY, Color())
        assert source.note == "Fake Webcam: 1280x720 YUYV at 30 fps (asked for 640x480)"
        frame = source.read()
    assert frame is not None
    assert frame.picture.size == HD


def test_colours_are_those_of_the_camera() -> None:
    with open_webcam("fake", HD, THIRTY) as source:
        assert source.note == "Fake Webcam: 1280x720 YUYV at 30 fps"
        frame = source.read()
    assert frame is not None
    assert np.abs(np.subtract(quarters(frame), COLOURS)).max() <= 6


@contextmanager
def sending_jpegs(folder: Path) -> Iterator[None]:
    """Makes /dev/video10 a webcam that gives JPEGs as UVC cameras do: 4:2:2, here of the four colours."""
    bgr = np.zeros((720, 1280, 3), np.uint8)
    for colour, (y, x) in zip(COLOURS, ((0, 0), (0, 640), (360, 0), (360, 640)), strict=True):
        bgr[y : y + 360, x : x + 640] = colour
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
    (folder / "camera.mjpeg").write_bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85, *sampling])[1])
    command = "ffmpeg -nostdin -loglevel error -re -stream_loop -1 -f mjpeg -framerate 30 -i camera.mjpeg -c copy"
    with subprocess.Popen([*command.split(), "-f", "v4l2", "/dev/video10"], cwd=folder) as feeder:
        try:
            while not video_node("/dev/video10").captures:
                assert feeder.poll() is None
                time.sleep(0.05)
            yield
        finally:
            feeder.kill()
            feeder.wait()
            let_write_again("/dev/video10")


def test_jpegs_become_pictures_of_the_right_colours(tmp_path: Path) -> None:
    with sending_jpegs(tmp_path), open_webcam("virtual", HD, THIRTY) as source:
        assert source.note == "Virtual Camera: 1280x720 MJPG at 30 fps"
        assert source.format == StreamFormat(HD, THIRTY, Color())
        frames = [source.read() for _ in range(10)]
    assert [frame.index for frame in frames if frame] == list(range(10))
    assert frames[-1] is not None
    assert np.abs(np.subtract(quarters(frames[-1]), COLOURS)).max() <= 6


def test_times_are_those_of_the_driver_not_of_the_reader(tmp_path: Path) -> None:
    with sending_jpegs(tmp_path), open_webcam("virtual", HD, THIRTY) as source:
        waited = []
        for _ in range(5):
            time.sleep(0.1)
            before = time.monotonic()
            frame = source.read()
            assert frame is not None
            waited.append(before - frame.at)
    assert max(waited) > 0, "a picture was there before it was asked for"
    assert max(waited) < 1


@pytest.mark.parametrize("fourcc", ["YUYV", "UYVY", "NV12", "NV21", "YU12", "YV12"])
def test_a_drivers_own_bytes_are_read_as_opencv_reads_them(fourcc: str) -> None:
    capture = cv2.VideoCapture("/dev/video0", cv2.CAP_V4L2)
    for what, value in (
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*fourcc)),
        (cv2.CAP_PROP_FRAME_WIDTH, VGA.width),
        (cv2.CAP_PROP_FRAME_HEIGHT, VGA.height),
        (cv2.CAP_PROP_CONVERT_RGB, 0),
    ):
        assert capture.set(what, value)
    whole, data = capture.read()
    capture.release()
    assert whole
    decoder = open_raw_decoder(fourcc, VGA)
    assert decoder is not None
    code = {"YU12": "I420", "YV12": "YV12"}.get(fourcc, fourcc)
    expected = cv2.cvtColor(data, getattr(cv2, f"COLOR_YUV2BGR_{code}"))
    assert expected.std() > 40, "colour bars"
    assert np.abs(to_bgr(decoder.decode(data)).astype(int) - expected).mean() < 1


@pytest.mark.parametrize(("size", "fps"), [(HD, Fraction(25, 2)), (VGA, Fraction(25)), (Size(320, 180), THIRTY)])
def test_a_rate_that_the_driver_cannot_keep_is_told(size: Size, fps: Fraction) -> None:
    with open_webcam(0, size, THIRTY) as source:
        assert source.format == StreamFormat(size, fps)
        asked = "" if fps == THIRTY else " (asked for 30 fps)"
        assert source.note == f"vivid-000-vid-cap: {size} BGR3 at {float(fps):g} fps{asked}"


def test_frames_count_up_move_and_have_their_own_memory() -> None:
    with open_webcam(0, VGA, THIRTY) as source:
        frames = [frame for frame in (source.read() for _ in range(8)) if frame is not None]
    assert [frame.index for frame in frames] == list(range(8))
    times = [frame.at for frame in frames]
    assert times == sorted(set(times))
    assert abs(times[-1] - time.monotonic()) < 60, "times are of the run's clock"
    copies = [frame.picture.i420.copy() for frame in frames]
    assert len({frame.picture.i420.ctypes.data for frame in frames}) == 8
    assert any(not np.array_equal(copies[0], copy) for copy in copies[1:])


def test_opencv_says_nothing_itself(capfd: pytest.CaptureFixture[str]) -> None:
    for camera in (5, "/dev/video10", "nothing"):
        with pytest.raises(CameraMissingError):
            open_webcam(camera, HD, THIRTY)
    with streaming("/dev/video0"), pytest.raises(CameraBusyError):
        open_webcam(0, HD, THIRTY)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("camera", [5, "/dev/video10", "/dev/video99", "nothing"])
def test_a_camera_that_is_not_there_is_told_with_those_that_are(camera: int | str) -> None:
    with pytest.raises(CameraMissingError) as raised:
        open_webcam(camera, HD, THIRTY)
    assert str(raised.value) == f"there is no camera {camera}\n{CHOICE}"


def test_a_busy_camera_names_the_program_that_holds_it() -> None:
    with streaming("/dev/video0") as program, pytest.raises(CameraBusyError) as raised:
        open_webcam(0, HD, THIRTY)
    who = f"v4l2-ctl (process {program.pid})"
    assert raised.value.what == f"camera 0 'vivid-000-vid-cap' is in use by {who} (/dev/video0)"
    with open_webcam(0, VGA, THIRTY) as source:
        assert source.read() is not None, "free again"


def test_a_camera_that_we_may_not_open_says_how_to_be_allowed() -> None:
    device = Path("/dev/video0")
    mode = device.stat().st_mode & 0o777
    device.chmod(0o600)
    os.seteuid(65534)
    try:
        with pytest.raises(CameraBusyError) as raised:
            open_webcam(0, HD, THIRTY)
    finally:
        os.seteuid(0)
        device.chmod(mode)
    assert "may not be opened by this user (/dev/video0)" in raised.value.what
    assert "usermod -aG video" in raised.value.hint


def test_a_camera_that_goes_away_is_an_error_that_says_so() -> None:
    with open_webcam(0, VGA, THIRTY) as source:
        assert source.read() is not None
        subprocess.run(["v4l2-ctl", "-d", "/dev/video0", "-c", "disconnect=1"], check=True)
        with pytest.raises(SourceError, match="camera 0 'vivid-000-vid-cap' stopped giving pictures"):
            list(iter(source.read, None))


def test_closing_from_another_thread_ends_a_read_that_waits() -> None:
    with open_webcam(0, HD, Fraction(1)) as source:
        ends: list[Frame | None] = [source.read()]

        def read() -> None:
            while ends[-1] is not None:
                ends.append(source.read())

        reader = threading.Thread(target=read)
        reader.start()
        source.close()
        reader.join(10)
        assert not reader.is_alive()
        assert ends[-1] is None
        source.close()
        assert source.read() is None
    capture = cv2.VideoCapture("/dev/video0", cv2.CAP_V4L2)
    assert capture.isOpened(), "the device was released"
    capture.release()
