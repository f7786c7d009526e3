"""Opens the lines of a live run: pipeline, governor and controls, with whatever the user has chosen by then."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from rimlight.assemble import Say, open_pipeline
from rimlight.controls import PipelineControls
from rimlight.errors import DoubtedError
from rimlight.governed import LatencyMeter, open_governed
from rimlight.pending import Pending
from rimlight.pipeline import Keep, Pipeline
from rimlight.protocols import Segmenter
from rimlight.settings import Settings
from rimlight.shift import Line
from rimlight.types import Frame, Picture, StreamFormat
from rimlight.works import OpenLine

_LAST_RUNTIME = "opencv"
"""What runs our own models once two attempts with the best runtime have failed: slower, with nothing to hang in."""


def open_lines(
    settings: Settings,
    format: StreamFormat,  # noqa: A002
    meter: LatencyMeter,
    say: Say,
    loading: Pending[Segmenter],
    *,
    alone: bool = False,
    keep: Keep | None = None,
) -> OpenLine:
    """The first line takes the model that is `loading`, if it is one. `alone` and `keep` are as in `Pipeline`.

    Opening a line raises BackgroundError, ModelError or SegmenterError.
    """
    controls = PipelineControls(settings, format)

    def open_line(given_up: int) -> Line:
        chosen = controls.settings
        if given_up > 1 and chosen.model in {"standard", "fast"}:
            chosen = chosen.model_copy(update={"runtime": _LAST_RUNTIME})
        with ExitStack() as opened:
            model = None if given_up else loading.take()
            pipeline = opened.enter_context(open_pipeline(chosen, format, meter, say, live=True, segmenter=model))
            _warm(pipeline, format)
            pipeline.alone, pipeline.keep = alone, keep
            governed = opened.enter_context(open_governed(pipeline, chosen, format, meter))
            controls.steer(pipeline)
            return Line(pipeline, controls, governed, opened.pop_all().close)

    return open_line


def _warm(pipeline: Pipeline, format: StreamFormat) -> None:  # noqa: A002
    """Cuts a gray picture: a slow machine's first look takes seconds, and loading has more of them than a frame."""
    gray = Picture.empty(format.size, format.color)
    gray.i420[:] = 128
    with suppress(DoubtedError):
        pipeline.cut(Frame(gray, 0.0, 0))
    pipeline.reset()
