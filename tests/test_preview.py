import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import FileIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preview_run import BLUE, RED, previewing
from rimlight.pool import Pool
from rimlight.sinks.overlay import draw_caption, draw_help, draw_recording
from rimlight.sinks.preview import window_size
from rimlight.sinks.shown import Shown, heard, marked, read_shown, write_shown
from rimlight.types import Bgr, Color, Picture, Size
from screen import Screen, needs_screen, open_screen, wait_for
from standins import WAIT

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with open_screen() as opened:
        yield opened


def near(shot: Bgr, x: int, y: int, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(shot[y, x].astype(int) - colour).max() <= 12)


def corner_is(screen: Screen, x: int, y: int, colour: tuple[int, int, int]) -> Callable[[], bool]:
    return lambda: near(screen.shot(), x, y, colour)


@needs_screen
def test_the_window_shows_the_picture_scaled_obeys_keys_and_ends_the_run_when_closed(screen: Screen) -> None:
    # The window lies at 0, 0, as there is no window manager: the picture fills 1280x720.
    with previewing(screen) as program:
        window = screen.window("Rimlight")
        wait_for(corner_is(screen, 320, 360, RED), "the picture's left half is not on the screen")
        shot = screen.shot()
        assert near(shot, 960, 360, BLUE)
        assert near(shot, 1270, 10, BLUE)
        assert not near(shot, 1290, 360, BLUE), "the window is larger than 1280x720"

        caption = (30, 695)
        wait_for(lambda: not near(screen.shot(), *caption, RED), "there is no caption")
        screen.press(window, "o")
        wait_for(corner_is(screen, *caption, RED), "the caption cannot be hidden")

        screen.press(window, "h")
        wait_for(lambda: not near(screen.shot(), 520, 240, RED), "there is no help")
        screen.press(window, "h")
        wait_for(corner_is(screen, 520, 240, RED), "the help does not go away")

        recording = (1250, 20)
        screen.press(window, "r")
        wait_for(lambda: not near(screen.shot(), *recording, BLUE), "the recording does not show")
        screen.press(window, "r")
        wait_for(corner_is(screen, *recording, BLUE), "the recording still shows")

        screen.press(window, "b", "bracketleft", "bracketright", "m", "x", "Left", "XF86AudioMute", "M")
        time.sleep(0.5)
        screen.close(window)
        out, err = program.communicate(timeout=WAIT)
    assert out.splitlines() == [
        "recording into talk.mp4",
        "recorded talk.mp4",
        "did next-background",
        "did less-blur",
        "did more-blur",
        "did mirror",
        "did mirror",
        "ended by quit",
    ]
    assert err == ""
    assert program.returncode == 0


@needs_screen
@pytest.mark.parametrize("key", ["q", "Escape"])
def test_keys_end_the_run(screen: Screen, key: str) -> None:
    with previewing(screen) as program:
        screen.press(screen.window("Rimlight"), key)
        out, err = program.communicate(timeout=WAIT)
    assert (out, err, program.returncode) == ("ended by quit\n", "", 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a screen")
def test_without_a_screen_one_clear_line_and_no_abort() -> None:
    cases = {
        "{}": "DISPLAY is not set",
        "{'WAYLAND_DISPLAY': 'wayland-0'}": "OpenCV's window needs XWayland, and DISPLAY is not set",
        "{'DISPLAY': ':4242'}": "display :4242 does not answer",
        "{'DISPLAY': 'nonsense'}": "display nonsense does not answer",
    }
    program = f"""
import os
from rimlight.errors import NoDisplayError
from preview_run import FORMAT, open_preview
for environment in {", ".join(cases)}:
    os.environ.update(environment)
    try:
        open_preview("Rimlight", FORMAT)
    except NoDisplayError as error:
        print(error)
"""
    others = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=TESTS, env=others, capture_output=True, text=True, timeout=WAIT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[::2] == [f"there is no screen for the preview: {why}" for why in cases.values()]
    assert all("--to virtual" in hint for hint in lines[1::2])


@given(st.integers(2, 8000), st.integers(2, 8000))
def test_the_window_is_even_no_larger_than_the_picture_or_the_screen_and_keeps_proportions(w: int, h: int) -> None:
    size = Size(w, h).even
    shown = window_size(size)
    assert shown == shown.even
    assert 2 <= shown.width <= min(size.width, 1280)
    assert 2 <= shown.height <= min(size.height, 720)
    # Rounding to even numbers moves a side by at most one pixel, but never below two.
    ratio = min(1, 1280 / size.width, 720 / size.height)
    assert abs(shown.width - max(2, size.width * ratio)) <= 1
    assert abs(shown.height - max(2, size.height * ratio)) <= 1


COLORS = st.builds(Color, st.sampled_from(["bt601", "bt709", "bt2020"]), st.booleans())
PICTURES = st.builds(
    lambda w, h, seed, color: Picture(
        np.random.default_rng(seed).integers(0, 256, (h * 3, w * 2), np.uint8), color
    ),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 9),
    COLORS,
)


def piped(given: Sequence[Shown], cut: int) -> list[Shown]:
    """What comes out of a pipe that breaks off `cut` bytes before the end of what was put into it."""
    read, write = os.pipe()
    with FileIO(read) as out, FileIO(write, "w") as into, tempfile.TemporaryFile(buffering=0) as whole:
        for one in given:
            write_shown(whole, one)
        whole.seek(0)
        into.write(whole.read()[: -cut or None])
        into.close()
        return list(iter(partial(read_shown, out, Pool()), None))


@settings(max_examples=50)
@given(st.lists(st.builds(Shown, PICTURES, st.text(st.characters(codec="utf-8")), st.booleans()), max_size=5))
def test_what_is_shown_comes_out_of_the_pipe_as_it_was(given: list[Shown]) -> None:
    same(piped(given, 0), given)


@given(PICTURES, st.text(st.characters(codec="utf-8"), max_size=9), st.data())
def test_a_picture_that_breaks_off_is_none(picture: Picture, caption: str, data: st.DataObject) -> None:
    whole = Shown(picture, caption, recording=True)
    cut = data.draw(st.integers(1, picture.i420.size + len(caption.encode())))
    same(piped([whole, whole], cut), [whole])


def same(came: Sequence[Shown], given: Sequence[Shown]) -> None:
    assert [(c.caption, c.recording, c.picture.color) for c in came] == [
        (g.caption, g.recording, g.picture.color) for g in given
    ]
    for c, g in zip(came, given, strict=True):
        assert np.array_equal(c.picture.i420, g.picture.i420)


def test_a_caption_that_no_text_may_hold_is_shown_as_well_as_can_be() -> None:
    picture = Picture(np.zeros((3, 2), np.uint8))
    assert piped([Shown(picture, "a\udcffb", recording=False)], 0)[0].caption == "a?b"


@given(st.binary(max_size=40).filter(lambda text: b"\n" not in text and b"\x1e" not in text))
def test_words_are_heard_whatever_else_is_printed(other: bytes) -> None:
    printed = other.decode(errors="replace").rstrip()
    assert heard(other + b"\n") == ("", printed)
    assert heard(marked("key quit")) == ("key quit", "")
    assert heard(other + marked("key quit"))[0] == "key quit"


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("size", [Size(1280, 720), Size(404, 720), Size(64, 48)])
@pytest.mark.parametrize(
    "draw",
    [
        lambda bgr: draw_caption(bgr, ["30.0 fps  ·  21 ms  ·  0 dropped  ·  blur", "background: office.jpg"]),
        lambda bgr: draw_help(bgr, [("q", "quit"), ("[ ]", "less blur, more blur")]),
    ],
)
def test_text_stands_out_on_any_picture_and_never_leaves_it(
    level: int, size: Size, draw: Callable[[Bgr], None]
) -> None:
    bgr: Bgr = np.full((size.height, size.width, 3), level, np.uint8)
    draw(bgr)
    changed = bgr[(bgr != level).any(axis=2)]
    panel = int(np.median(changed))
    assert panel <= 110
    assert int(changed.max()) >= 240


def test_the_recording_light_is_red_in_the_upper_right_corner() -> None:
    bgr: Bgr = np.full((720, 1280, 3), 128, np.uint8)
    draw_recording(bgr)
    blue, green, red = (bgr[..., channel].astype(int) for channel in range(3))
    rows, columns = np.nonzero((red > 200) & (blue < 100) & (green < 100))
    assert len(rows) > 50
    assert rows.max() < 60
    assert columns.min() > 1150
