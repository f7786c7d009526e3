"""`rimlight live`: camera to call, window and recording."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from rimlight.commands.look import Look
from rimlight.commands.stopping import stopped_by_signals

if TYPE_CHECKING:
    from rimlight.settings import Settings


def live(
    *,
    camera: str = "0",
    size: str = "1280x720",
    fps: float = 30,
    look: Look = Look(),
    to: list[str] | None = None,
    duration: float | None = None,
    cpu_budget: str | None = None,
    max_latency: str | None = None,
    force: bool = False,
) -> None:
    """Show the camera's picture with another background, live.

    Parameters
    ----------
    camera
        Number, name or /dev/videoN, a video file that plays as a camera, sitter, or sitter:SCENE.
    size
        What the camera is asked for; what it really gives is said.
    fps
        Pictures a second that the camera is asked for.
    to
        preview, virtual, virtual:DEVICE, or a file as talk.mp4; may be given several times. [default: the preview
        and, where there is one, the virtual camera]
    duration
        Seconds until it ends by itself.
    cpu_budget
        How much of one core it may take, as 50% or 150%: what is to spare is spent on the outline, and what is
        lacking is saved there. [default: the standard outline; a better one within 30%]
    max_latency
        How long a picture may take from the camera to the call, as 25ms.
    force
        Let a recording overwrite an existing file.
    """
    from rimlight.settings import settings_from

    settings = settings_from(
        camera=camera,
        size=size,
        fps=fps,
        duration=duration,
        cpu_budget=cpu_budget,
        max_latency=max_latency,
        **asdict(look),
    )
    _run(settings, to or (), force=force)


def _run(settings: Settings, to: Sequence[str], *, force: bool) -> None:
    from rimlight.assemble import load_ahead, open_pipeline, open_recording, open_sinks, open_source
    from rimlight.controls import PipelineControls
    from rimlight.governed import LatencyMeter, open_governed
    from rimlight.live import run_live
    from rimlight.status import StatusLine

    with stopped_by_signals() as stop, ExitStack() as opened:
        line = opened.enter_context(StatusLine(sys.stderr))
        loading = opened.enter_context(load_ahead(settings, line.say))
        source = opened.enter_context(open_source(settings))
        loading.wait()
        line.say(source.note)
        sinks = open_sinks(to, source.format, opened, line.say, force=force)
        if settings.background == "transparent":
            line.say("no live output carries alpha: transparent is shown as key green")
        meter = LatencyMeter()
        pipeline = opened.enter_context(
            open_pipeline(settings, source.format, meter, line.say, live=True, segmenter=loading.take())
        )
        governed = opened.enter_context(open_governed(pipeline, settings, source.format, meter))
        line.say(f"{settings.background} to {', '.join(sink.name for sink in sinks)}; Ctrl-C ends it")
        run_live(
            source,
            pipeline,
            sinks,
            meter=meter,
            stop=stop,
            controls=PipelineControls(pipeline, settings, source.format),
            governor=governed,
            reporter=line,
            open_recording=lambda: open_recording(source.format),
            duration=settings.duration,
        )
