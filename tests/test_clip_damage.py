"""Damaged video files give what there is and say how much; what is no video is refused, and why."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media import Sound, write_clip
from rimlight.errors import ClipError
from rimlight.sources.clip import open_clip
from rimlight.wanted import Wanted


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
@pytest.mark.parametrize("sound", [[], [Sound(seconds=4)]], ids=["mute", "sound"])
def test_a_cut_off_file_gives_what_there_is_and_says_how_much(
    tmp_path: Path, ending: str, sound: list[Sound]
) -> None:
    muxing = {"movflags": "faststart"} if ending == "mp4" else None
    whole = write_clip(tmp_path / f"a.{ending}", count=100, muxing=muxing, sound=sound)
    cut = tmp_path / f"cut.{ending}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])

    with open_clip(cut) as source:
        got = list(iter(source.read, None))
        damage = source.damage

    assert 20 < len(got) < 80
    assert damage == f"{cut} is damaged or cut off: {len(got)} of about 100 frames could be read"


def test_a_damaged_file_gives_the_frames_around_the_damage(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", count=50, codec="mjpeg", pixels="yuvj420p")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)

    with open_clip(path) as source:
        got = list(iter(source.read, None))
        assert source.damage is not None

    assert got[-1].at > 1.9
    assert 30 < len(got) <= 50


def test_damage_in_a_part_is_told(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", count=50, codec="mjpeg", pixels="yuvj420p")
    with open_clip(path, wanted=Wanted(end=Fraction(3, 2))) as source:
        assert len(list(iter(source.read, None))) > 30
        assert source.damage is None
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)

    with open_clip(path, wanted=Wanted(end=Fraction(3, 2))) as source:
        list(iter(source.read, None))
        assert source.damage is not None
        assert source.damage.startswith(f"{path} is damaged: ")


def write_wave(path: Path) -> None:
    import av

    from media import write_sound

    with av.open(str(path), "w") as output:
        track = output.add_stream("pcm_s16le", 48000)
        output.start_encoding()
        write_sound(output, track, Sound("pcm_s16le"))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("gone.mp4", None, "cannot be read: No such file"),
        ("empty.mp4", b"", "is empty (0 bytes)"),
        ("notes.mp4", b"Dear diary,\n" * 200, "is no video"),
        ("notes.txt", b"Dear diary,\n" * 200, "is no video"),
        ("noise.mkv", bytes(np.random.default_rng(0).integers(0, 256, 5000, np.uint8)), "is no video"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://localhost/a.ts\n#EXT-X-ENDLIST\n", "is no video"),
        ("sound.wav", write_wave, "holds sound but no pictures"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, name: str, data: Any, says: str) -> None:
    path = tmp_path / name
    if callable(data):
        data(path)
    elif data is not None:
        path.write_bytes(data)

    with pytest.raises(ClipError, match=r"\n") as caught:
        open_clip(path)

    assert caught.value.what.startswith(f"{path} ")
    assert says in caught.value.what


def test_a_clip_without_its_index_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=50)
    path.write_bytes(path.read_bytes()[:-1000])

    with pytest.raises(ClipError, match="damaged so that it cannot be read"):
        open_clip(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="is a folder, not a video"):
        open_clip(tmp_path)
