"""Which camera is meant, and who holds one. With real ones: tests/devices."""

import subprocess
import sys
from pathlib import Path

import pytest

from rimlight.errors import CameraMissingError
from rimlight.sources.cameras import CameraInfo, find_camera

CAMERAS = [
    CameraInfo(0, "Integrated Camera: Color", "/dev/video0"),
    CameraInfo(2, "Integrated Camera: IR", "/dev/video2"),
    CameraInfo(4, "BRIO", "/dev/video4"),
    CameraInfo(6, "BRIO Stream", "/dev/video6"),
]


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


@pytest.mark.skipif(sys.platform != "linux", reason="device files are Linux's")
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
