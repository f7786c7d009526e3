"""Which runtime runs the models that ship: the fastest that is there, or the one that was named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rimlight.segmenters.mediapipe as mediapipe_room
from rimlight.assemble import open_segmenter
from rimlight.errors import SegmenterError
from rimlight.segmenters import sealed
from rimlight.segmenters.onnx_runtime import has_onnx_runtime
from rimlight.segmenters.selfie import GENERAL
from rimlight.segmenters.selfie_onnx import open_selfie_onnx


def opened(model: str = "standard", runtime: str = "auto") -> tuple[str, list[str]]:
    """Name of what was opened, and what was said."""
    said: list[str] = []
    with open_segmenter(model, said.append, runtime=runtime) as segmenter:
        return segmenter.name, said


@pytest.fixture
def no_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)


@pytest.fixture
def broken_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is installed, but its library is not for this system."""
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime.capi", None)


@pytest.fixture
def no_mediapipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise OSError("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(mediapipe_room, "_check_system", refused)


@pytest.mark.parametrize(("model", "name"), [("standard", "general 256x256"), ("fast", "landscape 256x144")])
def test_onnx_runtime_comes_first(model: str, name: str) -> None:
    assert opened(model) == (f"onnx {name}", [])


def test_without_onnx_runtime_mediapipe_is_nothing_to_talk_about(no_onnx: None) -> None:
    assert not has_onnx_runtime()
    assert opened() == ("mediapipe general 256x256", [])


def test_what_is_there_but_cannot_be_loaded_is_said(broken_onnx: None) -> None:
    name, said = opened()
    assert name == "mediapipe general 256x256"
    (line,) = said
    assert line.startswith("ONNX Runtime cannot be loaded: ")
    assert line.endswith("; mediapipe runs the same model instead, slower.")
    assert "\n" not in line


def test_opencv_is_the_last_resort(broken_onnx: None, no_mediapipe: None) -> None:
    name, said = opened()
    assert name == "opencv general 256x256"
    assert len(said) == 2
    assert said[1] == (
        "MediaPipe cannot be loaded: libEGL.so.1: cannot open shared object file; "
        "opencv runs the same model instead, slower."
    )


@pytest.mark.parametrize("runtime", ["onnx", "mediapipe", "opencv"])
def test_the_named_one_is_taken(runtime: str) -> None:
    assert opened(runtime=runtime) == (f"{runtime} general 256x256", [])


def test_a_named_one_that_is_missing_says_what_to_install(no_onnx: None, no_mediapipe: None) -> None:
    with pytest.raises(SegmenterError, match="ONNX Runtime cannot be loaded") as caught:
        opened(runtime="onnx")
    assert "pip install 'rimlight[lean]'" in caught.value.hint
    with pytest.raises(SegmenterError, match=r"libEGL\.so\.1") as caught:
        opened(runtime="mediapipe")
    assert "apt-get install libegl1 libgles2" in caught.value.hint


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such seal, and are not asked for it")
def test_onnx_runtime_is_not_loaded_where_linux_cannot_seal_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "_MACHINES", {})
    with pytest.raises(SegmenterError, match=r"ONNX Runtime cannot be loaded: .*cannot be kept off the network"):
        opened(runtime="onnx")


def test_what_onnx_runtime_writes_by_itself_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As it does at once where it finds no graphics card."""
    said = 'import os\nos.write(2, b"GPU device discovery failed")\nraise ImportError("and that was all")\n'
    (tmp_path / "onnxruntime.py").write_text(said, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    with pytest.raises(SegmenterError, match="and that was all"):
        opened(runtime="onnx")
    assert capfd.readouterr().err == ""


def test_a_picture_that_onnx_runtime_cannot_take_is_our_error() -> None:
    with open_selfie_onnx(GENERAL) as segmenter:
        with pytest.raises(SegmenterError, match="ONNX Runtime failed on a frame"):
            segmenter.segment(np.zeros((144, 256, 3), np.uint8))
        assert segmenter.segment(np.zeros((256, 256, 3), np.uint8)).shape == (256, 256)


def python(code: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize(
    ("runtime", "loaded"),
    [("auto", ["onnxruntime"]), ("mediapipe", ["mediapipe"]), ("opencv", [])],
)
def test_a_pipeline_loads_its_runtime_and_no_other_and_is_quiet(runtime: str, loaded: list[str]) -> None:
    done = python(f"""
import sys
from rimlight import Settings, open_pipeline, open_source
settings = Settings(camera="sitter", runtime="{runtime}")
with open_source(settings) as source, open_pipeline(settings, source.format) as pipeline:
    pipeline.process(source.read())
print(sorted({{"onnxruntime", "mediapipe"}} & set(sys.modules)))
""")
    assert done.stdout == f"{loaded}\n"
    assert done.stderr == ""
