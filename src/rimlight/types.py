"""The vocabulary: what flows between the rooms, with shapes, types, ranges and units said once.

Sizes are (width, height); array shapes are (height, width). Times are seconds of one clock per run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple, NewType

import numpy as np
from numpy.typing import NDArray

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

Samples = NDArray[np.float32]
"""Sound of one channel, (n,), -1..1."""

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
class Matted:
    """A picture with its matte at reduced size, before what is known of the room has corrected that.

    The one place where mattes can be kept, or others put in: what comes after depends on these alone, and on the
    order in which they come.
    """

    picture: Picture
    planes: Planes
    """The picture, reduced."""
    small: Alpha
    """The matte at the size of the planes' luma."""
    at: float
    index: int
    foreground: Planes | None = None
    """As in `Cut`."""
    exact: bool = False
    """Whether the matte is a matting model's own, which no room corrects."""
    fresh: bool = False
    """Whether it is the first of a clip or camera: what was known of the room before is forgotten."""
    mirrored: bool = False
    """Whether left and right are those of the camera's picture exchanged."""
    shown: bool = True
    """Whether there was an output of it: live, what comes too late is cut and learned of, and not shown."""


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
    person: Picture | None = None
    """For files that carry alpha: the person alone, in straight colours, and nothing of the room where `alpha` is 0
    (`cutout`). None where no such file is written, and where nobody is to be seen at all: the card."""


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What a source gives and a sink is opened for."""

    size: Size
    """Of every picture; even."""
    fps: Fraction
    """Nominal; the true times are in `Frame.at`."""
    color: Color = field(default_factory=Color)


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of what a microphone hears, of one channel."""

    samples: Samples
    at: float
    """Seconds: when the first sample was captured, on the clock of `Frame.at`."""
    rate: int
    """Samples a second; nominal, the true rate is in the pieces' times."""
