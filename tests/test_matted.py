"""Folders of clips and photos with mattes: what is found in them, in which order, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media import write_clip
from rimlight.errors import ClipError, UsageError
from rimlight.matted import LAYOUTS, MATTES, PICTURES, find_matted, read_matte, shots
from rimlight.types import Size

SIZE = Size(64, 48)


def save(path: Path, level: int = 200, size: Size = SIZE, dtype: Any = np.uint8) -> Path:
    """A gray picture of one level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((size.height, size.width), level, dtype))
    return path


def names(folder: Path) -> list[str]:
    return [one.name for one in find_matted(folder)]


def clip(folder: Path, count: int = 3) -> Path:
    """A video of `count` frames and as many mattes."""
    for number in range(count):
        save(folder / "alpha" / f"{number:06d}.png")
    return write_clip(folder / "clip.mp4", count=count, size=SIZE)


def test_a_video_beside_mattes_is_a_clip(tmp_path: Path) -> None:
    for name in ("walk-b", "walk-a", "sit"):
        clip(tmp_path / name)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "walk-a" / "notes.txt").write_text("mine")
    found = find_matted(tmp_path)
    assert [(one.name, one.group, one.is_photo) for one in found] == [
        ("sit", "sit", False),
        ("walk-a", "walk", False),
        ("walk-b", "walk", False),
    ]
    assert found[1].pictures == (tmp_path / "walk-a" / "clip.mp4",)
    assert [path.name for path in found[1].mattes] == ["000000.png", "000001.png", "000002.png"]


def test_one_clip_itself_may_be_named(tmp_path: Path) -> None:
    clip(tmp_path / "walk-a")
    assert names(tmp_path / "walk-a") == ["walk-a"]


def test_links_to_clips_are_clips_and_links_back_are_not_followed(tmp_path: Path) -> None:
    clip(tmp_path / "all" / "walk-a")
    some = tmp_path / "some"
    some.mkdir()
    (some / "mine").symlink_to(tmp_path / "all" / "walk-a")
    (some / "back").symlink_to(some)
    assert names(some) == ["mine"]


@pytest.mark.parametrize("pictures", PICTURES)
@pytest.mark.parametrize("mattes", MATTES)
def test_folders_of_equal_names_are_photos(tmp_path: Path, pictures: str, mattes: str) -> None:
    for name in ("anna", "bert", "7"):
        save(tmp_path / "set" / pictures / f"{name}.jpg")
        save(tmp_path / "set" / mattes / f"{name}.png")
    found = find_matted(tmp_path)
    assert [(one.name, one.group, one.is_photo) for one in found] == [
        (f"set/{name}", "set", True) for name in ("7", "anna", "bert")
    ]
    assert names(tmp_path / "set") == ["7", "anna", "bert"]


def test_numbered_pictures_are_frames_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in range(8, 12):
        save(tmp_path / "walk" / "com" / f"{number}.jpg", level=number * 20)
        save(tmp_path / "walk" / "pha" / f"{number}.png")
    (found,) = find_matted(tmp_path)
    assert (found.name, found.is_photo) == ("walk", False)
    assert [path.stem for path in found.pictures] == ["8", "9", "10", "11"]
    assert [path.stem for path in found.mattes] == ["8", "9", "10", "11"]
    seen = list(shots(found))
    assert [shot.frame.index for shot in seen] == [0, 1, 2, 3]
    assert [shot.frame.at for shot in seen] == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])
    assert [int(shot.frame.picture.y[0, 0]) for shot in seen] == pytest.approx([160, 180, 200, 220], abs=2)
    assert find_matted(tmp_path / "walk")[0].name == "walk"


def test_numbers_with_gaps_are_names(tmp_path: Path) -> None:
    for number in (3, 5):
        save(tmp_path / "image" / f"{number}.jpg")
        save(tmp_path / "alpha" / f"{number}.png")
    assert [one.is_photo for one in find_matted(tmp_path)] == [True, True]


def test_a_folder_for_each_clip_within_both(tmp_path: Path) -> None:
    """As the benchmark of RobustVideoMatting is laid out."""
    for name in ("0000", "0001"):
        for number in range(3):
            save(tmp_path / "motion" / "com" / name / f"{number:04d}.png")
            save(tmp_path / "motion" / "pha" / name / f"{number:04d}.png")
    save(tmp_path / "motion" / "fgr" / "0000" / "0000.png")
    found = find_matted(tmp_path)
    assert [(one.name, one.group, len(one.mattes)) for one in found] == [
        ("motion/0000", "motion", 3),
        ("motion/0001", "motion", 3),
    ]


def test_what_is_hidden_is_not_looked_at(tmp_path: Path) -> None:
    clip(tmp_path / "walk")
    clip(tmp_path / ".trash")
    save(tmp_path / "walk" / "alpha" / "._000000.png")
    (tmp_path / "walk" / "._clip.mp4").write_bytes(b"x")
    (found,) = find_matted(tmp_path)
    assert len(found.mattes) == 3
    assert found.pictures[0].name == "clip.mp4"


def test_nothing_is_answered_with_the_layouts(tmp_path: Path) -> None:
    save(tmp_path / "holiday" / "beach.jpg")
    with pytest.raises(UsageError) as told:
        find_matted(tmp_path)
    assert str(tmp_path) in told.value.what
    assert LAYOUTS in told.value.hint
    for name in (*MATTES, *PICTURES):
        assert name in LAYOUTS


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="nowhere"):
        find_matted(tmp_path / "nowhere")


def test_partners_that_are_missing_are_named(tmp_path: Path) -> None:
    for name in ("anna", "bert", "carl"):
        save(tmp_path / "image" / f"{name}.jpg")
    for name in ("anna", "dora"):
        save(tmp_path / "alpha" / f"{name}.png")
    with pytest.raises(ClipError, match=r"3 pictures.* 2 mattes") as told:
        find_matted(tmp_path)
    assert "bert, carl, dora" in told.value.hint
    assert "anna" not in told.value.hint


def test_a_folder_without_a_partner_is_named(tmp_path: Path) -> None:
    save(tmp_path / "com" / "0000" / "a.png")
    for name in ("0000", "0001"):
        save(tmp_path / "pha" / name / "a.png")
    with pytest.raises(ClipError, match=r"0001.* missing"):
        find_matted(tmp_path)


@pytest.mark.parametrize("videos", [0, 2])
def test_mattes_need_one_video_or_pictures(tmp_path: Path, videos: int) -> None:
    save(tmp_path / "walk" / "alpha" / "000000.png")
    for number in range(videos):
        write_clip(tmp_path / "walk" / f"take{number}.mp4", count=1)
    with pytest.raises(ClipError, match=f"{videos} videos") as told:
        find_matted(tmp_path)
    assert "com, merged, image" in told.value.hint


def test_shots_of_a_video_are_its_frames_with_their_true_size(tmp_path: Path) -> None:
    save(tmp_path / "alpha" / "0.png")
    write_clip(tmp_path / "clip.mov", codec="mpeg4", size=Size(63, 47), count=3)
    (found,) = find_matted(tmp_path)
    seen = list(shots(found))
    assert [shot.size for shot in seen] == [Size(63, 47)] * 3
    assert [shot.frame.at for shot in seen] == pytest.approx([0, 0.04, 0.08])
    assert {shot.frame.picture.size for shot in seen} == {Size(64, 48)}


def test_photos_may_be_odd(tmp_path: Path) -> None:
    save(tmp_path / "image" / "a.png", size=Size(33, 21))
    save(tmp_path / "alpha" / "a.png", size=Size(33, 21))
    (shot,) = shots(find_matted(tmp_path)[0])
    assert (shot.size, shot.frame.picture.size) == (Size(33, 21), Size(34, 22))


def test_a_matte_of_sixteen_bits_or_of_colours_is_read_as_eight_of_gray(tmp_path: Path) -> None:
    assert (read_matte(save(tmp_path / "deep.png", 65535, dtype=np.uint16), SIZE) == 255).all()
    cv2.imwrite(str(tmp_path / "gray.png"), np.full((SIZE.height, SIZE.width, 3), 90, np.uint8))
    read = read_matte(tmp_path / "gray.png", SIZE)
    assert read.shape == (SIZE.height, SIZE.width)
    assert read.dtype == np.uint8
    assert (read == 90).all()


@pytest.mark.parametrize("content", [b"", b"no picture at all", None])
def test_a_matte_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "000007.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ClipError, match=r"000007\.png"):
        read_matte(path, SIZE)


def test_a_matte_of_another_size_is_told_with_both(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"60x40.*64x48"):
        read_matte(save(tmp_path / "a.png", size=Size(60, 40)), SIZE)
