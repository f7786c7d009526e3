"""Chunks on a cluster that the user runs already: Dask.distributed's scheduler and workers, who share no disk.

A chunk travels as bytes, its part of the clip there and what was made of it back: the workers need nothing but the
same Rimlight. What a lost worker had is given to another one by the scheduler, which keeps a chunk's bytes until it
is done. Nothing but the scheduler that is named is contacted.
"""

from __future__ import annotations

import logging
import socket
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rimlight.chunks import PART, Chunk, Hands, Job, Outcome, process_chunk
from rimlight.errors import ClusterError, UsageError
from rimlight.unfinished import disk_error

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE = 10.0
"""Seconds for the scheduler to answer, and for a worker to be there."""

_STEP = 0.5
"""Seconds after which the caller is asked whether it still wants this."""

_SAME = ("rimlight", "av")
"""Packages that have to be of the same version everywhere: the one that works, and the one that encodes."""

_AHEAD = 2
"""Chunks for each of the workers' threads: one that is processed, and one that waits there."""

_PORT = 8786
"""Dask's own."""

Files = dict[str, bytes]


def open_cluster(address: str) -> Cluster:
    """The cluster whose scheduler listens at that address, as tcp://scheduler:8786.

    Raises UsageError if the extra is not installed or that is no address; ClusterError if nobody answers there, or
    there is no worker, or one lacks Rimlight or has another version.
    """
    try:
        from distributed import Client
    except ImportError as error:
        hint = "Install it: pip install 'rimlight[cluster]'"
        raise UsageError("--cluster needs Dask.distributed, which is not installed", hint) from error
    _knock(address)
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ClusterError(f"what answers at {address} is no Dask scheduler that we understand") from error
    try:
        _check_workers(client, address)
    except BaseException:
        client.close()
        raise
    return Cluster(client, address)


def _knock(address: str) -> None:
    """Whether anything listens there: Dask itself would try for long and then complain at length."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port or _PORT
    except ValueError:
        host = None
    if parts.scheme not in {"tcp", "tls"} or not host:
        raise UsageError(
            f"--cluster {address} is no address of a scheduler", "As in --cluster tcp://scheduler:8786"
        )
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError as error:
        hint = "Start one with 'dask scheduler' and workers with 'dask worker ADDRESS', or correct the address."
        raise ClusterError(f"no scheduler answers at {address}: {error.strerror or error}", hint) from error


def _check_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise ClusterError(f"{address} has no workers", f"Start some: dask worker {address}") from error
    for package in _SAME:
        ours = metadata.version(package)
        # A function of Python's own: it can be called where there is no Rimlight.
        theirs = client.run(metadata.version, package, on_error="return")
        for worker, version in theirs.items():
            if version != ours:
                what = "no" if isinstance(version, Exception) else f"version {version} of"
                raise ClusterError(
                    f"the worker at {worker} has {what} {package}; here it is {ours}",
                    f"Install it there: pip install {package}=={ours}",
                )


class Cluster(Hands):
    """A cluster's workers. A chunk that they have begun is finished even if nobody waits for it any more."""

    def __init__(self, client: Client, address: str) -> None:
        self._client = client
        self._address = address
        self._log = [(handler, handler.level) for handler in logging.getLogger("distributed").handlers]
        for handler, _ in self._log:
            # What it would tell at length, in the middle of the progress, arrives as an error.
            handler.setLevel(logging.CRITICAL + 1)

    @property
    def name(self) -> str:
        return f"the cluster at {self._address}"

    def work(
        self, chunks: Iterator[Chunk], each: Callable[[int], None]
    ) -> Generator[tuple[Chunk, Outcome], None, None]:
        """As of all hands. Raises ClusterError too, when the scheduler is lost or no worker is left."""
        sent: list[tuple[Chunk, Future]] = []
        with ExitStack() as opened:
            opened.enter_context(self._translated())
            opened.callback(lambda: self._client.cancel([future for _, future in sent]))
            while True:
                while len(sent) < _AHEAD * max(1, self._threads()) and (chunk := next(chunks, None)) is not None:
                    sent.append((chunk, self._submit(chunk)))
                if not sent:
                    return
                chunk, future = sent[0]
                outcome, files = self._awaited(future, each)
                for name, content in files.items():
                    _put(chunk.folder / name, content)
                del sent[0], files
                each(outcome.frames)
                yield chunk, outcome

    def close(self) -> None:
        self._client.close()
        for handler, level in self._log:
            handler.setLevel(level)

    def _submit(self, chunk: Chunk) -> Future:
        import dask

        job, brought = _packed(chunk.job)
        brought[PART] = (chunk.folder / PART).read_bytes()
        # Dask would rather have large things on a shared disk, or in one worker's memory, where they can be lost.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            return self._client.submit(process_sent, job, brought, pure=False, priority=-chunk.number)

    def _awaited(self, future: Future, each: Callable[[int], None]) -> tuple[Outcome, Files]:
        from distributed import TimeoutError as NotYet

        alone_since, patience = None, _STEP
        while True:
            try:
                made: tuple[Outcome, Files] = future.result(timeout=patience)
                return made
            except NotYet:
                if future.status == "error":
                    raise
                if future.done():
                    # Either it travels for longer than that, or it is lost and will be made again.
                    patience *= 2
            each(0)
            alone_since = None if self._threads() else alone_since or time.monotonic()
            if alone_since is not None and time.monotonic() - alone_since > PATIENCE:
                raise ClusterError(
                    f"{self._address} has no workers any more", f"Start some: dask worker {self._address}"
                )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from distributed import CancelledError, KilledWorker
        from distributed.comm import CommClosedError

        try:
            yield
        except KilledWorker as error:
            raise ClusterError(
                f"{self._address} gave up a chunk that {error.allowed_failures + 1} workers died of",
                "Their memory may be too small: see their logs.",
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise ClusterError(f"the scheduler at {self._address} is lost", "Is it still running?") from error

    def _threads(self) -> int:
        """How many chunks the workers there are now can process at a time."""
        return sum(self._client.nthreads().values())


def process_sent(job: Job, brought: Files) -> tuple[Outcome, Files]:
    """What a worker does: as `process_chunk`, with the contents of the chunk's files, before and after."""
    with tempfile.TemporaryDirectory(prefix="rimlight-") as name:
        folder = Path(name)
        for file, content in brought.items():
            _put(folder / file, content)
        outcome = process_chunk(_unpacked(job, folder, brought), folder)
        made = {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in folder.rglob("*")
            if file.is_file() and file.name not in brought
        }
    return outcome, made


def _put(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise disk_error(path, error) from error


def _packed(job: Job) -> tuple[Job, Files]:
    """The job with the files that its settings name replaced by what is brought along: a picture, a model."""
    brought, changes = Files(), {}
    for setting in ("background", "model"):
        path = Path(getattr(job.settings, setting))
        if path.is_file():
            changes[setting] = f"{setting}{path.suffix}"
            brought[changes[setting]] = path.read_bytes()
    return replace(job, settings=job.settings.model_copy(update=changes)), brought


def _unpacked(job: Job, folder: Path, brought: Files) -> Job:
    named = {setting: getattr(job.settings, setting) for setting in ("background", "model")}
    changes = {setting: str(folder / name) for setting, name in named.items() if name in brought}
    return replace(job, settings=job.settings.model_copy(update=changes))
