"""Words that make no sense as settings: a clear line, exit code 2, and nothing that the terminal would obey."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile.words import WORDS
from rimlight import cli
from rimlight.errors import SettingError
from rimlight.printable import printable
from rimlight.settings import settings_from

NUMBERS = ("--fps", "--blur-strength", "--light-wrap", "--duration", "--cpu-budget", "--max-latency")
NAMES = ("--camera", "--background", "--model", "--runtime", "--size", "--on-demand")
NO_NUMBERS = ("nan", "inf", "-inf", "1e999", "", "--", "²", "0x10", "9" * 400, "\0", "\x1b[2J")


def typed(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and what is told, of a command line that starts nothing."""
    with mock.patch("rimlight.commands.live._run"):
        try:
            code = cli.run(words)
        except SystemExit as end:
            code = int(end.code or 0)
    told = capsys.readouterr()
    assert told.out == ""
    assert all(c.isprintable() or c == "\n" for c in told.err)
    assert "Traceback" not in told.err
    return code, told.err


@pytest.mark.parametrize("flag", NUMBERS)
@pytest.mark.parametrize("word", NO_NUMBERS)
def test_what_is_no_number_is_refused(flag: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = typed(["live", f"{flag}={word}"], capsys)

    assert code == 2
    assert told.startswith("rimlight: ")
    assert len(told) < 1500


@pytest.mark.parametrize("flag", NAMES)
@pytest.mark.parametrize("word", ["a\0b", "\ud800", "x" * 300, "x/" * 3000])
def test_what_can_be_no_name_is_refused(flag: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = typed(["live", f"{flag}={word}"], capsys)

    assert code == 2
    assert len(told) < 1500


@pytest.mark.parametrize(
    "word", ["\x1b[2J\x1b[H.onnx", "\x1b]0;title\x07", "\x9b2J", "\u202etxt.exe", "a\rb", "\udc80"]
)
@pytest.mark.parametrize("flag", ["--runtime", "--size", "--nonsense", "--fps", "--background"])
def test_no_escape_reaches_the_terminal(flag: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    typed(["live", f"{flag}={word}"], capsys)


def test_an_escape_in_a_files_name_is_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["process", "\x1b[2Jgone.mp4", "out.mp4"]) != 0
    told = capsys.readouterr()

    assert "\\x1b[2Jgone.mp4" in told.out + told.err
    assert "\x1b[2J" not in told.out + told.err


@given(st.text())
def test_text_for_the_terminal_holds_nothing_that_it_obeys(text: str) -> None:
    shown = printable(text)

    assert all(c.isprintable() or c == "\n" for c in shown)
    assert shown.count("\n") == text.count("\n")
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    "values",
    [
        {"size": (2**70, 1)},
        {"size": (0, 0)},
        {"size": (1280, -720)},
        {"fps": 1e-300},
        {"fps": 10**5000},
        {"duration": float("inf")},
        {"camera": "x" * 5000},
        {"tuning": {"views": 10**30}},
        {"\x1b[31m": 1},
        {"background": b"\xff"},
    ],
    ids=lambda values: next(iter(values)),
)
def test_values_from_programs_are_held_to_the_same(values: dict[str, Any]) -> None:
    with pytest.raises(SettingError) as caught:
        settings_from(**values)
    assert len(str(caught.value)) < 1000


@given(
    st.sampled_from(["fps", "duration", "cpu_budget", "max_latency", "blur_strength"]), st.floats() | st.integers()
)
def test_whatever_number_is_taken_is_one_to_work_with(name: str, value: float) -> None:
    try:
        settings = settings_from(**{name: value})
    except SettingError:
        return
    assert 0 <= getattr(settings, name) < float("inf")
    assert settings.rate > 0


@given(st.sampled_from(WORDS), st.sampled_from(WORDS))
def test_no_two_words_make_anything_but_a_setting_or_a_refusal(one: str, other: str) -> None:
    for name in ("camera", "size", "background", "model", "runtime", "cpu_budget", "max_latency", "fps"):
        try:
            taken = settings_from(**{name: one + other})
        except SettingError as error:
            assert str(error)  # noqa: PT017  what is refused is told
        else:
            assert taken.rate > 0
