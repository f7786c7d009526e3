"""What checks find out by trying: each in a process of its own, as drivers and native libraries may hang or crash.

`python -m rimlight.checks.probes NAME` reads a question and prints an answer, both JSON. No picture leaves it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from rimlight.errors import RimlightError

_SETTLING = 3
"""Pictures of a camera that do not count: it may still be finding its exposure."""
_WATCHED = 1.0
"""Seconds for which a camera's rate is measured."""
_PICTURES = 8
"""Different ones of the sitter."""
_WARM_UP, _MEASURED = 6, 45
"""Frames."""


def imports(modules: Sequence[str]) -> dict[str, str]:
    """For each module why it does not load, or ''."""
    return {module: _why_not(import_module, module) for module in modules}


def libraries(names: Sequence[str]) -> list[str]:
    """Those of the shared libraries that cannot be loaded."""
    return [name for name in names if _why_not(ctypes.CDLL, name)]


def _why_not(load: Callable[..., object], *given: str) -> str:
    try:
        load(*given)
    except Exception as error:  # noqa: BLE001  whatever a package raises, it does not load
        return f"{type(error).__name__}: {error}".partition("\n")[0]
    return ""


def files(model: str) -> dict[str, str]:
    """For each file that `model` may need why it is not right, or ''."""
    from rimlight.models import BEST
    from rimlight.segmenters.selfie import GENERAL, LANDSCAPE

    checked: dict[str, Callable[[], object]] = {
        file.path.name: file.checked for m in (GENERAL, LANDSCAPE) for file in (m.tflite, m.onnx)
    }
    if model == "best" or BEST.path().exists():
        checked[BEST.file_name] = BEST.checked
    if model.lower().endswith(".onnx"):
        checked[model] = Path(model).read_bytes
    return {name: _why_not(check) for name, check in checked.items()}


def mask(question: dict[str, str]) -> dict[str, Any]:
    """Whether the model finds the sitter: by how much its mask and the truth overlap, and how long it takes."""
    import cv2

    from rimlight.assemble import open_segmenter
    from rimlight.figures import overlap
    from rimlight.picture import to_bgr
    from rimlight.sources.sitter import open_sitter
    from rimlight.types import Size

    said: list[str] = []
    picture = Size(640, 360)
    with (
        open_sitter(picture, paced=False) as sitter,
        open_segmenter(question["model"], said.append, picture, runtime=question["runtime"]) as segmenter,
    ):
        rgb = cv2.cvtColor(cv2.resize(to_bgr(sitter.render(0)), segmenter.size), cv2.COLOR_BGR2RGB)
        found = segmenter.segment(rgb) > 0.5
        truth = cv2.resize(sitter.truth(0), segmenter.size) > 127
        start = time.perf_counter()
        for _ in range(3):
            segmenter.segment(rgb)
        took = (time.perf_counter() - start) / 3
        agrees = round(overlap(found, truth), 3)
        return {"name": segmenter.name, "overlap": agrees, "ms": round(took * 1e3, 1), "said": said}


def rate(question: dict[str, Any]) -> dict[str, Any]:
    """How many pictures a second a camera really gives, and of what size, when asked for a size and a rate."""
    from rimlight.settings import Settings
    from rimlight.sources.webcam import open_webcam

    settings = Settings(size=question["size"], fps=question["fps"])
    times: list[float] = []
    with open_webcam(question["camera"], settings.size, settings.rate) as source:
        for _ in range(_SETTLING):
            source.read()
        while len(times) < 2 or times[-1] - times[0] < _WATCHED:
            frame = source.read()
            if frame is None:
                break
            times.append(frame.at)
        promised = float(source.format.fps)
        size = str(source.format.size)
    fps = (len(times) - 1) / (times[-1] - times[0])
    return {"size": size, "fps": round(fps, 2), "promised": round(promised, 2)}


def send(question: dict[str, Any]) -> dict[str, Any]:
    """Whether a virtual camera takes a picture (plain grey) of the size."""
    import numpy as np

    from rimlight.settings import Settings
    from rimlight.sinks.virtual_camera import open_virtual_camera
    from rimlight.types import Alpha, Output, Picture, StreamFormat

    settings = Settings(size=question["size"], fps=question["fps"])
    picture = Picture.empty(settings.size.even)
    picture.i420.fill(128)
    nobody = Alpha(np.zeros((picture.size.height, picture.size.width), np.uint8))
    with open_virtual_camera(StreamFormat(picture.size, settings.rate), question["device"]) as camera:
        camera.send(Output(picture, nobody, 0.0, 0))
    return {"size": str(picture.size)}


def display(_: object) -> bool:
    """Whether a window can be opened; raises NoDisplayError if not."""
    from rimlight.sinks.display import prepare_display

    prepare_display()
    return True


def speed(question: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds from picture to picture, the real pipeline running on the sitter's as it does in a call."""
    import itertools

    from rimlight.assemble import open_pipeline
    from rimlight.benches.ways import frames, pumped, sitting
    from rimlight.settings import Settings, Tuning
    from rimlight.types import StreamFormat

    # Each frame is to have its call of the model: a person moves.
    settings = Settings(**question, tuning=Tuning(rest=0))
    size = settings.size.even
    given = frames(sitting(size, _PICTURES))
    with open_pipeline(settings, StreamFormat(size, settings.rate), live=True) as pipeline:
        pumped(pipeline, itertools.islice(given, _WARM_UP))
        took = sorted(pumped(pipeline, itertools.islice(given, _MEASURED // 3)) for _ in range(3))
    return {"ms": round(took[1] * 1e3, 1), "size": str(size)}


def disk(_: object) -> dict[str, Any]:
    """Where recordings go, whether that can be written to, and the bytes that are free there."""
    import platformdirs

    videos = platformdirs.user_videos_path()
    folder = videos if videos.is_dir() else Path.cwd()
    return {"folder": str(folder), "writable": os.access(folder, os.W_OK), "free": shutil.disk_usage(folder).free}


def _devices(_: object) -> Any:
    from rimlight.checks.devices import devices

    return devices()


PROBES: dict[str, Callable[[Any], object]] = {
    "imports": imports,
    "libraries": libraries,
    "files": files,
    "mask": mask,
    "devices": _devices,
    "rate": rate,
    "send": send,
    "display": display,
    "speed": speed,
    "disk": disk,
}


def answer(probe: Callable[[Any], object], question: object) -> dict[str, object]:
    """What is printed: the answer, or what went wrong with its hint."""
    try:
        return {"is": probe(question)}
    except RimlightError as error:
        return {"error": [error.what, error.hint]}
    except Exception as error:  # noqa: BLE001  a doctor tells what is wrong, whatever it is
        return {"error": [f"{type(error).__name__}: {error}".partition("\n")[0], ""]}


def _own_output() -> TextIO:
    """Standard output for the answer alone: what native libraries print there goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    with _own_output() as answers:
        print(json.dumps(answer(PROBES[sys.argv[1]], json.load(sys.stdin))), file=answers)
        answers.flush()
        # What hangs while it is unloaded has answered already.
        os._exit(0)
