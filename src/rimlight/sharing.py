"""Who shares the work on long clips: processes of this machine, a cluster, or nobody; and why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rimlight.chunks import LENGTH, Hands
from rimlight.cores import usable_cores
from rimlight.errors import UsageError
from rimlight.joined import spans_of
from rimlight.order import Order
from rimlight.photo import kind_of
from rimlight.sinks.video_file import H264
from rimlight.sources.clip import ClipSource
from rimlight.sources.cuts import Span

_CORES = 2
"""Of this machine to a process: decoding, the pipeline and encoding, overlapped, keep nearly two busy. One each is
faster by a fifth at most, which is not worth what is forgotten at the joints."""


def parts_for(
    clip: ClipSource, output: Path, order: Order, hands: Hands, say: Callable[[str], None]
) -> Sequence[Span] | None:
    """The chunks of a clip that is long enough for some; None, and why is said, of one that should have some.

    Raises ClipError if the clip cannot be read.
    """
    if clip.length is not None and clip.length / clip.format.fps < 2 * LENGTH:
        return None
    why = _whole(clip, output, order)
    if why is None:
        parts = spans_of(clip)
        if not isinstance(parts, str):
            return parts
        why = parts
    say(f"{why}: one process does it all, not {hands.name}")
    return None


def _whole(clip: ClipSource, output: Path, order: Order) -> str | None:
    """Why a clip is processed in one piece, as the beginning of a sentence; None: it need not be."""
    background = Path(order.settings.background)
    if background.is_file() and kind_of(background) == "video":
        return "a video background plays on from frame to frame"
    if not clip.rereadable:
        return "the standard input is read once"
    if order.wanted.retimed:
        return "--from, --until and --fps count from the clip's start"
    if order.keep:
        return "what --keep-matte keeps is kept in one piece"
    if order.encoding(output) != H264:
        return "only the default H.264 is joined from chunks"
    return None


def open_hands(processes: int | None, cluster: str | None) -> AbstractContextManager[Hands | None]:
    """Who processes chunks; None where this process alone is to process clips whole."""
    if cluster is not None:
        if processes is not None:
            raise UsageError("--jobs is about this computer, --cluster about others", "Give one of them.")
        from rimlight.cluster import open_cluster

        return open_cluster(cluster)
    if processes is not None and processes < 1:
        raise UsageError(
            f"--jobs {processes}: there has to be one at least", "Leave it out to have as many as pay."
        )
    count = max(1, usable_cores() // _CORES) if processes is None else processes
    if count == 1:
        return nullcontext()
    from rimlight.hands import open_processes

    return open_processes(count)
