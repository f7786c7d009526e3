"""tools/measure_steps.py: the pieces that its tables are made of."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import leave_one_out as loo
import measure_steps
from rimlight.assemble import open_pipeline
from rimlight.figures import Figures
from rimlight.matted import Shot, find_matted
from rimlight.offline import true_part
from rimlight.scores import score_of
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.settings import Settings, Tuning
from rimlight.types import Mask, Plane, Rgb, Size, StreamFormat
from sittings import sitting
from takes import FILES, SITTER, Place, Raw, Remembering, Variant, load, places, scene_places, worth


class Counting(EllipseSegmenter):
    """Counts how often it is asked."""

    asked = 0

    def segment(self, rgb: Rgb) -> Mask:
        self.asked += 1
        return super().segment(rgb)


def place(name: str, group: str = "") -> Place:
    return Place(name, group or name, None)


def figures(biou: float = 0.8, mad: float = 8.0, dtssd: float | None = 1.0) -> Figures:
    return Figures(miou=0.98, biou=biou, mad=mad, mse=4.0, grad=3.0, conn=1.0, dtssd=dtssd)


def test_steps_lead_from_the_raw_model_to_what_files_get() -> None:
    first, *others = measure_steps.steps().values()

    assert first.raw
    assert not any(variant.raw for variant in others)
    assert others[-1].tuning == FILES


def test_each_step_changes_something_and_nothing_is_on_at_first() -> None:
    first, *others = (variant.tuning for variant in measure_steps.steps().values())

    assert [name for name, value in first if value is True] == []
    assert [tuning for tuning, before in zip(others[1:], others, strict=False) if tuning == before] == []


def test_a_clip_is_worth_what_eval_says(tmp_path: Path) -> None:
    sitting(tmp_path / "clips" / "walk-a")
    (where,) = places(tmp_path / "clips")

    (found,) = worth(where, [Variant(FILES)], 1)

    (matted,) = find_matted(tmp_path / "clips")
    take = load(where)
    with open_pipeline(Settings(background="#00b140"), StreamFormat(take.size, Fraction(30))) as pipeline:

        def matte(shot: Shot) -> Plane:
            return true_part(pipeline.process(shot.frame).alpha, shot.size, mirrored=False)

        score, _ = score_of(matted, matte, lambda _: None)
    assert tuple(found) == pytest.approx(tuple(score.figures))


def test_raw_masks_are_measured_as_they_are(tmp_path: Path) -> None:
    sitting(tmp_path / "walk-a")
    (where,) = places(tmp_path)

    raw, made = worth(where, [Variant(Tuning(views=1), raw=True), Variant(Tuning(views=1))], 1)

    assert raw.mad > made.mad
    assert Raw(EllipseSegmenter()).is_matte


def test_the_model_is_asked_once_for_each_picture() -> None:
    model = Counting(Size(8, 8))
    black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)

    with Remembering(model) as segmenter:
        answers = [segmenter.segment(rgb) for rgb in (black, white, black)]
        answers[0][:] = 2

        assert model.asked == 2
        assert segmenter.segment(black).max() <= 1, "whoever asks may write into the answer"


def test_scenes_begin_with_a_warm_up() -> None:
    take = load(next(scene for scene in scene_places() if scene.name == "plain"))

    assert len(take.frames) == len(take.truths)
    assert 0 < take.start < len(take.frames)


def test_groups_of_two_come_first_and_scenes_last() -> None:
    where = [
        place("busy", SITTER),
        place("far", SITTER),
        place("desk-a", "desk"),
        place("keyed-a", "keyed"),
        place("keyed-b", "keyed"),
    ]

    names = {name: [one.name for one in those] for name, those in measure_steps.grouped(where).items()}

    assert list(names.items()) == [
        ("keyed", ["keyed-a", "keyed-b"]),
        ("the others", ["desk-a"]),
        (SITTER, ["busy", "far"]),
    ]


def test_the_table_has_a_row_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    found = {place("desk-a", "desk"): [figures(mad=8), figures(mad=6, dtssd=None)]}

    measure_steps.print_steps(found, ["model alone", "+ filter"], [10.0, 12.0])

    assert capsys.readouterr().out.splitlines()[2:] == [
        "| model alone | 0.980 | 0.800 | 8.0 | 1.00 | 10.0 |",
        "| + filter | 0.980 | 0.800 | 6.0 | - | 12.0 |",
    ]


def test_scenes_have_a_table_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    found = {place("desk-a", "desk"): [figures()], place("busy", SITTER): [figures(mad=20)]}

    measure_steps.print_scenes(found, ["model alone"])

    assert capsys.readouterr().out.splitlines()[2:] == ["| busy | 20.0 |"]


def test_times_are_of_each_variant() -> None:
    raw, two = Variant(Tuning(views=1), raw=True), Variant(Tuning(views=2))

    assert len(measure_steps.milliseconds([raw, two], 0.05)) == 2


def worth_of(good: int, **also: float) -> list[Figures]:
    """Of every choice: the same but for one that is better, and what else is told of the one that ships."""
    found = [figures() for _ in loo.grid()]
    found[loo.grid().index(loo.shipped())] = figures(**also)
    found[good] = figures(mad=4.0)
    return found


def test_what_ships_is_among_the_choices() -> None:
    assert loo.shipped() in loo.grid()
    assert loo.shipped().tuning == FILES
    assert len(set(loo.grid())) == len(loo.grid())


def test_choices_are_made_by_those_that_are_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [place("desk-a", "desk"), place("keyed-a", "keyed"), place("keyed-b", "keyed")]
    scenes = [place("busy", SITTER)]
    worth_by_place = dict(zip([*clips, *scenes], [worth_of(1), worth_of(2), worth_of(2), worth_of(3)], strict=True))
    monkeypatch.setattr(loo, "worths", lambda *_: worth_by_place)

    loo.leave_one_out(clips, scenes, 1)

    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    chosen = [" | ".join(row[1:5]) for row in rows]
    names = [str(choice) for choice in loo.grid()]
    assert [row[0] for row in rows[:2]] == ["| desk", "| keyed"]
    assert chosen[:2] == [names[2], names[1]], "what is best for the others"
    assert chosen[4:] == [names[3], names[2]], "what is best for scenes, for clips"
    assert rows[0][6] == "8.0 / 8.0"


def test_the_table_ends_with_mean_and_worst(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [place("desk-a", "desk"), place("room-a", "room")]
    worth_by_place = {
        clips[0]: worth_of(1, mad=6.0),
        clips[1]: worth_of(2, mad=9.0),
        place("busy", SITTER): worth_of(3),
    }
    monkeypatch.setattr(loo, "worths", lambda *_: worth_by_place)

    loo.leave_one_out(clips, [place("busy", SITTER)], 1)

    mean, worst = capsys.readouterr().out.splitlines()[4:6]
    assert "+0.5 |" in mean, "8 where 6 ships, 8 where 9 ships"
    assert "+2.0 |" in worst


def test_a_tenth_less_of_any_error_counts_the_same() -> None:
    usual = loo.badness(figures())

    gains = [usual - loo.badness(better) for better in (figures(biou=0.82), figures(mad=7.2), figures(dtssd=0.9))]

    assert gains == pytest.approx([gains[0]] * 3)
    assert gains[0] > 0
