"""When a recording ends badly: what was recorded stays, and the error says where."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media import output_of, planes
from rimlight.errors import DiskError
from rimlight.sinks.recorder import open_recorder
from rimlight.sinks.video_file import VideoFile
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

    part = tmp_path / f".a.{ending}.part"
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
    part = tmp_path / f".a.{ending}.part"
    frames = playable(part)
    # 10 wait in the queue, some in the encoder, and up to a second's fragment is not written yet.
    assert len(frames) > 150 - 10 - 45 - 30
    assert abs(frames[50].astype(int) - planes(50, SIZE)[0]).mean() < 3
    # The next recording of that name does not touch it.
    before = part.read_bytes()
    record(path)
    assert part.read_bytes() == before
    assert sorted(f.name for f in tmp_path.iterdir()) == [part.name, path.name]


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
        with pytest.raises(RuntimeError, match="out of order"):
            recorder.send(output_of(1, SIZE, 0.1))
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_a_failure_at_the_end_surfaces_at_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise DiskError("full")

    monkeypatch.setattr(VideoFile, "finish", full)
    recorder = open_recorder(tmp_path / "a.mp4", FORMAT)
    recorder.send(output_of(0, SIZE, 0.0))

    with pytest.raises(DiskError, match=r"\.a\.mp4\.part"):
        recorder.close()
    recorder.close()
    assert not recorder._thread.is_alive()
