"""`rimlight doctor`: whether a call would work on this system, and what to do if not."""

from __future__ import annotations

import json
import platform
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rimlight.checks.cameras import check_cameras
from rimlight.checks.children import ProbeError
from rimlight.checks.display import check_display
from rimlight.checks.findings import Asked, Finding, Mend, Verdict, hinted
from rimlight.checks.graphics import check_mediapipe
from rimlight.checks.models import check_files, check_model
from rimlight.checks.packages import check_packages, check_python
from rimlight.checks.space import check_memory, check_recordings
from rimlight.checks.speed import check_speed
from rimlight.checks.system import System
from rimlight.checks.virtual_camera import check_virtual_camera

if TYPE_CHECKING:
    from rich.console import Console

Check = Callable[[System, Asked], Iterable[Finding]]

SCHEMA = 1
"""Of the JSON document; grows when a key changes its meaning or goes."""

CHECKS: dict[str, Check] = {
    "camera": check_cameras,
    "virtual camera": check_virtual_camera,
    "python": check_python,
    "packages": check_packages,
    "model files": check_files,
    "model": check_model,
    "mediapipe": check_mediapipe,
    "speed": check_speed,
    "preview": check_display,
    "memory": check_memory,
    "recordings": check_recordings,
}
"""By kind, what matters most to a call first."""

_NEEDS = {"speed": "model"}
"""What cannot be measured where another check found something broken, which then has been said already."""

_COLOURS: dict[Verdict, str] = {"broken": "bold red", "warning": "yellow", "fine": "green"}


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    system: str
    asked: Asked
    findings: tuple[Finding, ...]

    @property
    def works(self) -> bool:
        """Whether a call would."""
        return all(finding.verdict != "broken" for finding in self.findings)


def examine(
    asked: Asked, say: Callable[[str], None], system: System | None = None, checks: dict[str, Check] | None = None
) -> Report:
    """Does all checks, one after the other; `say` is told the name of each. Never raises, and each ends in time.

    Takes pictures from each free camera for about a second, and keeps none.
    """
    system = system or System()
    findings: list[Finding] = []
    for name, check in (CHECKS if checks is None else checks).items():
        if any(one.check == _NEEDS.get(name) and one.verdict == "broken" for one in findings):
            continue
        say(name)
        findings += _done(name, check, system, asked)
    described = f"{platform.platform()}, Python {platform.python_version()}"
    return Report(described, asked, tuple(findings))


def _done(name: str, check: Check, system: System, asked: Asked) -> Iterator[Finding]:
    try:
        yield from check(system, asked)
    except ProbeError as error:
        yield Finding(name, name, "broken", f"could not be examined: {error.what}", hinted(error.hint))
    except Exception as error:  # noqa: BLE001  a check that fails is a finding, too
        told = f"could not be examined: {type(error).__name__}: {error}".partition("\n")[0]
        yield Finding(name, name, "broken", told, (Mend("Please report this line to Rimlight's makers."),))


def to_json(report: Report) -> str:
    """One document for programs.

    `schema` (SCHEMA), `works`, `system`, `asked` and `findings`, each of these with `check`, `title`, `verdict`
    ('fine', 'warning', 'broken'), `found`, `mend` (a list of `say` and `run`, which may be empty) and `values`.
    """
    document = {
        "schema": SCHEMA,
        "works": report.works,
        "system": report.system,
        "asked": asdict(report.asked),
        "findings": [asdict(finding) for finding in report.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def print_report(report: Report, console: Console) -> None:
    """For people: what is broken first, then warnings, then the rest; the last line says whether a call works."""
    from rich.text import Text

    ordered = sorted(report.findings, key=lambda finding: list(_COLOURS).index(finding.verdict))
    width = max((len(finding.title) for finding in ordered), default=0)
    for finding in ordered:
        head = f"{finding.verdict:7}  {finding.title:{width}}  "
        text = Text(_flowing(finding.found, console.width, head, " " * len(head)))
        text.stylize(_COLOURS[finding.verdict], 0, len(finding.verdict))
        # Lines are broken here and nowhere else: commands never, as they are there to be copied.
        console.print(text, soft_wrap=True)
        for mend in finding.mend:
            console.print(Text(_flowing(mend.say, console.width, " " * 9, " " * 9)), soft_wrap=True)
            if mend.run:
                console.print(Text(f"{' ' * 11}{mend.run}", "cyan"), soft_wrap=True)
        if finding.mend:
            console.print()
    console.print()
    console.print(Text(conclusion(report), "bold"), soft_wrap=True)


def _flowing(text: str, width: int, first: str, following: str) -> str:
    return textwrap.fill(
        text, max(width, len(first) + 20), initial_indent=first, subsequent_indent=following, break_on_hyphens=False
    )


def conclusion(report: Report) -> str:
    """The last line: whether a call would work, and if not, for lack of what."""
    broken = list(dict.fromkeys(one.title for one in report.findings if one.verdict == "broken"))
    if broken:
        return f"A call would not work yet; to be mended: {', '.join(broken)}."
    warned = sum(one.verdict == "warning" for one in report.findings)
    if not warned:
        return "A call would work."
    return f"A call would work; {warned} thing{'s' if warned > 1 else ''} could be better."
