"""Photos: own size, right way up, alpha where the file carries it, and nothing of the room behind it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media import ellipse_pipeline, write_clip
from rimlight.backgrounds.color import open_color
from rimlight.backgrounds.transparent import open_transparent
from rimlight.errors import ClipError, DiskError, OutputExistsError, SinkError, UsageError
from rimlight.offline import Report
from rimlight.photo import kind_of, process_photo
from rimlight.protocols import Background

BLUE = (180, 60, 20)  # BGR


def room(width: int = 160, height: int = 120) -> Any:
    """Something smooth and coloured, brighter to the right and to the bottom."""
    y, x = np.mgrid[:height, :width]
    return np.stack([60 + x * 80 // width, 90 + y * 90 // height, np.full_like(x, 130)], axis=-1).astype(np.uint8)


def save(path: Path, image: Any, *params: int) -> Path:
    path.write_bytes(bytes(cv2.imencode(path.suffix, image, params)[1]))
    return path


def load(path: Path) -> Any:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


def process(path: Path, output: Path, background: Background | None = None, **options: Any) -> Report:
    mirror = options.pop("mirror", False)
    with ellipse_pipeline(background or open_color("#143cb4"), mirror=mirror) as pipeline:
        return process_photo(path, pipeline, output, **options)


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "png", "webp"])
@pytest.mark.parametrize("size", [(160, 120), (161, 119)])
def test_the_person_stays_and_the_room_goes(tmp_path: Path, ending: str, size: tuple[int, int]) -> None:
    path = save(tmp_path / f"Grüße 1.{ending}", room(*size))
    output = tmp_path / f"größer.{ending}"

    report = process(path, output)

    got = load(output)
    assert report == Report(1, 0.0)
    assert got.shape == (size[1], size[0], 3)
    np.testing.assert_allclose(got[5, 5].astype(int), BLUE, atol=4)
    middle = np.s_[size[1] // 2, size[0] // 2]
    np.testing.assert_allclose(got[middle].astype(int), room(*size)[middle], atol=8)
    assert sorted(f.name for f in tmp_path.iterdir()) == sorted([path.name, output.name])


@pytest.mark.parametrize("ending", ["png", "webp"])
def test_transparent_gives_straight_colours_and_hides_the_room(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path / "a.png", room())

    report = process(path, tmp_path / f"b.{ending}", open_transparent())

    got = load(tmp_path / f"b.{ending}")
    assert report.notes == ()
    assert got.shape == (120, 160, 4)
    alpha = got[..., 3]
    assert (alpha[5, 5], alpha[60, 80]) == (0, 255)
    edge = (alpha > 60) & (alpha < 200)
    assert edge.any()
    if ending == "png":
        assert not got[alpha == 0].any()
        # Straight: at the edge as bright as the person, not darkened by alpha.
        np.testing.assert_allclose(got[edge][:, :3].astype(int), room()[edge], atol=12)


def test_jpeg_cannot_be_transparent_and_says_so(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", room())

    report = process(path, tmp_path / "b.jpg", open_transparent())

    assert report.notes == ("b.jpg: JPEG carries no alpha, so the background is key green",)
    np.testing.assert_allclose(load(tmp_path / "b.jpg")[5, 5].astype(int), (64, 177, 0), atol=4)


def exif(orientation: int) -> bytes:
    return b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x112, 3, 1, orientation, 0, 0)


@pytest.mark.parametrize(("orientation", "turned"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_photos_are_turned_upright_once(tmp_path: Path, orientation: int, turned: int) -> None:
    path = save(tmp_path / "a.jpg", room(), cv2.IMWRITE_JPEG_QUALITY, 100)
    plain = path.read_bytes()
    block = b"Exif\0\0" + exif(orientation)
    path.write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + plain[2:])

    process(path, tmp_path / "b.png")

    got, upright = load(tmp_path / "b.png"), np.rot90(room(), turned)
    assert got.shape == upright.shape
    y, x = upright.shape[0] // 2, upright.shape[1] // 2
    np.testing.assert_allclose(got[y, x].astype(int), upright[y, x], atol=8)
    np.testing.assert_allclose(got[y + 10, x + 10].astype(int), upright[y + 10, x + 10], atol=8)


def with_alpha(alpha: int, dtype: type = np.uint8) -> Any:
    image = np.dstack([room(), np.full((120, 160), alpha, np.uint8)])
    return image if dtype is np.uint8 else image.astype(np.uint16) * 257


@pytest.mark.parametrize(
    ("image", "middle"),
    [
        (room().astype(np.uint16) * 257, room()[60, 80]),
        (room()[..., 1], [room()[60, 80, 1]] * 3),
        (with_alpha(255), room()[60, 80]),
        (with_alpha(0), [255, 255, 255]),
        (with_alpha(0, np.uint16), [255, 255, 255]),
    ],
    ids=["16 bit", "gray", "opaque", "transparent", "16 bit transparent"],
)
def test_all_kinds_of_png_are_read(tmp_path: Path, image: Any, middle: Any) -> None:
    path = save(tmp_path / "a.png", image)

    process(path, tmp_path / "b.png")

    np.testing.assert_allclose(load(tmp_path / "b.png")[60, 80].astype(int), middle, atol=8)


def test_a_mirrored_odd_photo_keeps_its_own_pixels(tmp_path: Path) -> None:
    image = room(161, 119)
    path = save(tmp_path / "a.png", image)

    process(path, tmp_path / "b.png", open_transparent(), mirror=True)

    got = load(tmp_path / "b.png")
    body = got[..., 3] == 255
    np.testing.assert_allclose(got[body][:, :3].astype(int), image[:, ::-1][body], atol=8)


@pytest.mark.parametrize("matte", ["matte", "matte.mkv"])
def test_the_matte_is_written_beside(tmp_path: Path, matte: str) -> None:
    path = save(tmp_path / "a.png", room(161, 119))

    process(path, tmp_path / "b.png", open_transparent(), matte=tmp_path / matte)

    if matte == "matte":
        assert [f.name for f in (tmp_path / matte).iterdir()] == ["000000.png"]
        np.testing.assert_array_equal(load(tmp_path / matte / "000000.png"), load(tmp_path / "b.png")[..., 3])
    else:
        assert (tmp_path / matte).stat().st_size > 100


def test_no_photos_are_refused(tmp_path: Path) -> None:
    whole = save(tmp_path / "a.jpg", room()).read_bytes()
    for name, data, says in [
        ("gone.jpg", None, "No such file"),
        ("empty.jpg", b"", r"empty \(0 bytes\)"),
        ("notes.jpg", b"Dear diary", r"no picture, or is damaged or cut off \(10 bytes\)"),
        ("cut.jpg", whole[: len(whole) // 2], "damaged or cut off"),
        ("cut.png", save(tmp_path / "a.png", room()).read_bytes()[:-20], "damaged or cut off"),
        ("cut.webp", save(tmp_path / "a.webp", room()).read_bytes()[:-30], "damaged or cut off"),
    ]:
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(ClipError, match=says):
            process(tmp_path / name, tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()


def test_a_cut_off_png_is_refused_in_our_words_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "a.png", room())
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(ClipError):
        process(path, tmp_path / "b.png")

    assert capfd.readouterr() == ("", "")


def test_outputs_that_cannot_be_are_refused_before_work_is_done(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", room())
    (tmp_path / "b.png").write_text("dear")

    with pytest.raises(UsageError, match=r"out\.mp4.*\n.*\.png"):
        process(path, tmp_path / "out.mp4")
    with pytest.raises(OutputExistsError, match="--force"):
        process(path, tmp_path / "b.png")
    with pytest.raises(UsageError, match="is the input itself"):
        process(path, path, force=True)
    with pytest.raises(DiskError, match="mkdir"):
        process(path, tmp_path / "gone" / "b.png")
    with pytest.raises(DiskError, match=r"/proc/self/b\.png"):
        process(path, Path("/proc/self/b.png"))
    assert (tmp_path / "b.png").read_text() == "dear"

    process(path, tmp_path / "b.png", force=True)
    assert load(tmp_path / "b.png").shape == (120, 160, 3)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_a_photo_too_large_for_its_format_says_so(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.zeros((4, 17000, 3), np.uint8))

    with pytest.raises(SinkError, match=r"17000x4 cannot be written as \.webp"):
        process(path, tmp_path / "b.webp")

    assert [f.name for f in tmp_path.iterdir()] == ["a.png"]


def test_files_are_known_by_their_content_then_by_their_name(tmp_path: Path) -> None:
    for name, kind in [("a.jpg", "photo"), ("a.png", "photo"), ("a.webp", "photo"), ("a.bmp", "photo")]:
        assert kind_of(save(tmp_path / name, room())) == kind
        if not name.endswith("bmp"):
            assert kind_of((tmp_path / name).rename(tmp_path / "disguised.mp4")) == kind
    assert kind_of(write_clip(tmp_path / "a.mp4", count=1)) == "video"
    assert kind_of(tmp_path / "gone.mp4") == "video"
    assert kind_of(tmp_path / "gone.jpg") == "photo"
    assert kind_of(tmp_path) == "video"


def test_a_large_photo_gets_its_alpha_in_little_memory(tmp_path: Path) -> None:
    """Pictures of that size were held three times beside what is written."""
    import tracemalloc

    path = save(tmp_path / "a.png", np.dstack([room(2404, 1804), np.full((1804, 2404), 200, np.uint8)]))
    process(path, tmp_path / "b.png", open_transparent())
    tracemalloc.start()
    process(path, tmp_path / "b.png", open_transparent(), force=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # 15.7 bytes a pixel; it was 23.7.
    assert peak < 19 * 2404 * 1804
