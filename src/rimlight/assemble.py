"""From settings to source, pipeline and sinks: the one place that knows every implementation by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rimlight.assets import asset
from rimlight.backgrounds.blur import BlurBackground
from rimlight.backgrounds.color import open_color
from rimlight.backgrounds.still import open_still
from rimlight.backgrounds.transparent import open_transparent
from rimlight.errors import BackgroundError, NoDisplayError, SegmenterError, SinkError, UsageError
from rimlight.framing import fitted, squashed
from rimlight.hearing import Hearing
from rimlight.meter import Meter
from rimlight.models import BEST
from rimlight.pending import Pending
from rimlight.pipeline import Pipeline
from rimlight.protocols import Background, Segmenter, Sink, Source
from rimlight.segmenters.onnx_runtime import has_onnx_runtime
from rimlight.segmenters.selfie import GENERAL, LANDSCAPE, SelfieModel
from rimlight.settings import RUNTIMES, Settings, Tuning
from rimlight.types import Size, StreamFormat
from rimlight.watch import REST

UNHURRIED_GUIDE = 640
"""Guide for files: boundary IoU on keyed clips 0.846 instead of 0.841, and a quarter less fringe at 720p."""

STEADIED = {"curve_low": 0.14, "curve_high": 0.92}
"""For mattes that are steadied over time (`lookahead`): a softer curve, which would let noise through elsewhere.
Flicker 0.60 instead of 0.61 on keyed clips, 0.91 instead of 0.94 on the others, MSE of these 3.5 instead of 3.6;
softer still costs the sitter's sharp edges."""

_SHARE = 0.6
"""Of the time of a live frame that a model brought along may take: the rest of the pipeline wants the remainder."""

Say = Callable[[str], None]
"""Takes one line for the user."""


def silence(_: str) -> None:
    """A `Say` that says nothing."""


def open_source(settings: Settings) -> Source:
    """The camera of the settings: a webcam, the sitter in one of its scenes, or a video file that plays as one.

    Raises SourceError in its several kinds.
    """
    camera = settings.camera
    kind, _, scene = camera.partition(":")
    if kind == "sitter":
        from rimlight.sources.sitter import open_sitter

        return open_sitter(settings.size.even, settings.rate, scene=scene or "plain")
    path = Path(camera)
    if path.is_file() or (path.suffix and not camera.startswith("/dev/")):
        from rimlight.sources.clip import open_clip

        return open_clip(path, paced=True)
    from rimlight.sources.webcam import open_webcam

    return open_webcam(int(camera) if camera.isdecimal() else camera, settings.size, settings.rate)


def open_segmenter(
    model: str,
    say: Say = silence,
    picture: Size = Size(1280, 720),
    budget: float | None = None,
    runtime: str = "auto",
) -> Segmenter:
    """The tier or file of that name; `runtime`, for our own models, is that of `Settings`.

    'auto' takes ONNX Runtime where it is installed, else MediaPipe, else OpenCV, and says what could not be loaded.
    That they give the same masks is tested (tests/contracts/test_segmenters.py), not tried at each start.

    'best' and files run in ONNX Runtime, at a size made for `picture` and, if there is a `budget` in seconds, for
    this machine (`open_onnx`).

    Raises ModelError if the model's file is missing or not what it should be, SegmenterError if the runtime that is
    named, or needed, cannot be loaded.
    """
    if model == "best" or model.lower().endswith(".onnx"):
        from rimlight.segmenters.onnx import open_onnx

        return open_onnx(BEST.checked() if model == "best" else Path(model), picture, budget)
    file = LANDSCAPE if model == "fast" else GENERAL
    if runtime != "auto":
        return _open_selfie(file, runtime)
    # ONNX Runtime is an extra: where it is not installed, nothing is amiss.
    *better, last = RUNTIMES if has_onnx_runtime() else RUNTIMES[1:]
    for candidate, following in zip(better, [*better[1:], last], strict=True):
        try:
            return _open_selfie(file, candidate)
        except SegmenterError as error:
            say(f"{error.what.splitlines()[0]}; {following} runs the same model instead, slower.")
    return _open_selfie(file, last)


def load_ahead(settings: Settings, say: Say) -> Pending[Segmenter]:
    """Begins to load the settings' model while the camera opens, unless it is one that is fitted to its pictures.

    Nothing should be said until it has ended: meanwhile the terminal is kept from native libraries' chatter.
    """

    def load() -> Segmenter | None:
        if settings.model not in {"standard", "fast"}:
            return None
        return open_segmenter(settings.model, say, runtime=settings.runtime)

    return Pending(load, "loading")


def _open_selfie(file: SelfieModel, runtime: str) -> Segmenter:
    if runtime == "onnx":
        from rimlight.segmenters.selfie_onnx import open_selfie_onnx

        return open_selfie_onnx(file)
    if runtime == "mediapipe":
        from rimlight.segmenters.mediapipe import open_mediapipe

        return open_mediapipe(file)
    from rimlight.segmenters.opencv import open_opencv

    return open_opencv(file)


def shipped_backgrounds() -> dict[str, Path]:
    """The pictures that travel with Rimlight, by name."""
    return {picture.stem: picture for picture in sorted(asset("backgrounds").glob("*.jpg"))}


def open_background(
    text: str,
    strength: float,
    format: StreamFormat,  # noqa: A002
    *,
    live: bool = False,
) -> Background:
    """'blur', '#00b140', 'transparent', the name of a shipped picture, or a picture's or video's path.

    `live`: a video that is too slow to decode plays slower, rather than holding up the call.

    Raises BackgroundError for anything else.
    """
    if text == "blur":
        return BlurBackground(strength)
    if text == "transparent":
        return open_transparent()
    if text.startswith("#"):
        return open_color(text)
    path = Path(text)
    if path.is_file():
        return _open_file(path, format, live)
    shipped = shipped_backgrounds()
    if text in shipped:
        return open_still(shipped[text])
    raise BackgroundError(
        f"there is no background '{text}': neither a file nor a known name",
        f"Give a picture, a video, a colour as '#00b140', or one of: blur, transparent, {', '.join(shipped)}.",
    )


def _open_file(path: Path, format: StreamFormat, live: bool) -> Background:  # noqa: A002
    from rimlight.photo import kind_of

    if kind_of(path) == "photo":
        return open_still(path)
    from rimlight.backgrounds.clip import open_clip_background

    return open_clip_background(path, format.size, format.color, live=live)


def open_pipeline(
    settings: Settings,
    format: StreamFormat,  # noqa: A002
    meter: Meter | None = None,
    say: Say = silence,
    *,
    live: bool = False,
    ahead: bool = False,
    segmenter: Segmenter | None = None,
) -> Pipeline:
    """The pipeline of the settings for frames of this format; `live` as for `open_background`.

    `ahead`: for clips whose frames go through `passes`, where mattes wait for what comes after them.
    `segmenter`: the settings' model, if it was loaded ahead; the pipeline's from now on, even if this raises.

    Raises BackgroundError, ModelError or SegmenterError.
    """
    with ExitStack() as opened:
        if segmenter is not None:
            opened.enter_context(segmenter)
        background = opened.enter_context(
            open_background(settings.background, settings.blur_strength, format, live=live)
        )
        if segmenter is None:
            budget = _SHARE / float(format.fps) if live else None
            segmenter = opened.enter_context(
                open_segmenter(settings.model, say, format.size, budget, settings.runtime)
            )
        opened.pop_all()
    tuning = _tuned(settings, live, ahead)
    framing = squashed if settings.model == "fast" else fitted
    mirror, wrap = settings.mirror, settings.light_wrap
    pipeline = Pipeline(segmenter, background, framing, tuning, meter, mirror, wrap, wary=live)
    pipeline.looks_ahead = ahead
    return pipeline


def _tuned(settings: Settings, live: bool, ahead: bool) -> Tuning:
    """The settings' tuning, and what depends on the model and on whether there is time."""
    tuning = settings.tuning
    told = tuning.model_fields_set
    changes: dict[str, object] = {"views": tuning.views or (1 if live else 2)}
    if tuning.rest is None:
        changes["rest"] = REST if live else 0.0
    if not live and "guide_size" not in told:
        changes["guide_size"] = UNHURRIED_GUIDE
    if ahead:
        changes |= {name: value for name, value in STEADIED.items() if name not in told}
    if settings.model != "standard":
        # Only the standard model was seen to gain by it.
        changes |= {"follow": False, "views": 1}
    return tuning.model_copy(update=changes)


def open_sinks(
    to: Sequence[str],
    format: StreamFormat,  # noqa: A002
    opened: ExitStack,
    say: Say,
    *,
    force: bool = False,
    hearing: Hearing | None = None,
    alpha: bool = False,
) -> list[Sink]:
    """The sinks that `to` names, entered into `opened`: 'preview', 'virtual', 'virtual:DEVICE', or a file.

    Naming none means the preview where there is a screen and the virtual camera where there is one; what is
    missing then is said in a line. Files get sound from `hearing`, and with `alpha` the person alone if they can.

    Raises SinkError in its several kinds, UsageError if the same is named twice.
    """
    if not to:
        return _open_what_there_is(format, opened, say)
    if len(set(to)) < len(to):
        raise UsageError(f"--to {' --to '.join(to)} names the same twice", "Name each once.")
    return [opened.enter_context(open_sink(name, format, force=force, hearing=hearing, alpha=alpha)) for name in to]


def open_sink(
    name: str,
    format: StreamFormat,  # noqa: A002
    *,
    force: bool = False,
    hearing: Hearing | None = None,
    alpha: bool = False,
) -> Sink:
    """The sink of that name: 'preview', 'virtual', 'virtual:DEVICE', or a file; `force` lets it be overwritten.

    A file gets sound from `hearing`, and the person with `alpha` if it can carry that.

    Raises SinkError in its several kinds, UsageError if it is no sink.
    """
    kind, _, device = name.partition(":")
    if name == "preview":
        from rimlight.sinks.preview import open_preview

        return open_preview("Rimlight", format)
    if kind == "virtual":
        from rimlight.sinks.virtual_camera import open_virtual_camera

        return open_virtual_camera(format, device or None)
    from rimlight.recordings import open_file

    return open_file(Path(name), format, hearing, force=force, alpha=alpha)


def _open_what_there_is(format: StreamFormat, opened: ExitStack, say: Say) -> list[Sink]:  # noqa: A002
    from rimlight.sinks.virtual_camera import find_virtual_cameras

    # The camera first: whoever is called should not wait for our own window.
    sinks: list[Sink] = []
    if any(camera.free for camera in find_virtual_cameras()):
        try:
            sinks.append(opened.enter_context(open_sink("virtual", format)))
        except SinkError as error:
            say(str(error))
    try:
        sinks.append(opened.enter_context(open_sink("preview", format)))
    except NoDisplayError as error:
        if not sinks:
            hint = "Record with --to talk.mp4, or see how to get a virtual camera: rimlight devices"
            raise NoDisplayError(f"{error.what}, and no virtual camera is free either", hint) from error
        say(error.what)
    return sinks
