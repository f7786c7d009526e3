"""A camera that is busy at the start: stood for, then taken. With real ones: tests/devices."""

import os
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from rimlight.errors import CameraBusyError, CameraMissingError
from rimlight.sources import awaited
from rimlight.sources.awaited import open_awaited_camera
from rimlight.sources.cameras import CameraInfo
from rimlight.types import Size, StreamFormat

BUSY = CameraBusyError("camera 0 'BRIO' is in use by zoom (process 7) (/dev/video0)", "Close it there.")
ODD = Size(641, 361)


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[CameraInfo]:
    device = tmp_path / "video0"
    device.touch()
    found = [CameraInfo(0, "BRIO", str(device))]
    monkeypatch.setattr(awaited, "list_cameras", lambda: found)
    return found


@pytest.mark.usefixtures("cameras")
def test_it_has_the_name_and_the_format_that_was_asked_for_and_says_who_holds_it() -> None:
    with open_awaited_camera("bri", ODD, Fraction(15), BUSY) as source:
        assert source.name == "BRIO"
        assert source.format == StreamFormat(Size(642, 362), Fraction(15))
        assert source.note == BUSY.what
        for _ in range(2):
            with pytest.raises(CameraBusyError) as raised:
                source.read()
            assert raised.value is BUSY


@pytest.mark.usefixtures("cameras")
def test_it_becomes_the_camera_that_was_asked_for_once_that_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    opened = object()

    def open_webcam(*what: object) -> object:
        asked.append(what)
        if len(asked) < 3:
            raise BUSY
        return opened

    monkeypatch.setattr(awaited, "open_webcam", open_webcam)
    source = open_awaited_camera("bri", ODD, Fraction(15), BUSY)
    for _ in range(2):
        with pytest.raises(CameraBusyError):
            source.reopened()
    taken: object = source.reopened()
    assert taken is opened
    assert asked == [("bri", ODD, Fraction(15))] * 3


def test_one_that_has_gone_is_not_waited_for(cameras: list[CameraInfo]) -> None:
    cameras.clear()
    with pytest.raises(CameraMissingError):
        open_awaited_camera(0, ODD, Fraction(15), BUSY)


@pytest.mark.skipif(sys.platform != "linux", reason="device files are Linux's")
@pytest.mark.usefixtures("cameras")
def test_one_that_this_user_may_not_open_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises(CameraBusyError) as raised:
        open_awaited_camera(0, ODD, Fraction(15), BUSY)
    assert raised.value is BUSY
