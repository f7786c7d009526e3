"""A system that is made up, for `rimlight doctor`: its files, its probes' answers, its commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding
from rimlight.checks.system import System

ASKED = Asked()
RELEASE = "6.1.0-25-amd64"
DEBIAN = "ID=debian\n"
SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

Answer = Callable[[Any], object] | ProbeError | object


def made_up(
    root: Path = Path("/nowhere"),
    answers: Mapping[str, Answer] | None = None,
    platform: str = "linux",
    outputs: Mapping[str, str] | None = None,
    registered: Sequence[str] = (),
) -> System:
    """`answers` by probe: what it answers, raises, or does with the question; `outputs` by program."""

    def ask(probe: str, question: object, limit: float) -> Any:
        answer = (answers or {})[probe]
        if isinstance(answer, ProbeError):
            raise answer
        return answer(question) if callable(answer) else answer

    def output(command: Sequence[str]) -> str:
        return (outputs or {}).get(command[0], "")

    return System(platform, RELEASE, root, "/usr/bin/python3", ask, output, lambda key: key in registered)


def write(root: Path, name: str, content: str | bytes = "") -> None:
    """Writes a file of the system that lies under `root`."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def commands(finding: Finding) -> list[str]:
    return [mend.run for mend in finding.mend if mend.run]


def only(findings: Iterable[Finding]) -> Finding:
    (one,) = findings
    return one
