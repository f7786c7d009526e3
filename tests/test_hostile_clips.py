"""Clips that are damaged or made to do harm: nothing else is opened, nothing waits for ever or takes gigabytes."""

from __future__ import annotations

import os
import threading
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hostile.seeds import REFERRING, Seed, video_seeds
from media import cut_of, write_clip
from rimlight.backgrounds import clip as clip_background
from rimlight.backgrounds.clip import LiveClipBackground, Projector, Reel, open_clip_background
from rimlight.errors import BackgroundError, ClipError
from rimlight.sources import images
from rimlight.sources.clip import Playback, open_clip
from rimlight.sources.container import LONGEST_SIDE, MOST_PIXELS
from rimlight.sources.cuts import survey
from rimlight.sources.decoding import open_decoder
from rimlight.types import Color, Picture, Size

SEEDS = video_seeds()


def raw(path: Path, head: str, size: Size = Size(64, 48), count: int = 3) -> Path:
    """A file of uncompressed pictures of `size`, whose first line goes on as given."""
    frame = b"FRAME\n" + bytes(size.width * size.height * 3 // 2)
    path.write_bytes(f"YUV4MPEG2 {head}\n".encode() + frame * count)
    return path


def read_all(path: Path, most: int = 100) -> list[Any]:
    with open_clip(path) as source:
        return list(islice(iter(source.read, None), most))


@pytest.mark.parametrize("kind", REFERRING)
@pytest.mark.parametrize("ending", [None, "mp4", "ts"])
def test_what_names_other_files_opens_none(tmp_path: Path, kind: str, ending: str | None) -> None:
    own_ending, text = REFERRING[kind]
    write_clip(tmp_path / "other.ts", count=30)
    path = tmp_path / f"list.{ending or own_ending}"
    path.write_bytes(text)

    with pytest.raises(ClipError, match="is no video"):
        open_clip(path)


def test_a_pattern_for_pictures_opens_none(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"a{number}.png").write_bytes(b"")
    (tmp_path / "a%d.png").write_bytes(b"no picture")

    with pytest.raises(ClipError, match="is no video"):
        open_clip(tmp_path / "a%d.png")


@pytest.mark.parametrize("name", ["concat:a.mkv|b.mkv", "subfile,,start,0,end,0,,:a.mkv", "http:a.mkv", "pipe:0"])
def test_a_name_is_a_name_and_no_protocol(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ClipError, match="No such file"):
        open_clip(Path(name))
    write_clip(tmp_path / "a.mkv", count=2).rename(tmp_path / name)

    assert len(read_all(Path(name))) == 2


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "a.mp4"
    if kind == "pipe":
        os.mkfifo(path)

    with pytest.raises(ClipError, match=f"it is a {kind}, not a file"):
        open_clip(path)
    with pytest.raises(BackgroundError, match=f"it is a {kind}, not a file"):
        open_clip_background(path, Size(64, 48), Color())


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("W16000 H16000 F25:1", f"256 megapixels.* {MOST_PIXELS / 1e6:.0f} megapixels"),
        (f"W{LONGEST_SIDE + 2} H2000 F25:1", f"{LONGEST_SIDE + 2}x2000.* {LONGEST_SIDE} pixels a side"),
        ("W16384 H2 F25:1", "8.19e\\+03 times as wide as high"),
        ("W2 H480 F25:1", "0.00417 times as wide as high"),
        ("W400 H64 F25:1 A7:1", "43.8 times as wide as high"),
    ],
)
def test_bombs_are_refused_with_both_values(tmp_path: Path, head: str, says: str) -> None:
    path = raw(tmp_path / "a.y4m", head)

    with pytest.raises(ClipError, match=says):
        open_clip(path)
    with pytest.raises(BackgroundError, match=says):
        open_clip_background(path, Size(64, 48), Color())


@pytest.mark.parametrize("aspect", ["1:1000000", "2000000000:1", "0:0", "0:7"])
def test_pixels_of_absurd_proportions_are_taken_for_square(tmp_path: Path, aspect: str) -> None:
    """Found by the fuzzer: to cover 64x48 with it, the clip was to be scaled to thousands of millions of pixels."""
    path = raw(tmp_path / "a.y4m", f"W64 H48 F25:1 A{aspect}")

    with open_clip(path) as source:
        assert source.facts.aspect is None
    with open_clip_background(path, Size(48, 64), Color()) as background:
        assert background.plate(cut_of(Picture.empty(Size(48, 64)), 0.0)).size == Size(48, 64)


@pytest.mark.parametrize("rate", ["1:1000000", "1000000000:1", "0:0", "2147483647:1"])
def test_absurd_rates_are_taken_for_a_usual_one(tmp_path: Path, rate: str) -> None:
    """Found by the fuzzer: a rate of a picture in a million seconds."""
    with open_clip(raw(tmp_path / "a.y4m", f"W64 H48 F{rate}")) as source:
        assert source.format.fps == 25
        frames = list(iter(source.read, None))
    assert len(frames) == 3
    assert all(one.pts < other.pts for one, other in pairwise(frames))


def test_a_size_that_changes_is_scaled_back(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "a.ts", count=5).read_bytes()
    second = write_clip(tmp_path / "b.ts", count=5, size=Size(160, 96)).read_bytes()
    path = tmp_path / "both.ts"
    path.write_bytes(first + second)

    frames = read_all(path)

    assert len(frames) > 6
    assert {frame.picture.size for frame in frames} == {Size(64, 48)}


@pytest.mark.parametrize("size", [(16400, 8), (8, 16400), (8192, 4700)], ids=["wide", "high", "many pixels"])
def test_a_picture_beyond_bounds_within_a_clip_is_left_out(tmp_path: Path, size: tuple[int, int]) -> None:
    pictures = [np.full((48, 64, 3), 90, np.uint8)] * 3 + [np.full((size[1], size[0]), 90, np.uint8)]
    jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in (*pictures, pictures[0])]
    path = tmp_path / "a.mjpeg"
    path.write_bytes(b"".join(jpegs))

    with open_clip(path) as source:
        frames = list(iter(source.read, None))
        assert source.damage is not None
    assert len(frames) == 4


@pytest.mark.parametrize("ending", ["mkv", "nut"])
def test_times_beyond_a_century_are_taken_for_damaged(tmp_path: Path, ending: str) -> None:
    pts = [0, 40, 2**45, 2**45 + 40]
    path = write_clip(tmp_path / f"a.{ending}", count=4, pts=pts, time_base=Fraction(1, 1000), codec="ffv1")

    frames = read_all(path)

    assert len(frames) == 4
    assert frames[-1].at < 1
    assert all(one.pts < other.pts for one, other in pairwise(frames))
    if ending == "mkv":
        assert survey(path).obstacle == "pictures without times cannot be"


def test_a_length_that_nobody_could_have_filmed_is_none(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", count=5)
    data = path.read_bytes()
    told = b"00:00:00.200000000"
    assert told in data
    for absurd in (b"99999999999:0:0.00", b"9" * 18, b"00:00:0.9999999999"):
        path.write_bytes(data.replace(told, absurd))
        with open_clip(path) as source:
            assert source.length is None or source.length < 100
            assert len(list(iter(source.read, None))) == 5


def test_a_clip_that_pauses_for_years_goes_on_in_seconds() -> None:
    """As a camera it would be waited for."""
    now = 100.0
    playback = Playback(lambda: now)

    assert playback.due(0.0, 0.04) == 100.0
    due = playback.due(1e9, 0.04)
    assert due is not None
    assert due - now <= 2.0
    now = due
    following = playback.due(1e9 + 0.04, 0.04)
    assert following == pytest.approx(due + 0.04)


def test_a_file_without_a_picture_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mp4", count=60)
    monkeypatch.setattr(images, "PATIENCE", -1.0)

    with pytest.raises(ClipError, match="not one picture can be decoded"):
        open_clip(path)


def test_a_codec_of_former_days_is_named_and_not_run(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.avi", count=3, codec="zmbv", pixels="bgr0")  # type: ignore[arg-type]

    with pytest.raises(ClipError, match=r"coded as 'zmbv', which is not decoded here"):
        open_clip(path)


def test_a_file_without_packets_has_no_parts(tmp_path: Path) -> None:
    """Found by the fuzzer: max() of nothing."""
    path = write_clip(tmp_path / "a.avi", count=5, codec="mjpeg", pixels="yuvj420p")
    path.write_bytes(path.read_bytes().replace(b"00dc", b"JUNK"))

    assert survey(path).obstacle == "files without pictures cannot be"


@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"{n}-{seed.ending}") for n, seed in enumerate(SEEDS)])
def test_a_clip_may_be_cut_off_anywhere(tmp_path: Path, seed: Seed) -> None:
    path = tmp_path / f"a.{seed.ending}"
    for share in np.linspace(0.05, 0.99, 9):
        path.write_bytes(seed.content[: int(len(seed.content) * share)])
        try:
            assert len(read_all(path)) <= 5
        except ClipError as error:
            assert error.what  # noqa: PT017  refused is as good


def test_what_fails_when_the_file_has_ended_ends_it(tmp_path: Path) -> None:
    """Found by the fuzzer: sixteen bytes that are missing, and FFmpeg's error came out of the source."""
    data = bytearray(next(seed.content for seed in SEEDS if seed.ending == "apng"))
    del data[172:188]
    path = tmp_path / "a.apng"
    path.write_bytes(data)

    with pytest.raises(ClipError, match="not one picture can be decoded"):
        open_clip(path)


def test_a_single_image_is_not_opened_a_thousand_times_a_second(tmp_path: Path) -> None:
    path = raw(tmp_path / "a.y4m", "W64 H48 F1000:1", count=1)

    with open_decoder(path, loop=True) as decoder:
        read = [decoder.read() for _ in range(5)]
    times = [one.pts * decoder.time_base for one in read if one is not None]
    assert all(later - earlier >= Fraction(1, 10) for earlier, later in pairwise(times))


def test_a_picture_that_cannot_be_converted_leaves_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "a.mkv", count=5)
    with open_clip_background(path, Size(64, 48), Color()) as background:
        before = background.plate(cut_of(Picture.empty(Size(64, 48)), 0.0)).i420.copy()

        def fail(*_: object) -> Picture:
            raise ClipError("a picture cannot be converted")

        monkeypatch.setattr(Projector, "picture", fail)
        after = background.plate(cut_of(Picture.empty(Size(64, 48)), 0.1))
        other = background.plate(cut_of(Picture.empty(Size(96, 96), Color("bt709")), 0.2))

    np.testing.assert_array_equal(before, after.i420)
    assert other.size == Size(96, 96)
    assert background.trouble == "a picture cannot be converted"


def test_a_decoder_that_hangs_does_not_keep_the_program_from_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_background, "_FAREWELL", 0.1)
    released = threading.Event()
    background = open_clip_background(write_clip(tmp_path / "a.mkv", count=5), Size(64, 48), Color(), live=True)
    assert isinstance(background, LiveClipBackground)
    monkeypatch.setattr(Reel, "at", lambda *_: released.wait(30))
    background.plate(cut_of(Picture.empty(Size(64, 48)), 0.0))

    background.close()

    assert background._thread.is_alive()
    released.set()
