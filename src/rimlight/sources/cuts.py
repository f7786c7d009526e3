"""Where a clip can be cut so that its parts can be decoded apart, and the cutting: packets, copied unread."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rimlight.protocols import Closes
from rimlight.sources.container import decoded_stream, open_container
from rimlight.sources.decoding import clock_of, named_end, shift_of, tellable
from rimlight.unfinished import disk_error

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

CONTAINER = "nut"
"""FFmpeg's own container: carries times to the tick, and nearly every codec as its demuxer gave it."""

_LATER = 86400
"""Seconds that are added to times in such files, which have none before 0; packets of B frames may have."""


def later(clock: Fraction) -> int:
    """Ticks that are added to times in such files; `clock` is seconds in a tick."""
    return round(_LATER / clock)


class Mark(NamedTuple):
    """A packet, in the order in which it is stored."""

    pts: int
    """Ticks from the clip's start."""
    key: bool
    """Whether it can be decoded without those before it."""


class Span(NamedTuple):
    """A part of a clip. Its own images are those from tick `start` until tick `end`."""

    first: int
    """The packet from which it is decoded, and..."""
    stop: int
    """...the one before which it ends: behind what the last images are predicted from."""
    lead: int
    """Tick from which images can be used to get going, before the first of its own."""
    start: int
    last: int
    """When the last one of its own begins."""
    end: int


@dataclass(frozen=True, slots=True)
class Survey:
    """The packets of a clip."""

    marks: list[Mark]
    end: int
    """Tick at which the last image ends."""
    obstacle: str | None
    """What of the clip cannot be cut apart, as the beginning of a sentence; None: it can be."""


def survey(path: Path) -> Survey:
    """Reads the clip's packets through, without decoding them. Raises ClipError as `open_container`."""
    with open_container(path) as container:
        stream = decoded_stream(container, path)
        shift, marks, end = shift_of(container, stream), list[Mark](), 0
        for packet in _packets(container, stream):
            if packet.pts is None or not tellable(packet.pts, clock_of(stream)):
                return Survey([], 0, "pictures without times cannot be")
            marks.append(Mark(packet.pts - shift, packet.is_keyframe))
            end = max(end, marks[-1].pts + (packet.duration or 1))
        if not marks:
            return Survey([], 0, "files without pictures cannot be")
        if len({mark.pts for mark in marks}) < len(marks):
            return Survey([], 0, "pictures of the same time cannot be")
        named = named_end(container, stream)
        if named is not None and len(marks) == stream.frames:
            end = max(max(marks).pts + 1, round(named / clock_of(stream)))
        return Survey(marks, end, _not_carried(stream))


def spans(marks: Sequence[Mark], end: int, length: int, overlap: int) -> list[Span]:
    """Parts of at least `length` ticks that begin with keyframes; one alone if there are too few of these.

    Each but the first leads in from `overlap` ticks before its start, or from the clip's start. Together their
    own images are the clip's, each once. `end` is the tick at which the last image ends.
    """
    cuts = _clean_cuts(marks)
    starts = [0]
    for cut in cuts:
        if marks[cut].pts - marks[starts[-1]].pts >= length and end - marks[cut].pts >= length // 2:
            starts.append(cut)
    times = sorted(mark.pts for mark in marks)
    begin = times[0]
    edges = [begin, *(marks[cut].pts for cut in starts[1:]), end]
    parts = []
    for start, stop in pairwise(edges):
        lead = max(begin, start - overlap)
        first = max((cut for cut in cuts if marks[cut].pts <= lead), default=0)
        last = times[bisect_left(times, stop) - 1]
        parts.append(Span(first, _behind(marks, stop), lead, start, last, stop))
    return parts


def _clean_cuts(marks: Sequence[Mark]) -> list[int]:
    """Keyframes before which nothing is stored that is shown later."""
    cuts, latest = [], None
    for number, mark in enumerate(marks):
        if mark.key and (latest is None or mark.pts > latest):
            cuts.append(number)
        latest = mark.pts if latest is None else max(latest, mark.pts)
    return cuts


def _behind(marks: Sequence[Mark], end: int) -> int:
    """The packet behind the last that is needed for images before that tick: the next part's first are among them.

    Pictures that are shown before a keyframe may be stored after it, and need it.
    """
    following = next((number for number, mark in enumerate(marks) if mark.pts == end), len(marks))
    stop = following + 1
    while stop < len(marks) and marks[stop].pts < end:
        stop += 1
    return min(stop, len(marks))


def cut_out(path: Path, parts: Sequence[tuple[Span, Path]]) -> Generator[Path, None, None]:
    """Writes each part's packets into its file, whose path is given once it is complete.

    No more is read than is needed for that. Raises ClipError as `open_container`, DiskError if a file cannot be
    written.
    """
    with ExitStack() as opened:
        container = opened.enter_context(open_container(path))
        stream = decoded_stream(container, path)
        late = later(clock_of(stream)) - shift_of(container, stream)
        upcoming, begun = deque(parts), deque[tuple[Span, _Piece]]()
        for number, packet in enumerate(chain(_packets(container, stream), [None])):
            while begun and (packet is None or begun[0][0].stop <= number):
                yield begun.popleft()[1].finish()
            if packet is None or packet.pts is None:
                return
            while upcoming and upcoming[0][0].first <= number:
                span, file = upcoming.popleft()
                begun.append((span, opened.enter_context(_Piece(file, stream))))
            packet.pts, packet.dts = packet.pts + late, None if packet.dts is None else packet.dts + late
            for _, piece in begun:
                piece.write(packet)


class _Piece(Closes):
    """One part's file."""

    def __init__(self, path: Path, stream: VideoStream) -> None:
        import av

        self._path = path
        with _translated(path):
            self._output = av.open(str(path.absolute()), "w", format=CONTAINER)
            self._stream = self._output.add_stream_from_template(stream)
            self._stream.time_base = clock_of(stream)

    def write(self, packet: Packet[VideoStream]) -> None:
        packet.stream = self._stream
        with _translated(self._path):
            self._output.mux_one(packet)

    def finish(self) -> Path:
        with _translated(self._path):
            self._output.close()
        return self._path

    def close(self) -> None:
        self._output.close()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_error(path, error) from error


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """All that holds a picture, up to where the file ends or is damaged."""
    import av

    with suppress(av.FFmpegError):
        yield from (packet for packet in container.demux(stream) if packet.size)


def _not_carried(stream: VideoStream) -> str | None:
    """What is to be said if pictures so coded cannot be put into a file of their own."""
    import av

    try:
        with av.open(BytesIO(), "w", format=CONTAINER) as trial:
            trial.add_stream_from_template(stream)
    except ValueError:
        return f"pictures in {stream.codec_context.name} cannot be"
    return None
