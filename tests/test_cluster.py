"""Chunks on a real cluster, on this machine: a scheduler and workers, each a process of its own, on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media import Sound, write_clip
from rimlight.errors import BackgroundError, ClusterError, UsageError
from rimlight.joined import process_in_chunks, spans_of
from rimlight.offline import Report
from rimlight.settings import Settings, Tuning
from rimlight.sources.clip import open_clip
from rimlight.types import Size

pytest.importorskip("distributed")

from rimlight import cluster as room
from rimlight.chunks import Hands
from rimlight.cluster import open_cluster
from rimlight.hands import open_processes

SETTINGS = Settings(background="#336699", tuning=Tuning(views=1))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(*words: str, path: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """`dask WORDS`, as a user starts it, killed in the end."""
    environment = os.environ | ({"PYTHONPATH": path} if path else {})
    command = [sys.executable, "-W", "ignore", "-m", "dask", *words]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def answers(port: int) -> None:
    """Waits until somebody listens there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), 1).close()
        time.sleep(0.05)
    raise AssertionError(f"nobody listens at {port}")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Where it listens."""
    port = free_port()
    with running("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"):
        answers(port)
        yield f"tcp://127.0.0.1:{port}"


def worker(
    address: str, folder: Path, port: int, path: str = ""
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A worker of one thread, without a nanny that would start it again."""
    words = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--worker-port", str(port)]
    return running("worker", address, *words, "--local-directory", str(folder), path=path)


def chunked(source: Path, output: Path, hands: Hands, settings: Settings = SETTINGS, **options: Any) -> Report:
    with open_clip(source) as clip:
        parts = spans_of(clip, 0.8, 0.2)
        assert not isinstance(parts, str)
        return process_in_chunks(clip, parts, settings, output, hands, **options)


Workers = dict[str, subprocess.Popen[bytes]]
"""By address."""


@pytest.fixture
def workers(scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """Two of them, ready."""
    with ExitStack() as opened:
        ports = [free_port(), free_port()]
        folder = tmp_path_factory.mktemp("workers")
        yield {f"tcp://127.0.0.1:{port}": opened.enter_context(worker(scheduler, folder, port)) for port in ports}


def clip_of(folder: Path) -> Path:
    options = {"g": "10", "bf": "2"}
    return write_clip(folder / "a.mp4", count=120, size=Size(128, 96), options=options, sound=[Sound(seconds=4.8)])


@pytest.mark.slow
def test_a_cluster_makes_what_processes_make_and_loses_nothing_with_a_worker(
    scheduler: str, workers: Workers, tmp_path: Path
) -> None:
    source, picture = clip_of(tmp_path), tmp_path / "room.png"
    cv2.imwrite(str(picture), np.full((40, 60, 3), 90, np.uint8))
    settings = SETTINGS.model_copy(update={"background": str(picture)})
    with open_processes(1) as process:
        chunked(source, tmp_path / "here.mp4", process, settings, matte=tmp_path / "here")
    killed: list[str] = []

    with open_cluster(scheduler) as hands:
        hands._client.wait_for_workers(2, timeout=20)

        def kill(done: int, _: int | None) -> None:
            busy = [who for who, keys in hands._client.processing().items() if keys]
            if done and not killed and len(busy) == 2:
                killed.append(busy[1])
                workers[busy[1]].kill()

        report = chunked(source, tmp_path / "there.mp4", hands, settings, matte=tmp_path / "there", progress=kill)
        assert set(hands._client.nthreads()) == set(workers) - set(killed)

    assert len(killed) == 1
    assert report == Report(120, 4.8)
    assert (tmp_path / "there.mp4").read_bytes() == (tmp_path / "here.mp4").read_bytes()
    assert files(tmp_path / "there") == files(tmp_path / "here")
    assert len(files(tmp_path / "there")) == 120
    interrupted_and_failing(scheduler, source, tmp_path)
    lost(scheduler, workers, source, tmp_path)


def files(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.iterdir())]


def interrupted_and_failing(address: str, source: Path, folder: Path) -> None:
    """Ctrl-C and what goes wrong on a worker are raised here, and leave nothing."""

    def stop(done: int, _: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    gone = SETTINGS.model_copy(update={"background": "gone.jpg"})
    before = sorted(folder.iterdir())
    with open_cluster(address) as hands:
        with pytest.raises(KeyboardInterrupt):
            chunked(source, folder / "new.mp4", hands, progress=stop)
        with pytest.raises(BackgroundError, match=r"gone\.jpg"):
            chunked(source, folder / "new.mp4", hands, gone)
    assert sorted(folder.iterdir()) == before


def lost(scheduler: str, workers: Workers, source: Path, folder: Path) -> None:
    """Without any worker it ends, before and in the middle."""

    def kill_all(done: int, _: int | None) -> None:
        for process in workers.values():
            process.kill()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "PATIENCE", 1.5)
        with (
            open_cluster(scheduler) as hands,
            pytest.raises(ClusterError, match=r"no workers any more\nStart some: dask worker tcp://127"),
        ):
            chunked(source, folder / "new.mp4", hands, progress=kill_all)
        with pytest.raises(ClusterError, match=r"has no workers\nStart some: dask worker tcp://127"):
            open_cluster(scheduler)


@pytest.mark.slow
def test_a_scheduler_that_is_lost_is_told(tmp_path: Path) -> None:
    source, port = clip_of(tmp_path), free_port()
    address = f"tcp://127.0.0.1:{port}"
    with running("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard") as process:
        answers(port)
        with (
            worker(address, tmp_path / "work", free_port()),
            open_cluster(address) as hands,
            pytest.raises(ClusterError, match=rf"the scheduler at {address} is lost"),
        ):
            chunked(source, tmp_path / "new.mp4", hands, progress=lambda *_: process.kill())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4", "work"]


MISFIT = """
from importlib import metadata
from pathlib import Path
own = metadata.version
def version(package):
    missing, other = Path(__file__).with_name("told").read_text().split()
    if package == missing:
        raise metadata.PackageNotFoundError(package)
    return "9.0" if package == other else own(package)
metadata.version = version
"""


def test_workers_that_do_not_fit_are_told(scheduler: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(MISFIT)
    told = tmp_path / "told"
    told.write_text("rimlight -")
    with worker(scheduler, tmp_path, free_port(), path=str(tmp_path)):
        with pytest.raises(ClusterError, match=r"127\S+ has no rimlight; here it is"):
            open_cluster(scheduler)
        told.write_text("- av")
        with pytest.raises(
            ClusterError, match=r"has version 9\.0 of av; here it is .*\nInstall .*: pip install av=="
        ):
            open_cluster(scheduler)


@pytest.mark.parametrize("address", ["scheduler:8786", "tcp://", "http://scheduler:8786", "tcp://scheduler:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"is no address of a scheduler\nAs in --cluster tcp://scheduler:8786"):
        open_cluster(address)


def test_a_scheduler_that_is_not_there_is_told() -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(ClusterError, match=rf"no scheduler answers at {address}: Connection refused\nStart one"):
        open_cluster(address)


def test_without_the_extra_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"not installed\nInstall it: pip install 'rimlight\[cluster\]'"):
        open_cluster("tcp://127.0.0.1:8786")
