"""Recordings of a live run: where they go, how they are encoded, and what they hear."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import UsageError
from rimlight.hearing import Hearing
from rimlight.protocols import Microphone, Sink
from rimlight.settings import Settings
from rimlight.types import StreamFormat

if TYPE_CHECKING:
    from rimlight.sinks.keeper import Keeper

LARGEST_GUIDE = 768
"""Long side of the largest matte that is kept: governors go to 640, and models of mattes to 576."""


def open_hearing(mic: str) -> Hearing | None:
    """The microphone of that setting, for recordings: nothing is open yet. None for 'none'."""
    if mic == "none":
        return None

    def open_it(name: str, exactly: bool) -> Microphone:
        from rimlight.sources.microphone import open_microphone

        return open_microphone(name, exactly=exactly)

    return Hearing("default" if mic == "auto" else mic, open_it)


def open_file(
    path: Path,
    format: StreamFormat,  # noqa: A002
    hearing: Hearing | None = None,
    *,
    force: bool = False,
    alpha: bool = False,
) -> Sink:
    """A recording into this file, with what is heard if there is a microphone.

    `alpha`: of the person alone, where the ending names a kind that carries alpha. Raises as `open_recorder` does.
    """
    from rimlight.sinks.alpha import may_carry_alpha
    from rimlight.sinks.encoders import live_codec
    from rimlight.sinks.recorder import open_recorder
    from rimlight.sinks.video_file import container_of
    from rimlight.unfinished import check_free

    # Before anybody hears.
    if not path.suffix:
        raise UsageError(f"--to {path} is no sink", "Give preview, virtual, virtual:DEVICE, or a file as talk.mp4.")
    alpha = alpha and may_carry_alpha(path)
    if not alpha:
        container_of(path)
    check_free(path, force=force)
    codec = live_codec(format)
    ears = hearing.ears() if hearing else None
    return open_recorder(path, format, force=force, ears=ears, codec=codec, alpha=alpha)


def open_keeping(
    to: Sequence[str],
    settings: Settings,
    format: StreamFormat,  # noqa: A002
    hearing: Hearing | None = None,
    *,
    force: bool = False,
) -> Keeper:
    """What keeps the camera's pictures and their mattes, beside the first file that `to` names.

    Raises UsageError if it names none, and as `open_keeper` does.
    """
    from importlib import metadata

    from rimlight.kept import Header, kept_beside
    from rimlight.picture import reduced_size
    from rimlight.sinks.film import TICKS
    from rimlight.sinks.keeper import open_keeper
    from rimlight.tags import tags_of

    files = [Path(name) for name in to if name not in {"preview", "virtual"} and not name.startswith("virtual:")]
    if not files:
        raise UsageError("--keep-matte keeps beside a recording, and there is none", "Give --to talk.mp4, too.")
    header = Header(
        reduced_size(format.size, LARGEST_GUIDE),
        format.size,
        format,
        Fraction(1, TICKS),
        tags_of(format.color),
        None,
        settings.mirror,
        settings.tuning.clean_plate,
        "live",
        metadata.version("rimlight"),
    )
    ears = hearing.ears() if hearing else None
    return open_keeper(kept_beside(files[0]), header, force=force, ears=ears)


def open_recording(format: StreamFormat, hearing: Hearing | None = None) -> Sink:  # noqa: A002
    """A recording under today's date and time. Raises as `open_recorder` does."""
    return open_file(_dated("rimlight"), format, hearing)


def open_remembering(seconds: float, format: StreamFormat, hearing: Hearing | None = None) -> Sink:  # noqa: A002
    """A sink that remembers the last `seconds`, and saves them where recordings go when it is asked to."""
    from rimlight.sinks.encoders import live_codec
    from rimlight.sinks.replay import open_replay

    codec = live_codec(format)
    ears = hearing.ears() if hearing else None
    return open_replay(seconds, format, lambda: _dated("replay"), ears=ears, codec=codec)


def _dated(what: str) -> Path:
    """A free path for what is recorded now, in the user's folder for videos, or here where there is none."""
    import os

    import platformdirs

    folder = platformdirs.user_videos_path()
    # `os.path` tells of a folder that may not be looked at that there is none.
    first = (folder if os.path.isdir(folder) else Path()) / time.strftime(f"{what}-%Y-%m-%d-%H%M%S.mp4")  # noqa: PTH112
    later = (first.with_stem(f"{first.stem}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([first], later) if not any(path.parent.glob(f"{path.stem}.*")))
