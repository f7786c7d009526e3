"""When a recording ends badly: what was recorded stays, and the error says where."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rimlight.sinks.recorder as recorder_room
import rimlight.sinks.writer as writer_room
from live_scene import Notes, run
from media import output_of, planes
from rimlight.errors import DiskError, SinkError
from rimlight.sinks.film import TICKS
from rimlight.sinks.recorder import open_recorder
from rimlight.sinks.video_file import VideoFile
from rimlight.types import Frame, Picture
from rimlight.unfinished import Unfinished
from standins import Collector, ScriptedPipeline, ScriptedSource, Turns
from test_recorder import FORMAT, SIZE, record


def limited(size: int) -> None:
    """What a full disk does: files may grow no further than this."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_when_the_disk_is_full_it_says_so_and_keeps_what_there_is(tmp_path: Path, ending: str) -> None:
    program = """
import sys; sys.path.insert(0, "tests")
from pathlib import Path
import test_recorder_ends as t
import numpy as np
t.limited(300_000)
rng = np.random.default_rng(0)
recorder = t.open_recorder(Path(sys.argv[1]), t.FORMAT)
try:
    for number in range(100_000):
        output = t.output_of(number, t.SIZE, number / 30)
        output.picture.y[:] = rng.integers(0, 256, output.picture.y.shape)
        recorder.send(output)
except t.DiskError as error:
    print(number, error)
    recorder.close()
"""
    path = tmp_path / f"a.{ending}"

    told = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, timeout=60
    )

    part = tmp_path / f"a.unfinished.{ending}"
    assert "larger than" in told.stdout
    assert str(part) in told.stdout
    assert told.stderr == ""
    assert list(tmp_path.iterdir()) == [part]
    assert 10 < len(playable(part)) <= 100


def playable(path: Path) -> list[np.ndarray[Any, Any]]:
    """The frames that a source of ours reads from a file that was not finished."""
    from rimlight.sources.clip import open_clip

    with open_clip(path) as source:
        return [frame.picture.y for frame in iter(source.read, None)]


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_after_a_kill_what_was_recorded_is_there(tmp_path: Path, ending: str) -> None:
    program = """
import sys; sys.path.insert(0, "tests")
import os, signal, time
from pathlib import Path
import test_recorder_ends as t
recorder = t.open_recorder(Path(sys.argv[1]), t.FORMAT)
for number in range(150):
    recorder.send(t.output_of(number, t.SIZE, number / 30))
    while recorder.written < number - 10:
        time.sleep(0.001)
os.kill(os.getpid(), signal.SIGKILL)
"""
    path = tmp_path / f"a.{ending}"

    told = subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60)

    assert told.returncode == -signal.SIGKILL
    part = tmp_path / f"a.unfinished.{ending}"
    frames = playable(part)
    # 10 wait in the queue, some in the encoder, and up to a second's fragment is not written yet.
    assert len(frames) > 150 - 10 - 45 - 30
    assert abs(frames[50].astype(int) - planes(50, SIZE)[0]).mean() < 3
    # The next recording of that name does not touch it.
    before = part.read_bytes()
    record(path)
    assert part.read_bytes() == before
    assert {f.name for f in tmp_path.iterdir()} == {part.name, path.name}


def test_a_failing_encoder_surfaces_at_the_next_send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = threading.Event()

    def fail(*_: object) -> None:
        failed.set()
        raise RuntimeError("out of order")

    monkeypatch.setattr(VideoFile, "write", fail)
    recorder = open_recorder(tmp_path / "a.mp4", FORMAT)
    recorder.send(output_of(0, SIZE, 0.0))
    assert failed.wait(20)
    recorder._thread.join(20)

    for _ in range(2):
        with pytest.raises(SinkError, match=r"a\.mp4 failed: RuntimeError: out of order"):
            recorder.send(output_of(1, SIZE, 0.1))
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_whatever_fails_later_costs_nothing_of_what_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, sent = VideoFile.write, threading.Event()

    def fail(file: VideoFile, image: Any, pts: int, duration: int) -> None:
        if pts > 0.9 * TICKS:
            assert sent.wait(20)
            raise ValueError("no such shape")
        write(file, image, pts, duration)

    monkeypatch.setattr(VideoFile, "write", fail)
    recorder = open_recorder(tmp_path / "a.mkv", FORMAT)
    for number in range(20):
        recorder.send(output_of(number, SIZE, number / 10))
    sent.set()
    with pytest.raises(
        SinkError, match=r"ValueError: no such shape\. What was recorded .* lies in .*a\.unfinished"
    ):
        recorder.close()
    assert len(playable(tmp_path / "a.unfinished.mkv")) >= 5


def test_a_failure_at_the_end_surfaces_at_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise DiskError("full")

    monkeypatch.setattr(VideoFile, "finish", full)
    recorder = open_recorder(tmp_path / "a.mp4", FORMAT)
    recorder.send(output_of(0, SIZE, 0.0))

    with pytest.raises(DiskError, match=r"a\.unfinished\.mp4"):
        recorder.close()
    recorder.close()
    assert not recorder._thread.is_alive()


class HungDisk:
    """Writes that do not return until the disk answers again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hangs, self.answers = threading.Event(), threading.Event()
        write = Unfinished.write

        def hanging(file: Unfinished, data: Any) -> int:
            # The header comes first, from the thread that opens the recording.
            if threading.current_thread().name == "rimlight-writer":
                self.hangs.set()
                assert self.answers.wait(30)
            return write(file, data)

        monkeypatch.setattr(Unfinished, "write", hanging)


def test_a_disk_that_hangs_is_given_up_at_closing_and_what_was_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_room, "PATIENCE", 0.2)
    disk = HungDisk(monkeypatch)
    recorder = open_recorder(tmp_path / "a.mp4", FORMAT)
    for number in range(20):
        recorder.send(output_of(number, SIZE, number / 10))
    assert disk.hangs.wait(20)

    # Were it to wait for the disk, this would never end.
    with pytest.raises(DiskError, match=r"a\.mp4 cannot be written.*a\.unfinished\.mp4, or in .*a\.mp4 if"):
        recorder.close()
    recorder.close()
    with pytest.raises(DiskError):
        recorder.send(output_of(0, SIZE, 9.0))

    assert [file.name for file in tmp_path.iterdir()] == ["a.unfinished.mp4"]
    disk.answers.set()
    recorder._thread.join(20)
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]
    assert len(playable(tmp_path / "a.mp4")) == 20


def test_a_disk_that_hangs_ends_the_recording_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = HungDisk(monkeypatch)
    recorder = open_recorder(tmp_path / "a.mkv", FORMAT)
    times = (number / 30 for number in count())
    while not disk.hangs.is_set():
        recorder.send(output_of(0, SIZE, next(times)))
    began = next(times)
    with pytest.raises(DiskError, match=r"took nothing for 10 s.*a\.unfinished\.mkv"):
        send_all(recorder, times)
    recorder.close()

    # A second of pictures waits; then it may take ten more.
    assert next(times) - began == pytest.approx(11, abs=1.5)
    disk.answers.set()
    recorder._thread.join(20)


def send_all(recorder: recorder_room.Recorder, times: Iterator[float]) -> None:
    for at in times:
        recorder.send(output_of(0, SIZE, at))


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A real file system of that size."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="a small disk is made with Linux's mount")
@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_when_a_disk_is_full_the_call_goes_on_and_it_is_told_once(tmp_path: Path, ending: str) -> None:
    stop, notes, after = threading.Event(), Notes(), iter(range(10))
    turns = Turns()

    def seen(_: object) -> None:
        if notes.lines and next(after, None) is None:
            stop.set()
        turns.seen()

    call = Collector("call", seen=seen)
    with small_disk(tmp_path, "400k") as disk:
        with open_recorder(disk / f"a.{ending}", FORMAT) as recorder:
            report = run(
                Noise(frames_of_noise(), turns), ScriptedPipeline(), recorder, call, stop=stop, notes=notes
            )

        part = disk / f"a.unfinished.{ending}"
        (error,) = report.lost
        assert notes.lines == [f"a.{ending} is off, the rest goes on: {error.what}"]
        assert "the disk is full" in error.what
        assert str(part) in error.what
        assert list(disk.iterdir()) == [part]
        assert 5 < len(playable(part)) < len(call.indices)


class Noise(ScriptedSource):
    """Frames that hardly any disk is large enough for."""

    format = FORMAT


def frames_of_noise() -> Iterator[Frame]:
    rng = np.random.default_rng(0)
    for index in count():
        planes = rng.integers(0, 256, (SIZE.height * 3 // 2, SIZE.width), np.uint8)
        yield Frame(Picture(planes), index / 30, index)
