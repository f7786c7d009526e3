"""`rimlight eval`: how good."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from rimlight.commands.stopping import stopped_by_signals


def evaluate(
    folder: Path,
    /,
    *,
    model: str = "standard",
    like: Literal["files", "quick", "live"] = "files",
    mattes: Path | None = None,
    sheet: Path | None = None,
    json_: Annotated[Path | None, Parameter(name="--json")] = None,
    force: bool = False,
) -> None:
    """Score mattes against reference mattes: mIoU, boundary IoU, MAD, MSE, Grad, Conn and dtSSD.

    FOLDER holds NAME/clip.mp4 with NAME/alpha/*.png, or image/ and alpha/ with pictures of equal names, as the
    public matting sets do.

    Parameters
    ----------
    model
        As for live.
    like
        files: as process makes them; quick: as process --quick does; live: as live runs do.
    mattes
        Score what lies in this folder, NAME/*.png or NAME.png, instead of what Rimlight makes.
    sheet
        Write a picture, .png or .jpg, of the worst frame of each: input, reference, matte, edge and difference.
    json_
        Write the figures to this file.
    force
        Overwrite existing files.
    """
    from rimlight.evaluate import run_evaluation
    from rimlight.settings import settings_from

    settings = settings_from(model=model, quick=like == "quick")
    with stopped_by_signals() as stop:
        run_evaluation(
            folder,
            settings,
            live=like == "live",
            mattes=mattes,
            sheet_file=sheet,
            json_file=json_,
            force=force,
            stop=stop,
        )
