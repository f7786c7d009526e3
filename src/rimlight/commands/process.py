"""`rimlight process`: finished clips and photos."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from rimlight.commands.look import Look
from rimlight.commands.stopping import stopped_by_signals

if TYPE_CHECKING:
    from rimlight.wanted import Wanted

_SLASHES = tuple({"/", os.sep})


@Parameter(name="*")
@dataclass(frozen=True)
class Clips:
    """What of a clip is wanted, and how it is encoded."""

    begin: Annotated[str | None, Parameter(name="--from")] = None
    """Time in the clip to begin at: 90, 1:30 or 00:01:30.5."""
    until: str | None = None
    """Time in the clip to end at."""
    fps: str | None = None
    """Even pictures a second, by repeating and leaving out; else each keeps its time."""
    size: str | None = None
    """WxH to scale the picture into, in its proportions."""
    audio: Literal["copy", "none"] = "copy"
    """Sound is copied as it is, or left out."""
    codec: str | None = None
    """h264, hevc, vp9 or av1; by default h264, and vp9 for .webm."""
    crf: int | None = None
    """Quality: 0 (best) to 51, of vp9 and av1 to 63."""
    preset: str | None = None
    """Speed, by the codec's names: ultrafast to veryslow, vp9 8 to 0, av1 13 to 0."""
    pipe: Literal["matroska", "y4m"] = "matroska"
    """What an output of - is: H.264 with sound, or bare pictures."""

    def wanted(self) -> Wanted:
        """What of a clip is wanted. Raises SettingError."""
        from rimlight.settings import parse_size
        from rimlight.wanted import Wanted, parse_rate, parse_time

        return Wanted(
            begin=parse_time(self.begin or "0"),
            end=None if self.until is None else parse_time(self.until),
            fps=None if self.fps is None else parse_rate(self.fps),
            size=None if self.size is None else parse_size(self.size),
            sound=self.audio == "copy",
        )


def process(
    *paths: Annotated[str, Parameter(allow_leading_hyphen=True)],
    look: Look = Look(),
    clips: Clips = Clips(),
    quick: bool = False,
    matte: Path | None = None,
    keep_matte: bool = False,
    force: bool = False,
    recursive: bool = False,
    ending: str = ".mp4",
    report: Path | None = None,
    sheet: Path | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
) -> None:
    """Process finished clips and photos: IN... OUT, where OUT is a file or, for several, a folder.

    OUT/ is a folder for one, too. IN may be a folder or a quoted pattern as 'talks/*.mp4'; - is the standard input
    or output. In a folder, what an earlier run made of the same input with the same settings is left as it is. The
    exit code is 0, or 1 if the only input failed, or 10 and the number of those that failed (at most 110).

    Parameters
    ----------
    quick
        Each frame for itself, as live, and the standard model: without a look ahead it flickers more, in half of
        the time.
    matte
        Write the matte too: a folder gets one gray PNG a frame, a .mkv lossless video.
    keep_matte
        Keep the camera's pictures and their mattes beside OUT, as talk.rim.mkv for talk.mp4: from that, process
        makes the same with another background, without the model. It shows your room; nobody but you can read it.
    force
        Overwrite existing files, and make anew what is done.
    recursive
        Look through folders in folders too, and keep them in OUT.
    ending
        Of clips in a folder: .mp4, .mov, .mkv or .webm.
    report
        Write what became of each file to this .json.
    sheet
        Write an overview to this .jpg or .png: a small picture of each file that was made, with its name.
    jobs
        Processes that share a long clip, in chunks; by default as many as pay: one for every two cores.
    cluster
        Have long clips processed by the Dask workers of the scheduler at this address, as tcp://scheduler:8786.
        They are sent the chunks and need no shared disk, but the same version of Rimlight.
    """
    from rimlight.batch import process_all
    from rimlight.errors import UsageError
    from rimlight.settings import settings_from
    from rimlight.sinks.codecs import Quality

    model = "standard" if quick or cluster is not None else _model()
    if look.model is None and model == "best":
        print("with the best model, as it is there: --model standard takes a tenth of its time", file=sys.stderr)
    settings = settings_from(**look.settings(model), quick=quick)
    if len(paths) < 2:
        raise UsageError("process needs at least one input and an output", "rimlight process talk.mp4 new.mp4")
    with stopped_by_signals() as stop:
        process_all(
            [Path(path) for path in paths[:-1]],
            Path(paths[-1]),
            settings,
            # A path forgets it.
            folder=paths[-1].endswith(_SLASHES),
            wanted=clips.wanted(),
            quality=Quality(clips.codec, clips.crf, clips.preset),
            y4m=clips.pipe == "y4m",
            matte=matte,
            keep=keep_matte,
            force=force,
            recursive=recursive,
            ending=ending,
            report=report,
            sheet=sheet,
            stop=stop,
            processes=jobs,
            cluster=cluster,
        )


def _model() -> str:
    """What files get if nothing else was asked for."""
    from rimlight.models import best_is_there

    return "best" if best_is_there() else "standard"
