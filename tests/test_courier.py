"""Couriers: no sink holds up a run; a lost one is had back, one that hangs is given up."""

from __future__ import annotations

import threading
import time

import pytest

import rimlight.courier
from rimlight.courier import STUCK, Courier
from rimlight.errors import SinkError
from rimlight.journal import Journal
from rimlight.protocols import Sink
from rimlight.types import Output
from standins import WAIT, output


class Camera(Sink):
    """A sink that may wait, fail, and come back as the next of `after`."""

    returns = True

    def __init__(self, after: list[Camera | SinkError | None] | None = None) -> None:
        self.after = [] if after is None else after
        self.got: list[int] = []
        self.fails = self.hangs = False
        self.go = threading.Event()
        self.closed = 0

    @property
    def name(self) -> str:
        return "/dev/video10"

    def send(self, output: Output) -> None:
        if self.hangs:
            assert self.go.wait(WAIT)
        if self.fails:
            raise SinkError("the virtual camera is gone")
        self.got.append(output.index)

    def reopened(self) -> Camera | None:
        assert self.closed
        following = self.after.pop(0)
        if isinstance(following, SinkError):
            raise following
        if following is not None:
            following.after = self.after
        return following

    def close(self) -> None:
        self.closed += 1


class Scene:
    def __init__(self, camera: Camera) -> None:
        self.journal = Journal()
        self.delivered: list[int] = []
        self.courier = Courier(camera, lambda _, output: self.delivered.append(output.index), self.journal)
        self.index = 0
        self.now = 0.0

    def until(self, camera: Camera, count: int = 1, each: float = 0.0) -> None:
        """Sends until the camera has taken so many."""
        limit = time.monotonic() + WAIT
        while len(camera.got) < count:
            assert time.monotonic() < limit
            self.step(each)

    def step(self, each: float) -> None:
        self.courier.send(output(self.index))
        self.index += 1
        time.sleep(0.002)
        self.now += each
        self.courier.tend(self.now)

    def close(self) -> list[str]:
        return self.courier.close(time.monotonic() + WAIT)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rimlight.courier, "RETRY", 0.01)


def test_a_sink_that_waits_is_never_waited_for_and_gets_the_newest() -> None:
    camera = Camera()
    camera.hangs = True
    scene = Scene(camera)
    for _ in range(20):
        scene.step(0.0)
    camera.go.set()
    scene.until(camera, 2)
    assert camera.got[:2] == [0, 19] or camera.got[1] >= 19
    assert scene.courier.dropped >= 17
    assert scene.close() == []
    assert scene.delivered == camera.got
    assert camera.closed == 0, "closing is its owner's"


def test_a_lost_sink_is_had_back_and_then_is_the_couriers_own() -> None:
    last = Camera()
    first = Camera([SinkError("it is not there"), SinkError("it is not there"), last])
    first.fails = True
    scene = Scene(first)
    scene.until(last, 3)
    assert scene.journal.counts["sink back"] == 1
    assert scene.courier.error is None
    assert scene.close() == []
    assert last.closed == 1


def test_one_that_cannot_come_back_is_lost_for_good() -> None:
    camera = Camera()
    camera.returns, camera.fails = False, True
    scene = Scene(camera)
    limit = time.monotonic() + WAIT
    while scene.courier.error is None:
        assert time.monotonic() < limit
        scene.step(0.0)
    assert str(scene.courier.error) == "the virtual camera is gone"
    assert scene.close() == []


def test_one_that_hangs_is_given_up_and_opened_anew() -> None:
    last = Camera()
    first = Camera([last])
    first.hangs = True
    scene = Scene(first)
    scene.until(last, 3, each=0.1)
    assert scene.journal.counts == {"sink stuck": 1, "sink back": 1}
    first.go.set()
    assert scene.close() == []
    assert scene.delivered == last.got, "what the hanging one takes later does not count"


def test_one_that_hangs_whatever_is_done_is_lost_for_good() -> None:
    cameras = [Camera() for _ in range(8)]
    for camera in cameras:
        camera.hangs = True
    cameras[0].after.extend(cameras[1:])
    scene = Scene(cameras[0])
    limit = time.monotonic() + WAIT
    while scene.courier.error is None:
        assert time.monotonic() < limit
        scene.step(0.1)
    assert scene.journal.counts["sink stuck"] == STUCK + 1
    for camera in cameras:
        camera.go.set()
    scene.close()


def test_a_bug_in_a_sink_loses_that_sink_and_says_what_it_was() -> None:
    class Broken(Camera):
        returns = False

        def send(self, output: Output) -> None:  # noqa: ARG002
            raise ZeroDivisionError("a bug")

    scene = Scene(Broken())
    limit = time.monotonic() + WAIT
    while scene.courier.error is None:
        assert time.monotonic() < limit
        scene.step(0.0)
    assert str(scene.courier.error) == "/dev/video10 failed: ZeroDivisionError: a bug"
    scene.close()


def test_one_that_hung_and_let_go_again_and_again_is_not_lost_for_good() -> None:
    cameras = [Camera() for _ in range(3 * STUCK)]
    for camera in cameras:
        camera.hangs = True
    last = Camera()
    cameras[0].after.extend([*cameras[1:], last])
    scene = Scene(cameras[0])
    limit = time.monotonic() + WAIT
    stuck = 0
    while not last.got:
        assert time.monotonic() < limit
        scene.step(0.1)
        if (now := scene.journal.counts.get("sink stuck", 0)) > stuck:
            cameras[stuck].go.set()
            stuck = now
            time.sleep(0.02)
    assert scene.courier.error is None
    assert scene.close() == []
