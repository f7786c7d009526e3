"""Lines of a live run: what the user chose is kept when a pipeline is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest

from rimlight import lines
from rimlight.assemble import open_pipeline, shipped_backgrounds
from rimlight.controls import BLUR_STEP, PipelineControls
from rimlight.errors import BackgroundError
from rimlight.governed import LatencyMeter
from rimlight.pending import Pending
from rimlight.pipeline import Pipeline
from rimlight.protocols import Segmenter
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.settings import Settings
from rimlight.shift import Line
from rimlight.types import Mask, Rgb, Size, StreamFormat
from rimlight.works import OpenLine

FORMAT = StreamFormat(Size(64, 48), Fraction(30))


class Opened:
    """What pipelines were opened with."""

    def __init__(self) -> None:
        self.settings: list[Settings] = []
        self.models: list[Segmenter | None] = []


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    seen = Opened()

    def open_one(settings: Settings, *rest: object, segmenter: Segmenter | None, live: bool) -> Pipeline:
        seen.settings.append(settings)
        seen.models.append(segmenter)
        return open_pipeline(settings, FORMAT, live=live, segmenter=segmenter or EllipseSegmenter())

    monkeypatch.setattr(lines, "open_pipeline", open_one)
    return seen


@pytest.fixture
def open_line(opened: Opened) -> Iterator[OpenLine]:
    assert opened.settings == []
    loading: Pending[Segmenter] = Pending(EllipseSegmenter, "loading")
    with loading:
        yield lines.open_lines(Settings(), FORMAT, LatencyMeter(), print, loading)


def press(line: Line | None, *keys: str) -> list[str]:
    assert line is not None
    assert line.controls is not None
    return [line.controls.apply(key) for key in keys]  # type: ignore[arg-type]


def test_the_first_takes_the_loaded_model_and_the_others_what_the_user_chose(
    opened: Opened, open_line: OpenLine
) -> None:
    first = open_line(0)
    assert isinstance(opened.models[0], EllipseSegmenter)
    press(first, "more-blur", "mirror", "next-background")
    second = open_line(1)
    assert second is not None
    chosen = opened.settings[1]
    assert chosen.blur_strength == pytest.approx(Settings().blur_strength + BLUR_STEP)
    assert (chosen.mirror, chosen.background != "blur") == (True, True)
    assert second.pipeline.background.name.startswith(chosen.background)
    assert press(second, "mirror") == ["not mirrored"], "keys are for the one that is at work"
    for line in (first, second):
        assert line is not None
        line.close()


def test_after_two_failures_the_last_runtime_has_its_turn(opened: Opened, open_line: OpenLine) -> None:
    for given_up in range(3):
        line = open_line(given_up)
        assert line is not None
        line.close()
    assert [settings.runtime for settings in opened.settings] == ["auto", "auto", "opencv"]
    assert opened.models[1:] == [None, None]


def test_backgrounds_follow_each_other_and_one_that_is_gone_is_passed_over(
    opened: Opened, open_line: OpenLine
) -> None:
    line = open_line(0)
    assert opened.settings
    names = press(line, *["next-background"] * 12)
    assert "background: blur" in names
    assert len(set(names)) < len(names), "round and round"
    controls = PipelineControls(Settings(background="gone.jpg"), FORMAT)
    assert controls.apply("next-background") == "", "nothing to steer yet"
    assert line is not None
    assert isinstance(line.pipeline, Pipeline)
    controls.steer(line.pipeline)
    assert controls.apply("next-background") == "background: blur"
    for _ in range(len(shipped_backgrounds())):
        controls.apply("next-background")
    with pytest.raises(BackgroundError, match=r"gone\.jpg"):
        controls.apply("next-background")
    assert controls.apply("next-background") == "background: blur"
    line.close()


def test_the_blur_stays_within_its_range(opened: Opened, open_line: OpenLine) -> None:
    line = open_line(0)
    assert opened.settings
    assert press(line, *["more-blur"] * 9)[-1] == "blur strength: 100%"
    assert press(line, *["less-blur"] * 15)[-1] == "blur strength: 0%"
    press(line, "next-background")
    assert "the background is" in press(line, "more-blur")[0]
    assert line is not None
    line.close()


def test_a_model_has_looked_once_before_the_first_frame_and_remembers_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[str] = []

    class Noting(EllipseSegmenter):
        def segment(self, rgb: Rgb) -> Mask:
            looks.append("look")
            return super().segment(rgb)

        def reset(self) -> None:
            looks.append("reset")

    monkeypatch.setattr(
        lines,
        "open_pipeline",
        lambda *_, segmenter, live: open_pipeline(Settings(), FORMAT, live=live, segmenter=segmenter),
    )
    loading: Pending[Segmenter] = Pending(Noting, "loading")
    with loading:
        line = lines.open_lines(
            Settings(), FORMAT, LatencyMeter(), print, loading, keep=lambda *_: looks.append("kept")
        )(0)
    assert line is not None
    line.close()
    assert looks == ["look", "reset"]
