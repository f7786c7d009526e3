"""Videos as backgrounds: their own rate, for ever, in the frame's colours, covering it, in flat memory."""

from __future__ import annotations

import resource
import threading
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from media import cut_of, flat, planes, write_clip
from rimlight.backgrounds.clip import ClipBackground, Reel, open_clip_background
from rimlight.errors import BackgroundError
from rimlight.picture import from_bgr
from rimlight.sources.decoding import Decoder, open_decoder
from rimlight.tags import ColorTags, tags_of
from rimlight.types import Color, Picture, Size

SIZE = Size(64, 48)


def opened(path: Path, size: Size = SIZE, color: Color = Color(), *, live: bool = False) -> ClipBackground:
    return open_clip_background(path, size, color, live=live)


def settle(background: ClipBackground, at: float) -> None:
    """Waits until a live background has made the plate for that time."""
    while background._reel._asked != at:
        time.sleep(0.001)
    with background._reel._in_use:
        pass


def shown(background: ClipBackground, at: float, size: Size = SIZE, color: Color = Color()) -> int:
    """The number of the image (of `planes`) that is the plate at that time; the colours must not need changing."""
    plate = background.plate(cut_of(Picture.empty(size, color), at)).y
    return next(n for n in range(60) if np.array_equal(plate, planes(n, size)[0]))


def test_it_plays_at_its_own_rate(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=30, fps=Fraction(10))

    with opened(path) as background:
        assert background.name == "a.mp4"
        # A camera at 25 fps that was switched on at second 100.
        numbers = [shown(background, 100 + n / 25) for n in range(50)]

    assert numbers == [n * 10 // 25 for n in range(50)]


def test_equal_rates_show_each_image_once_whatever_the_rounding(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", count=50, fps=Fraction(30))

    with opened(path) as background:
        assert [shown(background, 7.7 + n / 30) for n in range(50)] == list(range(50))


def test_variable_rates_are_kept(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=4, pts=[0, 1, 5, 6], time_base=Fraction(1, 10))

    with opened(path) as background:
        assert [shown(background, n / 10) for n in range(7)] == [0, 1, 1, 1, 1, 2, 3]


def test_it_loops(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=5)

    with opened(path) as background:
        assert [shown(background, n / 25) for n in range(23)] == [n % 5 for n in range(23)]


def test_faster_clips_are_thinned_out(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=30, fps=Fraction(60))

    with opened(path) as background:
        assert [shown(background, n / 20) for n in range(10)] == [3 * n for n in range(10)]


def test_a_time_that_goes_back_starts_it_again(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=20)

    with opened(path) as background:
        assert [shown(background, at) for at in (9.0, 9.2, 0.0, 0.04, 0.4, 0.0)] == [0, 5, 0, 1, 10, 0]


def test_after_a_pause_it_goes_on_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mp4", count=50)
    reads = []
    read = Decoder.read

    def counted(self: Decoder) -> object:
        reads.append(1)
        return read(self)

    monkeypatch.setattr(Decoder, "read", counted)

    with opened(path) as background:
        shown(background, 0.0)
        # A computer that slept over night.
        assert shown(background, 40_000.0) == 5 * 25 % 50

    assert len(reads) < 140


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize(
    ("clip", "frame"),
    [
        (Color("bt709"), Color("bt601")),
        (Color("bt601"), Color("bt709")),
        (Color("bt601", True), Color("bt709")),
        (Color("bt709"), Color("bt601", True)),
        (Color("bt2020"), Color("bt709")),
        (Color("bt709", True), Color("bt709", True)),
    ],
    ids=str,
)
def test_colours_are_turned_into_the_frames(tmp_path: Path, clip: Color, frame: Color, live: bool) -> None:
    colors = np.random.default_rng(0).integers(0, 256, (60, 3), np.uint8)

    def pixel(number: int, color: Color) -> list[int]:
        return [int(p[0, 0]) for p in from_bgr(np.full((2, 2, 3), colors[number], np.uint8), color).planes]

    path = write_clip(
        tmp_path / "a.mp4",
        count=60,
        size=Size(32, 32),
        tags=tags_of(clip),
        make=lambda number, size: flat(pixel(number, clip))(number, size),
    )
    with opened(path, Size(32, 32), frame, live=live) as background:
        # Each is asked for twice: live gives what was asked for before.
        for number in range(60):
            for _ in range(2):
                plate = background.plate(cut_of(Picture.empty(Size(32, 32), frame), number / 25))
                settle(background, number / 25)
            assert plate.color == frame
            got = [int(p[0, 0]) for p in plate.planes]
            assert got == pytest.approx(pixel(number, frame), abs=2), colors[number]


def thirds(_: int, size: Size) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dark edges round a bright middle, darkest on the left and at the top."""
    y, u, v = flat((200, 128, 128))(0, size)
    width, height = size
    y[:, : width // 4], y[:, -(width // 4) :], y[: height // 4], y[-(height // 4) :] = 20, 60, 20, 60
    return y, u, v


@pytest.mark.parametrize(
    ("clip", "aspect", "rotation", "frame"),
    [
        (Size(192, 48), None, 0, Size(96, 48)),  # sides cut off
        (Size(48, 192), None, 0, Size(48, 96)),  # top and bottom
        (Size(384, 96), None, 0, Size(96, 48)),  # and scaled
        (Size(96, 24), None, 0, Size(96, 48)),
        (Size(96, 48), Fraction(2), 0, Size(96, 48)),  # wide pixels
        (Size(48, 192), None, 90, Size(96, 48)),  # turned
        (Size(191, 49), None, 0, Size(96, 48)),  # odd
    ],
    ids=str,
)
def test_it_covers_the_frame_and_keeps_its_middle(
    tmp_path: Path, clip: Size, aspect: Fraction | None, rotation: int, frame: Size
) -> None:
    path = write_clip(
        tmp_path / "a.mkv" if clip.width % 2 else tmp_path / "a.mp4",
        count=1,
        codec="ffv1" if clip.width % 2 else "libx264",
        size=clip,
        aspect=aspect,
        rotation=rotation,
        make=thirds,
    )

    with opened(path, frame) as background:
        luma = background.plate(cut_of(Picture.empty(frame), 0.0)).y

    middle = luma[frame.height // 2 - 4 : frame.height // 2 + 4, frame.width // 2 - 4 : frame.width // 2 + 4]
    assert (middle > 195).all()
    along, across = luma[frame.height // 2], luma[:, frame.width // 2]
    if rotation or clip.width * (aspect or 1) > clip.height:
        # The quarters to the left and right are gone, those above and below are there.
        assert (along > 190).sum() >= frame.width - 4
        assert (across < 100).sum() == pytest.approx(frame.height // 2, abs=4)
    else:
        assert (across > 190).sum() >= frame.height - 4
        assert (along < 100).sum() == pytest.approx(frame.width // 2, abs=4)


def test_another_kind_of_frame_gets_its_own_plate(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=5)
    for live in (False, True):
        with opened(path, live=live) as background:
            for size, color in ((SIZE, Color()), (Size(32, 64), Color("bt709", True)), (SIZE, Color())):
                plate = background.plate(cut_of(Picture.empty(size, color), 0.0))
                assert (plate.size, plate.color) == (size, color)


def test_a_clip_that_breaks_stands_still(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=5)

    with opened(path) as background:
        shown(background, 0.0)
        path.write_bytes(b"")
        assert [shown(background, n / 25) for n in range(1, 9)] == [1, 2, 3, 4, 4, 4, 4, 4]
        assert background.trouble is not None
        assert "a.mp4" in background.trouble


@pytest.mark.parametrize("live", [False, True])
def test_what_is_no_video_is_refused_as_a_background(tmp_path: Path, live: bool) -> None:
    (tmp_path / "notes.mp4").write_text("Dear diary")

    with pytest.raises(BackgroundError, match="is no video") as caught:
        opened(tmp_path / "notes.mp4", live=live)

    assert caught.value.exit_code == 2


def test_live_plates_are_at_hand_while_the_decoder_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mp4", count=30)
    background = opened(path, live=True)
    assert shown(background, 0.0) == 0
    hanging, go_on = threading.Event(), threading.Event()
    read = Decoder.read

    def slow(self: Decoder) -> object:
        hanging.set()
        assert go_on.wait(20)
        return read(self)

    monkeypatch.setattr(Decoder, "read", slow)
    # Were a plate to wait, this would never end.
    assert shown(background, 0.04) == 0
    assert hanging.wait(20)
    assert [shown(background, n / 25) for n in range(2, 20)] == [0] * 18
    go_on.set()
    background.close()


def test_a_clip_that_is_decoded_too_slowly_plays_slower(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=30)

    # No patience: one image for each plate, though five are due.
    reel = Reel(open_decoder(path, loop=True), SIZE, Color(), 0.0)
    lumas = [reel.at(n / 5, SIZE, Color()).y for n in range(6)]
    reel.close()

    for number, luma in enumerate(lumas):
        np.testing.assert_array_equal(luma, planes(number, SIZE)[0])


def test_live_plates_follow_the_clip(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=30)
    numbers = []
    with opened(path, live=True) as background:
        for number in range(20):
            numbers.append(shown(background, number / 25))
            settle(background, number / 25)

    assert numbers == [0, *range(19)]


def memory() -> int:
    """MiB of this process that lie in memory now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() >> 20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells how much memory is used now")
def test_memory_stays_flat_however_often_it_loops(tmp_path: Path) -> None:
    size = Size(640, 480)
    path = write_clip(tmp_path / "a.mp4", count=3, size=size)
    before = 0
    with opened(path, size) as background:
        for number in range(180):
            background.plate(cut_of(Picture.empty(size), number / 25))
            if number == 30:
                before = memory()
        after = memory()

    # 50 loops more. An image that stayed behind each time would be 22 MiB.
    assert after - before < 10


def test_tags_are_the_clips_own_where_it_has_them(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=1, tags=ColorTags(1, 1, 1, 1), make=flat((120, 60, 200)))

    with opened(path, SIZE, Color("bt709")) as background:
        plate = background.plate(cut_of(Picture.empty(SIZE, Color("bt709")), 0.0))

    assert [int(plane[0, 0]) for plane in plate.planes] == [120, 60, 200]
