"""The command line: words in, exit code out. What it does is done elsewhere."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

from rimlight import __version__
from rimlight.errors import RimlightError
from rimlight.look import Look

app = App(
    name="rimlight",
    help="Keeps the person, blurs or replaces everything else: live from a webcam, or in finished clips.",
    version=__version__,
    help_epilogue="Without a command: live.",
    default_parameter=Parameter(negative=()),
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
)


@app.default
@app.command
def live(
    *,
    camera: str = "0",
    size: str = "1280x720",
    fps: float = 30,
    look: Look = Look(),
    to: list[str] | None = None,
    duration: float | None = None,
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
    force
        Let a recording overwrite an existing file.
    """
    from rimlight.assemble import open_pipeline, open_recording, open_sinks, open_source
    from rimlight.controls import PipelineControls
    from rimlight.live import run_live
    from rimlight.settings import settings_from
    from rimlight.status import StatusLine

    settings = settings_from(camera=camera, size=size, fps=fps, duration=duration, **asdict(look))
    with _stopped_by_signals() as stop, ExitStack() as opened:
        line = opened.enter_context(StatusLine(sys.stderr))
        source = opened.enter_context(open_source(settings))
        line.say(source.note)
        sinks = open_sinks(to or (), source.format, opened, line.say, force=force)
        if settings.background == "transparent":
            line.say("no live output carries alpha: transparent is shown as key green")
        pipeline = opened.enter_context(open_pipeline(settings, source.format, say=line.say, live=True))
        line.say(f"{settings.background} to {', '.join(sink.name for sink in sinks)}; Ctrl-C ends it")
        run_live(
            source,
            pipeline,
            sinks,
            meter=pipeline.meter,
            stop=stop,
            controls=PipelineControls(pipeline, settings, source.format),
            reporter=line,
            open_recording=lambda: open_recording(source.format),
            duration=settings.duration,
        )


@app.command
def process(
    *paths: Path,
    look: Look = Look(),
    matte: Path | None = None,
    force: bool = False,
) -> None:
    """Process finished clips and photos: IN... OUT, where OUT is a file or, for several, a folder.

    Parameters
    ----------
    matte
        Write the matte too: a folder gets one gray PNG a frame, a .mkv lossless video.
    force
        Overwrite existing files.
    """
    from rimlight.batch import process_all
    from rimlight.errors import UsageError
    from rimlight.settings import settings_from

    settings = settings_from(**asdict(look))
    if len(paths) < 2:
        raise UsageError("process needs at least one input and an output", "rimlight process talk.mp4 new.mp4")
    with _stopped_by_signals() as stop:
        process_all(paths[:-1], paths[-1], settings, matte=matte, force=force, stop=stop)


@app.command
def devices() -> None:
    """List cameras, virtual cameras and the screen, with what to do about those that are missing."""
    from rimlight.devices import report

    for line in report():
        print(line)


@app.command
def demo(*, folder: Path = Path()) -> None:
    """Run the whole live path on a synthetic sitter; write rimlight-demo.mp4 and rimlight-demo.png.

    Parameters
    ----------
    folder
        Where to write them; what an earlier demo wrote there is replaced.
    """
    from rimlight.demo import run_demo

    with _stopped_by_signals() as stop:
        run_demo(folder, stop)


@app.command
def bench(*, seconds: float = 2.0, json_: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """Measure speed: frame in memory to composite ready, beside MediaPipe's own sample.

    Parameters
    ----------
    seconds
        How long each way is measured, in turns with the others.
    json_
        Print the rows as JSON.
    """
    from rimlight.bench import bench as measure
    from rimlight.bench import print_table

    rows = measure(seconds, lambda line: print(line, file=sys.stderr))
    if json_:
        print(json.dumps({"rows": [asdict(row) for row in rows]}, indent=1))
    else:
        print_table(rows)


@app.command(name="eval")
def evaluate(
    folder: Path,
    /,
    *,
    model: str = "standard",
    mattes: Path | None = None,
    sheet: Path | None = None,
    json_: Annotated[Path | None, Parameter(name="--json")] = None,
    force: bool = False,
) -> None:
    """Score mattes against reference mattes: mIoU, boundary IoU, MAD, MSE, Grad, Conn and dtSSD.

    FOLDER holds NAME/clip.mp4 with NAME/alpha/*.png, or image/ and alpha/ with pictures of equal names, as the
    public matting sets do.

    Parameters
    ----------
    model
        As for live.
    mattes
        Score what lies in this folder, NAME/*.png or NAME.png, instead of what Rimlight makes.
    sheet
        Write a picture, .png or .jpg, of the worst frame of each: input, reference, matte, edge and difference.
    json_
        Write the figures to this file.
    force
        Overwrite existing files.
    """
    from rimlight.evaluate import run_evaluation
    from rimlight.settings import settings_from

    settings = settings_from(model=model)
    with _stopped_by_signals() as stop:
        run_evaluation(folder, settings, mattes=mattes, sheet_file=sheet, json_file=json_, force=force, stop=stop)


models = App(name="models", help_epilogue="")
app.command(models)


@models.default
def list_models() -> None:
    """List the models: tier, runtime, size, licence, and where they lie."""
    from rimlight.models import print_table

    print_table()


@models.command(name="get")
def get_model(name: str, /) -> None:
    """Download the model of a tier that is not our own: best. Shows its licence first, checks its SHA-256."""
    from rimlight.models import get

    get(name, print)


@app.command
def version() -> None:
    """Print the version."""
    print(f"rimlight {__version__}")


def main() -> None:
    """Entry point of `rimlight` and `python -m rimlight`: runs the command and ends the process.

    Exit codes: 0 done, 1 it could not be done, 2 the command makes no sense, 130 interrupted.
    """
    # OpenCV's own threads gain little on planes of this size and fight the model, the encoder and the call program
    # for the cores: on two of them the demo held 30 fps with one thread where it fell to 20 to 25 with two.
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Runs the command and gives its exit code; errors that a user can do something about are printed."""
    try:
        app(words)
    except RimlightError as error:
        return _fail(str(error), error.exit_code)
    except UnusedCliTokensError as error:
        unknown = " ".join(error.unused_tokens or ())
        return _fail(f"'{unknown}' is neither a command nor an option\nSee rimlight --help.", 2)
    except CycloptsError as error:
        return _fail(f"{error}\nSee rimlight --help.", 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:
        # Whoever read our output has gone; flushing it at exit would complain once more.
        sys.stdout = None
        return 1
    return 0


def _fail(text: str, code: int) -> int:
    what, *hints = text.strip().splitlines()
    print("\n".join([f"rimlight: {what}", *(f"  {hint}" for hint in hints)]), file=sys.stderr)
    return code


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM set the event once, for an orderly stop; a second one ends the process as usual."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    old = {int(number): signal.getsignal(number) for number in numbers}

    def set_stop(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, old[number])

    for number in numbers:
        signal.signal(number, set_stop)
    try:
        yield stop
    finally:
        for number in numbers:
            signal.signal(number, old[number])
