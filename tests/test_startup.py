"""What is loaded when: a command waits for nothing that it does not use. tools/measure_startup.py has the times."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from rimlight import assemble
from rimlight.commands.live import live
from rimlight.errors import CameraMissingError, SegmenterError
from rimlight.pending import Pending
from rimlight.protocols import Segmenter, Source
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.settings import Settings
from rimlight.sinks.null import open_null
from rimlight.sources.sitter import open_sitter
from rimlight.types import Size
from standins import WAIT

SLOW = {
    "av",
    "cv2",
    "markdown_it",
    "mediapipe",
    "numpy",
    "onnxruntime",
    "platformdirs",
    "pooch",
    "pydantic",
    "pygments",
    "pyvirtualcam",
    "requests",
    "rich",
}

RUN = """
import sys
from rimlight.cli import run
try:
    code = run({words!r})
except SystemExit as end:
    code = end.code
print("loaded:", *sorted({slow!r} & set(sys.modules)))
sys.exit(code)
"""

TO_NOWHERE = """
from rimlight import assemble
from rimlight.sinks.null import open_null
assemble.open_sink = lambda *_, **__: open_null()
"""


def loaded(words: list[str], before: str = "") -> set[str]:
    """Which of the slow packages the command has loaded at its end."""
    code = before + RUN.format(words=words, slow=SLOW)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("loaded:")
    return set(last.split()[1:])


@pytest.mark.parametrize("words", [["--help"], ["process", "--help"], ["models", "--help"]])
def test_help_loads_what_it_is_written_with_and_no_more(words: list[str]) -> None:
    assert loaded(words) == {"rich"}


def test_the_version_loads_nothing() -> None:
    assert loaded(["version"]) == set()


def test_a_live_run_loads_its_model_and_neither_codecs_nor_what_draws_tables() -> None:
    words = ["--camera", "sitter", "--size", "320x180", "--duration", "0.1", "--to", "virtual"]

    # platformdirs tells where a better model would lie.
    assert loaded(words, TO_NOWHERE) == {"numpy", "cv2", "pydantic", "onnxruntime", "platformdirs"}


def test_a_webcam_needs_no_codecs_to_be_found() -> None:
    assert loaded(["version"], "import rimlight.sources.webcam\n") == {"numpy", "cv2"}


class Watched(EllipseSegmenter):
    """Knows whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_what_is_loaded_ahead_is_the_takers_once() -> None:
    model = Watched()
    with Pending(lambda: model, "loading") as loading:
        assert loading.take() is model
        assert loading.take() is None
    assert not model.closed


def test_what_nobody_took_is_closed() -> None:
    model = Watched()
    with Pending(lambda: model, "loading") as loading:
        loading.wait()
        assert not model.closed
    assert model.closed


def test_an_error_while_loading_is_the_takers_and_not_that_of_who_waits_or_closes() -> None:
    def fail() -> Segmenter:
        raise SegmenterError("no such library")

    with Pending(fail, "loading") as loading:
        loading.wait()
        with pytest.raises(SegmenterError, match="no such library"):
            loading.take()


def test_models_that_are_fitted_to_their_pictures_are_not_loaded_ahead() -> None:
    with assemble.load_ahead(Settings(model="mine.onnx"), print) as loading:
        assert loading.take() is None


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the model begins to load; it then waits for the camera, and the camera opens only when it is set."""
    begun, camera, model = threading.Event(), threading.Event(), Watched()

    def open_source(_: Settings) -> Source:
        assert begun.wait(WAIT), "the model is not loaded while the camera opens"
        camera.set()
        return open_sitter(Size(320, 180), paced=False)

    def open_segmenter(*_: object, **__: object) -> Segmenter:
        begun.set()
        assert camera.wait(WAIT)
        return model

    monkeypatch.setattr(assemble, "open_source", open_source)
    monkeypatch.setattr(assemble, "open_segmenter", open_segmenter)
    return begun


def test_a_live_run_loads_its_model_while_the_camera_opens(
    meanwhile: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = open_null()
    monkeypatch.setattr(assemble, "open_sink", lambda *_, **__: sink)
    live(to=["virtual"], duration=0.1)
    assert meanwhile.is_set()
    assert sink.count > 0


def test_without_a_camera_the_model_that_was_loaded_meanwhile_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Watched()

    def no_camera(_: Settings) -> Source:
        raise CameraMissingError("there is no camera 7")

    monkeypatch.setattr(assemble, "open_source", no_camera)
    monkeypatch.setattr(assemble, "open_segmenter", lambda *_, **__: model)
    with pytest.raises(CameraMissingError, match="no camera 7"):
        live(camera="7")
    assert model.closed
