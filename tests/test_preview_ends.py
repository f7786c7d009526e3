"""What ends a preview, and what does not: displays that go away or hang, processes that are killed or stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from preview_run import previewing
from rimlight.errors import NoDisplayError, SinkError
from rimlight.sinks import window_process
from rimlight.sinks.preview import Preview, open_preview
from rimlight.types import Alpha, Output, Size, StreamFormat
from screen import Screen, needs_screen, open_screen, wait_for
from standins import WAIT, gray

pytestmark = [needs_screen, pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")]

SIZE = Size(1280, 720)
FORMAT = StreamFormat(SIZE, Fraction(30))
OUTPUT = Output(gray(128, SIZE), Alpha(np.full((720, 1280), 255, np.uint8)), 0.0, 0)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """A screen for one test, which may ruin it; the display of this process."""
    with open_screen() as opened:
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        monkeypatch.setenv("DISPLAY", opened.display)
        yield opened


def children(pid: int) -> list[int]:
    """Of a process and its threads."""
    return [int(c) for file in Path(f"/proc/{pid}/task").glob("*/children") for c in file.read_text().split()]


def lives(pid: int) -> bool:
    """Whether it runs: who ended and was not yet taken note of does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def process_of(preview: Preview) -> int:
    return preview._window._process.pid


def sent_until_it_fails(preview: Preview) -> str:
    """What `send` then says, again and again."""
    errors: list[str] = []

    def fails() -> bool:
        try:
            preview.send(OUTPUT)
        except SinkError as error:
            errors.append(error.what)
        return len(errors) == 3

    wait_for(fails, "the preview still takes pictures")
    assert len(set(errors)) == 1
    return errors[0]


def sent_meanwhile(preview: Preview, times: int) -> threading.Event:
    """Set once the picture was sent so often, by another thread."""
    sent = threading.Event()

    def send() -> None:
        for _ in range(times):
            preview.send(OUTPUT)
        sent.set()

    threading.Thread(target=send, daemon=True).start()
    return sent


def assert_nothing_is_left(preview: Preview) -> None:
    pid = process_of(preview)
    preview.close()
    preview.close()
    assert not Path(f"/proc/{pid}").exists(), "a process or what remembers it is left"
    assert "preview" not in {thread.name for thread in threading.enumerate()}
    preview.send(OUTPUT)
    assert list(preview.keys()) == []


def test_a_display_that_goes_away_is_told_and_does_not_ask_to_quit(screen: Screen) -> None:
    preview = open_preview("Rimlight", FORMAT)
    preview.send(OUTPUT)

    screen.end()

    assert sent_until_it_fails(preview) == f"the preview is gone: the display {screen.display} was lost"
    assert list(preview.keys()) == []
    assert_nothing_is_left(preview)


def test_a_display_that_goes_away_while_the_window_is_opened_is_told(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Qt tells it, which has seen the display answer a moment before."""
    lost = f"import os; print('qt.qpa.xcb: could not connect to display {screen.display}', flush=True); os.abort()"
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda _, **how: start([sys.executable, "-c", lost], **how))

    with pytest.raises(NoDisplayError) as raised:
        open_preview("Rimlight", FORMAT)
    assert raised.value.what == f"the preview's window cannot be opened: the display {screen.display} was lost"


def test_a_window_whose_process_is_killed_is_told_and_does_not_ask_to_quit(screen: Screen) -> None:
    preview = open_preview("Rimlight", FORMAT)
    preview.send(OUTPUT)

    os.kill(process_of(preview), signal.SIGKILL)

    assert sent_until_it_fails(preview) == "the preview is gone: its process was killed by signal 9"
    assert list(preview.keys()) == []
    assert_nothing_is_left(preview)


def test_a_closed_window_asks_to_quit_once_and_takes_what_is_still_sent(screen: Screen) -> None:
    preview = open_preview("Rimlight", FORMAT)
    preview.send(OUTPUT)

    screen.close(screen.window("Rimlight"))

    pid = process_of(preview)
    wait_for(lambda: not lives(pid), "its process does not end")
    preview.send(OUTPUT)
    assert list(preview.keys()) == ["quit"]
    assert list(preview.keys()) == []
    assert_nothing_is_left(preview)


def test_a_send_that_waits_for_a_stopped_process_ends_when_the_preview_is_closed(screen: Screen) -> None:
    preview = open_preview("Rimlight", FORMAT)
    os.kill(process_of(preview), signal.SIGSTOP)

    sent = sent_meanwhile(preview, 5)

    assert not sent.wait(1), "five pictures lie in the pipe"
    assert list(preview.keys()) == []
    assert_nothing_is_left(preview)
    assert sent.wait(WAIT), "it still waits, or has failed"


def test_a_display_that_hangs_holds_nobody_up(screen: Screen) -> None:
    preview = open_preview("Rimlight", FORMAT)
    preview.send(OUTPUT)

    screen.hang()

    assert sent_meanwhile(preview, 100).wait(WAIT)
    assert list(preview.keys()) == []
    assert_nothing_is_left(preview)


def test_a_display_that_hangs_for_a_while_shows_the_newest_afterwards(screen: Screen) -> None:
    with open_preview("Rimlight", FORMAT) as preview:
        window = screen.window("Rimlight")
        preview.send(OUTPUT)
        wait_for(lambda: abs(int(screen.shot()[300, 300, 0]) - 130) < 5, "the picture is not there")
        screen.hang()
        for level in range(16, 236):
            preview.send(Output(gray(level, SIZE), OUTPUT.alpha, 0.0, 0))
        screen.go_on()
        wait_for(lambda: int(screen.shot()[300, 300, 0]) > 250, "the newest picture is not shown")
        screen.press(window, "m")
        wait_for(lambda: list(preview.keys()) == ["mirror"], "keys are not heard any more")


def test_a_display_that_hangs_from_the_start_is_no_screen(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_process, "_OPEN_LIMIT", 2.0)
    screen.hang()
    before = children(os.getpid())
    with pytest.raises(NoDisplayError, match=f"display {screen.display} does not answer"):
        open_preview("Rimlight", FORMAT)
    assert children(os.getpid()) == before


def test_keys_of_its_own_work_while_no_picture_comes(screen: Screen) -> None:
    with open_preview("Rimlight", FORMAT) as preview:
        window = screen.window("Rimlight")
        preview.send(OUTPUT)
        wait_for(lambda: abs(int(screen.shot()[240, 520, 0]) - 130) < 5, "the picture is not there")
        screen.press(window, "h")
        wait_for(lambda: int(screen.shot()[240, 520, 0]) < 110, "there is no help")


def test_a_window_that_cannot_start_is_no_screen(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NoDisplayError, match=r"cannot be opened: .*/nowhere/python"):
        open_preview("Rimlight", FORMAT)


def test_its_process_takes_no_module_of_the_folder_it_is_used_in(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("cv2", "json", "types", "rimlight"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    with open_preview("Rimlight", FORMAT) as preview:
        preview.send(OUTPUT)


def test_no_file_is_open_for_writing_where_pictures_pass(screen: Screen) -> None:
    with open_preview("Rimlight", FORMAT) as preview:
        preview.send(OUTPUT)
        screen.window("Rimlight")
        handles = Path(f"/proc/{process_of(preview)}/fd")
        assert written_files(handles) == []


def written_files(handles: Path) -> Sequence[str]:
    """Files with names that a process holds open for writing; pipes, sockets and devices have none that stay."""
    files = []
    for handle in handles.iterdir():
        flags = int((handle.parents[1] / "fdinfo" / handle.name).read_text().split("flags:")[1].split()[0], 8)
        if flags & os.O_ACCMODE != os.O_RDONLY and handle.is_file():
            files.append(str(handle.readlink()))
    return files


def test_no_window_outlives_a_run_that_is_killed(screen: Screen) -> None:
    with previewing(screen) as program:
        screen.window("Rimlight")
        (window,) = children(program.pid)
        program.kill()
        wait_for(lambda: not lives(window), "the window's process goes on")
        wait_for(lambda: not screen.has_window("Rimlight"), "the window is still there")


def test_no_window_outlives_a_run_that_is_killed_while_its_display_hangs(screen: Screen) -> None:
    with previewing(screen) as program:
        screen.window("Rimlight")
        (window,) = children(program.pid)
        screen.hang()
        time.sleep(0.3)
        program.kill()
        wait_for(lambda: not lives(window), "the window's process goes on")


def test_ctrl_c_ends_the_run_in_order_and_is_none_of_the_windows_business(screen: Screen) -> None:
    with previewing(screen) as program:
        screen.window("Rimlight")
        (window,) = children(program.pid)
        os.kill(window, signal.SIGINT)
        time.sleep(0.3)
        assert lives(window)
        os.killpg(program.pid, signal.SIGINT)
        out, err = program.communicate(timeout=WAIT)
    assert (out, err, program.returncode) == ("ended by stop\n", "", 0)
    assert not lives(window)


def test_a_run_is_told_when_its_only_sinks_display_goes_away(screen: Screen) -> None:
    with previewing(screen) as program:
        screen.window("Rimlight")
        screen.end()
        _, err = program.communicate(timeout=WAIT)
    assert err.splitlines()[-2:] == [
        f"rimlight.errors.SinkError: the preview is gone: the display {screen.display} was lost",
        "Start Rimlight again to have one.",
    ]
    assert program.returncode == 1
