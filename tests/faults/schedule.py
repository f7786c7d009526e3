"""What goes wrong, and at which call."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from rimlight.types import Size

Levels = NDArray[Any]
"""What a fault alters: an I420 picture or a mask."""

LONGEST = 20.0
"""Seconds after which a hang ends by itself: no test waits as long unless something is broken."""


@dataclass(frozen=True)
class Raise:
    """The call raises `error()`."""

    error: Callable[[], BaseException]

    @property
    def kind(self) -> str:
        return "raise"

    def __repr__(self) -> str:
        return f"Raise({self.error()!r})"


@dataclass(frozen=True)
class Hang:
    """The call does not return for so many seconds; None: until the schedule is closed. Then it works."""

    seconds: float | None = None

    @property
    def kind(self) -> str:
        return "hang"


@dataclass(frozen=True)
class Delay:
    """The call takes so many seconds longer than it does; shorter than any limit."""

    seconds: float

    @property
    def kind(self) -> str:
        return "delay"


@dataclass(frozen=True)
class Repeat:
    """The call gives what it gave the last time."""

    kind = "repeat"


@dataclass(frozen=True)
class End:
    """The call gives nothing: None, or no keys."""

    kind = "end"


@dataclass(frozen=True)
class Corrupt:
    """What the call gives is garbage of the right size."""

    how: Literal["noise", "zeros", "dtype", "bits"]

    @property
    def kind(self) -> str:
        return self.how

    def of(self, levels: Levels) -> Levels:
        """The array, made garbage; in new memory. The same garbage for the same array."""
        random = np.random.default_rng(levels.size)
        if self.how == "zeros":
            return np.zeros_like(levels)
        if self.how == "dtype":
            return levels.astype(np.float64 if levels.dtype != np.float64 else np.float32)
        if self.how == "bits":
            flipped = np.ascontiguousarray(levels).view(np.uint8).copy()
            flipped ^= random.integers(0, 256, flipped.shape, np.uint8) & random.integers(
                0, 256, flipped.shape, np.uint8
            )
            return flipped.view(levels.dtype)
        if levels.dtype == np.uint8:
            # Fainter than could be, and brighter than the coded room: by chance all else may look like it.
            return random.integers(150, 210, levels.shape, np.uint8)
        return random.random(levels.shape, np.float32).astype(levels.dtype)


@dataclass(frozen=True)
class Unreal:
    """A few of the numbers that the call gives are this one: not-a-number, infinite, or out of range."""

    value: float

    @property
    def kind(self) -> str:
        return "unreal"

    def of(self, levels: Levels) -> Levels:
        """The array with a few of these; in new memory. Bytes hold no such numbers, and stay."""
        altered = levels.copy()
        if altered.dtype.kind == "f":
            altered.reshape(-1)[:: max(1, altered.size // 5)] = self.value
        return altered


@dataclass(frozen=True)
class Everything:
    """Everything is person: all ones; in a picture, all white."""

    kind = "everything"

    def of(self, levels: Levels) -> Levels:
        """An array of the highest value; in new memory."""
        return np.full_like(levels, 255 if levels.dtype == np.uint8 else 1)


@dataclass(frozen=True)
class Shrink:
    """What the call gives is of another size, `times` as large each way; pictures stay even."""

    times: float = 0.5

    @property
    def kind(self) -> str:
        return "shrink"

    def size(self, size: Size) -> Size:
        """What becomes of that size."""
        return Size(*(max(2, round(side * self.times / 2) * 2) for side in size))

    def of(self, levels: Levels) -> Levels:
        """A mask of the other size, in new memory."""
        rows, columns = levels.shape
        scaled: Levels = cv2.resize(levels, tuple(self.size(Size(columns, rows))))
        return scaled


Alters = Corrupt | Unreal | Everything | Shrink
Fault = Raise | Hang | Delay | Repeat | End | Corrupt | Unreal | Everything | Shrink

_Calls = Mapping[int, Fault]


class Schedule:
    """Which call of which method meets which fault, counted from 0 for each method by its name.

    Shared by what is opened one after the other, so that a camera that came back goes on where the lost one was.
    Any thread may ask. Closing lets go of all that hangs: no thread is left.
    """

    def __init__(self, faults: Mapping[str, _Calls] | None = None) -> None:
        self._faults = {method: dict(calls) for method, calls in (faults or {}).items()}
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._released = threading.Event()
        self.met: Counter[str] = Counter()
        """Faults that happened, by 'method kind'."""
        self.last = ""
        """The last of them."""
        self.last_at = 0.0
        """When that was, on the monotonic clock."""

    def plan(self, method: str, call: int, fault: Fault) -> None:
        """Adds a fault, or puts it in the place of another one."""
        with self._lock:
            self._faults.setdefault(method, {})[call] = fault

    def soon(self, method: str, fault: Fault, times: int = 1) -> None:
        """The next call of the method, or so many of them, meet the fault."""
        with self._lock:
            following = range(self._calls[method], self._calls[method] + times)
            self._faults.setdefault(method, {}).update(dict.fromkeys(following, fault))

    def drop(self, method: str) -> None:
        """No later call of the method meets anything."""
        with self._lock:
            self._faults.pop(method, None)

    def calls(self, method: str) -> int:
        """How often the method was called."""
        with self._lock:
            return self._calls[method]

    def meet(self, method: str) -> Repeat | End | Alters | None:
        """Counts a call and has it meet its fault: raises, waits, or gives back what to do with the answer."""
        with self._lock:
            fault = self._faults.get(method, {}).get(self._calls[method])
            self._calls[method] += 1
            if fault is None:
                return None
            self.last, self.last_at = f"{method} {fault.kind}", time.monotonic()
            self.met[self.last] += 1
        if isinstance(fault, Raise):
            raise fault.error()
        if isinstance(fault, Hang):
            self._released.wait(LONGEST if fault.seconds is None else fault.seconds)
            return None
        if isinstance(fault, Delay):
            self._released.wait(fault.seconds)
            return None
        return fault

    def close(self) -> None:
        """Lets go of all that hangs, now and from now on."""
        self._released.set()

    def __repr__(self) -> str:
        return f"Schedule({self._faults})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
