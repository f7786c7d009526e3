"""What every segmenter owes: `Segmenter` in types.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rimlight.assets import asset
from rimlight.errors import ModelError
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.segmenters.mediapipe import open_mediapipe
from rimlight.segmenters.onnx import open_onnx
from rimlight.segmenters.opencv import open_opencv
from rimlight.segmenters.selfie import GENERAL, LANDSCAPE, SelfieModel
from rimlight.types import Rgb, Segmenter, Size
from tiny_nets import plain, recurrent


def tiny_onnx(make: Callable[[Path], Path]) -> Segmenter:
    """A few operations in the shape of a real model: what is owed does not depend on the weights."""
    with TemporaryDirectory() as folder:
        return open_onnx(make(Path(folder) / "tiny.onnx"), Size(320, 180))


OPENERS: dict[str, Callable[[], Segmenter]] = {
    "mediapipe general": lambda: open_mediapipe(GENERAL),
    "mediapipe landscape": lambda: open_mediapipe(LANDSCAPE),
    "opencv general": lambda: open_opencv(GENERAL),
    "opencv landscape": lambda: open_opencv(LANDSCAPE),
    "onnx recurrent": lambda: tiny_onnx(recurrent),
    "onnx plain": lambda: tiny_onnx(plain),
    "ellipse": EllipseSegmenter,
}
MODELS = [name for name in OPENERS if name.startswith(("mediapipe", "opencv"))]


@pytest.fixture(scope="module", params=OPENERS)
def segmenter(request: pytest.FixtureRequest) -> Iterator[Segmenter]:
    with OPENERS[request.param]() as opened:
        yield opened


def cutout() -> NDArray[np.uint8]:
    """The sitter: blue, green, red and alpha."""
    bgra = cv2.imread(str(asset("sitters", "astronaut.png")), cv2.IMREAD_UNCHANGED)
    assert bgra is not None
    levels: NDArray[np.uint8] = bgra
    return levels


def portrait(segmenter: Segmenter) -> Rgb:
    """The sitter on grey, in red, green, blue."""
    bgra = cutout()
    share = bgra[:, :, 3:].astype(np.float32) / 255
    rgb = (bgra[:, :, 2::-1] * share + 110 * (1 - share)).astype(np.uint8)
    scaled: Rgb = cv2.resize(rgb, tuple(segmenter.size), interpolation=cv2.INTER_AREA)
    return scaled


def test_a_mask_is_finite_and_in_range_and_of_the_models_size(segmenter: Segmenter) -> None:
    random = np.random.default_rng(0)
    for picture in (portrait(segmenter), random.integers(0, 256, portrait(segmenter).shape, np.uint8)):
        mask = segmenter.segment(picture)
        assert mask.shape == (segmenter.size.height, segmenter.size.width)
        assert mask.dtype == np.float32
        assert np.isfinite(mask).all()
        assert mask.min() >= 0
        assert mask.max() <= 1


def test_a_mask_has_memory_of_its_own_and_the_input_is_not_written_to(segmenter: Segmenter) -> None:
    picture = portrait(segmenter)
    before = picture.copy()
    first = segmenter.segment(picture)
    kept = first.copy()
    segmenter.segment(np.zeros_like(picture))
    assert np.array_equal(first, kept)
    assert np.array_equal(picture, before)


def test_the_same_picture_gives_the_same_mask_when_the_past_is_forgotten(segmenter: Segmenter) -> None:
    picture = portrait(segmenter)
    segmenter.reset()
    first = segmenter.segment(picture)
    segmenter.reset()
    assert np.array_equal(segmenter.segment(picture), first)


def test_the_persons_colours_are_told_at_the_masks_size_or_not_at_all(segmenter: Segmenter) -> None:
    mask = segmenter.segment(portrait(segmenter))
    colors = segmenter.foreground
    if colors is None:
        assert not segmenter.is_matte
        return
    assert colors.shape == (*mask.shape, 3)
    assert colors.dtype == np.uint8
    kept = colors.copy()
    segmenter.segment(np.zeros_like(kept))
    assert np.array_equal(colors, kept)


def test_it_has_a_name_and_closing_twice_is_allowed(segmenter: Segmenter) -> None:
    assert segmenter.name
    opened = EllipseSegmenter()
    opened.close()
    opened.close()


@pytest.mark.parametrize("name", MODELS)
def test_the_person_is_found_and_red_first_matters(name: str) -> None:
    with OPENERS[name]() as segmenter:
        truth = cv2.resize(cutout()[:, :, 3], tuple(segmenter.size), interpolation=cv2.INTER_AREA) / 255
        rgb = portrait(segmenter)
        error = np.abs(segmenter.segment(rgb) - truth).mean()
        swapped = np.abs(segmenter.segment(rgb[:, :, ::-1].copy()) - truth).mean()
        segmenter.close()
    assert error < 0.05
    assert error < swapped


@pytest.mark.parametrize("model", [GENERAL, LANDSCAPE])
def test_both_runtimes_agree(model: SelfieModel) -> None:
    with open_mediapipe(model) as one, open_opencv(model) as other:
        picture = portrait(one)
        assert np.abs(one.segment(picture) - other.segment(picture)).max() < 1e-3


@pytest.mark.parametrize("opener", [open_mediapipe, open_opencv])
def test_a_missing_or_altered_model_is_not_run(
    opener: Callable[[SelfieModel], Segmenter], tmp_path: object
) -> None:
    from dataclasses import replace
    from pathlib import Path

    folder = Path(str(tmp_path))
    with pytest.raises(ModelError, match="cannot be read"):
        opener(replace(GENERAL, file=folder / "none.tflite"))
    content = bytearray(GENERAL.file.read_bytes())
    content[1000] ^= 1
    altered = folder / "altered.tflite"
    altered.write_bytes(content)
    with pytest.raises(ModelError, match="was altered"):
        opener(replace(GENERAL, file=altered))
