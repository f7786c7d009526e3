"""A source that lasts: reopened when lost, frozen or stuck; resting while nobody looks; frames of one size."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from fractions import Fraction

import pytest

import rimlight.capture
import rimlight.lasting
from rimlight.capture import Capture
from rimlight.errors import CameraBusyError, CameraMissingError, SourceError
from rimlight.journal import Journal
from rimlight.lasting import FROZEN, LastingSource, Stillness, Wish
from rimlight.protocols import Source
from rimlight.types import Frame, Size, StreamFormat
from standins import FORMAT, SIZE, WAIT, Clock, frame, gray

GONE = CameraMissingError("camera 'BRIO' is not there", "Plug it in again.")


class Camera(Source):
    """Gives these frames, then raises `error`; what it is opened as anew is next in `after`, errors and all."""

    returns = True

    def __init__(
        self, frames: Iterable[Frame], after: list[Camera | SourceError] | None = None, name: str = "BRIO"
    ) -> None:
        self._frames = iter(frames)
        self._after = [] if after is None else after
        self._name = name
        self.closed = 0
        self.hangs = threading.Event()
        self.go = threading.Event()

    @property
    def name(self) -> str:
        return self._name

    @property
    def format(self) -> StreamFormat:
        return FORMAT

    def read(self) -> Frame | None:
        if (following := next(self._frames, None)) is not None:
            return following
        if self.hangs.is_set():
            assert self.go.wait(WAIT)
        raise SourceError("camera 'BRIO' was unplugged")

    def reopened(self) -> Camera:
        assert self.closed, "a lost camera is closed before it is opened anew"
        following = self._after.pop(0)
        if isinstance(following, SourceError):
            raise following
        following._after = self._after
        return following

    def close(self) -> None:
        self.closed += 1


def frames(count: int, first: int = 0) -> list[Frame]:
    return [frame(first + number) for number in range(count)]


def lines(journal: Journal) -> list[str]:
    return list(iter(journal.line, None))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rimlight.lasting, "RETRY", 0.01)
    monkeypatch.setattr(rimlight.capture, "_PATIENCE", 0.05)


def test_a_lost_camera_is_taken_again_when_it_is_back_and_frames_are_numbered_on() -> None:
    last = Camera(frames(2))
    first = Camera(frames(3), [GONE, GONE, CameraBusyError("camera 'BRIO' is in use by zoom"), last])
    journal = Journal()
    with LastingSource(first, FORMAT, journal) as source:
        read = [source.read() for _ in range(5)]
    assert [one.index for one in read if one] == [0, 1, 2, 3, 4]
    assert journal.counts == {"camera lost": 1, "camera back": 1}
    assert lines(journal) == [
        "camera 'BRIO' was unplugged; it is taken again as soon as it can be",
        "camera 'BRIO' is not there; still waiting",
        "camera 'BRIO' is in use by zoom; still waiting",
        "on: BRIO: 16x8 at 30 fps",
    ]
    assert last.closed == 1, "what it opened is its own"


def test_what_cannot_come_back_raises_its_own_error_and_ends() -> None:
    camera = Camera(frames(1))
    camera.returns = False
    source = LastingSource(camera, FORMAT, Journal())
    assert source.read() is not None
    with pytest.raises(SourceError, match="was unplugged"):
        source.read()
    assert camera.closed == 0


def test_why_there_is_no_picture_is_told_while_it_waits_and_leaving_ends_the_wait() -> None:
    source = LastingSource(Camera([], [GONE] * 1000), FORMAT, Journal())
    reading = threading.Thread(target=source.read)
    reading.start()
    limit = time.monotonic() + WAIT
    while source.trouble != GONE.what:
        assert time.monotonic() < limit
    source.leave()
    reading.join(WAIT)
    assert not reading.is_alive()


def test_pictures_of_another_size_are_fitted_and_that_is_said_once() -> None:
    journal = Journal()
    other = [Frame(gray(50, Size(64, 48)), 0.0, 0), Frame(gray(60, Size(64, 48)), 0.1, 1)]
    source = LastingSource(Camera([*frames(1), *other]), FORMAT, journal)
    read = [source.read() for _ in range(3)]
    assert [(one.picture.size, int(one.picture.y[0, 0])) for one in read if one] == [
        (SIZE, 0),
        (SIZE, 50),
        (SIZE, 60),
    ]
    assert lines(journal) == ["BRIO gives 64x48 now: fitted to 16x8"]


def test_a_camera_that_gives_one_picture_for_ever_is_opened_anew_once() -> None:
    clock = Clock()
    stream = StreamFormat(SIZE, Fraction(10))

    def still(level: int) -> Iterable[Frame]:
        for number in range(1000):
            clock.now += 0.1
            yield Frame(gray(level), clock.now, number)

    journal = Journal()
    source = LastingSource(Camera(still(7), [Camera(still(7))]), stream, journal, clock=clock)
    for _ in range(500):
        source.read()
    assert journal.counts == {"camera frozen": 1, "camera back": 1}


def test_stillness_is_told_once_until_the_picture_changes() -> None:
    stillness = Stillness()
    told = [stillness.lasts(gray(5).y, second / 2) for second in range(60)]
    assert told.count(True) == 1
    assert told.index(True) == FROZEN * 2
    assert [stillness.lasts(gray(6).y, 30 + second / 2) for second in range(60)].count(True) == 1


class Asked(Wish):
    """Wanted as the test says, and after the third wait."""

    wanted = False

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.waits = 0

    @property
    def note(self) -> str:
        return "read by zoom" if self.wanted else "off until a program reads it"

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.waits += 1
        time.sleep(0.001)
        if self.waits == 3:
            self.wanted = True


def test_while_nobody_wants_it_the_camera_is_closed_and_then_opened_anew() -> None:
    wish = Asked(wanted=False)
    first, journal = Camera(frames(9)), Journal()
    first._after.append(Camera(frames(5)))
    source = LastingSource(first, FORMAT, journal, wish)
    one = source.read()
    assert one is not None
    assert (one.index, first.closed > 0, wish.waits) == (0, True, 3)
    wish.wanted, wish.waits = False, -(10**9)
    reading = threading.Thread(target=source.read)
    reading.start()
    while not source.trouble:
        time.sleep(0.001)
    assert source.trouble == "off until a program reads it"
    source.leave()
    reading.join(WAIT)
    assert journal.counts == {"camera off": 2, "camera back": 1}
    assert lines(journal)[:2] == ["BRIO is off until a program reads it", "on: BRIO: 16x8 at 30 fps, read by zoom"]


def test_a_source_that_cannot_be_opened_anew_does_not_rest() -> None:
    camera = Camera(frames(2))
    camera.returns = False
    assert LastingSource(camera, FORMAT, Journal(), Asked(wanted=False)).read() is not None


def test_a_driver_that_hangs_is_left_behind_and_its_late_frames_are_not_wanted() -> None:
    stuck, journal = Camera(frames(2)), Journal()
    stuck.hangs.set()
    stuck._after.append(Camera(frames(3)))
    capture = Capture(stuck, journal)
    capture.start()
    now = 0.0
    taken: list[int] = []
    limit = time.monotonic() + WAIT
    while not taken or taken[-1] != 4:
        assert time.monotonic() < limit
        if (one := capture.frames.take(0.01)) is not None:
            taken.append(one.index)
        now += 0.1
        capture.watch(now)
    assert journal.counts["camera stuck"] == 1
    assert journal.counts["camera back"] == 1
    assert taken == sorted(set(taken))
    stuck.go.set()
    assert capture.stop(time.monotonic() + WAIT) == []


def test_a_driver_that_hangs_whatever_is_done_ends_the_run_in_the_end() -> None:
    cameras = [Camera([]) for _ in range(8)]
    for camera in cameras:
        camera.hangs.set()
    cameras[0]._after.extend(cameras[1:])
    capture = Capture(cameras[0], Journal())
    capture.start()
    now, limit = 0.0, time.monotonic() + WAIT
    while not capture.frames.closed:
        assert time.monotonic() < limit
        now += 0.2
        capture.watch(now)
        time.sleep(0.002)
    assert "does not answer" in str(capture.error)
    for camera in cameras:
        camera.go.set()
    assert capture.stop(time.monotonic() + WAIT) == []
