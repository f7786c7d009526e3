"""What the alpha of a photo hid stays hidden: it is laid on white before anybody looks."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from photos import profile
from rimlight.errors import ClipError
from rimlight.photo_file import read_photo_file

ORIENTATION = 0x0112


def room(width: int, height: int) -> Any:
    y, x = np.mgrid[:height, :width]
    return np.dstack([60 + x * 80 // width, 90 + y * 90 // height, np.full_like(x, 130)]).astype(np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "webp", "tif"])
@pytest.mark.parametrize("size", [(60, 40), (48, 48)], ids=str)
def test_what_alpha_hid_stays_hidden_however_the_photo_lies(
    tmp_path: Path, ending: str, orientation: int, size: tuple[int, int]
) -> None:
    stored = np.dstack([room(*size), np.zeros(size[::-1], np.uint8)])
    stored[:13, : size[0] // 2, 3] = 255
    image, told = Image.fromarray(np.ascontiguousarray(stored[..., [2, 1, 0, 3]])), Image.Exif()
    told[ORIENTATION] = orientation
    how: dict[str, Any] = {"lossless": True} if ending == "webp" else {}
    image.save(tmp_path / f"a.{ending}", exif=told, **how)
    shown = stored[..., 3:] == 255

    got = read_photo_file(tmp_path / f"a.{ending}").bgr

    wanted = np.where(shown, stored[..., :3], 255)
    upright = [
        wanted, wanted[:, ::-1], wanted[::-1, ::-1], wanted[::-1],
        wanted.swapaxes(0, 1), np.rot90(wanted, 3), wanted[::-1, ::-1].swapaxes(0, 1), np.rot90(wanted, 1),
    ][orientation - 1]  # fmt: skip
    np.testing.assert_array_equal(got, upright)


def gray_png(bits: int, levels: tuple[int, int], *chunks: tuple[bytes, bytes]) -> bytes:
    """Gray of two levels, the left half of the one, the right of the other."""
    row = np.repeat(np.array(levels, ">u2"), 32)
    packed = np.packbits(np.unpackbits(row.view("u1")).reshape(64, 16)[:, 16 - bits :]).tobytes()
    head = struct.pack(">IIBBBBB", 64, 40, bits, 0, 0, 0, 0)
    blocks = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress((b"\0" + packed) * 40)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(held)) + kind + held + zlib.crc32(kind + held).to_bytes(4, "big")
        for kind, held in blocks
    )


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_gray_png_that_has_a_clear_level_hides_what_has_it(tmp_path: Path, bits: int) -> None:
    most = (1 << bits) - 1
    (tmp_path / "a.png").write_bytes(gray_png(bits, (0, most - bits // 2), (b"tRNS", struct.pack(">H", 0))))
    (tmp_path / "b.png").write_bytes(
        gray_png(bits, (0, most - bits // 2), (b"tRNS", struct.pack(">H", most - bits // 2)))
    )

    left, right = (read_photo_file(tmp_path / name).bgr for name in ("a.png", "b.png"))

    assert (left[:, :32] == 255).all()
    assert left[0, 40, 0] == (255 * (most - bits // 2) // most if bits < 16 else 255)
    assert (right[:, 32:] == 255).all()
    assert (right[:, :32] == 0).all()


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_gray_with_alpha_hides_or_is_refused(tmp_path: Path, ending: str) -> None:
    alpha = np.repeat([[0] * 30 + [255] * 30], 40, axis=0).astype(np.uint8)
    path = tmp_path / f"a.{ending}"
    Image.merge("LA", [Image.fromarray(np.full_like(alpha, 100)), Image.fromarray(alpha)]).save(path)

    if ending == "tif":
        with pytest.raises(ClipError, match=r"alpha beside gray or a palette.*\n.*PNG"):
            read_photo_file(path)
        return
    got = read_photo_file(path).bgr
    assert (got[:, :30] == 255).all()
    assert (got[:, 30:] == 100).all()


def test_a_gray_png_with_a_profile_of_colours_is_read_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    block = (b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile()))
    (tmp_path / "a.png").write_bytes(gray_png(8, (10, 90), block))

    got = read_photo_file(tmp_path / "a.png")

    assert (got.bgr[:, :32] == 10).all()
    assert got.notes == ()
    assert capfd.readouterr() == ("", "")
