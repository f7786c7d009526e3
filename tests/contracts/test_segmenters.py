"""What every segmenter owes: `Segmenter` in types.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rimlight.assets import asset
from rimlight.errors import ModelError
from rimlight.picture import to_bgr
from rimlight.protocols import Segmenter
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.segmenters.mediapipe import open_mediapipe
from rimlight.segmenters.onnx import open_onnx
from rimlight.segmenters.opencv import open_opencv
from rimlight.segmenters.selfie import GENERAL, LANDSCAPE, ModelFile, SelfieModel
from rimlight.segmenters.selfie_onnx import open_selfie_onnx
from rimlight.sources.sitter import open_sitter
from rimlight.types import Picture, Rgb, Size
from tiny_nets import plain, recurrent


def tiny_onnx(make: Callable[[Path], Path]) -> Segmenter:
    """A few operations in the shape of a real model: what is owed does not depend on the weights."""
    with TemporaryDirectory() as folder:
        return open_onnx(make(Path(folder) / "tiny.onnx"), Size(320, 180))


OPENERS: dict[str, Callable[[], Segmenter]] = {
    "selfie onnx general": lambda: open_selfie_onnx(GENERAL),
    "selfie onnx landscape": lambda: open_selfie_onnx(LANDSCAPE),
    "mediapipe general": lambda: open_mediapipe(GENERAL),
    "mediapipe landscape": lambda: open_mediapipe(LANDSCAPE),
    "opencv general": lambda: open_opencv(GENERAL),
    "opencv landscape": lambda: open_opencv(LANDSCAPE),
    "onnx recurrent": lambda: tiny_onnx(recurrent),
    "onnx plain": lambda: tiny_onnx(plain),
    "ellipse": EllipseSegmenter,
}
MODELS = [name for name in OPENERS if name.endswith(("general", "landscape"))]


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


@pytest.fixture(scope="module")
def sittings() -> list[Picture]:
    """The sitter moving, with a second person, and in the dark: 10 pictures."""
    pictures = []
    for scene in ("plain", "newcomer", "dark"):
        with open_sitter(Size(640, 360), paced=False, scene=scene) as source:
            frames = [source.read() for _ in range(40)]
        pictures += [frame.picture for frame in frames[::12] if frame]
    return pictures


@pytest.mark.parametrize("model", [GENERAL, LANDSCAPE])
def test_all_runtimes_agree(model: SelfieModel, sittings: list[Picture]) -> None:
    """`--runtime auto` may pick any: that it makes no difference is proven here and not at each start."""
    with open_selfie_onnx(model) as lean, open_mediapipe(model) as given, open_opencv(model) as last:
        pictures = [portrait(given)] + [
            cv2.resize(cv2.cvtColor(to_bgr(p), cv2.COLOR_BGR2RGB), tuple(model.size)) for p in sittings
        ]
        masks = [[runtime.segment(picture) for picture in pictures] for runtime in (given, lean, last)]
    assert all(mask.max() > 0.9 and mask.min() < 0.1 for mask in masks[0])
    for other in masks[1:]:
        assert np.abs(np.array(masks[0]) - np.array(other)).max() < 1e-3


@pytest.mark.parametrize(
    ("opener", "kind"), [(open_selfie_onnx, "onnx"), (open_mediapipe, "tflite"), (open_opencv, "tflite")]
)
def test_a_missing_or_altered_model_is_not_run(
    opener: Callable[[SelfieModel], Segmenter], kind: str, tmp_path: Path
) -> None:
    """Its own file counts, and no other runtime's."""
    mine = GENERAL.onnx if kind == "onnx" else GENERAL.tflite
    nothing = ModelFile(tmp_path / "none", "")

    def opened(file: ModelFile) -> Segmenter:
        files = (nothing, file) if kind == "onnx" else (file, nothing)
        return opener(SelfieModel(GENERAL.name, GENERAL.size, *files))

    opened(mine).close()
    with pytest.raises(ModelError, match="none cannot be read"):
        opened(nothing)
    content = bytearray(mine.path.read_bytes())
    content[1000] ^= 1
    altered = tmp_path / "altered"
    altered.write_bytes(content)
    with pytest.raises(ModelError, match="altered was altered"):
        opened(replace(mine, path=altered))
