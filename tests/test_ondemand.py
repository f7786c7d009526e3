"""The camera on demand: wanted while somebody reads the virtual camera, wherever that is by now."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rimlight.demand import HOLD_OFF
from rimlight.errors import SinkError
from rimlight.ondemand import OnDemand, open_on_demand
from rimlight.sinks.null import open_null
from rimlight.usage import Usage
from standins import Clock, Collector


class Watched(Usage):
    """Read by whom the test says."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.names: list[str] = []
        self.closed = 0
        self.waited: list[float] = []

    def readers(self) -> Sequence[str]:
        return self.names

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)

    def close(self) -> None:
        self.closed += 1


class Scene:
    def __init__(self) -> None:
        self.clock = Clock()
        self.device = "/dev/video10"
        self.there = True
        self.usages: list[Watched] = []
        self.wish = OnDemand(lambda: self.device, self.open_usage, self.clock)

    def open_usage(self, device: str) -> Usage:
        if not self.there:
            raise SinkError(f"there is no device {device}")
        self.usages.append(Watched(device))
        return self.usages[-1]


def test_it_is_wanted_while_somebody_reads_and_a_little_longer() -> None:
    scene = Scene()
    assert not scene.wish.wanted
    assert scene.wish.note == "off until a program reads /dev/video10"
    scene.usages[0].names = ["chromium (process 123)"]
    assert scene.wish.wanted
    assert scene.wish.note == "read by chromium (process 123)"
    scene.usages[0].names = []
    assert scene.wish.wanted
    scene.clock.now = HOLD_OFF + 0.1
    assert not scene.wish.wanted
    scene.wish.wait(0.1)
    assert scene.usages[0].waited == [0.1]
    scene.wish.close()
    assert scene.usages[0].closed == 1


def test_it_follows_a_virtual_camera_that_comes_back_as_another_device() -> None:
    scene = Scene()
    assert not scene.wish.wanted
    scene.there = False
    scene.device = "/dev/video12"
    assert not scene.wish.wanted
    assert scene.usages[0].closed == 1
    scene.there = True
    assert not scene.wish.wanted, "not asked for again at once"
    scene.clock.now += 1.1
    assert not scene.wish.wanted
    scene.usages[1].names = ["zoom (process 7)"]
    assert scene.wish.wanted
    assert scene.usages[1].device == "/dev/video12"


@pytest.mark.parametrize("sinks", [[], [Collector()], [open_null()]])
def test_a_run_into_anything_else_has_its_camera_on(sinks: list[Collector]) -> None:
    assert open_on_demand(sinks) is None
