"""The camera on demand: it, and its light, is on only while some program reads the virtual camera."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rimlight.demand import Demand
from rimlight.errors import SinkError
from rimlight.lasting import Wish
from rimlight.protocols import Closes, Sink
from rimlight.usage import Usage

_AGAIN = 1.0
"""Seconds between two attempts to watch a device that is not there."""


def open_on_demand(sinks: Sequence[Sink]) -> OnDemand | None:
    """For a run into these sinks; None where one of them wants pictures whoever looks, or where nobody tells."""
    if sys.platform != "linux":
        return None
    from rimlight.sinks.virtual_camera import VirtualCamera, find_virtual_cameras
    from rimlight.usage import open_usage

    cameras = [sink for sink in sinks if isinstance(sink, VirtualCamera)]
    if len(cameras) != 1 or len(sinks) != 1:
        return None
    camera = cameras[0]

    def device() -> str:
        if Path(camera.name).exists():
            return camera.name
        return next((info.device for info in find_virtual_cameras(camera.label)), camera.name)

    return OnDemand(device, open_usage)


class OnDemand(Wish, Closes):
    """Used by the thread that reads the camera; `note` may be asked by any."""

    def __init__(
        self,
        device: Callable[[], str],
        open_usage: Callable[[str], Usage],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`device` tells which virtual camera is written to at the moment: another number after it was away."""
        self._device = device
        self._open_usage = open_usage
        self._clock = clock
        self._demand = Demand()
        self._watched = ""
        self._usage: Usage | None = None
        self._open_at = clock()
        self._readers: Sequence[str] = ()

    @property
    def wanted(self) -> bool:
        now = self._clock()
        self._follow(now)
        if self._usage is not None:
            self._readers = tuple(self._usage.readers())
        return self._demand.tell(bool(self._readers), now)

    @property
    def note(self) -> str:
        if self._readers:
            return f"read by {', '.join(self._readers)}"
        return f"off until a program reads {self._device()}"

    def wait(self, seconds: float) -> None:
        if self._usage is not None:
            self._usage.wait(seconds)
        else:
            time.sleep(seconds)

    def close(self) -> None:
        usage, self._usage = self._usage, None
        if usage is not None:
            usage.close()

    def _follow(self, now: float) -> None:
        """Watches the device that is written to, once it is there."""
        device = self._device()
        if device != self._watched:
            self.close()
            self._watched, self._open_at, self._readers = device, now, ()
        if self._usage is None and now >= self._open_at:
            self._open_at = now + _AGAIN
            try:
                self._usage = self._open_usage(device)
            except SinkError:  # not there: nobody can read it; its courier says so
                self._readers = ()
