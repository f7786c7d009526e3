"""`rimlight live`: camera to call, window and recording."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from rimlight.commands.look import Look
from rimlight.commands.stopping import stopped_by_signals
from rimlight.errors import CameraBusyError

if TYPE_CHECKING:
    from rimlight.protocols import Source
    from rimlight.settings import Settings

_LOADED = 2.0
"""Seconds that the model gets to load in before anything is said: until then the terminal is kept from its
chatter."""


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
    on_demand: str = "auto",
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
    on_demand
        auto: where the virtual camera is all that is written to, the camera is on only while a program reads it
        (Linux). always-on: as long as Rimlight runs.
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
        on_demand=on_demand,
        **asdict(look),
    )
    _run(settings, to or (), force=force)


def _run(settings: Settings, to: Sequence[str], *, force: bool) -> None:
    from rimlight.assemble import load_ahead, open_recording, open_sinks
    from rimlight.governed import LatencyMeter
    from rimlight.lines import open_lines
    from rimlight.live import run_live
    from rimlight.ondemand import open_on_demand
    from rimlight.status import StatusLine

    with stopped_by_signals() as stop, ExitStack() as opened:
        line = opened.enter_context(StatusLine(sys.stderr))
        loading = opened.enter_context(load_ahead(settings, line.say))
        source = opened.enter_context(_open_camera(settings))
        said = [source.note]
        sinks = open_sinks(to, source.format, opened, said.append, force=force)
        loading.wait(_LOADED)
        for note in said:
            line.say(note)
        wish = open_on_demand(sinks) if settings.on_demand == "auto" and source.returns else None
        if wish is not None:
            opened.enter_context(wish)
        if settings.background == "transparent":
            line.say("no live output carries alpha: transparent is shown as key green")
        meter = LatencyMeter()
        line.say(f"{settings.background} to {', '.join(sink.name for sink in sinks)}; Ctrl-C ends it")
        report = run_live(
            source,
            open_lines(settings, source.format, meter, line.say, loading),
            sinks,
            meter=meter,
            stop=stop,
            wish=wish,
            reporter=line,
            open_recording=lambda: open_recording(source.format),
            duration=settings.duration,
        )
        if report.incidents:
            times = ", ".join(f"{kind} {count}" for kind, count in report.incidents.items())
            line.say(f"in this run: {times}")


def _open_camera(settings: Settings) -> Source:
    """The settings' camera; one that another program holds is waited for, while the run goes on with the card."""
    from rimlight.assemble import open_source
    from rimlight.sources.awaited import open_awaited_camera

    try:
        return open_source(settings)
    except CameraBusyError as busy:
        camera = int(settings.camera) if settings.camera.isdecimal() else settings.camera
        return open_awaited_camera(camera, settings.size, settings.rate, busy)
