"""`rimlight live`: camera to call, window and recording."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
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
    mic: str = "auto",
    replay: float | None = None,
    duration: float | None = None,
    cpu_budget: str | None = None,
    max_latency: str | None = None,
    on_demand: str = "auto",
    keep_matte: bool = False,
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
    mic
        What recordings hear: a microphone's name or a part of it, default, or none. auto: the system's default
        microphone, for recordings alone. It is open only while something records.
    replay
        Keep the last so many seconds in memory, to be saved with the key s or with rimlight control replay; with
        sound if --mic names a microphone, or default.
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
    keep_matte
        Keep the camera's own pictures and their mattes beside the recording, as talk.rim.mkv: from that, process
        makes it anew with another background. It shows your room; nobody but you can read it.
    force
        Let a recording overwrite an existing file.
    """
    from rimlight.settings import settings_from

    settings = settings_from(
        camera=camera,
        size=size,
        fps=fps,
        mic=mic,
        replay=replay,
        duration=duration,
        cpu_budget=cpu_budget,
        max_latency=max_latency,
        on_demand=on_demand,
        **look.settings("standard"),
    )
    _run(settings, to or (), force=force, keep=keep_matte)


def _run(settings: Settings, to: Sequence[str], *, force: bool, keep: bool = False) -> None:
    from rimlight.assemble import load_ahead, open_sinks
    from rimlight.control import open_control
    from rimlight.governed import LatencyMeter
    from rimlight.lines import open_lines
    from rimlight.live import run_live
    from rimlight.ondemand import open_on_demand
    from rimlight.recordings import open_hearing, open_keeping, open_recording, open_remembering
    from rimlight.status import StatusLine

    with stopped_by_signals() as stop, ExitStack() as opened:
        line = opened.enter_context(StatusLine(sys.stderr))
        loading = opened.enter_context(load_ahead(settings, line.say))
        source = opened.enter_context(_open_camera(settings))
        said = [source.note]
        hearing = open_hearing(settings.mic)
        if hearing is not None:
            opened.enter_context(hearing)
        transparent = settings.background == "transparent"
        sinks = open_sinks(to, source.format, opened, said.append, force=force, hearing=hearing, alpha=transparent)
        alone = any(sink.takes_alpha for sink in sinks)
        keep_frame = None
        if keep:
            keeper = opened.enter_context(open_keeping(to, settings, source.format, hearing, force=force))
            sinks.append(keeper)
            keep_frame = keeper.take
            said.append(
                f"{keeper.name} will show the room: it keeps the camera's pictures as they are, beside their "
                "mattes. Only you can read it (mode 0600)"
            )
        if settings.replay is not None:
            listens = hearing if settings.mic != "auto" else None
            sinks.append(opened.enter_context(open_remembering(settings.replay, source.format, listens)))
        if hearing is not None and hearing.missing is not None and settings.mic not in {"auto", "default"}:
            # A lesson without the voice that was asked for would be worth nothing.
            raise hearing.missing
        loading.wait(_LOADED)
        for note in dict.fromkeys((*said, *(iter(hearing.line, None) if hearing is not None else ()))):
            line.say(note)
        wish = open_on_demand(sinks) if settings.on_demand == "auto" and source.returns else None
        if wish is not None:
            opened.enter_context(wish)
        green = [sink.name for sink in sinks if not sink.takes_alpha and not (keep and sink is keeper)]
        if transparent and green:
            line.say(f"{', '.join(green)}: no alpha there, transparent is shown as key green")
        meter = LatencyMeter()
        line.say(f"{settings.background} to {', '.join(sink.name for sink in sinks)}; Ctrl-C ends it")
        report = run_live(
            source,
            open_lines(settings, source.format, meter, line.say, loading, alone=alone, keep=keep_frame),
            sinks,
            meter=meter,
            stop=stop,
            wish=wish,
            reporter=line,
            open_recording=lambda: open_recording(source.format, hearing),
            hearing=hearing,
            remote=opened.enter_context(open_control(line.say)),
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
