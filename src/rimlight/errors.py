"""The tree of errors. Each says what happened, with the values that clash, and what to do next.

Foreign errors are translated once, at the edge where the foreign package is imported. What reaches a user is
`str(error)`: one line for what happened and, where there is a way out, a second one that names it.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import TypeVar

Error = TypeVar("Error", bound="RimlightError")


class RimlightError(Exception):
    """Anything that a user can be told. `exit_code` is what the command ends with."""

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\n{self.hint}" if self.hint else self.what


class UsageError(RimlightError):
    """The command or a setting makes no sense as given; nothing was started."""

    exit_code = 2


class SettingError(UsageError):
    """A setting is out of its range or not of its kind."""


class OutputExistsError(UsageError):
    """A file would have been overwritten."""


class SourceError(RimlightError):
    """Frames cannot be had."""


class CameraMissingError(SourceError):
    """No such camera."""


class CameraBusyError(SourceError):
    """The camera is there, and another program holds it or we may not open it."""


class ClipError(SourceError):
    """A file is missing, is no video or picture, or ends in the middle."""


class MicrophoneError(SourceError):
    """Sound cannot be had: there is no such microphone, or it was lost."""


class ModelError(RimlightError):
    """The model's file is missing, altered or unreadable."""


class SegmenterError(RimlightError):
    """A segmenter's runtime cannot load, failed, or answered nonsense."""


class DoubtedError(SegmenterError):
    """The model's answer about one picture cannot be believed; about the next one it may."""


class BackgroundError(RimlightError):
    """A background cannot be read."""

    exit_code = 2


class SinkError(RimlightError):
    """Outputs cannot be delivered."""


class VirtualCameraError(SinkError):
    """No virtual camera can be opened."""


class NoDisplayError(SinkError):
    """There is no screen to show a window on."""


class DiskError(SinkError):
    """A file cannot be written: disk full, folder read-only or missing."""


class ControlError(RimlightError):
    """A run cannot be steered from outside: there is none, or it does not answer."""


class SeveralFailedError(RimlightError):
    """Files of a batch could not be made, the others were. Their number is `exit_code` - 10, at most 100."""

    def __init__(self, failed: Sequence[str], of: int) -> None:
        shown = ", ".join([*failed[:10], *(["..."] if len(failed) > 10 else [])])
        super().__init__(f"{len(failed)} of {of} failed: {shown}")
        self.exit_code = 10 + min(100, len(failed))


class ClusterError(RimlightError):
    """A cluster of computers cannot be used, or is lost."""


def translated(error: Exception, kind: type[Error], who: str) -> Error:
    """The error itself if it is of that kind; else one of that kind that says whose foreign error it is."""
    if isinstance(error, kind):
        return error
    translated = kind(f"{who} failed: {type(error).__name__}: {error}")
    translated.__cause__ = error
    return translated


Caught = TypeVar("Caught", bound=BaseException)


def emptied(error: Caught) -> Caught:
    """The error, which may be kept for longer now: the way it came is text, and nothing is held there any more.

    An error keeps every picture and model that the functions it passed had at hand, and their callers'; kept by
    what failed, it keeps that as well.
    """
    way = "".join(traceback.format_exception(error))
    error.__cause__, error.__context__ = Elsewhere(way), None
    return error.with_traceback(None)


class Elsewhere(Exception):  # noqa: N818  no error of its own: where one came from
    """The lines that an error passed on another thread, as the cause of it."""
