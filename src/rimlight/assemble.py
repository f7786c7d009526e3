"""From settings to source, pipeline and sinks: the one place that knows every implementation by name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rimlight.assets import asset
from rimlight.backgrounds.blur import BlurBackground
from rimlight.backgrounds.color import open_color
from rimlight.backgrounds.still import open_still
from rimlight.backgrounds.transparent import open_transparent
from rimlight.errors import BackgroundError, SegmenterError
from rimlight.framing import fitted, squashed
from rimlight.meter import Meter
from rimlight.pipeline import Pipeline
from rimlight.segmenters.selfie import GENERAL, LANDSCAPE
from rimlight.settings import Model, Settings
from rimlight.types import Background, Segmenter, Source, StreamFormat

Say = Callable[[str], None]
"""Takes one line for the user."""


def silence(_: str) -> None:
    """A `Say` that says nothing."""


def open_source(settings: Settings) -> Source:
    """The camera of the settings: a webcam, the sitter, or a video file that plays as a camera.

    Raises SourceError in its several kinds.
    """
    camera = settings.camera
    if camera == "sitter":
        from rimlight.sources.sitter import open_sitter

        return open_sitter(settings.size.even, settings.rate)
    path = Path(camera)
    if path.is_file() or (path.suffix and not camera.startswith("/dev/")):
        from rimlight.sources.clip import open_clip

        return open_clip(path, paced=True)
    from rimlight.sources.webcam import open_webcam

    return open_webcam(int(camera) if camera.isdecimal() else camera, settings.size, settings.rate)


def open_segmenter(model: Model, say: Say = silence) -> Segmenter:
    """The model in MediaPipe or, where that cannot load, the same in OpenCV, which is said in a line.

    Raises ModelError if the model's file is not what it should be.
    """
    from rimlight.segmenters.mediapipe import open_mediapipe

    file = LANDSCAPE if model == "fast" else GENERAL
    try:
        return open_mediapipe(file)
    except SegmenterError as error:
        from rimlight.segmenters.opencv import open_opencv

        reason = error.what.splitlines()[0]
        say(f"{reason}; OpenCV runs the same model instead, at about a third of the speed.")
        return open_opencv(file)


def shipped_backgrounds() -> list[Path]:
    """The pictures that travel with Rimlight, by name."""
    return sorted(asset("backgrounds").glob("*.jpg"))


def open_background(text: str, strength: float, format: StreamFormat) -> Background:  # noqa: A002
    """'blur', '#00b140', 'transparent', the name of a shipped picture, or a picture's or video's path.

    Raises BackgroundError for anything else.
    """
    if text == "blur":
        return BlurBackground(strength)
    if text == "transparent":
        return open_transparent()
    if text.startswith("#"):
        return open_color(text)
    path = Path(text)
    if not path.is_file():
        names = {picture.stem: picture for picture in shipped_backgrounds()}
        if text not in names:
            raise BackgroundError(
                f"there is no background '{text}': neither a file nor a known name",
                f"Give a picture, a video, a colour as '#00b140', blur, transparent, {', '.join(names)}.",
            )
        return open_still(names[text])
    from rimlight.kinds import kind_of

    if kind_of(path) == "photo":
        return open_still(path)
    from rimlight.backgrounds.clip import open_clip_background

    return open_clip_background(path, format.size, format.color)


def open_pipeline(
    settings: Settings,
    format: StreamFormat,  # noqa: A002
    meter: Meter | None = None,
    say: Say = silence,
) -> Pipeline:
    """The pipeline of the settings for frames of this format.

    Raises BackgroundError, ModelError or SegmenterError.
    """
    with ExitStack() as opened:
        background = opened.enter_context(open_background(settings.background, settings.blur_strength, format))
        segmenter = opened.enter_context(open_segmenter(settings.model, say))
        opened.pop_all()
    framing = squashed if settings.model == "fast" else fitted
    return Pipeline(segmenter, background, framing, settings.tuning, meter, settings.mirror)
