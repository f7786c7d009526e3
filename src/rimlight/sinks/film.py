"""What a recording is written into: a file, or memory."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from rimlight.protocols import Closes
from rimlight.types import Plane, Samples

TICKS = 90_000
"""In a second of pictures; every container's clock but Matroska's keeps them exactly."""

_LOSS = 500_000
"""Microseconds of pictures that wait to be written together. With what waits in the encoder, a crash costs less
than a second (tools/measure_kills.py)."""
# Sound waits for pictures no longer than that either; FFmpeg's own limit is 10 s.
_PROMPT = {"flush_packets": "1", "max_interleave_delta": str(_LOSS)}
# Fragments while it is written, so that every one of them is safe; one ordinary file once it is complete.
_FRAGMENTS = {"movflags": "hybrid_fragmented+empty_moov", "frag_duration": str(_LOSS), **_PROMPT}
_CLUSTERS = {"cluster_time_limit": str(_LOSS // 1000), **_PROMPT}
MUXING = {"mp4": _FRAGMENTS, "mov": _FRAGMENTS, "matroska": _CLUSTERS, "webm": _CLUSTERS}
"""Options of FFmpeg's muxers, by container."""


class Film(Closes, Protocol):
    """Takes sound, and pictures each kind in its own way. Written by one thread.

    Closing it before `publish` or `abandon` leaves nothing.

    What it raises is a SinkError in its several kinds.
    """

    @property
    def part(self) -> Path:
        """Where it lies until it is published."""

    def hear(self, samples: Samples) -> None:
        """Adds what follows of the sound, `soundline.RATE` samples a second from time 0 on."""

    def finish(self) -> None:
        """Writes what is left."""

    def publish(self) -> None:
        """Moves it to its place."""

    def abandon(self) -> Path | None:
        """Stops as it is; what was written stays at the path given back, or is gone if there is none."""


class PictureFilm(Film, Protocol):
    """One that takes pictures as they are."""

    def write(self, image: Plane, pts: int, duration: int) -> None:
        """Adds a picture, shown from tick `pts` on; `pts` grows strictly. The array is not needed afterwards.

        (H*3/2, W) uint8, I420; of a film that keeps mattes (H*5/2, W), the matte below the picture.
        """
