"""Who holds a file open, on real processes and on folders that stand for the kernel's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("these are Linux's folders", allow_module_level=True)

from rimlight import handles
from rimlight.handles import counted, holders_of, loopbacks


def test_handles_are_counted_by_process_and_file(tmp_path: Path) -> None:
    device, other = tmp_path / "video10", tmp_path / "video11"
    with (
        device.open("w") as writable,
        device.open(),
        other.open("w"),
        subprocess.Popen(["sleep", "60"], stdout=writable) as writer,
    ):
        found = holders_of({str(device), str(other)})
        own = [holder for holder in found if holder.process == os.getpid()]
        assert {(holder.path, holder.handles, holder.reads) for holder in own} == {
            (str(device), 2, True),
            (str(other), 1, False),
        }
        assert [holder for holder in found if holder.process != os.getpid()] == [
            (writer.pid, str(device), 1, False)
        ]
        writer.kill()


def test_what_the_kernel_does_not_tell_is_not_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(handles, "_COUNTED", str(tmp_path / "refcnt"))
    monkeypatch.setattr(handles, "_VIDEO", str(tmp_path))
    assert counted() is None
    assert loopbacks() == set()
    (tmp_path / "refcnt").write_text("3\n")
    assert counted() == 3
    (tmp_path / "video3").mkdir()
    (tmp_path / "video3" / "max_openers").write_text("10\n")
    (tmp_path / "video0").mkdir()
    assert loopbacks() == {"/dev/video3"}


def test_a_process_that_ends_meanwhile_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of processes of which one has no files left, one may not be looked into and one lost its name."""
    for process in ("1", "2", "3"):
        (tmp_path / process).mkdir()
    (tmp_path / "cpuinfo").touch()
    (tmp_path / "2" / "fd").touch()
    (tmp_path / "3" / "fd").mkdir()
    (tmp_path / "3" / "fd" / "7").symlink_to("/dev/video10")
    monkeypatch.setattr(handles, "_PROCESSES", str(tmp_path))
    (found,) = holders_of({"/dev/video10"})
    assert found == (3, "/dev/video10", 1, False)
    assert str(found) == "a program (process 3)"
