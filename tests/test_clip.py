"""Video files as sources: planes, times, tags and turns are the file's own; damaged files give what there is."""

from __future__ import annotations

import itertools
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media import Sound, content, flat, planes, write_clip
from rimlight.errors import ClipError
from rimlight.sources.clip import ClipFrame, ClipSource, Playback, open_clip
from rimlight.tags import ColorTags
from rimlight.types import Color, Size

UPRIGHT = {
    (0, False): lambda p: p,
    (90, False): lambda p: np.rot90(p, 1),
    (180, False): lambda p: np.rot90(p, 2),
    (-90, False): lambda p: np.rot90(p, -1),
    (0, True): lambda p: p[:, ::-1],
    (90, True): lambda p: np.rot90(p, 1)[:, ::-1],
}


def frames(source: ClipSource) -> list[ClipFrame]:
    with source:
        return list(iter(source.read, None))


def test_planes_are_the_files_own(tmp_path: Path) -> None:
    # 90 columns: FFmpeg pads such lines.
    path = write_clip(tmp_path / "a.mp4", count=5, size=Size(90, 50))

    got = frames(open_clip(path))

    assert [frame.index for frame in got] == [0, 1, 2, 3, 4]
    for number, frame in enumerate(got):
        for plane, wanted in zip(frame.picture.planes, planes(number, Size(90, 50)), strict=True):
            np.testing.assert_array_equal(plane, wanted)
    got[0].picture.i420[:] = 0
    assert got[1].picture.y.any()


@pytest.mark.parametrize(
    ("pixels", "codec"),
    [
        ("yuv422p", "ffv1"),
        ("yuv444p", "ffv1"),
        ("yuv420p10le", "ffv1"),
        ("yuva420p", "ffv1"),
        ("yuvj422p", "mjpeg"),
    ],
)
def test_other_pixel_formats_keep_their_numbers(tmp_path: Path, pixels: str, codec: Any) -> None:
    wanted = (201, 90, 160)
    full = pixels.startswith("yuvj")
    tags = ColorTags(1, 1, 9, 2 if full else 1)
    path = write_clip(tmp_path / "a.mkv", count=1, codec=codec, pixels=pixels, tags=tags, make=flat(wanted))

    with open_clip(path) as source:
        frame = source.read()
        assert source.format.color == (Color("bt601", True) if full else Color("bt2020"))

    assert frame is not None
    for plane, level in zip(frame.picture.planes, wanted, strict=True):
        np.testing.assert_allclose(plane, level, atol=2 if full else 1)


def test_rgb_becomes_what_players_take_it_for(tmp_path: Path) -> None:
    def red(_: int, size: Size) -> Any:
        return flat((81, 90, 240))(0, size)  # BT.601 limited

    path = write_clip(tmp_path / "a.mkv", count=1, codec="ffv1", pixels="bgr0", tags=ColorTags(matrix=6), make=red)

    with open_clip(path) as source:
        frame = source.read()
        assert source.format.color == Color("bt601", False)
        assert source.tags.matrix == 6
        assert source.tags.range == 1

    assert frame is not None
    for plane, level in zip(frame.picture.planes, (81, 90, 240), strict=True):
        np.testing.assert_allclose(plane, level, atol=2)


@pytest.mark.parametrize(
    ("tags", "size", "color"),
    [
        (ColorTags(1, 1, 1, 1), Size(64, 48), Color("bt709")),
        (ColorTags(6, 6, 6, 1), Size(64, 720), Color("bt601")),
        (ColorTags(5, 6, 5, 2), Size(64, 48), Color("bt601", True)),
        (ColorTags(9, 16, 9, 1), Size(64, 48), Color("bt2020")),
        (ColorTags(), Size(64, 718), Color("bt601")),
        (ColorTags(), Size(64, 720), Color("bt709")),
        (ColorTags(), Size(1280, 534), Color("bt709")),
    ],
)
def test_colours_are_as_tagged_or_as_players_guess(
    tmp_path: Path, tags: ColorTags, size: Size, color: Color
) -> None:
    with open_clip(write_clip(tmp_path / "a.mp4", count=1, size=size, tags=tags)) as source:
        assert source.tags == tags
        assert source.format.color == color


@pytest.mark.parametrize(("rotation", "flip"), UPRIGHT)
def test_turned_clips_come_upright(tmp_path: Path, rotation: int, flip: bool) -> None:
    path = write_clip(
        tmp_path / "a.mp4", count=2, rotation=rotation, flip=flip, aspect=Fraction(4, 3), tags=ColorTags(matrix=1)
    )
    turned = rotation in {90, -90}

    with open_clip(path) as source:
        assert source.size == source.format.size == (Size(48, 64) if turned else Size(64, 48))
        assert source.aspect == (Fraction(3, 4) if turned else Fraction(4, 3))
        frame = source.read()

    assert frame is not None
    for plane, coded in zip(frame.picture.planes, planes(0, Size(64, 48)), strict=True):
        np.testing.assert_array_equal(plane, UPRIGHT[rotation, flip](coded))


def test_silent_tags_are_spoken_for_when_turning_changes_the_guess(tmp_path: Path) -> None:
    with open_clip(write_clip(tmp_path / "a.mp4", count=1, size=Size(720, 64), rotation=90)) as source:
        assert source.format.color.matrix == "bt601"
        assert source.tags.matrix == 6


@pytest.mark.parametrize("size", [Size(63, 47), Size(64, 47), Size(63, 48)], ids=str)
@pytest.mark.parametrize("rotation", [0, 90])
def test_odd_sizes_are_padded_by_their_edge(tmp_path: Path, size: Size, rotation: int) -> None:
    # Matroska carries odd sizes and no rotation, QuickTime both.
    path = write_clip(
        tmp_path / "a.mov", count=1, codec="mpeg4", size=size, rotation=rotation, options={"qmin": "1"}
    )
    true = Size(*size[::-1]) if rotation else size

    with open_clip(path) as source:
        assert source.size == true
        assert source.format.size == true.even
        frame = source.read()

    assert frame is not None
    upright = UPRIGHT[rotation, False](content(path).planes[0][0])
    luma = frame.picture.y
    np.testing.assert_array_equal(luma[: true.height, : true.width], upright)
    np.testing.assert_array_equal(luma[:, -1], luma[:, true.width - 1])
    np.testing.assert_array_equal(luma[-1], luma[true.height - 1])


def test_variable_rates_keep_their_exact_times(tmp_path: Path) -> None:
    pts = [30, 31, 100, 2000, 2001, 90000]
    ticks = Fraction(1, 12800)
    # MP4 rounds a late start to the movie's clock, milliseconds by default.
    muxing = {"movie_timescale": "12800"}
    path = write_clip(tmp_path / "a.mp4", count=6, pts=pts, time_base=ticks, fps=Fraction(30), muxing=muxing)

    with open_clip(path) as source:
        got = list(iter(source.read, None))
        times = [frame.pts * source.time_base for frame in got]

    assert times == [p * ticks for p in pts]
    assert [frame.at for frame in got] == [float(t) for t in times]
    assert all(frame.duration > 0 for frame in got)


def test_a_broadcasts_clock_starts_at_zero(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "a.ts", count=4, pts=[90000 + 3600 * n for n in range(4)], time_base=Fraction(1, 90000)
    )

    assert [round(frame.at, 6) for frame in frames(open_clip(path))] == [0.0, 0.04, 0.08, 0.12]


def test_it_says_how_much_there_will_be(tmp_path: Path) -> None:
    for ending in ("mp4", "mkv"):
        with open_clip(write_clip(tmp_path / f"a.{ending}", count=20, sound=[Sound()])) as source:
            assert source.length == 20
            assert source.format.fps == 25
            assert source.name == f"a.{ending}"
            assert len(list(iter(source.read, None))) == 20
            assert source.damage is None


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


def test_a_loop_goes_on_without_a_gap(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=3, pts=[5, 6, 8], time_base=Fraction(1, 25))

    with open_clip(path, loop=True) as source:
        got = [source.read() for _ in range(8)]
        times = [frame.pts * source.time_base * 25 for frame in got if frame]

    steps = [after - before for before, after in itertools.pairwise(times)]
    assert steps[:2] == steps[3:5] == [1, 2]
    assert steps[2] == steps[5] > 0
    assert [frame.index for frame in got if frame] == list(range(8))
    for frame, number in zip(got, [0, 1, 2] * 3, strict=False):
        assert frame is not None
        np.testing.assert_array_equal(frame.picture.y, planes(number, Size(64, 48))[0])


def test_closing_twice_and_reading_after_is_allowed(tmp_path: Path) -> None:
    source = open_clip(write_clip(tmp_path / "a.mp4"))
    source.close()
    source.close()

    assert source.read() is None
    assert source.length == 12


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def shown(times: list[float], cost: float) -> list[float | None]:
    """When frames with these times are due, for a reader who needs `cost` seconds for each that it is given."""
    clock = Clock()
    playback = Playback(clock)
    due = []
    for at in times:
        due.append(playback.due(at, 0.04))
        if due[-1] is not None:
            clock.now += playback.left(due[-1]) + cost
    return due


def test_a_paced_clip_keeps_its_pace() -> None:
    times = [3 + n / 25 for n in range(50)]

    assert shown(times, 0.03) == pytest.approx([1000 + n / 25 for n in range(50)])


def test_a_slow_reader_is_given_newer_frames() -> None:
    due = shown([n / 25 for n in range(100)], 0.09)

    given = [at for at in due if at is not None]
    assert 35 < len(given) < 60
    # Each at its own time, so that a clip lasts as long as it lasts.
    assert all(at == pytest.approx(1000 + n / 25) for n, at in enumerate(due) if at is not None)


def test_after_a_long_pause_playing_goes_on_where_it_was() -> None:
    clock = Clock()
    playback = Playback(clock)
    playback.due(0.0, 0.04)
    clock.now += 60

    assert playback.due(0.04, 0.04) == 1060
    assert playback.due(0.08, 0.04) == pytest.approx(1060.04)


def test_a_computer_that_decodes_too_slowly_shows_some_frames_all_the_same() -> None:
    clock = Clock()
    playback = Playback(clock)
    due = []
    for number in range(200):
        clock.now += 0.06
        due.append(playback.due(number / 25, 0.04))

    given = [at for at in due if at is not None]
    assert len(given) > 60
    assert given == sorted(given)


def test_a_paced_clip_is_on_the_clock_of_this_run(tmp_path: Path) -> None:
    import time

    before = time.monotonic()
    got = frames(open_clip(write_clip(tmp_path / "a.mp4", count=6, fps=Fraction(100)), paced=True))

    assert [frame.index for frame in got] == sorted({frame.index for frame in got})
    for frame in got:
        assert frame.at - got[0].at == pytest.approx((frame.index - got[0].index) / 100)
    assert before <= got[0].at <= got[-1].at <= time.monotonic()


def test_closing_wakes_a_paced_reader(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=2, fps=Fraction(1, 60))
    source = open_clip(path, paced=True)
    assert source.read() is not None
    waiting = threading.Timer(0.1, source.close)
    waiting.start()

    assert source.read() is None
    waiting.join()
