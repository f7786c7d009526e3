"""The doctor's report: in what order, how it is said, and what it ends with."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from rich.console import Console

from made_up import ASKED, made_up
from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding, Mend
from rimlight.checks.system import System
from rimlight.doctor import CHECKS, SCHEMA, Check, Report, conclusion, examine, print_report, to_json

COMMAND = 'sudo apt install v4l2loopback-dkms && sudo modprobe v4l2loopback exclusive_caps=1 card_label="Rimlight"'
FINE = Finding("python", "Python", "fine", "3.11.7", values={"version": "3.11.7"})
WARNING = Finding("preview", "preview window", "warning", "none: DISPLAY is not set", (Mend("Send it elsewhere."),))
BROKEN = Finding(
    "virtual camera", "virtual camera", "broken", "none: " + "there is none. " * 9, (Mend("Do:", COMMAND),)
)


def gives(*findings: Finding) -> Check:
    return lambda _system, _asked: findings


def report(*findings: Finding) -> Report:
    return Report("Linux", ASKED, findings)


def printed(told: Report, width: int = 80, *, colour: bool = False) -> str:
    out = io.StringIO()
    print_report(
        told, Console(file=out, width=width, force_terminal=colour, color_system="standard" if colour else None)
    )
    return out.getvalue()


def test_each_check_is_done_in_its_order_and_named_to_who_waits() -> None:
    said: list[str] = []
    told = examine(ASKED, said.append, made_up(), {"one": gives(FINE), "two": gives(WARNING, BROKEN)})
    assert said == ["one", "two"]
    assert told.findings == (FINE, WARNING, BROKEN)


def test_a_check_that_fails_is_broken_and_the_others_go_on() -> None:
    def fails(_system: System, _asked: Asked) -> Iterator[Finding]:
        yield FINE
        raise RuntimeError("unforeseen\nin lines")

    def hangs(_system: System, _asked: Asked) -> Iterator[Finding]:
        raise ProbeError("no answer within 20 s")
        yield

    told = examine(ASKED, lambda _: None, made_up(), {"fails": fails, "hangs": hangs, "last": gives(FINE)})
    assert [one.verdict for one in told.findings] == ["fine", "broken", "broken", "fine"]
    assert told.findings[1].found == "could not be examined: RuntimeError: unforeseen"
    assert told.findings[2].found == "could not be examined: no answer within 20 s"
    assert not told.works


def test_a_system_of_which_nothing_can_be_asked_gives_a_report_all_the_same() -> None:
    def ask(_probe: str, _question: object, _limit: float) -> object:
        raise ProbeError("it crashed (SIGSEGV)")

    told = examine(ASKED, lambda _: None, System(ask=ask))
    assert {one.check for one in told.findings} >= {"camera", "virtual camera", "python", "packages", "model"}
    assert not told.works
    # The model does not run, which was said: that its speed is not known either is nothing new.
    assert "speed" not in {one.check for one in told.findings}


@pytest.mark.parametrize(
    ("findings", "works", "line"),
    [
        ((FINE,), True, "A call would work."),
        ((FINE, WARNING), True, "A call would work; 1 thing could be better."),
        ((WARNING, WARNING), True, "A call would work; 2 things could be better."),
        ((BROKEN, BROKEN), False, "A call would not work yet; to be mended: virtual camera."),
    ],
)
def test_the_last_line_says_whether_a_call_would_work(
    findings: tuple[Finding, ...], works: bool, line: str
) -> None:
    told = report(*findings)
    assert told.works is works
    assert conclusion(told) == line
    assert printed(told).splitlines()[-1] == line


def test_what_is_broken_comes_first_and_what_is_fine_last() -> None:
    text = printed(report(FINE, WARNING, BROKEN))
    assert text.index("broken") < text.index("warning") < text.index("fine ")


def test_lines_fit_the_terminal_but_commands_stay_whole() -> None:
    text = printed(report(FINE, WARNING, BROKEN))
    assert f"{COMMAND}\n" in text
    assert all(len(line) <= 80 for line in text.splitlines() if COMMAND not in line)
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_colours_are_for_terminals() -> None:
    assert "\x1b" not in printed(report(BROKEN))
    assert "\x1b[1;31mbroken" in printed(report(BROKEN), colour=True)


def test_square_brackets_are_text() -> None:
    odd = Finding(
        "python", "Python", "fine", "found in [red]/home[/red]", (Mend("See [1].", "pip install 'x[lean]'"),)
    )
    text = printed(report(odd))
    assert "[red]/home[/red]" in text
    assert "pip install 'x[lean]'" in text


def test_the_document_for_programs() -> None:
    document = json.loads(to_json(report(FINE, BROKEN)))
    assert list(document) == ["schema", "works", "system", "asked", "findings"]
    assert (document["schema"], document["works"]) == (SCHEMA, False)
    assert document["asked"] == {"size": "1280x720", "fps": 30, "model": "standard", "runtime": "auto"}
    assert document["findings"][0] == {
        "check": "python",
        "title": "Python",
        "verdict": "fine",
        "found": "3.11.7",
        "mend": [],
        "values": {"version": "3.11.7"},
    }
    assert document["findings"][1]["mend"] == [{"say": "Do:", "run": COMMAND}]


def test_every_kind_of_check_is_named() -> None:
    assert list(CHECKS) == [
        "camera",
        "virtual camera",
        "python",
        "packages",
        "model files",
        "model",
        "mediapipe",
        "speed",
        "preview",
        "memory",
        "recordings",
    ]
