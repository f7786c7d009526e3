"""The pipeline: a frame with its own matte, or an error; never a frame without."""

from __future__ import annotations

import numpy as np
import pytest

from rimlight.backgrounds.blur import BlurBackground
from rimlight.backgrounds.color import open_color
from rimlight.errors import SegmenterError
from rimlight.framing import fitted
from rimlight.pipeline import COMPOSING, CUTTING, Pipeline
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.types import Frame, Mask, Picture, Rgb, Size

SIZE = Size(320, 180)


def frame(index: int = 0, at: float = 0.0, size: Size = SIZE) -> Frame:
    picture = Picture(np.random.default_rng(index).integers(40, 90, (size.height * 3 // 2, size.width), np.uint8))
    return Frame(picture, at, index)


def green() -> Pipeline:
    return Pipeline(EllipseSegmenter(), open_color("#00ff00"), fitted)


class Failing(EllipseSegmenter):
    """Answers what it is told to."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    def segment(self, rgb: Rgb) -> Mask:  # noqa: ARG002
        if isinstance(self.answer, Exception):
            raise self.answer
        assert isinstance(self.answer, np.ndarray)
        return Mask(self.answer)


def test_the_person_is_kept_and_the_room_replaced() -> None:
    with green() as pipeline:
        given = frame(3, at=1.5)
        output = pipeline.process(given)
    assert (output.index, output.at) == (3, 1.5)
    assert output.picture.size == SIZE
    assert np.array_equal(output.picture.y[output.alpha == 255], given.picture.y[output.alpha == 255])
    background = output.picture.y[output.alpha == 0]
    assert background.size > 1000
    assert len(np.unique(background)) == 1
    assert np.count_nonzero(output.alpha == 255) > 1000


def test_outputs_that_are_held_are_never_written_to_again() -> None:
    with green() as pipeline:
        held = [pipeline.process(frame(index, index / 30)) for index in range(30)]
        copies = [output.picture.i420.copy() for output in held]
        for index in range(30, 60):
            pipeline.process(frame(index, index / 30))
    assert all(np.array_equal(output.picture.i420, copy) for output, copy in zip(held, copies, strict=True))


def test_the_input_is_not_written_to() -> None:
    given = frame()
    before = given.picture.i420.copy()
    with green() as pipeline:
        pipeline.mirror = True
        pipeline.process(given)
    assert np.array_equal(given.picture.i420, before)


def test_mirroring_turns_the_person_and_not_the_background() -> None:
    given = frame()
    with green() as pipeline:
        straight = pipeline.process(given)
        pipeline.mirror = True
        turned = pipeline.process(given)
    sure = (turned.alpha == 255) & (straight.alpha[:, ::-1] == 255)
    assert np.array_equal(turned.picture.y[sure], given.picture.y[:, ::-1][sure])


def test_the_size_may_change_between_frames() -> None:
    with Pipeline(EllipseSegmenter(), BlurBackground(0.5), fitted) as pipeline:
        for size in (SIZE, Size(64, 200), SIZE):
            output = pipeline.process(frame(size=size))
            assert output.picture.size == size
            assert output.alpha.shape == (size.height, size.width)


def test_the_same_frames_give_the_same_outputs() -> None:
    def run() -> list[bytes]:
        with green() as pipeline:
            return [pipeline.process(frame(i, i / 30)).picture.i420.tobytes() for i in range(5)]

    assert run() == run()


def test_every_stage_is_timed() -> None:
    with green() as pipeline:
        pipeline.process(frame())
        stages = pipeline.meter.snapshot().stages
    assert tuple(stages) == CUTTING + COMPOSING
    assert all(stage.count == 1 for stage in stages.values())


@pytest.mark.parametrize(
    "answer",
    [
        np.full((256, 256), np.nan, np.float32),
        np.full((256, 256), 7, np.float32),
        np.zeros((256, 255), np.float32),
        np.zeros((256, 256), np.float64),
        SegmenterError("the model failed"),
    ],
    ids=["nan", "out of range", "shape", "type", "raises"],
)
def test_nothing_comes_out_when_the_model_fails_or_talks_nonsense(answer: object) -> None:
    with Pipeline(Failing(answer), BlurBackground(0.5), fitted) as pipeline, pytest.raises(SegmenterError):
        pipeline.process(frame())


def test_the_cutout_is_the_person_alone_with_its_alpha() -> None:
    given = frame()
    with green() as pipeline:
        picture, alpha = pipeline.cutout(given)
        output = pipeline.process(given)
    assert np.array_equal(alpha, output.alpha)
    assert np.array_equal(picture.y[alpha == 255], given.picture.y[alpha == 255])
