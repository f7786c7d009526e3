"""Pictures that were encoded part by part, joined into one file: packets copied, none encoded again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rimlight.errors import SinkError
from rimlight.sinks.video_file import Encoding, Track, VideoFile
from rimlight.sources.container import decoded_stream, open_container
from rimlight.sources.cuts import later


class Joint:
    """Adds parts to a file, one after the other."""

    def __init__(self, file: VideoFile, track: Track, encoding: Encoding) -> None:
        self._file = file
        self._track = track
        self._delay = encoding.delay
        self._past: list[int] | None = None

    def add(self, path: Path, end: int) -> None:
        """Adds a part's pictures, which end at tick `end`. Times in its file are later by `cuts.later`.

        Raises SinkError if it was encoded otherwise than the file, and as `VideoFile.add` does.
        """
        clock = self._track.time_base
        with open_container(path) as container:
            stream = decoded_stream(container, path)
            if stream.codec_context.extradata != self._file.header:
                raise SinkError(
                    "the parts were encoded by different versions of FFmpeg and cannot be joined",
                    "Install the same version of PyAV (av) wherever parts are processed.",
                )
            packets = [packet for packet in container.demux(stream) if packet.size]
            times = [round((p.pts or 0) * p.time_base / clock) - later(clock) for p in packets]
            shown = sorted(times)
            ends = dict(zip(shown, [*shown[1:], end], strict=True))
            for packet, pts, dts in zip(packets, times, self._decoded_at(shown), strict=True):
                packet.time_base = clock
                packet.pts, packet.dts, packet.duration = pts, dts, ends[pts] - pts
                self._file.add(packet)

    def _decoded_at(self, shown: Sequence[int]) -> list[int]:
        """When to decode each of a part's pictures: as an encoder of the whole would say, `_delay` pictures before.

        Before the first there are none, and x264 takes the first ones' own distances instead.
        """
        if self._past is None:
            ahead = shown[min(self._delay, len(shown) - 1)] - shown[0]
            self._past = [time - max(ahead, 1) for time in shown[: self._delay]]
        times = [*self._past, *shown]
        self._past = times[len(shown) :]
        return times[: len(shown)]
