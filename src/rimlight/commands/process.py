"""`rimlight process`: finished clips and photos."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rimlight.commands.look import Look
from rimlight.commands.stopping import stopped_by_signals


def process(
    *paths: Path,
    look: Look = Look(),
    matte: Path | None = None,
    force: bool = False,
) -> None:
    """Process finished clips and photos: IN... OUT, where OUT is a file or, for several, a folder.

    Parameters
    ----------
    matte
        Write the matte too: a folder gets one gray PNG a frame, a .mkv lossless video.
    force
        Overwrite existing files.
    """
    from rimlight.batch import process_all
    from rimlight.errors import UsageError
    from rimlight.settings import settings_from

    settings = settings_from(**asdict(look))
    if len(paths) < 2:
        raise UsageError("process needs at least one input and an output", "rimlight process talk.mp4 new.mp4")
    with stopped_by_signals() as stop:
        process_all(paths[:-1], paths[-1], settings, matte=matte, force=force, stop=stop)
