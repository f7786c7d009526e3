"""A .rim.mkv composed anew: its pictures and its mattes, another background, and no model."""

from __future__ import annotations

from dataclasses import replace

from rimlight.assemble import Say, open_background, silence
from rimlight.effort import Effort
from rimlight.framing import fitted
from rimlight.kept import MixedUpError
from rimlight.picture import mirror
from rimlight.pipeline import Pipeline
from rimlight.protocols import MatteMaker
from rimlight.settings import Settings, Tuning
from rimlight.sources.kept import KeptFrame, KeptSource
from rimlight.types import Cut, Frame, Matted


def open_recomposition(settings: Settings, source: KeptSource, say: Say = silence) -> Pipeline:
    """A pipeline for the source's frames alone that gives them the mattes that were kept with them.

    What comes out is, to the byte, what the run that kept them would have made with this background. Settings that
    are about the matte have no say any more, which is told.

    Raises BackgroundError.
    """
    if ignored := [name for name, value in _about_mattes(settings).items() if value]:
        say(f"{source.name} keeps its mattes: {', '.join(ignored)} would need the model, and is left out")
    header = source.header
    background = open_background(settings.background, settings.blur_strength, source.format)
    pipeline = _Recomposition(
        None,
        background,
        fitted,
        Tuning(clean_plate=header.plate),
        mirror=header.mirror,
        light_wrap=settings.light_wrap,
        maker=_Remembering(source),
    )
    pipeline.looks_ahead = header.way == "both ways"
    return pipeline


def _about_mattes(settings: Settings) -> dict[str, bool]:
    """By flag, whether it was changed."""
    plain = Settings()
    return {
        f"--{name}": getattr(settings, name) != getattr(plain, name)
        for name in ("model", "runtime", "mirror", "quick")
    }


class _Recomposition(Pipeline):
    def cut(self, frame: Frame) -> Cut:
        if isinstance(frame, KeptFrame):
            # The room was learned of them.
            for unshown in frame.unshown:
                super().cut(unshown)
        return super().cut(frame)


class _Remembering(MatteMaker):
    """Gives each frame the matte that was kept with it."""

    def __init__(self, source: KeptSource) -> None:
        self._source = source

    def matted(self, frame: Frame, effort: Effort) -> Matted:  # noqa: ARG002
        if not isinstance(frame, KeptFrame):
            raise TypeError("only frames of a file that keeps mattes have one")
        turned = frame.kept.mirrored != self._source.header.mirror
        if turned:
            frame = replace(frame, picture=mirror(frame.picture))
        try:
            return replace(frame.kept.matted(frame, frame.foreground), mirrored=turned)
        except MixedUpError as error:
            raise self._source.mixed_up(frame.index) from error

    def reset(self) -> None:
        """What was forgotten when is kept, too."""
