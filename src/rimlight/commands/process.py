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
    jobs: int | None = None,
    cluster: str | None = None,
) -> None:
    """Process finished clips and photos: IN... OUT, where OUT is a file or, for several, a folder.

    Parameters
    ----------
    matte
        Write the matte too: a folder gets one gray PNG a frame, a .mkv lossless video.
    force
        Overwrite existing files.
    jobs
        Processes that share a long clip, in chunks; by default as many as pay: one for every two cores.
    cluster
        Have long clips processed by the Dask workers of the scheduler at this address, as tcp://scheduler:8786.
        They are sent the chunks and need no shared disk, but the same version of Rimlight.
    """
    from rimlight.batch import process_all
    from rimlight.errors import UsageError
    from rimlight.settings import settings_from

    settings = settings_from(**asdict(look))
    if len(paths) < 2:
        raise UsageError("process needs at least one input and an output", "rimlight process talk.mp4 new.mp4")
    with stopped_by_signals() as stop:
        process_all(
            paths[:-1], paths[-1], settings, matte=matte, force=force, stop=stop, processes=jobs, cluster=cluster
        )
