"""Which runtime runs the models that ship: the fastest that is there, or the one that was named."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import rimlight.segmenters.mediapipe as mediapipe_room
from rimlight.assemble import open_segmenter
from rimlight.bench import Row, ratios
from rimlight.errors import SegmenterError
from rimlight.segmenters.litert import has_litert, open_litert
from rimlight.segmenters.selfie import GENERAL


def opened(model: str = "standard", runtime: str = "auto") -> tuple[str, list[str]]:
    """Name of what was opened, and what was said."""
    said: list[str] = []
    with open_segmenter(model, said.append, runtime=runtime) as segmenter:
        return segmenter.name, said


@pytest.fixture
def no_litert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.delitem(sys.modules, "ai_edge_litert.interpreter", raising=False)


@pytest.fixture
def broken_litert(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is installed, but its library is not for this system."""
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)


@pytest.fixture
def no_mediapipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise OSError("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(mediapipe_room, "_check_system", refused)


@pytest.mark.parametrize(("model", "name"), [("standard", "general 256x256"), ("fast", "landscape 256x144")])
def test_litert_comes_first(model: str, name: str) -> None:
    assert opened(model) == (f"litert {name}", [])


def test_without_litert_mediapipe_is_nothing_to_talk_about(no_litert: None) -> None:
    assert not has_litert()
    assert opened() == ("mediapipe general 256x256", [])


def test_what_is_there_but_cannot_be_loaded_is_said(broken_litert: None) -> None:
    name, said = opened()
    assert name == "mediapipe general 256x256"
    (line,) = said
    assert line.startswith("LiteRT cannot be loaded: ")
    assert line.endswith("; mediapipe runs the same model instead, slower.")
    assert "\n" not in line


def test_opencv_is_the_last_resort(broken_litert: None, no_mediapipe: None) -> None:
    name, said = opened()
    assert name == "opencv general 256x256"
    assert len(said) == 2
    assert said[1] == (
        "MediaPipe cannot be loaded: libEGL.so.1: cannot open shared object file; "
        "opencv runs the same model instead, slower."
    )


@pytest.mark.parametrize("runtime", ["litert", "mediapipe", "opencv"])
def test_the_named_one_is_taken(runtime: str) -> None:
    assert opened(runtime=runtime) == (f"{runtime} general 256x256", [])


def test_a_named_one_that_is_missing_says_what_to_install(no_litert: None, no_mediapipe: None) -> None:
    with pytest.raises(SegmenterError, match="LiteRT cannot be loaded") as caught:
        opened(runtime="litert")
    assert "pip install 'rimlight[lean]'" in caught.value.hint
    with pytest.raises(SegmenterError, match=r"libEGL\.so\.1") as caught:
        opened(runtime="mediapipe")
    assert "apt-get install libegl1 libgles2" in caught.value.hint


def test_a_picture_that_litert_cannot_take_is_our_error() -> None:
    with open_litert(GENERAL) as segmenter:
        with pytest.raises(SegmenterError, match="LiteRT failed on a frame"):
            segmenter.segment(np.zeros((144, 256, 3), np.uint8))
        assert segmenter.segment(np.zeros((256, 256, 3), np.uint8)).shape == (256, 256)


def python(code: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize(
    ("runtime", "loaded"),
    [("auto", ["ai_edge_litert"]), ("mediapipe", ["mediapipe"]), ("opencv", [])],
)
def test_a_pipeline_loads_its_runtime_and_no_other_and_is_quiet(runtime: str, loaded: list[str]) -> None:
    done = python(f"""
import sys
from rimlight import Settings, open_pipeline, open_source
settings = Settings(camera="sitter", runtime="{runtime}")
with open_source(settings) as source, open_pipeline(settings, source.format) as pipeline:
    pipeline.process(source.read())
print(sorted({{"ai_edge_litert", "mediapipe"}} & set(sys.modules)))
""")
    assert done.stdout == f"{loaded}\n"
    assert done.stderr == ""


def test_the_ratio_to_the_sample_is_that_of_the_first_runtime() -> None:
    def row(model: str, runtime: str, fps: float, threads: int = 1) -> Row:
        return Row("1280x720", "blur", model, runtime, threads, fps, 1.0)

    rows = [
        row("standard", "litert", 60),
        row("fast", "litert", 80),
        row("standard", "mediapipe", 50),
        row("sample", "mediapipe", 10),
        row("standard", "litert", 90, threads=2),
    ]
    assert ratios(rows) == {"1280x720": 6}
