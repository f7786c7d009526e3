"""Pictures that are damaged or made to do harm: what they would take is known before they are decoded."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile.seeds import picture_seeds
from hostile.spoil import PNG, summed
from rimlight.backgrounds.still import open_still
from rimlight.errors import BackgroundError, ClipError, RimlightError
from rimlight.matted import read_matte
from rimlight.photo import kind_of, read_photo
from rimlight.picture_file import LONGEST_SIDE, MOST_BYTES, MOST_PIXELS, header_of, read_picture
from rimlight.plain_file import check_plain, read_plain
from rimlight.types import Size

READERS: list[Callable[[Path], object]] = [read_photo, lambda path: read_matte(path, Size(48, 32)), open_still]
NAMES = ["photo", "matte", "background"]
SMALL = np.full((32, 48, 3), 90, np.uint8)


def encoded(ending: str, image: Any = SMALL, *how: int) -> bytes:
    content: bytes = cv2.imencode(ending, image, how)[1].tobytes()
    return content


def png(width: int, height: int, bits: int = 8, color: int = 2, data: bytes = b"") -> bytes:
    """A PNG of that size, all black as far as its data go."""
    blocks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)),
        (b"IDAT", zlib.compress(data)),
        (b"IEND", b""),
    ]
    return PNG + b"".join(
        struct.pack(">I", len(held)) + kind + held + zlib.crc32(kind + held).to_bytes(4, "big")
        for kind, held in blocks
    )


def jpeg(width: int, height: int) -> bytes:
    """A small one whose header says another size."""
    data = bytearray(encoded(".jpg"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def bmp(width: int, height: int) -> bytes:
    data = bytearray(encoded(".bmp"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def webp(width: int, height: int) -> bytes:
    """Says its size as large ones with alpha do."""
    body = (
        b"VP8X"
        + struct.pack("<II", 10, 0x10)
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def tiff(width: int, height: int, **more: int) -> bytes:
    """Without pixels: the header alone."""
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 1}
    tags |= {int(tag[1:]): value for tag, value in more.items()}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


MAKERS = {".png": png, ".jpg": jpeg, ".bmp": bmp, ".webp": webp, ".tif": tiff}


@pytest.mark.parametrize("read", READERS, ids=NAMES)
@pytest.mark.parametrize("ending", MAKERS)
@pytest.mark.parametrize("size", [(LONGEST_SIDE + 1, 2), (2, LONGEST_SIDE + 1), (12000, 12000)], ids=str)
def test_a_bomb_is_refused_by_what_its_header_says(
    tmp_path: Path, ending: str, size: tuple[int, int], read: Callable[[Path], object]
) -> None:
    path = tmp_path / f"bomb{ending}"
    path.write_bytes(MAKERS[ending](*size))

    with pytest.raises(RimlightError) as caught:
        read(path)

    told = caught.value.what
    assert "{}x{} pixels".format(*size) in told
    assert f"{MOST_PIXELS // 10**6} megapixels and {LONGEST_SIDE} pixels a side" in told


@pytest.mark.parametrize("ending", MAKERS)
def test_nothing_is_decoded_before_its_size_is_known(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"bomb{ending}"
    path.write_bytes(MAKERS[ending](12000, 12000))
    for decoder in ("imdecode", "imdecodeWithMetadata"):
        monkeypatch.setattr(cv2, decoder, lambda *_: pytest.fail("decoded"))

    with pytest.raises(ClipError, match="144 megapixels"):
        read_photo(path)


def test_the_largest_that_is_read_is_read(tmp_path: Path) -> None:
    wide = tmp_path / "wide.png"
    wide.write_bytes(encoded(".png", np.zeros((2, LONGEST_SIDE), np.uint8)))

    assert read_photo(wide).shape == (2, LONGEST_SIDE, 3)
    with open_still(wide) as background:
        assert background.name == "wide.png"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (png(10000, 10000, 16, 6), "would take 762 MB"),
        (tiff(10000, 10000, _258=64, _277=4), "would take 3051 MB"),
        (tiff(64, 64, _322=1 << 20, _323=1 << 20), "1048576x1048576 pixels"),
        (tiff(64, 64, _278=1 << 30), "64x1073741824 pixels"),
    ],
    ids=["deep png", "deep tiff", "tile", "strip"],
)
def test_depth_tiles_and_strips_count(
    tmp_path: Path, content: bytes, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rimlight.picture_file._MOST_DECODED", 1 << 29)
    path = tmp_path / "a.png"
    path.write_bytes(content)

    with pytest.raises(ClipError, match=says):
        read_picture(path)


def test_a_png_whose_block_is_longer_than_the_file_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the fuzzer: OpenCV 5.0 took 2.9 GB for a file of 45 bytes."""
    whole = png(48, 32)
    path = tmp_path / "a.png"
    path.write_bytes(whole[:33] + b"\xae\x42\x60\x82" + whole[-8:])
    for decoder in ("imdecode", "imdecodeWithMetadata"):
        monkeypatch.setattr(cv2, decoder, lambda *_: pytest.fail("decoded"))

    with pytest.raises(ClipError, match="damaged or cut off"):
        read_photo(path)


def test_a_jpeg_of_a_thousand_scans_is_refused(tmp_path: Path) -> None:
    """Each scan goes through all pixels, and costs some bytes where nothing in it changes."""
    image = np.zeros((4000, 4000), np.uint8)
    data = encoded(".jpg", image, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    last = data.rindex(b"\xff\xda")
    path = tmp_path / "a.jpg"
    path.write_bytes(data[:last] + data[last:-2] * 1000 + data[-2:])

    with pytest.raises(ClipError, match=r"4000x4000 pixels in \d{4} scans, more than 137"):
        read_photo(path)


@pytest.mark.parametrize("read", READERS, ids=NAMES)
@pytest.mark.parametrize("ending", [".ppm", ".pfm", ".ras", ".hdr", ".jp2", ".gif", ".avif"])
def test_kinds_that_nobody_photographs_in_do_not_reach_their_decoders(
    tmp_path: Path, ending: str, read: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = next(seed.content for seed in picture_seeds() if f".{seed.ending}" == ending)
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for decoder in ("imdecode", "imdecodeWithMetadata"):
        monkeypatch.setattr(cv2, decoder, lambda *_: pytest.fail("decoded"))

    with pytest.raises(RimlightError, match=r"no picture, or is damaged|AVIF picture, which is not read"):
        read(path)


def test_a_decoder_that_raises_refuses(tmp_path: Path) -> None:
    """Found by the fuzzer: a matte whose header OpenCV itself finds absurd was its error, not ours."""
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(48, 32, _262=99))

    for read in READERS:
        with pytest.raises((ClipError, BackgroundError)):
            read(path)


@pytest.mark.parametrize("read", [*READERS, lambda path: kind_of(path) == "photo" or read_photo(path)])
@pytest.mark.parametrize("kind", ["pipe", "zero", "full", "folder", "socket", "loop"])
def test_what_is_no_regular_file_is_refused_at_once(
    tmp_path: Path, kind: str, read: Callable[[Path], object]
) -> None:
    import socket

    path = {"zero": Path("/dev/zero"), "full": Path("/dev/full")}.get(kind, tmp_path / "a.mp4")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))

    with pytest.raises(RimlightError, match="cannot be read: "):
        read(path)


def test_a_file_that_grows_or_hides_its_size_is_read_no_further(tmp_path: Path) -> None:
    assert Path("/proc/self/maps").stat().st_size == 0
    with pytest.raises(OSError, match="more than the 100 bytes"):
        read_plain(Path("/proc/self/maps"), 100)
    large = tmp_path / "a.png"
    with large.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ClipError, match=r"cannot be read: it has 256 MB, more than the 256 MB"):
        read_photo(large)


@pytest.mark.parametrize("name", ["a\0b.png", "x" * 5000, "x/" * 3000])
def test_names_that_no_system_takes_are_refused(name: str) -> None:
    path = Path(name)
    assert kind_of(path) in {"photo", "video"}
    with pytest.raises(OSError, match="name"):
        check_plain(path)
    with pytest.raises(ClipError, match="cannot be read"):
        read_photo(path)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".bmp", ".webp", ".tif"])
@pytest.mark.parametrize("size", [(48, 32), (1, 1), (3, 700)])
@pytest.mark.parametrize("deep", [False, True])
def test_the_header_says_what_opencv_decodes(ending: str, size: tuple[int, int], deep: bool) -> None:
    kind = np.uint16 if deep and ending in {".png", ".tif"} else np.uint8
    image = np.zeros((size[1], size[0], 3), kind)
    header = header_of(encoded(ending, image))

    assert header is not None
    assert header.size == size
    assert header.depth >= image.itemsize * 3


@pytest.mark.parametrize("how", [(cv2.IMWRITE_WEBP_QUALITY, 80), (cv2.IMWRITE_WEBP_QUALITY, 101)])
@pytest.mark.parametrize("channels", [3, 4])
def test_every_way_of_webp_to_say_its_size_is_known(how: tuple[int, int], channels: int) -> None:
    header = header_of(encoded(".webp", np.full((31, 47, channels), 77, np.uint8), *how))

    assert header is not None
    assert header.size == (47, 31)


@given(st.sampled_from(list(MAKERS)), st.binary(max_size=200), st.integers(0, 60))
def test_no_header_makes_its_reader_fail(ending: str, tail: bytes, kept: int) -> None:
    header = header_of(MAKERS[ending](48, 32)[:kept] + tail)

    assert header is None or header.depth > 0


def test_a_large_photo_with_alpha_is_laid_on_white_in_little_memory(tmp_path: Path) -> None:
    """As floats at once, the same took sixteen times the picture."""
    import tracemalloc

    path = tmp_path / "a.png"
    path.write_bytes(encoded(".png", np.zeros((2500, 2000, 4), np.uint8)))
    tracemalloc.start()
    photo = read_photo(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (photo == 255).all()
    assert peak < 4 * photo.nbytes


def test_a_png_that_moves_is_read_as_a_still_one_whatever_its_frames_are(tmp_path: Path) -> None:
    """Found by the fuzzer: OpenCV 5.0 crashed where the first frame was not announced and the second damaged."""
    moving = next(seed.content for seed in picture_seeds() if b"acTL" in seed.content)
    head, _, rest = moving.partition(b"fcTL")
    frame = zlib.compress(b"\x09" * 32 * (1 + 4 * 48))
    second = struct.pack(">I", len(frame) + 4) + b"fdAT\0\0\0\2" + frame
    damaged = head + b"fcTN" + rest[: rest.index(b"fdAT") - 4] + second + bytes(4) + moving[-12:]
    path = tmp_path / "a.png"
    for content in (moving, summed(damaged)):
        path.write_bytes(content)

        assert b"acTL" not in read_picture(path).content
        assert read_photo(path).shape == (32, 48, 3)
