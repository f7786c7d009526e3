"""A part of a clip that `cuts` has cut out, as a source: the same frames as the whole clip's."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.protocols import Closes
from rimlight.sources.clip import ClipFrame, Facts
from rimlight.sources.cuts import Span, later
from rimlight.sources.decoding import clock_of
from rimlight.sources.images import Images

if TYPE_CHECKING:
    from av import VideoFrame


def open_part(path: Path, facts: Facts, span: Span) -> PartSource:
    """Opens a part of the clip with these facts. Raises ClipError if it cannot be read."""
    return PartSource(path, facts, span)


class PartSource(Closes):
    """Gives the frames from the span's lead to its end, with the times that they have in the clip."""

    def __init__(self, path: Path, facts: Facts, span: Span) -> None:
        self._images = Images(path)
        self._facts = facts
        self._span = span
        self._clock = clock_of(self._images.stream) / facts.time_base
        self._conversion = facts.conversion()
        self._frames = self._read()

    @property
    def errors(self) -> int:
        """Packets that could not be decoded so far."""
        return self._images.errors

    def read(self) -> ClipFrame | None:
        """The next frame; None at the end. The numbers count from the lead."""
        return next(self._frames, None)

    def close(self) -> None:
        self._frames.close()
        self._images.close()

    def _read(self) -> Generator[ClipFrame, None, None]:
        index, last, upcoming = 0, self._span.lead - 1, self._next()
        while upcoming is not None and upcoming[1] < self._span.end:
            image, pts = upcoming
            upcoming = self._next()
            if pts < self._span.lead:
                continue
            # As in the whole clip: times grow, even those of a damaged one.
            last = pts = max(pts, last + 1)
            end = self._end(pts) if upcoming is None else max(upcoming[1], pts + 1)
            picture = self._conversion.picture(image)
            yield ClipFrame(picture, float(pts * self._facts.time_base), index, pts, end - pts)
            index += 1

    def _end(self, pts: int) -> int:
        """Where the image that begins at that tick ends, if there is no other."""
        if pts >= self._span.last:
            return max(self._span.end, pts + 1)
        # What follows is damaged.
        return pts + max(1, round(1 / (self._facts.format.fps * self._facts.time_base)))

    def _next(self) -> tuple[VideoFrame, int] | None:
        """The next image, and its tick in the clip."""
        image = self._images.next()
        if image is None:
            return None
        assert image.pts is not None
        return image, round(image.pts * self._clock) - later(self._facts.time_base)
