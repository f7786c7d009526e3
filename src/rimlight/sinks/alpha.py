"""How files with alpha are encoded. Which kind it is, the ending says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from rimlight.errors import UsageError
from rimlight.sinks.codecs import Quality, encoding_for
from rimlight.sinks.video_file import Encoding

PRORES = Encoding("prores_aw", "yuva444p10le", {"vendor": "apl0"})
"""ProRes 4444, for editors. Its alpha is lossless, its colours within 4 levels (54 dB). FFmpeg's other encoder,
prores_ks, comes nearer (65 dB), in three times the time and 1.4 times the bytes."""

VP9 = Encoding(
    "libvpx-vp9",
    "yuva420p",
    {
        "b": "0",
        "crf": "1",
        "deadline": "realtime",
        "cpu-used": "8",
        "row-mt": "1",
        "auto-alt-ref": "0",
        "lag-in-frames": "0",
    },
)
"""For browsers. Alpha is a second picture, coded as the first is, so that `crf` bounds its error too. Pictures
that are not shown have no place for their alpha, hence no alternate references, for which alone pictures would
have to wait in the encoder."""

FFV1 = Encoding("ffv1", "yuva420p", {"level": "3", "slices": "4"})
"""Lossless."""

WEBP = Encoding("libwebp_anim", "bgra", {"quality": "80", "compression_level": "2"})
"""For short loops. Its alpha is lossless."""

PNG = Encoding("png", "bgra", {})
"""A folder of pictures."""

_ENCODINGS = {".mov": PRORES, ".webm": VP9, ".mkv": FFV1, ".webp": WEBP, "": PNG}
_NUMBERED = re.compile(r"[^%]*%0?\d*d\.png")


def alpha_encoding(output: Path, quality: Quality = Quality()) -> Encoding:
    """How a clip without a background is encoded into a file of that name: with alpha, if it can carry that.

    A name without an ending, or like %06d.png, stands for a folder of PNGs. VP9 takes `quality`; with another codec
    named, it is as `encoding_for` says, without alpha.

    Raises UsageError if the ending is no video's, or of a kind that has no such quality, SettingError as
    `encoding_for`.
    """
    ending = "" if is_numbered(output) else output.suffix.lower()
    own = _ENCODINGS.get(ending)
    if own is None or quality.codec not in (None, "vp9") or str(output) == "-":
        return encoding_for(output, quality)
    if quality.codec == "vp9" or (own is VP9 and quality != Quality()):
        chosen = encoding_for(output, replace(quality, codec="vp9"))
        preset = {} if quality.preset is None else {"cpu-used": chosen.options["cpu-used"]}
        crf = {} if quality.crf is None else {"crf": chosen.options["crf"]}
        return replace(VP9, options={**VP9.options, **crf, **preset})
    if quality != Quality():
        raise UsageError(
            f"{output.name}: {own.codec} with alpha has neither --crf nor --preset",
            "Leave them out, or write a .webm.",
        )
    return own


def may_carry_alpha(output: Path) -> bool:
    """Whether a video that grows while it is recorded carries alpha under this name."""
    return output.suffix.lower() in (".mov", ".webm", ".mkv")


def carries_alpha(encoding: Encoding) -> bool:
    """Whether pictures so encoded have an alpha channel."""
    return encoding.pixels in ("yuva420p", "yuva444p10le", "bgra")


def is_numbered(output: Path) -> bool:
    """Whether a name stands for numbered PNGs: 'still-%04d.png'."""
    return _NUMBERED.fullmatch(output.name) is not None
