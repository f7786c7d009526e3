"""Who reads a file, on real processes and a real file: /proc and inotify treat it like a device's."""

import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("virtual cameras tell who reads them on Linux", allow_module_level=True)

from holding import Clock, program, used_up
from rimlight import handles, opens, usage
from rimlight.errors import SinkError
from rimlight.handles import Holder
from rimlight.opens import open_opens
from rimlight.usage import FAST, RARE, SETTLED, SLOW, SOON, Looked, Usage, open_usage


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "video10"
    path.touch()
    return path


def until(usage: Usage, wanted: Callable[[Sequence[str]], bool]) -> Sequence[str]:
    limit = time.monotonic() + 20
    while not wanted(readers := usage.readers()):
        assert time.monotonic() < limit, f"still read by {readers}"
        usage.wait(1.0)
    return readers


def none(readers: Sequence[str]) -> bool:
    return not readers


def test_who_opens_it_is_named_and_who_closes_it_is_gone(device: Path) -> None:
    with open_usage(str(device)) as watched:
        assert isinstance(watched, Looked)
        assert watched.readers() == []
        with program(device) as one:
            assert until(watched, bool) == [one]
            with program(device) as other:
                assert set(until(watched, lambda readers: len(readers) == 2)) == {one, other}
            assert until(watched, lambda readers: len(readers) == 1) == [one]
        assert until(watched, none) == []


def test_who_holds_it_from_before_is_found(device: Path) -> None:
    with program(device) as name, open_usage(str(device)) as watched:
        assert until(watched, bool) == [name]


def test_neither_this_process_nor_a_writer_reads(device: Path, clock: Clock) -> None:
    with device.open(), program(device, "w"), Looked(str(device), used_up, clock) as watched:
        watched.readers()
        clock.now += SLOW
        assert watched.readers() == []
        with program(device, "r+") as name:
            watched.readers()
            clock.now += SLOW
            watched.readers()
            clock.now += SLOW
            assert watched.readers() == [name], "opened for both, it may read"


def test_a_program_that_only_has_a_look_is_no_reader(device: Path, clock: Clock) -> None:
    with Looked(str(device), open_opens, clock) as watched:
        assert watched.readers() == []
        with program(device):
            for _ in range(3):
                assert watched.readers() == []
                clock.now += SETTLED / 3
        clock.now += SOON
        assert watched.readers() == []
        clock.now += SLOW
        assert watched.readers() == []


def test_who_stays_counts_from_when_it_has_settled(device: Path, clock: Clock) -> None:
    with Looked(str(device), open_opens, clock) as watched, program(device) as name:
        assert watched.readers() == [], "the first look"
        clock.now += SOON
        assert watched.readers() == []
        clock.now += SETTLED
        assert watched.readers() == [name]


def test_processes_are_looked_at_when_there_is_cause_and_now_and_then(
    device: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def look(_: Collection[str]) -> list[Holder]:
        looks.append(clock.now)
        return []

    monkeypatch.setattr(usage, "holders_of", look)
    with Looked(str(device), open_opens, clock) as watched:
        for _ in range(100):
            watched.readers()
            clock.now += SLOW / 20
        assert looks == pytest.approx([0, SLOW, 2 * SLOW, 3 * SLOW, 4 * SLOW], abs=SLOW / 10)
        device.read_bytes()
        watched.readers()
        clock.now += SOON
        before = len(looks)
        watched.readers()
        watched.readers()
        assert len(looks) == before + 1
    with Looked(str(device), used_up, clock) as watched:
        before = len(looks)
        for _ in range(100):
            watched.readers()
            clock.now += FAST / 20
        assert len(looks) == before + 5


@pytest.mark.parametrize("told", [True, False])
def test_while_the_kernel_counts_as_many_handles_processes_are_hardly_looked_at(
    device: Path, clock: Clock, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    count = 1

    def look(_: Collection[str]) -> list[Holder]:
        looks.append(clock.now)
        return [Holder(os.getpid(), str(device), count, reads=False)]

    monkeypatch.setattr(usage, "holders_of", look)
    monkeypatch.setattr(usage, "loopbacks", lambda: {str(device)})
    monkeypatch.setattr(usage, "counted", lambda: count)
    with Looked(str(device), open_opens if told else used_up, clock) as watched:
        while clock.now < 2.5 * RARE:
            watched.readers()
            clock.now += FAST
        assert looks == [0, RARE, 2 * RARE]
        count = 2
        clock.now += SLOW if told else FAST
        watched.readers()
        assert len(looks) == 4
        watched.readers()
        clock.now += SLOW
        watched.readers()
        assert len(looks) == 4


def test_opening_ends_a_wait_and_so_does_its_end(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "SLOW", 1000.0)
    with open_usage(str(device)) as watched:
        watched.readers()
        reader = threading.Timer(0.05, device.read_bytes)
        reader.start()
        started = time.monotonic()
        watched.wait(100.0)
        assert time.monotonic() - started < 50, "it was opened"
        reader.join()
        watched.readers()
        started = time.monotonic()
        watched.wait(0.05)
        assert time.monotonic() - started >= 0.05


def test_without_inotify_it_is_found_all_the_same(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opens, "open_opens", used_up)
    with open_usage(str(device)) as watched:
        with program(device) as name:
            assert until(watched, bool) == [name]
        assert until(watched, none) == []


def test_handles_that_cannot_be_seen_are_readers(
    device: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's count of handles on v4l2loopback's devices stands in a file here."""
    count = device.with_name("refcnt")
    monkeypatch.setattr(handles, "_COUNTED", str(count))
    monkeypatch.setattr(usage, "loopbacks", lambda: {str(device)})
    with device.open("w"), program(device) as name, Looked(str(device), used_up, clock) as watched:
        assert watched.readers() == []
        for handles_in_all, readers in (
            ("2\n", [name]),
            ("4\n", ["a program", "a program", name]),
            ("2\n", [name]),
        ):
            count.write_text(handles_in_all)
            for _ in range(3):
                watched.readers()
                clock.now += FAST
            assert watched.readers() == readers
        count.unlink()
        for _ in range(2):
            clock.now += FAST
            watched.readers()
        assert watched.readers() == [name]


def test_what_is_no_loopback_device_is_not_what_the_kernel_counts(
    device: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "counted", lambda: 5)
    with Looked(str(device), used_up, clock) as watched:
        for _ in range(3):
            assert watched.readers() == []
            clock.now += FAST


def test_a_device_that_is_removed_has_no_readers(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node goes first, then what the kernel says of it."""
    alike = {str(device)}
    monkeypatch.setattr(usage, "loopbacks", lambda: alike)
    monkeypatch.setattr(usage, "counted", lambda: 2 if alike else None)
    with program(device) as name, open_usage(str(device)) as watched:
        until(watched, lambda readers: set(readers) == {name, "a program"})
        device.unlink()
        alike.clear()
        assert until(watched, none) == []
        watched.wait(0.01)
        assert watched.readers() == []
    with pytest.raises(SinkError, match=f"there is no device {device}"):
        open_usage(str(device))


def test_a_device_that_comes_back_is_listened_to_again(device: Path, clock: Clock) -> None:
    with Looked(str(device), open_opens, clock) as watched:
        watched.readers()
        before = len(list(Path("/proc/self/fd").iterdir()))
        device.unlink()
        clock.now += SLOW
        watched.readers()
        device.touch()
        clock.now += FAST
        watched.readers()
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        with program(device) as name:
            watched.readers()
            clock.now += SOON
            watched.readers()
            clock.now += SETTLED
            assert watched.readers() == [name]


def test_while_the_device_is_gone_no_process_is_looked_at(
    device: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.unlink()
    monkeypatch.delattr(usage, "holders_of")
    with Looked(str(device), open_opens, clock) as watched:
        for _ in range(5):
            assert watched.readers() == []
            clock.now += FAST


def test_nothing_stays_open(device: Path) -> None:
    def held() -> list[Path]:
        return list(Path("/proc/self/fd").iterdir())

    before = len(held())
    for _ in range(3):
        watched = open_usage(str(device))
        watched.readers()
        watched.close()
        watched.close()
        assert watched.readers() == []
        watched.wait(0.001)
    with pytest.raises(OSError, match="cannot be watched"):
        open_opens(str(device.with_name("missing")))
    assert len(held()) == before
