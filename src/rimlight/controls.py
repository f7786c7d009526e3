"""What the keys do to a running pipeline."""

from __future__ import annotations

from rimlight.assemble import open_background, shipped_backgrounds
from rimlight.backgrounds.blur import BlurBackground
from rimlight.pipeline import Pipeline
from rimlight.protocols import Key
from rimlight.settings import Settings
from rimlight.types import StreamFormat

BLUR_STEP = 0.1


class PipelineControls:
    """Used by the thread that uses the pipeline, between two frames."""

    def __init__(self, pipeline: Pipeline, settings: Settings, format: StreamFormat) -> None:  # noqa: A002
        self._pipeline = pipeline
        self._format = format
        self._strength = settings.blur_strength
        self._choice = list(dict.fromkeys([settings.background, "blur", *shipped_backgrounds()]))
        self._chosen = 0

    def apply(self, key: Key) -> str:
        """Does it and says so in a line. Raises BackgroundError if the next background cannot be opened."""
        if key == "next-background":
            return self._next()
        if key in {"less-blur", "more-blur"}:
            return self._blur(BLUR_STEP if key == "more-blur" else -BLUR_STEP)
        if key == "mirror":
            self._pipeline.mirror = not self._pipeline.mirror
            return "mirrored" if self._pipeline.mirror else "not mirrored"
        return ""

    def _next(self) -> str:
        self._chosen = (self._chosen + 1) % len(self._choice)
        old = self._pipeline.background
        text = self._choice[self._chosen]
        self._pipeline.background = open_background(text, self._strength, self._format, live=True)
        old.close()
        return f"background: {self._pipeline.background.name}"

    def _blur(self, change: float) -> str:
        self._strength = round(min(1.0, max(0.0, self._strength + change)), 2)
        background = self._pipeline.background
        if not isinstance(background, BlurBackground):
            return f"blur strength: {self._strength:.0%} (the background is {background.name})"
        background.strength = self._strength
        return f"blur strength: {self._strength:.0%}"
