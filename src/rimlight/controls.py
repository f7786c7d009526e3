"""What the keys do to a running pipeline, and to the one that takes its place."""

from __future__ import annotations

from rimlight.assemble import open_background, shipped_backgrounds
from rimlight.backgrounds.blur import BlurBackground
from rimlight.pipeline import Pipeline
from rimlight.protocols import Key
from rimlight.settings import Settings
from rimlight.types import StreamFormat

BLUR_STEP = 0.1


class PipelineControls:
    """Used by the thread that composes, between two frames."""

    def __init__(self, settings: Settings, format: StreamFormat) -> None:  # noqa: A002
        self.settings = settings
        """As the user has them by now: whatever takes the pipeline's place is opened with these."""
        self._format = format
        self._pipeline: Pipeline | None = None
        self._choice = list(dict.fromkeys([settings.background, "blur", *shipped_backgrounds()]))

    def steer(self, pipeline: Pipeline) -> None:
        """The pipeline that is meant from now on."""
        self._pipeline = pipeline

    def apply(self, key: Key) -> str:
        """Does it and says so in a line. Raises BackgroundError if the next background cannot be opened."""
        pipeline = self._pipeline
        if pipeline is None:
            return ""
        if key == "next-background":
            return self._next(pipeline)
        if key == "blur":
            return self._show(pipeline, "blur")
        if key in {"less-blur", "more-blur"}:
            return self._blur(pipeline, BLUR_STEP if key == "more-blur" else -BLUR_STEP)
        if key == "mirror":
            pipeline.mirror = not pipeline.mirror
            self._remember(mirror=pipeline.mirror)
            return "mirrored" if pipeline.mirror else "not mirrored"
        return ""

    def _next(self, pipeline: Pipeline) -> str:
        here = self._choice.index(self.settings.background)
        return self._show(pipeline, self._choice[(here + 1) % len(self._choice)])

    def _show(self, pipeline: Pipeline, text: str) -> str:
        # Even if it cannot be opened, the next key goes on to the one after it.
        self._remember(background=text)
        opened = open_background(text, self.settings.blur_strength, self._format, live=True)
        old, pipeline.background = pipeline.background, opened
        old.close()
        return f"background: {opened.name}"

    def _blur(self, pipeline: Pipeline, change: float) -> str:
        strength = round(min(1.0, max(0.0, self.settings.blur_strength + change)), 2)
        self._remember(blur_strength=strength)
        background = pipeline.background
        if not isinstance(background, BlurBackground):
            return f"blur strength: {strength:.0%} (the background is {background.name})"
        background.strength = strength
        return f"blur strength: {strength:.0%}"

    def _remember(self, **changes: object) -> None:
        self.settings = self.settings.model_copy(update=changes)
