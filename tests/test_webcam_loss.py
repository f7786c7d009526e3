"""How a webcam is lost, closed and reopened, without a device. With one: tests/devices."""

import os
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from rimlight.errors import CameraBusyError, CameraMissingError, RimlightError, SourceError
from rimlight.sources import webcam
from rimlight.sources.cameras import CameraInfo
from rimlight.sources.webcam import open_webcam
from rimlight.types import Frame, Size
from webcam_driver import HD, THIRTY, Driver, jpeg, levels, linux, picture, plugged_in


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> list[Driver]:
    return plugged_in(monkeypatch)


@linux
def test_a_camera_that_gives_damaged_jpegs_only_is_not_left_to_opencv(plug_in: list[Driver]) -> None:
    """OpenCV makes of them pictures of whatever was in memory."""
    plug_in.append(Driver([picture(0)] * 9, raw=lambda _: np.zeros((1, 5000), np.uint8)))
    with pytest.raises(RimlightError):
        open_webcam(0, HD, THIRTY)
    assert plug_in[0].released == 1
    assert (cv2.CAP_PROP_CONVERT_RGB, 1) not in plug_in[0].asked


@linux
def test_damaged_pictures_and_no_others_are_an_error_that_says_so(plug_in: list[Driver]) -> None:
    damaged: list[bool] = []
    plug_in.append(Driver([picture(0)], raw=lambda bgr: jpeg(bgr)[:, : 100 if damaged else 1 << 20]))
    with open_webcam(4, HD, THIRTY) as source:
        damaged.append(True)
        plug_in[0].pictures.extend([picture(0)] * 3)
        with pytest.raises(SourceError, match="camera 4 'BRIO' gives only damaged pictures: the camera gave a"):
            source.read()


@linux
@pytest.mark.parametrize("fourcc", ["MJPG", "YUYV", ""])
def test_pictures_of_another_size_are_an_error_at_once(plug_in: list[Driver], fourcc: str) -> None:
    plug_in.append(
        Driver([picture(0, 64, 48), picture(9, 64, 48), picture(0, 32, 24), picture(0, 64, 48)], fourcc=fourcc)
    )
    with open_webcam(4, Size(64, 48), THIRTY) as source:
        assert source.read() is not None
        with pytest.raises(SourceError, match="camera 4 'BRIO' changed its pictures: the camera gave a"):
            source.read()
    assert len(plug_in[0].pictures) == 1, "the one after it was not waited for"


def test_a_camera_without_a_first_picture_is_waited_for_once(plug_in: list[Driver]) -> None:
    plug_in.append(Driver([]))
    with pytest.raises(RimlightError):
        open_webcam(4, HD, THIRTY)
    assert plug_in[0].released == 1
    if sys.platform == "linux":
        assert plug_in[0].grabbed == 1
        assert os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] == "3"


@pytest.mark.parametrize("where", ["grab", "retrieve"])
def test_what_opencv_raises_means_lost(plug_in: list[Driver], where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise cv2.error("(-215:Assertion failed) buf.index < req.count")

    plug_in.append(Driver([picture(0)] * 3))
    with open_webcam(4, HD, THIRTY) as source:
        monkeypatch.setattr(plug_in[0], where, fail)
        with pytest.raises(SourceError, match="camera 4 'BRIO'"):
            source.read()


def test_a_camera_is_reopened_by_its_name_wherever_it_is_now(
    plug_in: list[Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def open_capture(info: CameraInfo) -> Driver:
        opened.append(info.index)
        return plug_in[0]

    monkeypatch.setattr(webcam, "open_capture", open_capture)
    monkeypatch.setattr(webcam, "cameras_named", lambda name: [CameraInfo(7, name, "/dev/video7")])
    plug_in.append(Driver([picture(0, 640, 480)] * 2))
    with open_webcam(4, Size(640, 480), Fraction(15)) as source:
        pass
    plug_in[0] = Driver([picture(9, 640, 480)] * 2)
    with source.reopened() as again:
        assert again.name == source.name == "BRIO"
        assert again.note == source.note
        assert levels(again.read())[0] == pytest.approx(9, abs=2)
    assert opened == [4, 7]
    assert dict(plug_in[0].asked)[cv2.CAP_PROP_FRAME_WIDTH] == 640
    assert dict(plug_in[0].asked)[cv2.CAP_PROP_FPS] == 15


def test_nothing_is_opened_while_the_camera_is_away(plug_in: list[Driver], monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in.append(Driver([picture(0)]))
    source = open_webcam(4, HD, THIRTY)
    source.close()
    monkeypatch.setattr(webcam, "cameras_named", lambda _: [])
    plug_in.clear()  # an attempt would fail on this
    for _ in range(3):
        with pytest.raises(CameraMissingError, match="camera 'BRIO' is not there"):
            source.reopened()


def test_silence_and_a_changed_size_are_errors(plug_in: list[Driver]) -> None:
    plug_in.append(Driver([picture(0)]))
    with open_webcam(4, HD, THIRTY) as source, pytest.raises(SourceError, match="camera 4 'BRIO'"):
        source.read()
    plug_in[0] = Driver([picture(0), picture(0, 640, 480)])
    with open_webcam(4, HD, THIRTY) as source, pytest.raises(SourceError, match="camera 4 'BRIO'"):
        source.read()


def test_closing_ends_a_read_that_waits_and_releases_once(plug_in: list[Driver]) -> None:
    plug_in.append(Driver([picture(0)]))
    with open_webcam(0, HD, THIRTY) as source:
        ended = []
        reader = threading.Thread(target=lambda: ended.append(source.read()))
        reader.start()
        source.close()
        reader.join(10)
        source.close()
    assert ended == [None]
    assert source.read() is None
    assert plug_in[0].released == 1


def test_a_driver_that_hangs_does_not_hold_up_closing_and_is_released_when_it_answers(
    plug_in: list[Driver],
) -> None:
    plug_in.append(Driver([picture(0)] * 9))
    source = open_webcam(0, HD, THIRTY)
    plug_in[0].going.clear()
    ends: list[Frame | None] = []
    reader = threading.Thread(target=lambda: ends.append(source.read()), daemon=True)
    before = plug_in[0].grabbed
    reader.start()
    while plug_in[0].grabbed == before:
        time.sleep(0.01)
    source.close()
    assert plug_in[0].released == 0, "not under a driver that is at work"
    plug_in[0].going.set()
    reader.join(10)
    assert not reader.is_alive()
    assert plug_in[0].released == 1
    source.close()
    assert plug_in[0].released == 1


@linux
def test_a_camera_that_may_not_be_opened_is_busy_and_one_that_has_gone_is_missing(
    plug_in: list[Driver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in.append(Driver([]))
    device = tmp_path / "video0"
    monkeypatch.setattr(webcam, "list_cameras", lambda: [CameraInfo(0, "Gone", str(device))])
    with pytest.raises(CameraMissingError, match="camera 0 'Gone' has just gone"):
        open_webcam(0, HD, THIRTY)
    device.touch()
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises(CameraBusyError, match="may not be opened by this user"):
        open_webcam(0, HD, THIRTY)
