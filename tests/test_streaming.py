"""The driver's usage event, on a double of v4l2loopback's.

The lab's v4l2loopback 0.12.7 has no such event, so its ioctls and its poll are doubled here as the source of 0.15
does them: one event is kept, the newest, and subscribing with SEND_INITIAL tells the state.
"""

import errno
import fcntl
import os
import struct
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("v4l2loopback is of Linux", allow_module_level=True)

import termios

from holding import Clock
from rimlight import usage
from rimlight.handles import Holder
from rimlight.streaming import Streaming, is_pending, open_streaming
from rimlight.usage import SLOW, Told, open_usage

READER = Holder(os.getppid(), "/dev/video10", 1, reads=True)


class Driver:
    """One device and the one subscription to it."""

    def __init__(self) -> None:
        self.count = 0
        self.deaf = False
        """Whether events get lost."""
        self.gone = False
        self.subscribed = False
        self.event: bytes | None = None
        self.waited = 0.0

    def read_by(self, count: int) -> None:
        self.count = count
        if self.subscribed and not self.deaf:
            self.event = struct.pack("<I4xI", 0x10E00001, count).ljust(136, b"\0")

    def ioctl(self, _handle: int, request: int, argument: bytearray) -> int:
        if self.gone:
            raise OSError(errno.ENODEV, "no such device")
        number, size = request & 0xFF, request >> 16 & 0x3FFF
        assert size == len(argument)
        if number == 89:
            if self.event is None:
                raise OSError(errno.ENOENT, "no event")
            argument[:], self.event = self.event, None
            return 0
        kind, identity, flags = struct.unpack_from("<3I", argument)
        assert (kind, identity) == (0x10E00001, 0)
        if number == 91:
            self.subscribed = False
            self.event = None
        elif not self.subscribed:  # v4l2-event.c: who has subscribed already is told nothing anew
            self.subscribed = True
            assert number == 90
            assert flags == 1
            deaf, self.deaf = self.deaf, False
            self.read_by(self.count)
            self.deaf = deaf
        return 0

    def pending(self, _handle: int, seconds: float) -> bool:
        self.waited = seconds
        if self.gone:
            raise OSError(errno.ENODEV, "no such device")
        return self.event is not None


def told(driver: Driver, clock: Clock, monkeypatch: pytest.MonkeyPatch, holders: list[Holder]) -> Told:
    monkeypatch.setattr(usage, "holders_of", lambda _: holders)
    return Told("/dev/video10", lambda _: Streaming(-1, driver.ioctl, driver.pending), clock)


def test_who_streams_is_a_reader_from_the_first_moment_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    with told(driver, Clock(), monkeypatch, [READER]) as watched:
        assert watched.readers() == [], "it holds the device, and does not stream"
        driver.read_by(1)
        assert watched.readers() == [str(READER)]
        assert watched.readers() == [str(READER)]
        driver.read_by(0)
        assert watched.readers() == []


def test_who_streamed_before_is_told_by_the_initial_state(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    driver.read_by(1)
    with told(driver, Clock(), monkeypatch, [READER]) as watched:
        assert watched.readers() == [str(READER)]


def test_a_reader_that_cannot_be_seen_is_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    driver.read_by(1)
    own = Holder(os.getpid(), "/dev/video10", 1, reads=True)
    with told(driver, Clock(), monkeypatch, [own, READER._replace(reads=False)]) as watched:
        assert watched.readers() == ["a program"]


def test_names_are_kept_up_to_date_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    driver, clock, holders = Driver(), Clock(), [READER]
    driver.read_by(1)
    with told(driver, clock, monkeypatch, holders) as watched:
        assert watched.readers() == [str(READER)]
        holders[:] = []
        clock.now += SLOW
        assert watched.readers() == ["a program"]


def test_an_event_that_got_lost_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    driver, clock = Driver(), Clock()
    with told(driver, clock, monkeypatch, [READER]) as watched:
        assert watched.readers() == []
        driver.deaf = True
        driver.read_by(1)
        assert watched.readers() == []
        clock.now += SLOW
        assert watched.readers() == [str(READER)]
        driver.read_by(0)
        clock.now += SLOW
        assert watched.readers() == []


def test_a_device_that_is_gone_has_no_readers_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    driver, clock = Driver(), Clock()
    driver.read_by(1)
    with told(driver, clock, monkeypatch, [READER]) as watched:
        assert watched.readers() == [str(READER)]
        driver.gone = True
        assert watched.readers() == []
        clock.now += SLOW
        assert watched.readers() == [], "it is not back"
        driver.gone = driver.subscribed = False
        watched.wait(0.001)
        assert watched.readers() == []
        clock.now += SLOW
        assert watched.readers() == [str(READER)]


def test_a_wait_ends_when_the_device_goes_and_when_it_is_time_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    driver, clock = Driver(), Clock()
    clock.now = 50.0
    with told(driver, clock, monkeypatch, [READER]) as watched:
        watched.wait(100.0)
        assert driver.waited == SLOW
        watched.wait(0.5)
        assert driver.waited == 0.5
        driver.gone = True
        watched.wait(100.0)
        assert watched.readers() == []


def test_a_driver_that_does_not_tell_refuses() -> None:
    def refuse(handle: int, request: int, argument: bytearray) -> int:
        raise OSError(errno.EINVAL, "v4l2loopback before 0.13")

    with pytest.raises(OSError, match=r"before 0\.13"):
        Streaming(-1, refuse)


def test_the_drivers_word_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    handle = os.open(os.devnull, os.O_RDWR)
    streaming = Streaming(handle, driver.ioctl, driver.pending)
    monkeypatch.setattr("rimlight.streaming.open_streaming", lambda _: streaming)
    with open_usage(os.devnull) as watched:
        assert isinstance(watched, Told)
        watched.close()
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(handle)


def test_what_is_no_video_device_tells_nothing_and_stays_open_nowhere() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with pytest.raises(OSError, match="ioctl"):
        open_streaming(os.devnull)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_real_handle_tells_what_is_urgent_and_that_its_other_end_is_gone() -> None:
    """A pseudo-terminal in packet mode is the one thing at hand whose poll says POLLPRI, as a device's does."""
    ours, theirs = os.openpty()
    try:
        fcntl.ioctl(ours, termios.TIOCPKT, struct.pack("i", 1))
        os.write(theirs, b"not urgent")
        assert not is_pending(ours, 0.01)
        termios.tcflush(theirs, termios.TCIFLUSH)
        assert is_pending(ours, 10)
    finally:
        os.close(theirs)
    with pytest.raises(OSError, match="gone"):
        is_pending(ours, 10)
    os.close(ours)
