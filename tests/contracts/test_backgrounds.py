"""What every background owes: `Background` in types.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from rimlight.assemble import open_background, shipped_backgrounds
from rimlight.errors import BackgroundError
from rimlight.picture import reduced, shrink
from rimlight.protocols import Background
from rimlight.types import Alpha, Color, Cut, Picture, Size, StreamFormat

SIZES = [Size(160, 90), Size(90, 160), Size(2, 2), Size(322, 178)]
COLORS = [Color(), Color("bt709", True)]
KINDS = ["blur", "color", "still", "shipped", "clip", "transparent"]


def words(kind: str, folder: Path) -> str:
    """What a user writes for this kind of background."""
    bgr = np.random.default_rng(0).integers(0, 256, (60, 100, 3), np.uint8)
    if kind == "still":
        cv2.imwrite(str(folder / "still.png"), bgr)
        return str(folder / "still.png")
    if kind == "clip":
        from media import write_clip

        return str(write_clip(folder / "loop.mp4"))
    return {"color": "#336699", "shipped": next(iter(shipped_backgrounds()))}.get(kind, kind)


@pytest.fixture(params=KINDS)
def open_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Size, Color], Background]:
    text = words(request.param, tmp_path)
    return lambda size, color: open_background(text, 0.5, StreamFormat(size, Fraction(30), color))


def cut(picture: Picture, alpha: Alpha, at: float = 0.0) -> Cut:
    planes = reduced(picture, 480)
    return Cut(picture, alpha, planes, Alpha(shrink(alpha, planes.size)), at)


def scene(size: Size, color: Color) -> tuple[Picture, Alpha]:
    picture = Picture(
        np.random.default_rng(1).integers(0, 256, (size.height * 3 // 2, size.width), np.uint8), color
    )
    alpha = np.zeros((size.height, size.width), np.uint8)
    alpha[size.height // 3 :, size.width // 3 : -(size.width // 3)] = 255
    return picture, Alpha(alpha)


@pytest.mark.parametrize("color", COLORS, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_plate_fits_the_picture(open_kind: Callable[[Size, Color], Background], size: Size, color: Color) -> None:
    picture, alpha = scene(size, color)
    before = picture.i420.copy()
    with open_kind(size, color) as background:
        for at in (0.0, 0.04, 5.0, 0.0):
            plate = background.plate(cut(picture, alpha, at))
            assert plate.size == size
            assert plate.color == color
        assert background.name
        background.close()
    assert np.array_equal(picture.i420, before)
    assert not np.shares_memory(plate.i420, picture.i420)


@pytest.mark.parametrize("share", [0, 255])
def test_nobody_and_nothing_but_person_are_no_trouble(
    open_kind: Callable[[Size, Color], Background], share: int
) -> None:
    picture, alpha = scene(SIZES[0], Color())
    alpha[:] = share
    with open_kind(SIZES[0], Color()) as background:
        assert background.plate(cut(picture, alpha)).size == SIZES[0]


def test_the_person_is_not_in_the_plate(open_kind: Callable[[Size, Color], Background]) -> None:
    size = Size(320, 180)
    picture, alpha = scene(size, Color())
    with open_kind(size, Color()) as background:
        plain = background.plate(cut(picture, alpha)).i420.copy()
        for plane, share in zip(picture.planes, (alpha, alpha[::2, ::2], alpha[::2, ::2]), strict=True):
            plane[share == 255] = 255
        # Chroma of half the size reaches a pixel out of the person: 2 of 255 levels in the blur, and no more.
        assert np.abs(background.plate(cut(picture, alpha)).i420.astype(int) - plain).max() <= 2


@pytest.mark.parametrize("text", ["no-such-thing", "#12", "#gggggg", "missing.jpg", ""])
def test_what_is_no_background_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(BackgroundError) as caught:
        open_background(text, 0.5, StreamFormat(SIZES[0], Fraction(30)))
    assert caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nbroken", b"just text"])
def test_an_unreadable_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "office.png"
    path.write_bytes(content)
    with pytest.raises(BackgroundError, match=r"office\.png"):
        open_background(str(path), 0.5, StreamFormat(SIZES[0], Fraction(30)))


def test_blur_leaves_no_detail_and_grows_with_strength() -> None:
    size = Size(640, 360)
    picture = Picture(np.random.default_rng(1).integers(0, 256, (size.height * 3 // 2, size.width), np.uint8))
    nobody = Alpha(np.zeros((size.height, size.width), np.uint8))
    spreads = []
    for strength in (0.0, 0.5, 1.0):
        background = open_background("blur", strength, StreamFormat(size, Fraction(30)))
        spreads.append(float(background.plate(cut(picture, nobody)).y.std()))
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[0] < 0.25 * float(picture.y.std())


def test_a_photograph_is_turned_as_its_orientation_says(tmp_path: Path) -> None:
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, :40] = 255
    jpeg = cv2.imencode(".jpg", wide)[1].tobytes()
    orientation = bytes.fromhex("0112 0003 00000001 0006 0000")  # tag, short, one of them, 6: turn right
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + orientation + bytes(4)
    turned = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    path = tmp_path / "phone.jpg"
    path.write_bytes(turned)
    size = Size(40, 80)
    with open_background(str(path), 0.5, StreamFormat(size, Fraction(30))) as background:
        plate = background.plate(cut(*scene(size, Color())))
    assert plate.y[:30].mean() > 200
    assert plate.y[50:].mean() < 50


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    yield
    cv2.utils.logging.setLogLevel(level)
