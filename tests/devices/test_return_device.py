"""Cameras that go and come back, on real drivers, and what a killed process held (see `run`)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from modules import feeder, handles, put_vivid_in, take_out, takes_drivers_out
from test_virtual_camera_device import DEVICE, FORMAT, output
from test_webcam_device import streaming

from rimlight.errors import CameraBusyError, CameraMissingError, SourceError, VirtualCameraError
from rimlight.picture import to_bgr
from rimlight.protocols import Source
from rimlight.sinks.virtual_camera import open_virtual_camera
from rimlight.sources.awaited import open_awaited_camera
from rimlight.sources.webcam import open_webcam
from rimlight.types import Bgr, Size
from rimlight.v4l2 import let_write_again, video_node

pytestmark = pytest.mark.skipif(
    "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
)

HD, VGA = Size(1280, 720), Size(640, 480)
THIRTY = Fraction(30)
VIVID = "vivid-000-vid-cap"
DRIVER = Path("/sys/bus/platform/drivers/vivid")


def unplug() -> None:
    (DRIVER / "unbind").write_text("vivid.0")


def plug_in() -> None:
    (DRIVER / "bind").write_text("vivid.0")


def inject(what: str) -> None:
    subprocess.run(["v4l2-ctl", "-d", "/dev/video0", "-c", f"{what}=1"], check=True)


@pytest.fixture
def plugged_in_again() -> Iterator[None]:
    yield
    if not (DRIVER / "vivid.0").exists():
        plug_in()


def lost(source: Source, how: Callable[[], None]) -> tuple[SourceError, float]:
    """What reading ends with, and how many seconds after that was done which loses the camera."""
    done: list[float] = []

    def lose() -> None:
        how()
        done.append(time.monotonic())

    for _ in range(3):
        assert source.read() is not None
    loser = threading.Timer(0.2, lose)
    loser.start()
    with pytest.raises(SourceError) as raised:
        list(iter(source.read, None))
    at = time.monotonic()
    loser.join()
    return raised.value, at - done[0]


def back(source: Source) -> Source:
    """The camera, tried for as a run does."""
    limit = time.monotonic() + 30
    while True:
        try:
            again = source.reopened()
        except SourceError:
            assert time.monotonic() < limit
            time.sleep(0.1)
        else:
            assert again is not None
            return again


@pytest.mark.usefixtures("plugged_in_again")
@pytest.mark.parametrize(
    ("how", "says"),
    [
        (unplug, "was unplugged"),
        (lambda: inject("disconnect"), "stopped giving pictures"),
        (lambda: inject("inject_fatal_streaming_error"), "stopped giving pictures"),
    ],
    ids=["unplugged", "disconnected", "broken"],
)
def test_loss_is_noticed_at_once_and_what_is_back_is_the_same(how: Callable[[], None], says: str) -> None:
    with open_webcam(0, VGA, THIRTY) as source:
        error, after = lost(source, how)
    assert error.what == f"camera 0 '{VIVID}' {says}"
    assert after < 1.5, "not only by its silence"
    if not Path("/dev/video0").exists():
        plug_in()
    with back(source) as again:
        assert (again.name, again.format, again.note) == (source.name, source.format, source.note)
        assert again.read() is not None


@pytest.mark.usefixtures("plugged_in_again")
def test_trying_while_it_is_away_leaves_nothing_open_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with open_webcam(0, VGA, THIRTY) as source:
        lost(source, unplug)
    before = handles()
    for _ in range(200):
        with pytest.raises(CameraMissingError, match=f"camera '{VIVID}' is not there"):
            source.reopened()
    assert handles() == before
    assert not any("/dev/video" in handle for handle in before)
    assert capfd.readouterr() == ("", "")


@takes_drivers_out
def test_a_camera_with_a_new_number_is_found_by_its_name() -> None:
    with open_webcam(0, VGA, THIRTY) as source:
        assert source.read() is not None
    assert take_out("vivid")
    try:
        with pytest.raises(CameraMissingError):
            source.reopened()
        put_vivid_in(5)
        with back(source) as again:
            assert again.read() is not None
            assert "/dev/video5" in handles()
            assert again.name == VIVID
    finally:
        take_out("vivid")
        put_vivid_in(0)
    with back(again) as home:
        assert home.read() is not None


def test_a_camera_that_another_program_took_meanwhile_is_told_with_its_holder_and_taken_when_free() -> None:
    with open_webcam(0, VGA, THIRTY) as source:
        assert source.read() is not None
    with streaming("/dev/video0") as program:
        before = handles()
        for _ in range(3):
            with pytest.raises(CameraBusyError, match=rf"in use by v4l2-ctl \(process {program.pid}\)"):
                source.reopened()
        assert handles() == before
    with back(source) as again:
        assert again.read() is not None


def test_a_camera_that_is_busy_at_the_start_is_stood_for_and_taken_when_free() -> None:
    with streaming("/dev/video0") as program:
        with pytest.raises(CameraBusyError) as raised:
            open_webcam("vivid", VGA, THIRTY)
        source = open_awaited_camera("vivid", VGA, THIRTY, raised.value)
        assert source.name == VIVID
        assert f"(process {program.pid})" in source.note
        for ask in (source.read, source.reopened):
            with pytest.raises(CameraBusyError):
                ask()
    with back(source) as taken:
        frame = taken.read()
        assert frame is not None
        assert frame.picture.size == VGA


def test_a_camera_that_falls_silent_is_lost_and_comes_back_with_its_pictures() -> None:
    player = feeder()
    with open_webcam("fake", HD, THIRTY) as source:
        error, _ = lost(source, lambda: os.kill(player, signal.SIGSTOP))
    assert error.what == "camera 11 'Fake Webcam' stopped giving pictures"
    try:
        with pytest.raises(SourceError, match="camera 11 'Fake Webcam' gives no pictures"):
            source.reopened()
    finally:
        os.kill(player, signal.SIGCONT)
    with back(source) as again:
        assert again.read() is not None


@contextmanager
def jpegs(folder: Path) -> Iterator[Callable[[Bgr], None]]:
    """Makes /dev/video10 a webcam that gives this picture as JPEG, of whatever size."""
    over = threading.Event()
    given: list[bytes] = []

    def give(bgr: Bgr) -> None:
        given[:] = [cv2.imencode(".jpg", bgr)[1].tobytes()]

    command = "ffmpeg -loglevel error -f mjpeg -framerate 30 -i - -c copy -f v4l2"
    give(np.zeros((720, 1280, 3), np.uint8))
    let_write_again(DEVICE)  # whoever was killed while writing to it left it closed to FFmpeg
    with subprocess.Popen([*command.split(), DEVICE], stdin=subprocess.PIPE, cwd=folder) as player:
        stdin = player.stdin
        assert stdin is not None

        def write() -> None:
            while not over.wait(1 / 30):
                stdin.write(given[0])
                stdin.flush()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            while not video_node(DEVICE).captures:
                assert player.poll() is None
                time.sleep(0.05)
            yield give
        finally:
            over.set()
            writer.join()
            player.kill()
            player.wait()
            let_write_again(DEVICE)


def test_pictures_that_change_their_size_are_never_taken_for_others(tmp_path: Path) -> None:
    with jpegs(tmp_path) as give:
        with open_webcam("virtual", HD, THIRTY) as source:
            bluish = np.full((480, 640, 3), (200, 120, 40), np.uint8)
            error, _ = lost(source, lambda: give(bluish))
        assert "camera 10 'Virtual Camera' changed its pictures" in error.what
        with back(source) as again:
            assert again.format.size == VGA
            frame = again.read()
            assert frame is not None
            assert np.abs(to_bgr(frame.picture)[::40, ::40].astype(int) - (200, 120, 40)).max() <= 4


HOLDER = f"""
from fractions import Fraction
import numpy as np
from rimlight.sinks.virtual_camera import open_virtual_camera
from rimlight.sources.webcam import open_webcam
from rimlight.types import Alpha, Output, Size, StreamFormat
size, rate = Size(640, 480), Fraction(30)
source, camera = open_webcam(0, size, rate), open_virtual_camera(StreamFormat(size, rate), {DEVICE!r})
alpha = Alpha(np.zeros((480, 640), np.uint8))
while True:
    frame = source.read()
    camera.send(Output(frame.picture, alpha, frame.at, frame.index))
    print("up", flush=True)
"""


@contextmanager
def holding_both() -> Iterator[subprocess.Popen[bytes]]:
    """Another process that reads the webcam and writes the virtual camera, killed in the end."""
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            yield process
        finally:
            process.kill()


def test_what_a_killed_process_held_can_be_opened_by_another() -> None:
    with holding_both() as process:
        with pytest.raises(CameraBusyError, match=f"process {process.pid}"):
            open_webcam(0, VGA, THIRTY)
        with pytest.raises(VirtualCameraError, match=f"process {process.pid}"):
            open_virtual_camera(FORMAT, DEVICE)
    with open_webcam(0, VGA, THIRTY) as source, open_virtual_camera(FORMAT, DEVICE) as camera:
        frame = source.read()
        assert frame is not None
        camera.send(output(frame.picture))
