"""How live pictures are encoded: by the graphics card where one is seen to do it well, else by x264."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from rimlight.sinks.video_file import Encoding
from rimlight.types import StreamFormat

SOFTWARE = "libx264"
_KEYS = 2.0
"""Seconds between two pictures from which decoding can start: players jump there."""
_PATIENCE = 5.0
"""Seconds in which an encoder has to prove itself; a driver that hangs is ended with the process that tried it."""

_HARDWARE = {
    "linux": {"h264_nvenc": "dev/nvidiactl"},
    "darwin": {"h264_videotoolbox": ""},
    "win32": {"h264_nvenc": "Windows/System32/nvEncodeAPI64.dll", "h264_mf": "Windows/System32/mfplat.dll"},
}
"""FFmpeg's encoders that take I420 from memory, best first, by the system; and the file without which there is no
need to try. Left out: VAAPI, which PyAV's wheels have not; QSV, which takes NV12 alone; V4L2, whose drivers differ
too much to be trusted with a recording."""

_OPTIONS = {
    "h264_nvenc": {"preset": "p4", "rc": "vbr", "cq": "23", "forced-idr": "1", "delay": "0"},
    "h264_videotoolbox": {"q:v": "60", "realtime": "1"},
    "h264_mf": {"hw_encoding": "1", "rate_control": "quality", "quality": "70"},
}


def live_encoding(format: StreamFormat, codec: str = SOFTWARE, keys: float = _KEYS) -> Encoding:  # noqa: A002
    """For pictures that come at the format's rate and must be encoded in less than that."""
    # No B frames: they would shift every time stamp of a fragmented file, and wait for frames to come.
    options = {"g": str(max(1, round(keys * format.fps))), "bf": "0"}
    if codec == SOFTWARE:
        # Superfast: 9 ms of processor time a 720p frame where veryfast takes 13, and the call comes first.
        x264 = {"preset": "superfast", "crf": "23", "profile": "high"}
        return Encoding(SOFTWARE, "yuv420p", {**x264, **options}, threads=2)
    return Encoding(codec, "yuv420p", {**_OPTIONS[codec], **options})


def live_codec(format: StreamFormat) -> str:  # noqa: A002
    """FFmpeg's name of the encoder to be used: the first of the system's that proves itself, else x264.

    Waits for the proof, once for each size: a process, which takes half a second, where there is such hardware.
    """
    return _proven(format.size.width, format.size.height)


@cache
def _proven(width: int, height: int) -> str:
    return chosen(sys.platform, Path(Path.cwd().anchor), lambda codec: proves_itself(codec, width, height))


def chosen(platform: str, root: Path, proves: Callable[[str], bool]) -> str:
    """The first encoder of that system whose file is there below `root` and that proves itself; else x264."""
    for codec, needed in _HARDWARE.get(platform, {}).items():
        if (root / needed).exists() and proves(codec):
            return codec
    return SOFTWARE


def proves_itself(codec: str, width: int, height: int, patience: float = _PATIENCE) -> bool:
    """Whether it encodes pictures so that they can be decoded and look the same; within `patience` seconds."""
    command = [sys.executable, "-m", "rimlight.sinks.encoder_trial", codec, str(width), str(height)]
    return _succeeds(command, patience)


def _succeeds(command: Sequence[str], patience: float) -> bool:
    try:
        done = subprocess.run(  # noqa: S603  our own
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            timeout=patience,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        return False
    return done.returncode == 0
