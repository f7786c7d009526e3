"""Photos keep what they tell of camera, date and colours, and nothing that shows the room, or where it is."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from media import ellipse_pipeline
from photos import (
    Tag,
    ascii_tag,
    bytes_tag,
    exif,
    load,
    metadata,
    profile,
    read_exif,
    save,
    segment,
    short_tag,
    with_chunk,
    with_segments,
)
from rimlight.backgrounds.color import open_color
from rimlight.backgrounds.transparent import open_transparent
from rimlight.errors import ClipError
from rimlight.offline import Report
from rimlight.photo import kind_of, process_photo
from rimlight.picture import from_bgr
from rimlight.types import Frame

EXIF, ICC = cv2.IMAGE_METADATA_EXIF, cv2.IMAGE_METADATA_ICCP
MAKE, ORIENTATION, DATE, MAKER_NOTE, PREVIEW, POSITION = 0x010F, 0x0112, 0x9003, 0x927C, 0x0201, 0x8825
SECRET = b"this is what the room looked like"


def room(width: int = 160, height: int = 120) -> Any:
    y, x = np.mgrid[:height, :width]
    return np.dstack([60 + x * 80 // width, 90 + y * 90 // height, np.full_like(x, 130)]).astype(np.uint8)


def camera(orientation: int = 1) -> bytes:
    """As a phone writes it, with everything that gives a place or a room away."""
    return exif(
        [ascii_tag(MAKE, "Apple"), short_tag(ORIENTATION, orientation), bytes_tag(0x8649, SECRET)],
        [ascii_tag(DATE, "2026:01:02 03:04:05"), bytes_tag(MAKER_NOTE, SECRET * 3), bytes_tag(0x9286, SECRET)],
        [ascii_tag(0x0001, "N"), Tag(0x0002, 5, 3, struct.pack("<6I", 52, 1, 31, 1, 0, 1))],
        bytes(cv2.imencode(".jpg", room(16, 12))[1]) + SECRET,
    )


def telling_jpeg(path: Path) -> Path:
    """Previews in EXIF, XMP, Photoshop's blocks, JFIF's and a comment; a second picture and a film behind it."""
    jpeg = save(path, room()).read_bytes()
    second = with_segments(jpeg, segment(0xFE, SECRET))
    motion = struct.pack(">I4s", 8 + 3 * len(SECRET), b"mdat") + SECRET * 3
    path.write_bytes(
        with_segments(
            jpeg,
            segment(0xE0, b"JFXX\0\x10" + SECRET),
            segment(0xE1, b"Exif\0\0" + camera()),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<xmp:Thumbnails>" + SECRET),
            segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + SECRET),
            segment(0xED, b"Photoshop 3.0\x008BIM\x04\x0c\0\0" + struct.pack(">I", len(SECRET)) + SECRET),
            segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + SECRET),
            segment(0xFE, SECRET),
        )
        + second
        + motion
    )
    return path


def telling_png(path: Path) -> Path:
    png = save(path, room()).read_bytes()
    text = with_chunk(with_chunk(png, b"eXIf", camera()), b"tEXt", b"Thumbnail\0" + SECRET)
    path.write_bytes(with_chunk(text, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SECRET))
    return path


def process(path: Path, output: Path, **options: Any) -> Report:
    with ellipse_pipeline(options.pop("background", None) or open_color("#143cb4")) as pipeline:
        return process_photo(path, pipeline, output, **options)


@pytest.mark.parametrize("source", [telling_jpeg, telling_png])
@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_nothing_that_shows_the_room_is_passed_on(tmp_path: Path, source: Any, ending: str) -> None:
    path = source(tmp_path / f"a.{'png' if source is telling_png else 'jpg'}")
    assert path.read_bytes().count(SECRET) > 2
    output = tmp_path / f"b.{ending}"

    report = process(path, output)

    content = output.read_bytes()
    assert SECRET not in content
    assert content.count(b"\xff\xd8\xff") == (ending == "jpg")
    assert set(metadata(output)) == {EXIF}
    told = read_exif(metadata(output)[EXIF])
    assert told.pop(0x8769)
    assert told == {MAKE: b"Apple\0", DATE: b"2026:01:02 03:04:05\0", ORIENTATION: b"\1\0"}
    assert report.notes == (f"{path.name}: where it was taken (GPS) is left out",)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_once_mirrored_ones_too(tmp_path: Path, orientation: int) -> None:
    stored = room()
    path = save(tmp_path / "a.png", stored)
    path.write_bytes(with_chunk(path.read_bytes(), b"eXIf", camera(orientation)))
    upright = [
        stored, stored[:, ::-1], stored[::-1, ::-1], stored[::-1],
        stored.swapaxes(0, 1), np.rot90(stored, 3), stored[::-1, ::-1].swapaxes(0, 1), np.rot90(stored, 1),
    ][orientation - 1]  # fmt: skip

    process(path, tmp_path / "b.jpg", background=None)
    process(path, tmp_path / "c.png", background=open_transparent())

    got, cut = load(tmp_path / "b.jpg"), load(tmp_path / "c.png")
    assert got.shape == upright.shape
    body = cut[..., 3] == 255
    np.testing.assert_allclose(cut[body][:, :3].astype(int), upright[body], atol=8)
    np.testing.assert_allclose(got[body].astype(int), upright[body], atol=10)
    assert read_exif(metadata(tmp_path / "b.jpg")[EXIF])[ORIENTATION] == b"\1\0"


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_photo_in_display_p3_keeps_its_colours_and_its_background_gets_them(tmp_path: Path, ending: str) -> None:
    wide = profile()
    path = save(tmp_path / "a.png", room())
    content = cv2.imencodeWithMetadata(".png", room(), [ICC], [np.frombuffer(wide, np.uint8)])[1]
    path.write_bytes(bytes(content))
    output = tmp_path / f"b.{ending}"

    process(path, output, background=open_color("#ff0000"))

    assert metadata(output)[ICC] == wide
    got = load(output).astype(int)
    np.testing.assert_allclose(got[60, 80], room()[60, 80], atol=8)
    # sRGB's red in Display P3 (with a gamma of 2.2), blue first.
    np.testing.assert_allclose(got[5, 5], (40, 54, 233), atol=6)


def test_profiles_of_other_pixels_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    broken = bytearray(profile()[:200] + bytes(300))
    struct.pack_into(">I", broken, 0, len(broken))
    for held, notes in [
        (profile(space=b"CMYK"), ()),
        (bytes(broken), ("a.jpg: its colour profile is damaged and is left out",)),
    ]:
        jpeg = cv2.imencodeWithMetadata(".jpg", room(), [ICC], [np.frombuffer(held, np.uint8)])[1]
        (tmp_path / "a.jpg").write_bytes(bytes(jpeg))

        report = process(tmp_path / "a.jpg", tmp_path / "b.jpg", force=True)

        assert report.notes == notes
        assert metadata(tmp_path / "b.jpg") == {}


def test_damaged_exif_data_stop_no_photo_and_are_told(tmp_path: Path) -> None:
    for name, block in [("cut", camera()[:40]), ("nonsense", b"II*\0\xff\xff\xff\x7f"), ("none", b"")]:
        path = tmp_path / f"{name}.jpg"
        path.write_bytes(with_segments(save(path, room()).read_bytes(), segment(0xE1, b"Exif\0\0" + block)))

        report = process(path, tmp_path / f"{name}.png")

        damaged = f"{name}.jpg: some of its EXIF data are damaged and are left out"
        assert report.notes == ((damaged,) if block else ())
        assert load(tmp_path / f"{name}.png").shape == (120, 160, 3)


def test_tiff_files_tell_as_much(tmp_path: Path) -> None:
    told = Image.Exif()
    told[MAKE] = "Apple"
    told[0x010D] = SECRET.decode()
    Image.fromarray(np.ascontiguousarray(room()[..., ::-1])).save(tmp_path / "a.tif", exif=told)

    report = process(tmp_path / "a.tif", tmp_path / "b.jpg")

    assert report.notes == ()
    assert read_exif(metadata(tmp_path / "b.jpg")[EXIF])[MAKE] == b"Apple\0"
    assert SECRET in (tmp_path / "a.tif").read_bytes()
    assert SECRET not in (tmp_path / "b.jpg").read_bytes()


@pytest.mark.parametrize("size", [(1, 1), (160, 1), (1, 120), (17, 3)], ids=str)
def test_the_smallest_photos_come_out_at_their_size(tmp_path: Path, size: tuple[int, int]) -> None:
    path = save(tmp_path / "a.png", room(*size))
    process(path, tmp_path / "b.png")
    process(path, tmp_path / "c.png", background=open_transparent(), matte=tmp_path / "matte")

    assert load(tmp_path / "b.png").shape == (size[1], size[0], 3)
    assert load(tmp_path / "c.png").shape == (size[1], size[0], 4)
    assert load(tmp_path / "matte" / "000000.png").shape == (size[1], size[0])


def test_cmyk_and_palette_pictures_are_read(tmp_path: Path) -> None:
    rgb = Image.fromarray(np.ascontiguousarray(room()[..., ::-1]))
    rgb.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    rgb.quantize(64).save(tmp_path / "palette.png")
    for name in ("cmyk.jpg", "palette.png"):
        process(tmp_path / name, tmp_path / "b.png", force=True)
        np.testing.assert_allclose(load(tmp_path / "b.png")[60, 80].astype(int), room()[60, 80], atol=16)


def test_a_large_photo_is_refined_at_its_own_size(tmp_path: Path) -> None:
    """The edge of what is cut out is the picture's, not one of 384 pixels, scaled up."""
    side = 1400
    drawn = np.zeros((side, side), np.uint8)
    for center, axes in (((0.5, 0.42), (0.13, 0.22)), ((0.5, 1.0), (0.33, 0.42))):
        at, size = ([round(part * side) for part in pair] for pair in (center, axes))
        cv2.ellipse(drawn, at, size, 0, 0, 360, 255, cv2.FILLED, cv2.LINE_AA)
    share = drawn[..., None] / 255
    image = (share * (60, 160, 70) + (1 - share) * (150, 140, 150)).astype(np.uint8)
    path = save(tmp_path / "a.png", image)

    process(path, tmp_path / "b.png", background=open_transparent())

    alpha = load(tmp_path / "b.png")[..., 3]
    with ellipse_pipeline() as pipeline:
        scaled_up = pipeline.cut(Frame(from_bgr(image), 0.0, 0)).alpha
    refined, before = (np.abs(matte.astype(int) - drawn).mean() for matte in (alpha, scaled_up))
    assert refined < 0.4 * before


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"avif"])
def test_pictures_of_iphones_are_refused_with_a_way_out(tmp_path: Path, brand: bytes) -> None:
    for name in ("a.heic", "a.mp4"):
        path = tmp_path / name
        path.write_bytes(struct.pack(">I", 24) + b"ftyp" + brand + bytes(100))

        assert kind_of(path) == "photo"
        with pytest.raises(ClipError, match=r"HEIC or AVIF picture, which is not read\n.*JPEG"):
            process(path, tmp_path / "b.jpg")
