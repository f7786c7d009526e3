"""Reports of `rimlight bench` made up for tests."""

from __future__ import annotations

from dataclasses import replace

from rimlight.benches.rows import SAMPLE, LiveRun, Report, Row
from rimlight.throughput import Transcode

LIVE = LiveRun("1920x1080", 30.0, "in process", 10.0, 300, 1, 0, 6.0, 12.0, 20.0, 2.5, 0.45, 180.0, 1.5)


def row(size: str, fps: float, model: str = "standard", threads: int = 1, runtime: str = "onnx") -> Row:
    stages = {} if model == SAMPLE else {"segment": 2.5, "plate": 0.75}
    return Row(
        size, "blur", model, "mediapipe" if model == SAMPLE else runtime, threads, fps, 1e3 / fps, stages, 1.0
    )


def report(speed: float = 1.0) -> Report:
    """A whole one, all of whose pipelines are `speed` times as fast as they were, while the sample is not."""
    sizes = {"640x360": 400.0, "960x540": 300.0, "1280x720": 220.0, "1920x1080": 120.0, "3840x2160": 36.0}
    samples = {"1280x720": 20.0, "1920x1080": 10.0, "3840x2160": 2.5}
    rows = [row(size, fps * speed) for size, fps in sizes.items()]
    rows += [row(size, fps, SAMPLE) for size, fps in samples.items()]
    rows += [row(size, sizes[size] * speed * 1.5, threads=2) for size in samples]
    live = (replace(LIVE, size="1280x720", dropped=0, cpu=0.28), LIVE)
    return Report(
        "a machine, 2 cores", 0.5, tuple(rows), live, Transcode(150, 60.0, 75.0, 0.8, 12.0, 6.0, 5.0, "ffmpeg")
    )
