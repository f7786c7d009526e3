"""The images of a file's video stream as FFmpeg decodes them, each whole: interlaced ones are made progressive."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import ClipError
from rimlight.protocols import Closes
from rimlight.sources.container import PATIENCE, decoded_stream, fits, open_container, seek_before
from rimlight.sources.rest import STDIN, Tap

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.filter import Graph
    from av.stream import Stream
    from av.video.stream import VideoStream

_CLOCK = Fraction(1, 90000)
"""Seconds in a tick for the filter, which is told no times of consequence."""
_SMALLEST = 4
"""Pixels a side below which FFmpeg's filter takes no image."""


class Images(Closes):
    """The images, once. Used by one thread; at most two decode for it.

    Raises ClipError if the file is missing, empty or no video.
    """

    def __init__(self, path: Path) -> None:
        self.container = open_container(path)
        try:
            self.stream = decoded_stream(self.container, path)
        except ClipError:
            self.container.close()
            raise
        self.errors = 0
        """Packets that could not be decoded so far."""
        self.interlaced = False
        """Whether there was an interlaced image so far."""
        self.tap: Tap | None = None
        """What else the file holds, where it cannot be opened again to have it."""
        self._patience = PATIENCE
        if path == STDIN:
            streams = self.container.streams
            self.tap = Tap(self.container, [*streams.audio, *streams.subtitles])
            # Whoever writes there may take as long as it likes.
            self._patience = float("inf")
        self._images = self._progressive(self._decode())

    def next(self) -> VideoFrame | None:
        """The next image; None at the end, be it of a file that is cut off."""
        return next(self._images, None)

    def seek(self, seconds: Fraction) -> bool:
        """Goes on with an image before that time of the file's clock, near it; False if that cannot be had."""
        if self.tap is not None or not seek_before(self.container, seconds):
            return False
        self._images.close()
        self._images = self._progressive(self._decode())
        return True

    def close(self) -> None:
        self._images.close()
        self.container.close()

    def _decode(self) -> Generator[VideoFrame, None, None]:
        import av

        last = time.monotonic()
        try:
            for packet in self._packets():
                for image in self._of(packet):
                    yield image
                    last = time.monotonic()
                if time.monotonic() - last > self._patience:
                    # Hours of a file may hold not one picture.
                    self.errors += 1
                    return
        except av.FFmpegError:
            # The file ends in the middle: what the decoder still holds is good.
            self.errors += 1
            yield from self._of(None)

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        if self.tap is None:
            yield from self.container.demux(self.stream)
            return
        packet: Packet[Stream]
        for packet in self.container.demux(self.stream, *self.tap.streams):
            if packet.stream_index == self.stream.index:
                yield packet  # type: ignore[misc]  # of this stream
            elif self.tap.wanted or not self.tap.begun:
                self.tap.packets.append(packet)
            else:
                self.tap.packets.clear()

    def _of(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """The images that come out when a packet goes in, but for those beyond bounds; None: the last ones."""
        import av

        try:
            images = self.stream.decode(packet)
        except av.EOFError:
            return []
        except av.FFmpegError:
            self.errors += 1
            return []
        fitting = [image for image in images if fits(image)]
        self.errors += len(images) - len(fitting)
        return fitting

    def _progressive(self, images: Iterable[VideoFrame]) -> Generator[VideoFrame, None, None]:
        """The images; from the first interlaced one on, those that are so without their combs."""
        field: Deinterlacer | None = None
        for image in images:
            if field is not None and not field.takes(image):
                yield from field.flush()
                field = None
            if field is None and image.interlaced_frame and min(image.width, image.height) >= _SMALLEST:
                self.interlaced = True
                field = Deinterlacer(image)
            if field is None:
                yield image
            else:
                yield from field.put(image)
        if field is not None:
            yield from field.flush()


class Deinterlacer:
    """FFmpeg's bwdif: of each interlaced image its first field, the other lines made from its neighbours in time.

    One image comes out for each that went in, with its time, one image later. Progressive ones stay as they are.
    """

    def __init__(self, like: VideoFrame) -> None:
        from av.filter import Graph

        self._like = _kind(like)
        self._graph: Graph = Graph()
        self._graph.threads = 1
        self._graph.link_nodes(
            self._graph.add_buffer(width=like.width, height=like.height, format=like.format, time_base=_CLOCK),
            self._graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced"),
            self._graph.add("format", f"pix_fmts={like.format.name}"),
            self._graph.add("buffersink"),
        ).configure()
        self._times: deque[tuple[int | None, int | None, int]] = deque()

    def takes(self, image: VideoFrame) -> bool:
        """Whether it is of the size and kind that this was made for."""
        return _kind(image) == self._like

    def put(self, image: VideoFrame) -> Iterator[VideoFrame]:
        """Gives what is ready after it."""
        self._times.append((image.pts, image.dts, image.duration))
        self._graph.push(image)
        return self._ready()

    def flush(self) -> Iterator[VideoFrame]:
        """Gives what is left."""
        self._graph.push(None)
        return self._ready()

    def _ready(self) -> Iterator[VideoFrame]:
        import av

        while self._times:
            try:
                image = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            # The filter doubles the clock.
            image.pts, image.dts, image.duration = self._times.popleft()
            yield image


def _kind(image: VideoFrame) -> tuple[int, int, str]:
    return image.width, image.height, image.format.name
