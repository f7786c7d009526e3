"""A screen for the preview window."""

from __future__ import annotations

from collections.abc import Iterator

from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding, hinted
from rimlight.checks.system import System

_LIMIT = 20.0


def check_display(system: System, _: Asked) -> Iterator[Finding]:
    """Whether the preview window can be opened. A call works without."""
    try:
        system.ask("display", None, _LIMIT)
    except ProbeError as error:
        told = error.what.removeprefix("there is no screen for the preview: ")
        yield Finding("preview", "preview window", "warning", f"none: {told}", hinted(error.hint))
        return
    yield Finding("preview", "preview window", "fine", "can be opened")
