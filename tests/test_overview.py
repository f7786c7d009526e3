"""The overview of a batch: what was made, with names, on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media import flat, write_clip
from photos import load, save
from rimlight.batch import process_all
from rimlight.contact import Small, contact_sheet, small
from rimlight.errors import OutputExistsError, SeveralFailedError, UsageError
from rimlight.overview import write_overview
from rimlight.settings import Settings
from rimlight.sheet import GAP, LABEL, PANEL
from rimlight.types import Size

RED, GREEN, BLUE = (20, 30, 220), (30, 200, 40), (210, 60, 20)
STEP = PANEL.width + GAP


def plain(color: tuple[int, int, int], width: int = 64, height: int = 48) -> Any:
    return np.full((height, width, 3), color, np.uint8)


def middle(sheet: Any, column: int, row: int = 0) -> Any:
    """The colour in the middle of a picture of the sheet."""
    y = GAP + PANEL.height // 2 + row * (GAP + PANEL.height + LABEL)
    return sheet[y, GAP + column * STEP + PANEL.width // 2].astype(int)


def test_photos_and_clips_are_shown_with_their_names(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    cut = np.dstack([plain(BLUE), np.full((48, 64), 0, np.uint8)])
    made = [
        save(tmp_path / "a.png", plain(RED)),
        write_clip(tmp_path / "in" / "b.mp4", count=3, make=flat((235, 128, 128))),
        save(tmp_path / "c.png", cut),
    ]

    notes = write_overview(made, tmp_path / "sheet.png")

    sheet = load(tmp_path / "sheet.png")
    assert notes == []
    np.testing.assert_allclose(middle(sheet, 0), RED, atol=2)
    np.testing.assert_allclose(middle(sheet, 1), (255, 255, 255), atol=3)
    # Whatever is behind it: nothing is there.
    np.testing.assert_allclose(middle(sheet, 0, 1), (255, 255, 255))
    label = np.s_[GAP + PANEL.height : GAP + PANEL.height + LABEL, GAP : GAP + 100]
    assert sheet[label].max() > 200


def test_a_clip_is_shown_a_second_after_its_start(tmp_path: Path) -> None:
    def fading(number: int, size: Size) -> Any:
        return flat((min(235, 16 + 9 * number), 128, 128))(number, size)

    clip = write_clip(tmp_path / "a.mp4", count=50, make=fading)

    write_overview([clip], tmp_path / "sheet.png")

    assert middle(load(tmp_path / "sheet.png"), 0)[0] > 240


def test_what_cannot_be_shown_is_told_and_the_rest_is_shown(tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_bytes(b"no photo")
    (tmp_path / "frames").mkdir()
    made = [save(tmp_path / "a.png", plain(GREEN)), tmp_path / "b.jpg", tmp_path / "gone.mp4", tmp_path / "frames"]

    notes = write_overview(made, tmp_path / "sheet.jpg")

    assert [note.split(":")[0] for note in notes] == [
        f"sheet.jpg does not show {name}" for name in ("b.jpg", "gone.mp4", "frames")
    ]
    np.testing.assert_allclose(middle(load(tmp_path / "sheet.jpg"), 0), GREEN, atol=6)


def test_of_nothing_no_sheet_is_made(tmp_path: Path) -> None:
    assert write_overview([], tmp_path / "sheet.jpg") == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_a_sheet_is_a_picture(tmp_path: Path) -> None:
    photo = save(tmp_path / "a.png", plain(RED))
    with pytest.raises(OutputExistsError, match="--force"):
        write_overview([photo], photo)
    with pytest.raises(UsageError, match=r"--sheet sheet\.mp4"):
        write_overview([photo], tmp_path / "sheet.mp4")


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (5, 3, 2), (12, 4, 3), (100, 8, 13)])
def test_the_grid_is_sensible(count: int, columns: int, rows: int) -> None:
    one = small("a", plain(RED))
    height, width = contact_sheet([one] * count).shape[:2]

    assert width == GAP + columns * STEP
    assert height == GAP + rows * (GAP + PANEL.height + LABEL)


def test_long_names_stay_within_their_picture() -> None:
    name = "holiday-" * 30 + "1234.jpg"
    two = [Small(name, plain(RED)), Small("", plain(RED))]
    sheet = contact_sheet(two)
    label = sheet[GAP + PANEL.height + 2 : GAP + PANEL.height + LABEL - 2]

    assert (label[:, GAP + PANEL.width - 40 : GAP + PANEL.width] > 150).any()
    assert not (label[:, GAP + PANEL.width + 2 :] > 150).any()


def test_the_command_writes_one_of_a_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        save(tmp_path / "in" / name, plain(RED))
    (tmp_path / "in" / "c.jpg").write_bytes(b"no photo")
    settings = Settings(background="#143cb4")

    with pytest.raises(SeveralFailedError):
        process_all([tmp_path / "in"], tmp_path / "out", settings, sheet=tmp_path / "sheet.jpg")

    sheet = load(tmp_path / "sheet.jpg")
    assert sheet.shape[1] == GAP + 2 * STEP
    np.testing.assert_allclose(middle(sheet, 1), (180, 60, 20), atol=8)
    assert "sheet.jpg" not in capsys.readouterr().err


def test_a_sheet_that_cannot_be_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    photo = save(tmp_path / "a.png", plain(RED))
    with pytest.raises(UsageError, match="a sheet is a picture"):
        process_all([photo], tmp_path / "b.png", Settings(), sheet=tmp_path / "sheet.txt")
    assert not (tmp_path / "b.png").exists()
