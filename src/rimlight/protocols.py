"""What the edges promise: sources, segmenters, backgrounds, sinks and windows.

Times are seconds of one clock per run. What an edge raises is of `errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from rimlight.effort import Effort
from rimlight.types import Cut, Frame, Mask, Matted, Output, Picture, Plane, Rgb, Size, Sound, StreamFormat

if TYPE_CHECKING:
    from typing_extensions import Self


class Closes(Protocol):
    """What `open_*` gives back: a context manager; closing twice is allowed. Edges subclass their protocol."""

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()


class Source(Closes, Protocol):
    """Where frames come from.

    After `open_*` returned, `format` is final and says what was really obtained, not what was asked.
    `read` is called from one thread; `close` may be called from another and makes a waiting `read` return
    None or raise. Each picture has its own memory: nobody writes to it again while somebody holds it.
    """

    @property
    def name(self) -> str:
        """What a user would call it: 'Integrated Camera', 'talk.mp4'."""

    @property
    def format(self) -> StreamFormat: ...

    @property
    def note(self) -> str:
        """One line that says what was really obtained."""
        return f"{self.name}: {self.format.size} at {float(self.format.fps):.4g} fps"

    def read(self) -> Frame | None:
        """The next frame, waiting for it; None at the end, SourceError if it is none. `index` and `at` grow."""

    @property
    def returns(self) -> bool:
        """Whether `reopened` may give it back once it was lost."""
        return False

    def reopened(self) -> Source | None:
        """The same camera opened anew, after this one was lost and closed; None if what ended cannot come back.

        Raises SourceError while it is not there, or not free.
        """
        return None


class Microphone(Closes, Protocol):
    """What hears the user. `read` is called from one thread; it hears from when it was opened."""

    @property
    def name(self) -> str:
        """What a user would call it: 'Built-in Audio'."""

    def read(self) -> Sound:
        """The next piece, waiting for it; `at` grows, and where sound was lost it leaps.

        Raises MicrophoneError when it was lost, closed, or has given nothing for a while.
        """


Take = Callable[[Sound], None]
"""Takes a piece of sound; never waits."""


class Ears(Closes, Protocol):
    """A part in a microphone that several may hear; closing it gives it back."""

    def tell(self, take: Take) -> None:
        """From now on each piece goes to `take`, on a thread of its own."""


class Segmenter(Closes, Protocol):
    """A model that finds the person. Used by one thread."""

    @property
    def is_matte(self) -> bool:
        """Whether its masks are mattes, steady in time and soft only at the edge: neither smoothed nor curved."""
        return False

    @property
    def foreground(self) -> Rgb | None:
        """The person's own colours, free of the room's, in the picture segmented last: RGB of `size`, or None."""
        return None

    def reset(self) -> None:
        """Forgets the past: the next picture is of another clip or camera."""
        return

    @property
    def name(self) -> str:
        """Runtime and model: 'mediapipe general 256x256'."""

    @property
    def size(self) -> Size:
        """Size of the pictures it takes and of the masks it gives."""

    def segment(self, rgb: Rgb) -> Mask:
        """Probability of 'person' for each pixel of an RGB picture of `size`; finite, 0..1, own memory.

        Raises SegmenterError when the model fails or answers nonsense.
        """


class MatteMaker(Protocol):
    """Where frames get their small mattes: of a model, or of a file that kept them. Used by one thread."""

    def matted(self, frame: Frame, effort: Effort) -> Matted:
        """The frame with its matte, `fresh` and `mirrored` as in `Matted`'s defaults, or as they were kept.

        Raises SegmenterError when the model fails or answers nonsense, DoubtedError when it is not believed.
        """

    def reset(self) -> None:
        """Forgets the past: the next frame is of another clip or camera."""


class Background(Closes, Protocol):
    """What is put behind the person."""

    @property
    def name(self) -> str:
        """What a user would call it: 'blur', '#00b140', 'office.jpg'."""

    def paint(self, cut: Cut, out: Picture) -> None:
        """Writes the background into all of `out`, which has the picture's size and colour tags.

        Never a pixel of the person or, but for blur, of the room. Never raises: it was opened.
        """

    def reduced(self, cut: Cut) -> Sequence[Plane] | None:  # noqa: ARG002
        """Y, U and V of one small size that `paint` scales up bilinearly, if it does."""
        return None

    def plate(self, cut: Cut) -> Picture:
        """The same in new memory."""
        plate = Picture.empty(cut.picture.size, cut.picture.color)
        self.paint(cut, plate)
        return plate


class Sink(Closes, Protocol):
    """Where outputs go.

    `send` is called from one thread and keeps none of the output's memory.
    """

    @property
    def prompt(self) -> bool:
        """Whether `send` waits for nothing outside the program. Where it may, it gets a thread of its own."""
        return False

    @property
    def name(self) -> str:
        """What a user would call it: 'preview', '/dev/video10', 'talk.mp4'."""

    @property
    def takes_alpha(self) -> bool:
        """Whether it takes the person alone, with the matte, in place of the picture."""
        return False

    @property
    def repeats(self) -> bool:
        """Whether it wants the last output again where none comes for longer than an interval."""
        return False

    @property
    def beside(self) -> bool:
        """Whether it is there for the sake of others: no run goes on for it alone."""
        return False

    @property
    def forgetting(self) -> bool:
        """Whether it takes no more until the pipeline has forgotten what it learned."""
        return False

    def send(self, output: Output) -> None:
        """Take one output. Raises SinkError when this one cannot take any more, ever."""

    @property
    def returns(self) -> bool:
        """Whether `reopened` may give it back once it was lost."""
        return False

    def reopened(self) -> Sink | None:
        """The same, opened anew after this one was lost and closed; None if it cannot come back.

        Raises SinkError while it is not there, or not free.
        """
        return None


@runtime_checkable
class Records(Protocol):
    """A sink that records, and can be told to pause. Times are on the clock of `Output.at`."""

    @property
    def name(self) -> str: ...

    @property
    def paused(self) -> bool: ...

    @property
    def written(self) -> int:
        """Pictures that it holds."""

    @property
    def dropped(self) -> int:
        """Pictures left out because the disk or the encoder was too slow."""

    def pause(self, at: float) -> None:
        """What was captured from then on is not recorded; nothing to do twice."""

    def resume(self, at: float) -> None:
        """What was captured from then on follows what was recorded before the pause; nothing to do twice."""


@runtime_checkable
class Replays(Protocol):
    """A sink that remembers the last moments."""

    @property
    def name(self) -> str: ...

    def save(self) -> str:
        """Saves them to a file and says so in a line; takes its time. Raises SinkError, UsageError if it cannot."""


Key = Literal[
    "quit",
    "blur",
    "next-background",
    "less-blur",
    "more-blur",
    "mirror",
    "record",
    "pause",
    "replay",
    "overlay",
    "help",
]
"""What a user can ask for while it runs."""

Order = Key | Literal["start", "stop", "hold", "resume"]
"""What may be asked for from outside: the same, and a recording's start, stop, pause and resumption, by whoever
does not see whether one runs."""


class Answer(NamedTuple):
    """What became of an order."""

    line: str
    done: bool = True
    """Whether anything was done."""


@runtime_checkable
class Window(Protocol):
    """A sink that also listens: the preview. Used by one thread."""

    caption: str
    """Lines about the run, laid over the picture unless the user hid them."""
    recording: bool
    """Whether to show that a recording runs."""
    paused: bool
    """Whether to show that it pauses."""

    def keys(self) -> Sequence[Key]:
        """What was asked for since the last call; a closed window asks to quit. Never waits."""
