"""The webcam without a device: notes, formats, times, and how pictures are read. With one: tests/devices."""

import sys
import time

import cv2
import numpy as np
import pytest

from rimlight.errors import CameraMissingError
from rimlight.picture import to_bgr
from rimlight.sources.cameras import list_cameras
from rimlight.sources.webcam import open_webcam
from rimlight.types import Bgr, Plane, Size
from webcam_driver import HD, THIRTY, Driver, jpeg, levels, linux, picture, plugged_in


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> list[Driver]:
    return plugged_in(monkeypatch)


@pytest.mark.skipif(bool(list_cameras()), reason="there is a camera; tests/devices tells what is right then")
def test_where_there_is_no_camera_the_way_out_is_the_sitter() -> None:
    with pytest.raises(CameraMissingError) as raised:
        open_webcam(0, HD, THIRTY)
    assert raised.value.what == "there is no camera 0: this system has none"
    assert "rimlight --camera sitter" in raised.value.hint


def test_the_pixel_format_is_asked_for_before_size_and_rate(plug_in: list[Driver]) -> None:
    plug_in.append(Driver([picture(0)]))
    open_webcam(0, HD, THIRTY).close()
    assert [what for what, _ in plug_in[0].asked] == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
        cv2.CAP_PROP_BUFFERSIZE,
    ] + [cv2.CAP_PROP_CONVERT_RGB] * (sys.platform == "linux")
    assert plug_in[0].asked[1:4] == [
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 30.0),
    ]


@pytest.mark.parametrize(
    ("size", "fps", "fourcc", "note"),
    [
        (HD, 30.0, "MJPG", "BRIO: 1280x720 MJPG at 30 fps"),
        (HD, 29.97002997, "MJPG", "BRIO: 1280x720 MJPG at 29.97 fps"),
        (HD, 0.0, "", "BRIO: 1280x720 at 30 fps"),
        (HD, -1.0, "YUYV", "BRIO: 1280x720 YUYV at 30 fps"),
        (Size(640, 480), 30.0, "YUYV", "BRIO: 640x480 YUYV at 30 fps (asked for 1280x720)"),
        (HD, 10.0, "YUYV", "BRIO: 1280x720 YUYV at 10 fps (asked for 30 fps)"),
        (Size(640, 480), 7.5, "YUYV", "BRIO: 640x480 YUYV at 7.5 fps (asked for 1280x720 at 30 fps)"),
    ],
)
def test_the_note_says_what_was_obtained(
    plug_in: list[Driver], size: Size, fps: float, fourcc: str, note: str
) -> None:
    plug_in.append(Driver([picture(0, *size)], fps, fourcc))
    with open_webcam(4, HD, THIRTY) as source:
        assert source.note == note
        assert source.format.size == size


def test_odd_sizes_are_padded_and_pictures_keep_their_colours(plug_in: list[Driver]) -> None:
    plug_in.append(Driver([picture(90, 641, 361), picture(90, 641, 361)]))
    with open_webcam(0, HD, THIRTY) as source:
        assert source.format.size == Size(642, 362)
        frame = source.read()
    assert frame is not None
    assert frame.picture.size == Size(642, 362)
    assert np.abs(to_bgr(frame.picture).astype(int) - 90).max() <= 1


def test_a_damaged_picture_is_left_out_and_leaves_a_gap_in_the_numbers(plug_in: list[Driver]) -> None:
    plug_in.append(Driver([None, picture(0), picture(1), None, None, picture(2)]))
    with open_webcam(0, HD, THIRTY) as source:
        frames = [source.read(), source.read()]
    assert [frame.index for frame in frames if frame] == [0, 3]


BLUISH = (200, 120, 40)


@linux
@pytest.mark.parametrize("fourcc", ["MJPG", "JPEG", "YUYV"])
def test_what_the_driver_gives_becomes_a_picture_without_bgr_between(plug_in: list[Driver], fourcc: str) -> None:
    plug_in.append(Driver([np.full((48, 64, 3), BLUISH, np.uint8)] * 2, fourcc=fourcc))
    with open_webcam(0, Size(64, 48), THIRTY) as source:
        seen = levels(source.read())
    assert plug_in[0].asked[-1] == (cv2.CAP_PROP_CONVERT_RGB, 0)
    assert np.abs(np.subtract(seen, BLUISH)).max() <= 3


@linux
@pytest.mark.parametrize("fourcc", ["MJPG", "YUYV", "NV12"])
def test_a_driver_that_gives_something_else_is_left_to_opencv(plug_in: list[Driver], fourcc: str) -> None:
    something = jpeg(np.zeros((24, 32, 3), np.uint8))
    plug_in.append(Driver([np.full((48, 64, 3), BLUISH, np.uint8)] * 9, fourcc=fourcc, raw=lambda _: something))
    with open_webcam(0, Size(64, 48), THIRTY) as source:
        seen = levels(source.read())
    assert plug_in[0].asked[-1] == (cv2.CAP_PROP_CONVERT_RGB, 1)
    assert np.abs(np.subtract(seen, BLUISH)).max() <= 3


@linux
@pytest.mark.parametrize("fourcc", ["BGR3", "GREY", ""])
def test_formats_without_a_way_of_ours_are_left_to_opencv(plug_in: list[Driver], fourcc: str) -> None:
    plug_in.append(Driver([np.full((48, 64, 3), BLUISH, np.uint8)] * 2, fourcc=fourcc))
    with open_webcam(0, Size(64, 48), THIRTY) as source:
        seen = levels(source.read())
    assert cv2.CAP_PROP_CONVERT_RGB not in dict(plug_in[0].asked)
    assert np.abs(np.subtract(seen, BLUISH)).max() <= 3


@linux
def test_a_jpeg_that_lost_its_end_is_left_out_and_leaves_a_gap_in_the_numbers(plug_in: list[Driver]) -> None:
    def cut(bgr: Bgr) -> Plane:
        data = jpeg(bgr)
        return data[:, : data.size // 2] if bgr[0, 0, 0] == 7 else data

    plug_in.append(Driver([picture(level) for level in (7, 0, 10, 7, 7, 30)], raw=cut))
    with open_webcam(0, HD, THIRTY) as source:
        frames = [source.read(), source.read()]
    assert [frame.index for frame in frames if frame] == [0, 3]
    assert np.abs(np.subtract([levels(frame)[0] for frame in frames], [10, 30])).max() <= 2


@linux
@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ((0.5, 0.2), [0.5, 0.2]),
        ((0.2, 0.5), [0.2, 0]),  # the clock of a run never goes back
        ((7.0, -0.04, -1e9, 1e9), [0, 0, 0, 0]),  # too old, ahead, and of other clocks
    ],
)
def test_times_are_the_drivers_where_they_can_be(
    plug_in: list[Driver], told: tuple[float, ...], believed: list[float]
) -> None:
    plug_in.append(Driver([picture(0, 64, 48)] * (1 + len(told)), ages=(0.0, *told)))
    found, times = [], []
    with open_webcam(0, HD, THIRTY) as source:
        for _ in told:
            frame = source.read()
            assert frame is not None
            found.append(time.monotonic() - frame.at)
            times.append(frame.at)
    assert found == pytest.approx(believed, abs=0.1)
    assert times == sorted(set(times))
