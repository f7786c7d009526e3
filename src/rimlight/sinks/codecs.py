"""How finished clips are encoded: the codecs that a user may name, with their qualities and speeds."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from rimlight.errors import SettingError, UsageError
from rimlight.settings import told
from rimlight.sinks.video_file import H264, Encoding, container_of
from rimlight.sources.rest import STDIN

Y4M = Encoding("rawvideo", "yuv420p", {})
"""Pictures as they are, for another program to encode."""

_X26 = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")


@dataclass(frozen=True, slots=True)
class Codec:
    """One by the name that a user knows it by."""

    encoding: Encoding
    """With its defaults."""
    endings: tuple[str, ...]
    """Of files that hold it."""
    worst: int
    """The highest crf."""
    preset: str
    """Its encoder's name for how much time it takes."""
    presets: tuple[str, ...]
    """From fast to slow."""


CODECS = {
    "h264": Codec(H264, (".mp4", ".m4v", ".mov", ".mkv"), 51, "preset", _X26),
    "hevc": Codec(
        Encoding(
            "libx265", "yuv420p", {"preset": "veryfast", "crf": "22", "x265-params": "log-level=error"}, tag="hvc1"
        ),
        (".mp4", ".m4v", ".mov", ".mkv"),
        51,
        "preset",
        _X26,
    ),
    "vp9": Codec(
        Encoding(
            "libvpx-vp9",
            "yuv420p",
            {"b": "0", "crf": "30", "deadline": "good", "cpu-used": "5", "row-mt": "1", "auto-alt-ref": "1"},
        ),
        (".webm", ".mkv", ".mp4"),
        63,
        "cpu-used",
        tuple("876543210"),
    ),
    "av1": Codec(
        Encoding("libsvtav1", "yuv420p", {"crf": "30", "preset": "9"}),
        (".webm", ".mkv", ".mp4"),
        63,
        "preset",
        tuple(str(number) for number in range(13, -1, -1)),
    ),
}
"""By the names that a user gives; the first that an ending holds is its default. Apple plays HEVC as hvc1 only."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What a user says about the encoding; None is left to the codec. Raises SettingError for what no codec has."""

    codec: str | None = None
    crf: int | None = None
    """0 is the best there is, 51 or 63 the smallest file."""
    preset: str | None = None

    def __post_init__(self) -> None:
        if self.codec is not None and self.codec not in CODECS:
            raise SettingError(f"--codec {told(self.codec)} is no codec", f"Give one of {', '.join(CODECS)}.")


def encoding_for(output: Path, quality: Quality = Quality()) -> Encoding:
    """What is meant for a file of that name; '-' is Matroska.

    Raises UsageError if its ending does not hold the codec, SettingError if the codec has no such crf or preset.
    """
    ending = ".mkv" if output == STDIN else output.suffix.lower()
    fitting = [name for name, codec in CODECS.items() if ending in codec.endings]
    if not fitting:
        endings = dict.fromkeys(ending for codec in CODECS.values() for ending in codec.endings)
        raise UsageError(
            f"{output.name}: no video is written to a file that ends like this",
            f"End the name with one of {' '.join(endings)}",
        )
    name = quality.codec or fitting[0]
    codec = CODECS[name]
    if name not in fitting:
        raise UsageError(
            f"{output.name}: {ending} does not hold --codec {name}",
            f"End the name with {' or '.join(codec.endings)}",
        )
    if name == "av1":
        # Its encoder tells everybody about itself.
        os.environ.setdefault("SVT_LOG", "1")
    return replace(codec.encoding, options={**codec.encoding.options, **_changed(name, codec, quality)})


def container_for(output: Path, encoding: Encoding) -> str:
    """FFmpeg's name of the container that such a file is, so encoded. Raises UsageError as `encoding_for`."""
    if encoding == Y4M:
        return "yuv4mpegpipe"
    return "webm" if output.suffix.lower() == ".webm" else container_of(output)


def _changed(name: str, codec: Codec, quality: Quality) -> dict[str, str]:
    changed = {}
    if quality.crf is not None:
        if not 0 <= quality.crf <= codec.worst:
            raise SettingError(
                f"--crf {quality.crf}: {name} has 0 (best) to {codec.worst} (smallest)",
                "Leave it out, or give 18 to 30.",
            )
        changed["crf"] = str(quality.crf)
        if name == "h264" and quality.crf == 0:
            # Lossless, which the profile that every player knows has not.
            changed["profile"] = "high444"
    if quality.preset is not None:
        if quality.preset not in codec.presets:
            raise SettingError(
                f"--preset {told(quality.preset)}: {name} has none of that name",
                f"Give one of {' '.join(codec.presets)}",
            )
        changed[codec.preset] = quality.preset
    return changed
