"""Rimlight keeps the person and blurs or replaces everything else, live or in finished clips.

    import rimlight

    settings = rimlight.Settings(camera="sitter", background="evening")
    with (
        rimlight.open_source(settings) as source,
        rimlight.open_pipeline(settings, source.format) as pipeline,
        rimlight.open_sink("talk.mp4", source.format) as sink,
    ):
        for frame in iter(source.read, None):
            sink.send(pipeline.process(frame))

What these give is described in `rimlight.types` and `rimlight.protocols`; what can go wrong is a `RimlightError`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rimlight.assemble import open_background, open_pipeline, open_segmenter, open_sink, open_source
    from rimlight.errors import RimlightError
    from rimlight.picture import from_bgr, to_bgr
    from rimlight.pipeline import Pipeline
    from rimlight.settings import Settings, Tuning
    from rimlight.types import Frame, Output, Picture, Size, StreamFormat

__version__ = "0.1.0"

_HOME = {
    "assemble": ("open_background", "open_pipeline", "open_segmenter", "open_sink", "open_source"),
    "errors": ("RimlightError",),
    "picture": ("from_bgr", "to_bgr"),
    "pipeline": ("Pipeline",),
    "settings": ("Settings", "Tuning"),
    "types": ("Frame", "Output", "Picture", "Size", "StreamFormat"),
}

__all__ = [
    "Frame",
    "Output",
    "Picture",
    "Pipeline",
    "RimlightError",
    "Settings",
    "Size",
    "StreamFormat",
    "Tuning",
    "__version__",
    "from_bgr",
    "open_background",
    "open_pipeline",
    "open_segmenter",
    "open_sink",
    "open_source",
    "to_bgr",
]


def __getattr__(name: str) -> object:
    """Loads what is asked for: `rimlight --help` should not wait for OpenCV."""
    for room, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"rimlight.{room}"), name)
    raise AttributeError(f"module 'rimlight' has no attribute '{name}'")
