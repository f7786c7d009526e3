"""The vocabulary: what flows between the rooms, with shapes, types, ranges and units said once.

Sizes are (width, height); array shapes are (height, width). Times are seconds of one clock per run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple, NewType, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import Self

Plane = NDArray[np.uint8]
"""One 8-bit channel, (h, w)."""

Rgb = NDArray[np.uint8]
"""Interleaved 8-bit red, green, blue, (h, w, 3): what the models want."""

Bgr = NDArray[np.uint8]
"""Interleaved 8-bit blue, green, red, (h, w, 3): what OpenCV's files and windows want."""

Mask = NewType("Mask", NDArray[np.float32])
"""The model's probability of 'person', (h, w) float32 in 0..1, at the model's own, low resolution."""

Alpha = NewType("Alpha", NDArray[np.uint8])
"""The matte, (H, W) uint8: 0 is background, 255 is person, at the picture's own resolution."""

Matrix = Literal["bt601", "bt709", "bt2020"]


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    @property
    def even(self) -> Size:
        """The smallest even size that holds this one: chroma has half the pixels each way."""
        return Size(self.width + self.width % 2, self.height + self.height % 2)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Color(NamedTuple):
    """How the numbers in Y, U and V mean light: the RGB to YUV matrix, and 16..235 or 0..255."""

    matrix: Matrix = "bt601"
    full_range: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """An image in planar YUV 4:2:0, 8 bit (I420).

    `i420` is one C-contiguous (H*3/2, W) uint8 array: H rows of Y, then U, then V, each H/2 x W/2. Width and height
    are even. The planes are views: writing to one writes to the picture.

    Raises ValueError if the array is not of that shape, type and layout.
    """

    i420: Plane
    color: Color = Color()

    def __post_init__(self) -> None:
        a = self.i420
        if a.dtype != np.uint8 or a.ndim != 2 or a.shape[0] % 3 or a.shape[1] % 2 or not a.flags.c_contiguous:
            raise ValueError(f"not an I420 picture: {a.dtype} array of shape {a.shape}")

    @classmethod
    def empty(cls, size: Size, color: Color = Color()) -> Picture:
        """A picture of `size` (even) whose pixels are not set."""
        return cls(np.empty((size.height * 3 // 2, size.width), np.uint8), color)

    @property
    def size(self) -> Size:
        return Size(self.i420.shape[1], self.i420.shape[0] * 2 // 3)

    @property
    def y(self) -> Plane:
        """Luma, (H, W)."""
        return self.i420[: self.size.height]

    @property
    def u(self) -> Plane:
        """Blue difference, (H/2, W/2)."""
        return self._chroma(0)

    @property
    def v(self) -> Plane:
        """Red difference, (H/2, W/2)."""
        return self._chroma(1)

    @property
    def planes(self) -> tuple[Plane, Plane, Plane]:
        return self.y, self.u, self.v

    def _chroma(self, which: int) -> Plane:
        width, height = self.size
        rows, columns = height // 2, width // 2
        start = width * height + which * rows * columns
        return self.i420.reshape(-1)[start : start + rows * columns].reshape(rows, columns)


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with its time and number, as a source gives it. Raw: no sink takes one."""

    picture: Picture
    at: float
    """Seconds: capture time on the clock of the run (live), presentation time (files)."""
    index: int
    """Since the source was opened, from 0; gaps are frames the source lost."""


class Planes(NamedTuple):
    """A reduced picture: luma (h, w), chroma half of it, rounded up. The model and the matte look at these."""

    y: Plane
    u: Plane
    v: Plane

    @property
    def size(self) -> Size:
        return Size(self.y.shape[1], self.y.shape[0])


@dataclass(frozen=True, slots=True)
class Cut:
    """A picture with its matte, both also at reduced size for whoever needs no detail. The arrays are its own."""

    picture: Picture
    alpha: Alpha
    planes: Planes
    """The picture, reduced."""
    small: Alpha
    """The matte at the size of the planes' luma."""
    at: float
    foreground: Planes | None = None
    """The person's own colours, reduced, where the segmenter tells them; they mean nothing where the matte is 0."""
    room: Planes | None = None
    """The learned room without the person, reduced; it means nothing where it is not known."""
    known: Plane | None = None
    """How sure the room is, at the size of the planes' luma: 0 not known, 255 known."""
    index: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """A frame that `Pipeline` composited with its own matte, `alpha`: the only thing a sink takes. It is opaque."""

    picture: Picture
    alpha: Alpha
    at: float
    index: int


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What a source gives and a sink is opened for."""

    size: Size
    """Of every picture; even."""
    fps: Fraction
    """Nominal; the true times are in `Frame.at`."""
    color: Color = field(default_factory=Color)


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

    `send` is called from one thread, blocks no longer than a frame lasts and keeps none of the output's memory.
    """

    @property
    def name(self) -> str:
        """What a user would call it: 'preview', '/dev/video10', 'talk.mp4'."""

    def send(self, output: Output) -> None:
        """Take one output. Raises SinkError when it cannot take any more, ever."""


Key = Literal["quit", "next-background", "less-blur", "more-blur", "mirror", "record", "overlay", "help"]
"""What a user can ask for while it runs."""


@runtime_checkable
class Window(Protocol):
    """A sink that also listens: the preview. Used by one thread."""

    caption: str
    """Lines about the run, laid over the picture unless the user hid them."""
    recording: bool
    """Whether to show that a recording runs."""

    def keys(self) -> Sequence[Key]:
        """What was asked for since the last call; a closed window asks to quit. Never waits."""
