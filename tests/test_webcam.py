"""The webcam without a device: names, notes, and how pictures are read. With one: tests/devices."""

import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from rimlight.errors import CameraBusyError, CameraMissingError, SourceError
from rimlight.picture import to_bgr
from rimlight.sources import webcam
from rimlight.sources.cameras import CameraInfo, find_camera, list_cameras
from rimlight.sources.webcam import open_webcam
from rimlight.types import Bgr, Size

HD = Size(1280, 720)
THIRTY = Fraction(30)
CAMERAS = [
    CameraInfo(0, "Integrated Camera: Color", "/dev/video0"),
    CameraInfo(2, "Integrated Camera: IR", "/dev/video2"),
    CameraInfo(4, "BRIO", "/dev/video4"),
    CameraInfo(6, "BRIO Stream", "/dev/video6"),
]

linux = pytest.mark.skipif(sys.platform != "linux", reason="device files are Linux's")


@pytest.mark.parametrize(
    ("wanted", "index"),
    [(0, 0), ("0", 0), (2, 2), ("/dev/video2", 2), ("ir", 2), ("color", 0), ("brio", 4), (" Stream ", 6)],
)
def test_a_camera_is_found_by_number_file_name_or_part_of_it(wanted: int | str, index: int) -> None:
    assert find_camera(wanted, CAMERAS).index == index


@pytest.mark.parametrize("wanted", [1, "1", "/dev/video1", "logi", "", "/dev/does-not-exist"])
def test_what_is_not_there_is_told_with_what_is(wanted: int | str) -> None:
    with pytest.raises(CameraMissingError) as raised:
        find_camera(wanted, CAMERAS[:2])
    known = "0 'Integrated Camera: Color', 2 'Integrated Camera: IR'"
    assert str(raised.value) == f"there is no camera {wanted}\nChoose one of these by number or name: {known}."


def test_a_name_that_fits_several_is_told_with_their_numbers() -> None:
    with pytest.raises(CameraMissingError) as raised:
        find_camera("integrated", CAMERAS)
    assert raised.value.what == "camera 'integrated' fits more than one"
    choice = "0 'Integrated Camera: Color' or 2 'Integrated Camera: IR'"
    assert raised.value.hint == f"Choose one by its number: {choice}."


@pytest.mark.skipif(bool(list_cameras()), reason="there is a camera; tests/devices tells what is right then")
def test_where_there_is_no_camera_the_way_out_is_the_sitter() -> None:
    with pytest.raises(CameraMissingError) as raised:
        open_webcam(0, HD, THIRTY)
    assert raised.value.what == "there is no camera 0: this system has none"
    assert "rimlight --camera sitter" in raised.value.hint


class Driver:
    """Stands in for cv2.VideoCapture. `pictures`: arrays, None for one that is damaged; then it is silent."""

    def __init__(self, pictures: list[Bgr | None], fps: float = 30.0, fourcc: str = "MJPG") -> None:
        self.pictures = pictures
        self.asked: list[tuple[int, float]] = []
        self.released = 0
        self._answers = {
            cv2.CAP_PROP_FPS: fps,
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*fourcc)) if fourcc else 0.0,
        }

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def set(self, what: int, value: float) -> bool:
        self.asked.append((what, value))
        return True

    def get(self, what: int) -> float:
        return self._answers[what]

    def grab(self) -> bool:
        return bool(self.pictures)

    def retrieve(self) -> tuple[bool, Bgr | None]:
        picture = self.pictures.pop(0)
        return picture is not None, picture

    def read(self) -> tuple[bool, Bgr | None]:
        return self.retrieve() if self.grab() else (False, None)

    def release(self) -> None:
        self.released += 1


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> list[Driver]:
    """Cameras that `open_webcam` gets; the first one that is put in."""
    drivers: list[Driver] = []

    def wait_any(captures: list[Driver], _: int) -> tuple[bool, list[int]]:
        return bool(captures[0].pictures), [0]

    opened = type("VideoCapture", (), {"__new__": lambda *_: drivers[0], "waitAny": staticmethod(wait_any)})
    monkeypatch.setattr(cv2, "VideoCapture", opened)
    monkeypatch.setattr(webcam, "list_cameras", lambda: CAMERAS)
    monkeypatch.setattr(webcam, "_SILENCE", 0.2)
    return drivers


def picture(level: int, width: int = 1280, height: int = 720) -> Bgr:
    return np.full((height, width, 3), level, np.uint8)


def test_the_pixel_format_is_asked_for_before_size_and_rate(plug_in: list[Driver]) -> None:
    plug_in.append(Driver([picture(0)]))
    open_webcam(0, HD, THIRTY).close()
    assert [what for what, _ in plug_in[0].asked] == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
        cv2.CAP_PROP_BUFFERSIZE,
    ]
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


@linux
def test_a_camera_that_may_not_be_opened_is_busy_not_missing(plug_in: list[Driver], tmp_path: Path) -> None:
    plug_in.append(Driver([]))
    gone = CameraInfo(0, "Gone", str(tmp_path / "video0"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webcam, "list_cameras", lambda: [gone])
        with pytest.raises(CameraBusyError, match="may not be opened by this user"):
            open_webcam(0, HD, THIRTY)


@linux
def test_the_programs_that_hold_a_file_are_named(tmp_path: Path) -> None:
    from rimlight.v4l2 import holders

    file = tmp_path / "video0"
    file.touch()
    program = f"open({str(file)!r}); handle = open({str(file)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert [f"(process {child.pid})" in who for who in holders(str(file))] == [True]
        child.communicate(b"\n")
    with file.open():
        assert holders(str(file)) == [], "ourselves we do not count"
