"""Capture to sink, for real: time-coded frames through the real live path, and through a virtual camera."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

from rimlight.assemble import open_pipeline
from rimlight.benches.coded import Arrival, CodedCamera, CodeReader
from rimlight.benches.machine import peak_resident, resident
from rimlight.benches.rows import LiveRun
from rimlight.benches.timecode import CODES, read
from rimlight.errors import SinkError
from rimlight.governed import LatencyMeter, open_governed
from rimlight.live import run_live
from rimlight.meter import Meter
from rimlight.protocols import Sink
from rimlight.settings import Settings, parse_size
from rimlight.shift import Line
from rimlight.sinks.virtual_camera import find_virtual_cameras, open_virtual_camera
from rimlight.works import only

SETTLED = 2.0
"""Seconds at the start of a run that do not count: models warm up, pools fill."""
_OPENING = 30.0
"""Seconds in which the live path must begin to write to the virtual camera."""


def run_coded(question: dict[str, Any]) -> dict[str, Any]:
    """A job: `seconds` of the JPEGs in `folder` at `size` and `fps`, into `device` if there is one.

    Answers {"run": the fields of a LiveRun, "sent": [index, time of capture] of each frame that arrived}.
    """
    import cv2

    cv2.setNumThreads(1)  # as the command does
    size, device, seconds = parse_size(question["size"]), question.get("device"), float(question["seconds"])
    reader = CodeReader(SETTLED)
    with ExitStack() as opened:
        camera = opened.enter_context(CodedCamera(Path(question["folder"]), size, Fraction(question["fps"])))
        sinks: list[Sink] = [reader]
        if device:
            sinks.insert(0, opened.enter_context(open_virtual_camera(camera.format, device)))
        settings, meter = Settings(), LatencyMeter()
        pipeline = opened.enter_context(open_pipeline(settings, camera.format, meter, live=True))
        governed = opened.enter_context(open_governed(pipeline, settings, camera.format, meter))
        stop, duration = threading.Event(), seconds + SETTLED
        line = only(Line(pipeline, governor=governed))
        run_live(camera, line, sinks, meter=meter, stop=stop, duration=duration)
        run = figures(reader.arrivals)
        memory = _memory(reader.early_memory)
    told = {"size": str(size), "fps": float(camera.format.fps), "sink": sinks[0].name}
    return {"run": {**told, **run, **memory}, "sent": [(a.index, a.captured) for a in reader.arrivals]}


def figures(arrivals: Sequence[Arrival]) -> dict[str, Any]:
    """The fields of a LiveRun that the arrivals tell; two of them at least."""
    wall = arrivals[-1].at - arrivals[0].at
    return {
        **_timing([(a.index, a.captured, a.at) for a in arrivals]),
        "misread": sum(not a.right for a in arrivals),
        "cpu": round((arrivals[-1].cpu - arrivals[0].cpu) / wall, 4),
    }


def watch(question: dict[str, Any]) -> list[tuple[int | None, float]]:
    """A job: what another program sees in the virtual camera `device` for `seconds`: numbers and when they came.

    Waits until it is written to. Raises SinkError if nobody begins.
    """
    import cv2

    device = question["device"]
    _wait_until_written(device)
    reader = cv2.VideoCapture(device, cv2.CAP_V4L2) if device.startswith("/dev/") else cv2.VideoCapture(device)
    seen: list[tuple[int | None, float]] = []
    end = time.monotonic() + question["seconds"]
    try:
        while time.monotonic() < end and reader.grab():
            at = time.monotonic()
            _, bgr = reader.retrieve()
            # The blocks are gray: any channel is as good as luma.
            seen.append((read(bgr[:, :, 1]), at))
    finally:
        reader.release()
    return seen


def _wait_until_written(device: str) -> None:
    if sys.platform != "linux":  # nobody tells
        return
    limit = time.monotonic() + _OPENING
    while all(info.free for info in find_virtual_cameras() if info.device == device):
        if time.monotonic() > limit:
            raise SinkError(f"nothing writes to {device} within {_OPENING:g} s")
        time.sleep(0.05)


def seen_figures(
    sent: Iterable[tuple[int, float]], seen: Sequence[tuple[int | None, float]]
) -> dict[str, Any] | None:
    """The fields of a LiveRun that a watcher's sightings tell; None if it saw fewer than two of the frames.

    `sent` are index and time of capture. A number seen again is the same frame held; which of the frames with one
    number it was is told by the time: the newest that had been captured.
    """
    captured = sorted(sent)
    found: list[tuple[int, float, float]] = []
    for code, at in seen:
        frames = [(index, t) for index, t in captured if index % CODES == code and t <= at]
        if frames and (not found or frames[-1][0] > found[-1][0]):
            found.append((*frames[-1], at))
    if len(found) < 2:
        return None
    return {**_timing(found), "misread": sum(code is None for code, _ in seen), "cpu": None}


def _timing(arrived: Sequence[tuple[int, float, float]]) -> dict[str, Any]:
    """Of index, time of capture and of arrival: counts, latency and jitter."""
    meter = Meter(keep=len(arrived))
    for _, captured, at in arrived:
        meter.delivered(at, at - captured)
    numbers = meter.snapshot()
    latency = numbers.latency
    expected = arrived[-1][0] - arrived[0][0] + 1
    return {
        "seconds": round(arrived[-1][2] - arrived[0][2], 2),
        "delivered": len(arrived),
        "dropped": expected - len(arrived),
        **{name: round(getattr(latency, name) * 1e3, 2) for name in ("p50", "p95", "p99")},
        "jitter": round(numbers.jitter * 1e3, 2),
    }


def _memory(early: int | None) -> dict[str, float | None]:
    now, peak = resident(), peak_resident()
    growth = None if early is None or now is None else round((now - early) / 1e6, 1)
    return {"memory": None if peak is None else round(peak / 1e6, 1), "growth": growth}


def live_run(fields: dict[str, Any], **others: object) -> LiveRun:
    """The LiveRun of what a job answered."""
    return LiveRun(**{**fields, **others})
