"""`rimlight bench --live` through a real v4l2loopback at /dev/video10 (see `run`)."""

import os

import pytest

from rimlight.bench import free_virtual_camera, measure_live

pytestmark = pytest.mark.skipif(
    "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
)


def test_time_codes_come_out_of_the_virtual_camera_as_they_went_in() -> None:
    device = free_virtual_camera()
    assert device == "/dev/video10"
    said: list[str] = []
    memory, written, seen = measure_live(said.append, device, sizes=("1280x720",), seconds=6.0)
    assert [run.sink for run in (memory, written, seen)] == ["in process", device, f"{device}, read back"]
    # The guest has one processor for all of it, so that drops are no fault; wrong pictures are.
    assert [memory.misread, written.misread] == [0, 0]
    # v4l2loopback does not lock its buffers: a reader that lags may see two pictures in one.
    assert seen.misread <= seen.delivered / 4
    assert seen.delivered >= 5
    assert 0 < seen.p50 < 2000
    assert free_virtual_camera() == device, "it is free again"
