"""`rimlight doctor` on real drivers: vivid and a fed loopback as webcams, a virtual camera (see `run`)."""

import grp
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rimlight.checks.cameras import check_cameras
from rimlight.checks.findings import Asked, Finding
from rimlight.checks.probes import PROBES
from rimlight.checks.system import System
from rimlight.checks.virtual_camera import check_virtual_camera
from rimlight.sinks.virtual_camera import find_virtual_cameras, open_virtual_camera
from rimlight.types import Alpha, Output, Picture, Size, StreamFormat

pytestmark = pytest.mark.skipif(
    "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
)

ASKED = Asked(size="640x360")


def cameras(system: System = System()) -> dict[str, Finding]:
    return {one.title: one for one in check_cameras(system, ASKED)}


def here() -> System:
    """The system, its probes run in this process: a user who is nobody may start none."""
    return System(ask=lambda probe, question, _: PROBES[probe](question))


@contextmanager
def streaming(device: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another program that takes pictures from the device."""
    command = ["v4l2-ctl", "-d", device, "--stream-mmap", "--stream-to=/dev/null"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as program:
        try:
            # A sign for each picture. Asking the device whether it is busy would be in the way of who begins.
            assert program.stderr is not None
            assert program.stderr.read(1) == b"<"
            yield program
        finally:
            program.kill()


@contextmanager
def nobody(device: str) -> Iterator[None]:
    """Makes this process one of a user who may not open the device."""
    before, groups = Path(device).stat(), os.getgroups()
    os.chown(device, 0, grp.getgrnam("video").gr_gid)
    Path(device).chmod(0o660)
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
        Path(device).chmod(before.st_mode & 0o777)
        os.chown(device, before.st_uid, before.st_gid)


def test_the_whole_examination_finds_that_a_call_would_work() -> None:
    command = [sys.executable, "-m", "rimlight", "doctor", "--size", ASKED.size, "--fps", "10", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    document = json.loads(done.stdout)
    broken = [one for one in document["findings"] if one["verdict"] == "broken"]
    assert (broken, done.returncode, document["works"]) == ([], 0, True)
    found = {one["title"]: one for one in document["findings"]}
    assert {"camera 0", "camera 11", "virtual camera"} <= set(found)
    assert found["virtual camera"]["found"] == "/dev/video10 'Virtual Camera', takes pictures of 640x360"
    assert found["virtual camera"]["values"]["exclusive"] is True


def test_cameras_are_told_with_the_rates_that_they_really_give() -> None:
    found = cameras()
    vivid, fed = found["camera 0"], found["camera 11"]
    assert vivid.values["size"] == "640x360"
    assert "it gives YUYV up to 3840x2160" in vivid.found
    assert fed.found.startswith("Fake Webcam: 1280x720, ")
    assert "fed by ffmpeg (process " in fed.found
    assert float(str(fed.values["fps"])) == pytest.approx(30, rel=0.25)
    assert all(info.free for info in find_virtual_cameras() if info.device == "/dev/video10")


def test_a_busy_camera_names_the_program_and_the_other_one_can_be_taken() -> None:
    with streaming("/dev/video0") as program:
        found = cameras()
    assert found["camera 0"].verdict == "warning"
    assert f"in use by v4l2-ctl (process {program.pid})" in found["camera 0"].found
    assert [mend.run for mend in found["camera"].mend] == ["rimlight --camera 11"]


def test_a_camera_that_we_may_not_open_is_told_by_its_name() -> None:
    with nobody("/dev/video0"):
        found = cameras(here())["camera 0"]
    assert found.found == "vivid-000-vid-cap: this user may not open /dev/video0"
    assert found.mend[0].run == "sudo usermod -aG video $USER"


def test_a_virtual_camera_that_we_may_not_open_is_no_webcam() -> None:
    with nobody("/dev/video10"):
        (found,) = check_virtual_camera(here(), ASKED)
        assert "camera 10" not in cameras(here())
    assert found.found == "/dev/video10 'Virtual Camera': this user may not open it"


def test_a_virtual_camera_that_another_program_fills_names_it() -> None:
    picture = Picture.empty(Size(640, 360))
    picture.i420.fill(128)
    nothing = Alpha(np.zeros((360, 640), np.uint8))
    with open_virtual_camera(StreamFormat(picture.size, Fraction(30)), "/dev/video10") as camera:
        camera.send(Output(picture, nothing, 0.0, 0))
        (found,) = check_virtual_camera(System(), ASKED)
    assert found.verdict == "broken"
    assert f"/dev/video10 by python (process {os.getpid()})" in found.found
    assert "devices=" in found.mend[-1].run
    (found,) = check_virtual_camera(System(), ASKED)
    assert found.verdict == "fine"
