"""The words of `--help`: a command's docstring, in paragraphs that the terminal breaks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

_Command = TypeVar("_Command", bound=Callable[..., None])


def flowing(command: _Command) -> _Command:
    """The command, the lines of each paragraph of whose docstring are joined.

    Plain help breaks lines wherever the docstring does. Paragraphs end at an empty line and where the indentation
    changes, headings of sections stay as they are.
    """
    joined: list[str] = []
    for line in inspect.cleandoc(command.__doc__ or "").splitlines():
        if joined and _goes_on(joined[-1], line):
            joined[-1] += f" {line.strip()}"
        else:
            joined.append(line)
    command.__doc__ = "\n".join(joined)
    return command


def _goes_on(before: str, line: str) -> bool:
    """Whether the line is of one paragraph with the one before."""
    return (
        bool(before.strip())
        and bool(line.strip())
        and _indented(before) == _indented(line)
        and not line.startswith("--")
        and not before.startswith("--")
    )


def _indented(line: str) -> int:
    return len(line) - len(line.lstrip())
