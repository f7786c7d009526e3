"""Matting models from files: what is recognised, at which size it runs, and that nothing bad gets through."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from network_watch import run_watched, why_not
from rimlight.assemble import open_pipeline, open_segmenter
from rimlight.backgrounds.color import open_color
from rimlight.errors import ModelError, SegmenterError, SettingError
from rimlight.framing import fitted
from rimlight.pipeline import Pipeline
from rimlight.segmenters import onnx
from rimlight.segmenters.nets import recognised
from rimlight.segmenters.onnx import MOST_BYTES, OnnxSegmenter, open_onnx
from rimlight.settings import Settings, settings_from
from rimlight.sources.sitter import open_sitter
from rimlight.types import Frame, Rgb, Size, StreamFormat
from tiny_nets import plain, recurrent, tensor, write

WIDE = Size(1280, 720)
IMAGENET = {"mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225)}
HALVES = {"mean": (0.5, 0.5, 0.5), "deviation": (0.5, 0.5, 0.5)}


def noise(size: Size, seed: int = 0) -> Rgb:
    return np.random.default_rng(seed).integers(0, 200, (size.height, size.width, 3), np.uint8)


@pytest.fixture
def rvm(tmp_path: Path) -> OnnxSegmenter:
    return open_onnx(recurrent(tmp_path / "rvm.onnx"), WIDE)


def test_a_recurrent_model_remembers_until_it_is_reset(rvm: OnnxSegmenter) -> None:
    picture = noise(rvm.size)
    first, second = rvm.segment(picture), rvm.segment(picture)
    assert second.mean() > first.mean() * 1.05
    rvm.reset()
    assert np.array_equal(rvm.segment(picture), first)


def test_a_recurrent_model_gives_mattes_and_the_persons_colours(rvm: OnnxSegmenter) -> None:
    assert rvm.is_matte
    assert rvm.foreground is None
    picture = noise(rvm.size)
    rvm.segment(picture)
    assert rvm.foreground is not None
    assert np.array_equal(rvm.foreground, picture)
    rvm.reset()
    assert rvm.foreground is None


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("size", [None, Size(160, 96)])
@pytest.mark.parametrize("scale", [{}, HALVES, IMAGENET], ids=["0..1", "-1..1", "ImageNet"])
def test_a_plain_model_gets_its_picture_in_the_scale_it_wants(
    scale: dict[str, tuple[float, ...]], size: Size | None, layout: str, tmp_path: Path
) -> None:
    file = plain(tmp_path / "plain.onnx", layout=layout, size=size, **scale)  # type: ignore[arg-type]
    with open_onnx(file, WIDE) as segmenter:
        picture = np.full((segmenter.size.height, segmenter.size.width, 3), 110, np.uint8)
        picture[:, :40] = (210, 30, 60)
        mask = segmenter.segment(picture)
    assert segmenter.size == (size or Size(512, 288))
    assert mask[:, :40].min() == 1
    assert mask[:, 40:].max() < 0.01
    assert not segmenter.is_matte
    assert segmenter.foreground is None


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        (Size(1280, 720), Size(512, 288)),
        (Size(640, 480), Size(512, 384)),
        (Size(720, 1280), Size(288, 512)),
        (Size(7680, 16), Size(512, 32)),
        (Size(2, 2), Size(512, 512)),
    ],
)
def test_files_get_the_same_large_size_in_the_pictures_proportions(
    picture: Size, size: Size, tmp_path: Path
) -> None:
    with open_onnx(recurrent(tmp_path / "rvm.onnx"), picture) as segmenter:
        assert segmenter.size == size
        assert segmenter.segment(noise(size)).shape == (size.height, size.width)


@pytest.mark.parametrize(("budget", "side"), [(1e-9, 256), (0.025, 256), (0.035, 344), (0.045, 384), (9, 512)])
def test_live_takes_the_largest_size_that_a_trial_showed_to_be_in_time(
    budget: float, side: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {256: 0.02, 344: 0.03, 384: 0.04, 512: 0.05}
    monkeypatch.setattr(onnx, "_trial", lambda _, size: seconds[size.width])
    with open_onnx(recurrent(tmp_path / "rvm.onnx"), WIDE, budget) as segmenter:
        assert segmenter.size.width == side


def test_a_trial_leaves_no_past_and_two_of_one_file_share_none(tmp_path: Path) -> None:
    file = recurrent(tmp_path / "rvm.onnx")
    with open_onnx(file, WIDE) as one, open_onnx(file, WIDE) as other:
        picture = noise(one.size)
        fresh = one.segment(picture)
        assert np.array_equal(other.segment(picture), fresh)
        other.reset()
        assert np.array_equal(other.segment(picture), fresh)


@pytest.mark.parametrize("kind", ["nothing", "text", "cut off", "missing", "folder", "huge"])
def test_what_is_no_model_is_refused(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    if kind == "folder":
        file.mkdir()
    elif kind == "huge":
        with file.open("wb") as large:
            large.truncate(MOST_BYTES + 1)
    elif kind != "missing":
        whole = recurrent(tmp_path / "whole.onnx").read_bytes()
        file.write_bytes({"nothing": b"", "text": b"only text\n" * 100, "cut off": whole[: len(whole) // 2]}[kind])
    with pytest.raises(ModelError, match=r"model\.onnx") as caught:
        open_onnx(file, WIDE)
    assert caught.value.hint
    assert len(str(caught.value).splitlines()) == 2
    assert ("more than the 512 MB" in caught.value.what) is (kind == "huge")


def test_a_model_of_another_kind_is_refused_by_what_it_takes_and_gives(tmp_path: Path) -> None:
    two = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in ("tokens", "lengths")]
    names = ("tokens", "lengths")
    inputs = [tensor(name, [1, 77], TensorProto.INT64) for name in names]
    outputs = [tensor(f"{name}_out", [1, 77], TensorProto.INT64) for name in names]
    with pytest.raises(ModelError, match=r"takes tokens \(int64\) \[1, 77\], lengths") as caught:
        open_onnx(write(tmp_path / "text.onnx", two, inputs, outputs, {}), WIDE)
    assert "RobustVideoMatting" in caught.value.hint


@pytest.mark.parametrize(("gain", "shift"), [(1, 5), (1, -3), (float("nan"), 0), (float("inf"), 0)])
def test_a_model_whose_answer_is_no_matte_is_refused_when_it_is_opened(
    gain: float, shift: float, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"odd\.onnx cannot be used: the model gave values from"):
        open_onnx(plain(tmp_path / "odd.onnx", gain=gain, shift=shift), WIDE)


def test_a_tiny_overshoot_is_clipped(tmp_path: Path) -> None:
    with open_onnx(plain(tmp_path / "over.onnx", gain=1e-4, shift=1.005), WIDE) as segmenter:
        assert segmenter.segment(noise(segmenter.size)).max() == 1


def test_nonsense_on_one_frame_is_an_error_and_never_a_mask(tmp_path: Path) -> None:
    with open_onnx(recurrent(tmp_path / "rvm.onnx", nan_above=0.9), WIDE) as segmenter:
        dark = noise(segmenter.size)
        segmenter.segment(dark)
        with pytest.raises(SegmenterError, match="no matte"):
            segmenter.segment(np.full_like(dark, 255))
        segmenter.reset()
        assert np.isfinite(segmenter.segment(dark)).all()


@pytest.mark.parametrize("size", [Size(100_000, 100_000), Size(4, 4096)])
def test_a_model_that_demands_absurd_pictures_is_refused(size: Size, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="demands pictures of"):
        open_onnx(plain(tmp_path / "large.onnx", size=size), WIDE)


def test_weights_in_other_files_are_not_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model file could name any file of the user's as its weights."""
    from onnx import load, save

    model = load(recurrent(tmp_path / "rvm.onnx"))
    save(model, tmp_path / "outer.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    assert (tmp_path / "weights").exists()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"cannot load .*outer\.onnx"):
        open_onnx(tmp_path / "outer.onnx", WIDE)


def test_without_the_runtime_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SegmenterError, match="not installed") as caught:
        open_onnx(recurrent(tmp_path / "rvm.onnx"), WIDE)
    assert "rimlight[best]" in caught.value.hint


def test_a_failing_run_is_translated() -> None:
    class Failing:
        def get_inputs(self) -> list[object]:
            return [tensor_like("input", [1, 3, 64, 64])]

        def get_outputs(self) -> list[object]:
            return [tensor_like("output", [1, 1, 64, 64])]

        def run(self, *_: object) -> list[object]:
            raise RuntimeError("out of breath\nand more")

    with pytest.raises(SegmenterError, match=r"failed on a frame: out of breath$"):
        recognised(Failing(), "x").prepare(Size(64, 64))


def tensor_like(name: str, shape: list[int]) -> object:
    from types import SimpleNamespace

    return SimpleNamespace(name=name, shape=shape, type="tensor(float)")


def test_a_matte_reaches_the_output_as_it_is_and_its_past_ends_with_the_clip(tmp_path: Path) -> None:
    file = recurrent(tmp_path / "rvm.onnx")
    with open_sitter(Size(320, 180), paced=False) as sitter:
        frames = [frame for frame in (sitter.read() for _ in range(3)) if frame]
    with Pipeline(open_onnx(file, frames[0].picture.size), open_color("#00ff00"), fitted) as pipeline:
        first = pipeline.process(frames[0]).alpha.copy()
        later = pipeline.process(Frame(frames[0].picture, 1 / 30, 1)).alpha.copy()
        assert 215 < first.max() <= 224  # 7/8 of 255 after three looks: neither smoothed nor curved
        assert later.max() > 230
        pipeline.reset()
        assert np.array_equal(pipeline.process(frames[0]).alpha, first)
        pipeline.mirror = True
        assert pipeline.process(frames[0]).alpha.max() <= 224


def test_the_pipelines_cut_carries_the_persons_colours(tmp_path: Path) -> None:
    with open_sitter(Size(320, 180), paced=False) as sitter:
        frame = sitter.read()
    assert frame is not None
    segmenter = open_onnx(recurrent(tmp_path / "rvm.onnx"), frame.picture.size)
    with Pipeline(segmenter, open_color("#00ff00"), fitted) as pipeline:
        cut = pipeline.cut(frame)
    assert cut.foreground is not None
    for own, plane in zip(cut.foreground, cut.planes, strict=True):
        assert own.shape == plane.shape
        assert np.abs(own.astype(int) - plane).mean() < 3


@pytest.mark.parametrize("size", [Size(1280, 720), Size(400, 700)])
def test_a_model_of_fixed_size_serves_every_picture(size: Size, tmp_path: Path) -> None:
    file = plain(tmp_path / "fixed.onnx", size=Size(96, 64))
    settings = Settings(model=str(file), background="#00ff00")
    with open_sitter(size, paced=False) as sitter, open_pipeline(settings, sitter.format) as pipeline:
        frame = sitter.read()
        assert frame is not None
        assert pipeline.process(frame).alpha.shape == (size.height, size.width)


def test_the_settings_take_tiers_and_files_and_nothing_else() -> None:
    for model in ("standard", "fast", "best", "my/model.onnx", "MODEL.ONNX"):
        assert settings_from(model=model).model == model
    for model in ("", "bes", "model.pth", "onnx"):
        with pytest.raises(SettingError, match=f"--model {model}"):
            settings_from(model=model)


def test_best_without_its_file_says_how_to_fetch_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(ModelError) as caught:
        open_segmenter("best")
    assert "rimlight models get best" in caught.value.hint


def test_live_gives_the_model_a_part_of_a_frames_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, budgets = recurrent(tmp_path / "rvm.onnx"), []

    def opener(path: Path, picture: Size, budget: float | None) -> OnnxSegmenter:
        budgets.append(budget)
        return open_onnx(path, picture)

    monkeypatch.setattr(onnx, "open_onnx", opener)
    for live in (True, False):
        open_pipeline(Settings(model=str(file)), StreamFormat(WIDE, Fraction(30)), live=live).close()
    assert budgets[0] == pytest.approx(0.02)
    assert budgets[1] is None


WATCHED = """
import sys, time
import numpy as np
from pathlib import Path
from rimlight.segmenters.onnx import open_onnx
from rimlight.types import (Size)

with open_onnx(Path(sys.argv[1]), Size(320, 180), 0.02) as segmenter:
    for _ in range(5):
        segmenter.segment(np.full((segmenter.size.height, segmenter.size.width, 3), 90, np.uint8))
time.sleep(1)
"""


@pytest.mark.slow
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_onnx_runtime_reaches_for_no_network(tmp_path: Path) -> None:
    seen = run_watched([sys.executable, "-c", WATCHED, str(recurrent(tmp_path / "rvm.onnx"))])
    assert seen.code == 0, seen.output
    assert seen.output == ""
    assert seen.attempts == []
