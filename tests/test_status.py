import io
from dataclasses import replace

import pytest

from rimlight.meter import Meter
from rimlight.status import Status, StatusLine
from standins import Clock


class Terminal(io.StringIO):
    """Something that says it is a terminal, and what a user sees on it."""

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> list[str]:
        lines = []
        for written in self.getvalue().split("\n"):
            line = ""
            for part in written.split("\r"):
                line = part + line[len(part) :]
            lines.append(line.rstrip())
        return lines


def status(fps: int = 30, latency: float = 0.0214, background: str = "blur", recording: bool = False) -> Status:
    meter = Meter()
    for number in range(2 * fps):
        meter.delivered(number / fps, latency)
    meter.dropped(2)
    return Status(meter.snapshot(), background, recording)


def test_a_status_names_rate_latency_drops_and_background() -> None:
    assert status().line() == "30.0 fps, 21 ms, 2 dropped, blur"
    assert status(recording=True).line(" · ") == "30.0 fps · 21 ms · 2 dropped · blur · recording"


def test_a_recording_says_that_it_pauses_and_what_it_hears() -> None:
    paused = replace(status(recording=True), paused=True, mic="mic Built-in ▂▅▇ -12 dB")
    assert paused.line() == "30.0 fps, 21 ms, 2 dropped, blur, recording paused, mic Built-in ▂▅▇ -12 dB"
    assert replace(paused, trouble="camera lost").line() == (
        "no picture: camera lost, recording paused, mic Built-in ▂▅▇ -12 dB"
    )


def test_a_terminal_of_another_time_gets_question_marks_for_the_bars() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="strict")
    StatusLine(stream).say("mic Büro ▂▅▇ -12 dB")
    stream.flush()
    assert stream.buffer.getvalue() == "mic Büro ??? -12 dB\n".encode("latin-1")


def test_a_governed_run_says_how_much_work_frames_get() -> None:
    governed = replace(status(recording=True), effort="1 view (12 of 30 ms)")
    assert governed.line() == "30.0 fps, 21 ms, 2 dropped, blur, recording, 1 view (12 of 30 ms)"


def test_on_a_terminal_the_line_is_rewritten_in_place() -> None:
    stream = Terminal()
    with StatusLine(stream) as line:
        line.show(status(background="a very long name.jpg"))
        line.show(status())
        assert stream.screen == ["30.0 fps, 21 ms, 2 dropped, blur"]
    assert stream.screen == ["30.0 fps, 21 ms, 2 dropped, blur", ""]


def test_what_is_said_stays_above_the_status() -> None:
    stream = Terminal()
    with StatusLine(stream) as line:
        line.show(status())
        line.say("mirror: on")
        assert stream.screen == ["mirror: on", "30.0 fps, 21 ms, 2 dropped, blur"]
        line.show(status(fps=25))
    assert stream.screen == ["mirror: on", "25.0 fps, 21 ms, 2 dropped, blur", ""]


def test_a_line_longer_than_the_terminal_is_cut_not_wrapped() -> None:
    stream = Terminal()
    with StatusLine(stream) as line:
        line.show(status(background="x" * 200))
    assert len(stream.screen[0]) == 79


def test_closing_twice_or_without_a_status_prints_nothing_more() -> None:
    stream = Terminal()
    line = StatusLine(stream)
    line.close()
    assert stream.getvalue() == ""
    line.show(status())
    line.close()
    line.close()
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("step", [0.5, 3.0])
def test_elsewhere_plain_lines_come_now_and_then(step: float) -> None:
    stream, clock = io.StringIO(), Clock()
    with StatusLine(stream, clock) as line:
        line.say("camera: sitter")
        while clock.now < 20:
            line.show(status())
            clock.now += step
    lines = stream.getvalue().splitlines()
    assert lines[0] == "camera: sitter"
    assert set(lines[1:]) == {"30.0 fps, 21 ms, 2 dropped, blur"}
    assert len(lines) - 1 == 3
    assert "\r" not in stream.getvalue()
