"""How fast finished clips are processed, beside what FFmpeg alone takes to decode and encode them."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rimlight.assemble import open_pipeline
from rimlight.meter import Meter
from rimlight.offline import process_clip, track_of
from rimlight.overlap import ahead
from rimlight.settings import Settings
from rimlight.sinks.video_file import H264, open_video_file
from rimlight.sources.clip import open_clip

ROUNDS = 3
"""Turns of each: a machine that others use is not as fast the next minute."""


class Turn(NamedTuple):
    """One run over all frames; seconds."""

    wall: float
    cpu: float
    """Of all threads and processes."""
    own: float = 0.0
    """CPU of the pipeline's stages, whatever thread runs them."""


@dataclass(frozen=True, slots=True)
class Transcode:
    """What was measured: medians over the turns; times in milliseconds a frame."""

    frames: int
    fps: float
    """Of `rimlight process`, the start of the command and of the model not included."""
    plain_fps: float
    """Of FFmpeg's plain transcode, same preset and rate factor, sound left out."""
    ratio: float
    """The first to the second, of turns one after the other."""
    pipeline: float
    """CPU of the pipeline."""
    codecs: float
    """CPU of all else: decoding, copying, encoding and writing."""
    plain: float
    """CPU of FFmpeg's plain transcode."""
    by: str
    """What the plain transcode was done by."""


def measure_transcode(clip: Path, settings: Settings = Settings(), rounds: int = ROUNDS) -> Transcode:
    """Processes the clip and has FFmpeg transcode it, into temporary files, in turns, of which the first are lost.

    Raises ClipError if the clip cannot be read, DiskError if there is no room.
    """
    frames, by = 0, ""
    ours, plain = list[Turn](), list[Turn]()
    with tempfile.TemporaryDirectory(prefix="rimlight-") as folder:
        for _ in range(rounds + 1):
            frames, turn = _process(clip, settings, Path(folder) / "ours.mp4")
            ours.append(turn)
            turn, by = transcode(clip, Path(folder) / "plain.mp4")
            plain.append(turn)
    return judged(frames, ours[1:], plain[1:], by)


def judged(frames: int, ours: Sequence[Turn], plain: Sequence[Turn], by: str) -> Transcode:
    """What the turns say, each compared with its neighbour."""

    def a_frame(seconds: Sequence[float]) -> float:
        return 1000 * statistics.median(seconds) / frames

    return Transcode(
        frames,
        frames / statistics.median(turn.wall for turn in ours),
        frames / statistics.median(turn.wall for turn in plain),
        statistics.median(alone.wall / turn.wall for turn, alone in zip(ours, plain, strict=True)),
        a_frame([turn.own for turn in ours]),
        a_frame([turn.cpu - turn.own for turn in ours]),
        a_frame([turn.cpu for turn in plain]),
        by,
    )


def _process(clip: Path, settings: Settings, output: Path) -> tuple[int, Turn]:
    meter = Meter(clock=time.thread_time)
    with open_clip(clip) as source, open_pipeline(settings, source.facts.format, meter) as pipeline:
        wall, cpu = time.perf_counter(), time.process_time()
        report = process_clip(source, pipeline, output, force=True)
        own = sum(stage.total for stage in meter.snapshot().stages.values())
        turn = Turn(time.perf_counter() - wall, time.process_time() - cpu, own)
    return report.frames, turn


def transcode(clip: Path, output: Path) -> tuple[Turn, str]:
    """Has the pictures decoded and encoded as `process` does it; by the command ffmpeg where there is one."""
    by = "FFmpeg in PyAV" if shutil.which("ffmpeg") is None else "ffmpeg"
    wall, cpu = time.perf_counter(), _cpu()
    if by == "ffmpeg":
        options = [word for name, value in H264.options.items() for word in (_FLAGS.get(name, f"-{name}"), value)]
        command = ["ffmpeg", "-v", "error", "-y", "-i", str(clip), "-map", "0:v:0", "-c:v", H264.codec, *options]
        subprocess.run([*command, str(output)], check=True, stdin=subprocess.DEVNULL)  # noqa: S603
    else:
        _transcode_here(clip, output)
    return Turn(time.perf_counter() - wall, _cpu() - cpu), by


_FLAGS = {"profile": "-profile:v"}
"""FFmpeg's command has another word for these."""


def _transcode_here(clip: Path, output: Path) -> None:
    with open_clip(clip) as source, open_video_file(output, track_of(source.facts), force=True) as file:
        with ahead(source.read) as take:
            while (frame := take()) is not None:
                file.write(frame.picture.i420, frame.pts, frame.duration)
        file.finish()
        file.publish()


def _cpu() -> float:
    """Seconds of CPU of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
