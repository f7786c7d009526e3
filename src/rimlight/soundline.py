"""A microphone's samples, laid out on a recording's own time: in step with the pictures, without the pauses.

Each sample of the recording has its moment on the run's clock; what the microphone heard then lies between two of
its own samples, and is interpolated there by a windowed sinc (J. O. Smith, Digital Audio Resampling,
ccrma.stanford.edu/~jos/resample). So drift never adds up, and a microphone of another rate is no other case. Not
FFmpeg's compensation (`aresample=async`): it stretches by the time stamps it is fed, in steps that it decides
itself, and cannot be asked where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rimlight.soundclock import SoundClock
from rimlight.timeline import Timeline
from rimlight.types import Samples, Sound

RATE = 48_000
"""Samples a second in recordings: what microphones and video files have."""

_TAPS = 24
_PHASES = 1024
"""Places between two samples that are told apart: 1 kHz is 84 dB above what rounding to them adds."""
_KAISER = 8.0
"""Shape of the window: 80 dB down beside the band."""
_HASTE = 0.002
"""By how much faster or slower sound is played, at most, to be in step again: a thirtieth of a semitone."""
_SOON = 1.0
"""Seconds in which it shall be."""
_CUT = 0.02
"""Seconds out of step that are not caught up with but cut."""
_FADE = 144
"""Samples, 3 ms, over which sound swells and fades at cuts, so that they do not click."""
_CHUNK = 4800
_KEPT = 2.0
"""Seconds of sound that are kept, at most, where nobody asks for them."""


class SoundLine:
    """Takes pieces of sound as they come, gives the recording's samples in order. Used by one thread."""

    def __init__(self, timeline: Timeline, rate: int = RATE) -> None:
        self._timeline = timeline
        self._rate = rate
        self._clock: SoundClock | None = None
        self._pace = 0
        self._heard: Samples = np.zeros(0, np.float32)
        self._first = 0
        self._next: float | None = None
        self._given = 0
        self._table = _table(1.0)

    @property
    def given(self) -> float:
        """Seconds of the recording whose sound was given."""
        return self._given / self._rate

    @property
    def drift(self) -> float:
        """By how much longer than nominal the microphone's samples take."""
        return self._clock.drift if self._clock else 0.0

    def take(self, sound: Sound) -> None:
        """The next piece that the microphone gave."""
        clock = self._clock
        if clock is None or sound.rate != self._pace:
            self._begin(SoundClock(sound.rate, sound.at), sound.rate)
        elif not clock.tell(sound.at, len(sound.samples)):
            self._begin(clock.after(sound.at), sound.rate)
        else:
            self._keep(sound.samples)
            return
        assert self._clock is not None
        self._clock.tell(sound.at, len(sound.samples))
        self._keep(sound.samples)

    def woven(self, overdue: float) -> Iterator[Samples]:
        """The next samples of the recording, in pieces; it has begun.

        What has not been heard before the place `overdue` is silence.
        """
        while True:
            at, cut = self._timeline.captured(self._given / self._rate)
            if at == math.inf:
                return
            end = self._given + _CHUNK
            if cut < math.inf:
                end = min(end, max(self._given + 1, round(cut * self._rate)))
            piece = self._piece(at, end - self._given)
            if not len(piece):
                late = min(end, math.floor(overdue * self._rate)) - self._given
                if late <= 0:
                    return
                piece, self._next = np.zeros(late, np.float32), None
            self._given += len(piece)
            if cut < math.inf and self._given >= round(cut * self._rate):
                self._next = None
                _fade(piece[::-1])
            yield piece

    def _begin(self, clock: SoundClock, rate: int) -> None:
        if rate != self._pace:
            self._table = _table(min(1.0, self._rate / rate))
        self._clock, self._pace = clock, rate
        self._heard, self._first, self._next = np.zeros(0, np.float32), 0, None

    def _keep(self, samples: Samples) -> None:
        self._heard = np.concatenate([self._heard, samples])
        needless = len(self._heard) - round(_KEPT * self._pace)
        if self._next is not None:
            needless = max(needless, math.floor(self._next) - _TAPS - self._first)
        if needless > 0:
            self._heard, self._first = self._heard[needless:], self._first + needless

    def _piece(self, at: float, count: int) -> Samples:
        """At most `count` samples from that moment on, as many as were heard; none if there is none yet."""
        clock = self._clock
        if clock is None:
            return np.zeros(0, np.float32)
        start, step = clock.position(at), clock.pace / self._rate
        swell = True
        if self._next is not None and abs(start - self._next) < _CUT * self._pace:
            haste = (start - self._next) / (_SOON * clock.pace)
            start, step, swell = self._next, step * (1 + max(-_HASTE, min(_HASTE, haste))), False
        heard = self._first + len(self._heard)
        count = min(count, math.floor((heard - _TAPS // 2 - 1 - start) / step))
        if count <= 0:
            return np.zeros(0, np.float32)
        piece = self._interpolated(start + step * np.arange(count, dtype=np.float64))
        self._next = start + step * count
        if swell:
            _fade(piece)
        return piece

    def _interpolated(self, positions: NDArray[np.float64]) -> Samples:
        lowest = np.floor(positions)
        phases = np.round((positions - lowest) * _PHASES).astype(np.intp)
        # Silence before what is known: a microphone that was opened later.
        left = lowest.astype(np.intp) - (_TAPS // 2 - 1) - self._first
        missing = max(0, -int(left[0]))
        heard = np.concatenate([np.zeros(missing, np.float32), self._heard]) if missing else self._heard
        windows = sliding_window_view(heard, _TAPS)[left + missing]
        mixed: Samples = np.einsum("nt,nt->n", windows, self._table[phases])
        return mixed


def _table(band: float) -> Samples:
    """Weights of the `_TAPS` samples round a place between two, (phases + 1, taps); `band` is of their own."""
    places = np.arange(_PHASES + 1)[:, None] / _PHASES
    away = np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1) - places
    window = np.i0(_KAISER * np.sqrt(np.maximum(0, 1 - (away / (_TAPS / 2)) ** 2))) / np.i0(_KAISER)
    weights = band * np.sinc(band * away) * window
    table: Samples = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return table


def _fade(piece: Samples) -> None:
    """Lets the piece swell from silence, in place."""
    count = min(_FADE, len(piece))
    piece[:count] *= np.linspace(0, 1, count, dtype=np.float32)
