"""`rimlight doctor`: whether a call would work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from rimlight.checks.findings import Asked


def doctor(
    *,
    size: str = "1280x720",
    fps: float = 30,
    model: str = "standard",
    runtime: str = "auto",
    json_: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Check all that a call needs, and say how to mend what is amiss. Each camera is on for about a second.

    The exit code is 1 if a call would not work.

    Parameters
    ----------
    size
        As for live: what the camera is asked for.
    fps
        Pictures a second that the camera is asked for.
    model
        standard, fast, best, or a matting model, FILE.onnx.
    runtime
        What runs standard and fast: onnx, mediapipe or opencv; auto: the fastest that is there.
    json_
        Print all as JSON.
    """
    from rich.console import Console

    from rimlight.doctor import examine, print_report, to_json

    asked = _checked(size, fps, model, runtime)
    terminal = Console(stderr=True)
    with terminal.status("") as status:
        report = examine(asked, lambda name: status.update(f"{name} ..."))
    if json_:
        print(to_json(report))
    else:
        print_report(report, Console(highlight=False))
    if not report.works:
        sys.exit(1)


def _checked(size: str, fps: float, model: str, runtime: str) -> Asked:
    """Raises SettingError as `rimlight live` would."""
    from rimlight.checks.findings import Asked

    try:
        from rimlight.settings import settings_from
    except ImportError:  # a package is missing: that is what there is to be said
        return Asked(size, fps, model, runtime)
    settings = settings_from(size=size, fps=fps, model=model, runtime=runtime)
    return Asked(str(settings.size), settings.fps, settings.model, settings.runtime)
