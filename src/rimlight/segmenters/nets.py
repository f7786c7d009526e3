"""The kinds of network that an ONNX file may hold: what they take, what they give, and how that is a mask.

A network is told by the names and shapes of its inputs and outputs. Recurrent ones are RobustVideoMatting's kind
(Lin et al. 2022, 'Robust High-Resolution Video Matting with Temporal Guidance'); plain ones take a picture and give
one plane, as MODNet and most segmentation networks do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.assets import asset
from rimlight.errors import ModelError, SegmenterError
from rimlight.types import Mask, Rgb, Size

Floats = NDArray[np.float32]

DETAIL = 0.75
"""A recurrent network's core works at this part of the picture's size; its own guided filter draws the rest.

Boundary IoU (keyed/other clips) of the core at 256 pixels: 0.838/0.838 with pictures of 256, 0.846/0.841 of 384.
"""

LOOKS = 3
"""How often a recurrent network sees the first picture: photos have no past that would help.

On the first frames of ten clips, boundary IoU and MAD x 1000 with one look 0.858 and 6.5, two 0.868 and 5.9, three
0.870 and 5.6, eight 0.867 and 5.4.
"""

LARGEST = 2048
"""Pixels a side that a network may demand: beyond that it is no model for a camera but a way to fill memory."""

_OVERSHOOT = 0.02
"""What rounding and interpolation inside a network may add to 0..1."""

_RECURRENT_INPUTS = ("src", "r1i", "r2i", "r3i", "r4i", "downsample_ratio")
_RECURRENT_OUTPUTS = ("fgr", "pha", "r1o", "r2o", "r3o", "r4o")

_SCALES: Mapping[str, tuple[Sequence[float], Sequence[float]]] = {
    "0..1": ([0.0] * 3, [1.0] * 3),
    "-1..1": ([0.5] * 3, [0.5] * 3),
    "ImageNet": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
}
"""Mean and deviation of red, green and blue (of 1.0) that plain networks are trained with."""


class Session(Protocol):
    """What is needed of `onnxruntime.InferenceSession`."""

    def get_inputs(self) -> Sequence[Any]: ...

    def get_outputs(self) -> Sequence[Any]: ...

    def run(self, names: Sequence[str] | None, feed: Mapping[str, NDArray[Any]]) -> Sequence[Any]: ...


class Net(Protocol):
    """A network in its session. Used by one thread."""

    fixed: Size | None
    """The one size it takes; None: any whose sides are multiples of `step`."""
    step: int
    is_matte: bool

    def prepare(self, size: Size) -> None:
        """Makes it ready for pictures of that size, and forgets the past."""

    def reset(self) -> None:
        """Forgets the past."""

    def run(self, rgb: Rgb) -> Mask:
        """The mask, finite and in 0..1, in new memory. Raises SegmenterError if it fails or answers nonsense."""

    def foreground(self) -> Rgb | None:
        """The person's colours in the picture that was run last."""


def recognised(session: Session, name: str) -> Net:
    """The network in the session; `name` is for errors.

    Raises ModelError that names what was found if it is of no known kind.
    """
    inputs = {i.name: i for i in session.get_inputs()}
    outputs = {o.name: o for o in session.get_outputs()}
    if inputs.keys() == set(_RECURRENT_INPUTS) and outputs.keys() >= set(_RECURRENT_OUTPUTS):
        return Recurrent(session)
    alphas = [o.name for o in outputs.values() if _may_be_alpha(o)]
    picture = next(iter(inputs.values()), None)
    if len(inputs) == 1 and len(alphas) == 1 and _may_be_picture(picture):
        return Plain(session, picture, alphas[0])
    raise ModelError(
        f"{name} is no matting model that is known here: it takes {_listed(inputs.values())} "
        f"and gives {_listed(outputs.values())}",
        "Give a model as RobustVideoMatting's, or one with a float32 picture of 3 channels in and one plane out.",
    )


def input_of(rgb: Size, layout: str) -> Floats:
    """Memory for a network's input: 'NCHW' or 'NHWC'."""
    planes = (3, rgb.height, rgb.width)
    return np.empty((1, *planes) if layout == "NCHW" else (1, *planes[1:], 3), np.float32)


class Recurrent:
    """RobustVideoMatting: it remembers what it saw, so its mattes are steady, and it tells the person's colours."""

    step = 4
    is_matte = True

    def __init__(self, session: Session) -> None:
        self.fixed = _fixed(session.get_inputs()[0].shape[2:])
        self._session = session
        self._feed: dict[str, NDArray[Any]] = {"downsample_ratio": np.array([DETAIL], np.float32)}
        self._colors: Floats | None = None

    def prepare(self, size: Size) -> None:
        self._feed["src"] = input_of(size, "NCHW")
        self.reset()

    def reset(self) -> None:
        self._feed.update({name: np.zeros((1, 1, 1, 1), np.float32) for name in _RECURRENT_INPUTS[1:5]})
        self._colors = None

    def run(self, rgb: Rgb) -> Mask:
        for plane, channel in zip(self._feed["src"][0], cv2.split(rgb), strict=True):
            np.multiply(channel, np.float32(1 / 255), plane)
        for _ in range(LOOKS if self._colors is None else 1):
            self._colors, matte, *memory = _run(self._session, _RECURRENT_OUTPUTS, self._feed)
            mask = _checked(matte, rgb)
            self._feed.update(zip(_RECURRENT_INPUTS[1:5], memory, strict=True))
        return mask

    def foreground(self) -> Rgb | None:
        if self._colors is None:
            return None
        rgb: Rgb = cv2.merge([cv2.multiply(plane, 255, dtype=cv2.CV_8U) for plane in self._colors[0]])
        return rgb


class Plain:
    """One picture in, one plane out, no memory.

    The file does not say whether it wants 0..1, -1..1 or ImageNet's deviations: the one with which it finds a
    known portrait best is taken.
    """

    step = 32
    is_matte = False

    def __init__(self, session: Session, picture: Any, alpha: str) -> None:
        self._layout = "NCHW" if picture.shape[1] == 3 else "NHWC"
        self.fixed = _fixed(picture.shape[2:] if self._layout == "NCHW" else picture.shape[1:3])
        self._session = session
        self._input, self._alpha = picture.name, alpha
        self._scale = _SCALES["0..1"]
        self._feed = input_of(Size(1, 1), self._layout)
        self._calibrated = False

    def prepare(self, size: Size) -> None:
        self._feed = input_of(size, self._layout)
        if not self._calibrated:
            self._calibrate(size)

    def reset(self) -> None:
        """It has no past."""

    def run(self, rgb: Rgb) -> Mask:
        feed = self._feed[0] if self._layout == "NCHW" else self._feed[0].transpose(2, 0, 1)
        for plane, channel, mean, deviation in zip(feed, cv2.split(rgb), *self._scale, strict=True):
            np.multiply(channel, np.float32(1 / 255 / deviation), plane)
            np.subtract(plane, np.float32(mean / deviation), plane)
        return _checked(_run(self._session, (self._alpha,), {self._input: self._feed})[0], rgb)

    def foreground(self) -> Rgb | None:
        return None

    def _calibrate(self, size: Size) -> None:
        rgb, truth = _portrait(size)
        errors: dict[str, float] = {}
        for name, self._scale in _SCALES.items():
            try:
                errors[name] = float(np.abs(self.run(rgb) - truth).mean())
            except SegmenterError as error:
                refused = error
        if not errors:
            raise refused
        self._scale = _SCALES[min(errors, key=errors.__getitem__)]
        self._calibrated = True


def _may_be_picture(tensor: Any) -> bool:
    shape = tensor.shape
    return tensor.type == "tensor(float)" and len(shape) == 4 and _is(shape[0], 1) and 3 in (shape[1], shape[3])


def _may_be_alpha(tensor: Any) -> bool:
    """Float, and one plane as far as the file says."""
    shape = tensor.shape
    if tensor.type != "tensor(float)" or len(shape) not in {3, 4} or not _is(shape[0], 1):
        return False
    return len(shape) == 3 or _is(shape[1], 1) or _is(shape[3], 1)


def _is(side: int | str | None, wanted: int) -> bool:
    """Whether it is that or left open."""
    return not isinstance(side, int) or side == wanted


def _fixed(sides: Sequence[int | str | None]) -> Size | None:
    """The size that a network demands. Raises ModelError if that is half open or absurd."""
    height, width = sides
    if not isinstance(height, int) and not isinstance(width, int):
        return None
    if isinstance(height, int) and isinstance(width, int) and 0 < height <= LARGEST and 0 < width <= LARGEST:
        return Size(width, height)
    raise ModelError(
        f"the model demands pictures of {width}x{height}",
        f"Export it with a free size, or with a fixed one of at most {LARGEST} pixels a side.",
    )


def _run(session: Session, names: Sequence[str], feed: Mapping[str, NDArray[Any]]) -> Sequence[Any]:
    try:
        return session.run(names, feed)
    except Exception as error:
        raise SegmenterError(f"ONNX Runtime failed on a frame: {str(error).splitlines()[0]}") from error


def _checked(answer: Any, rgb: Rgb) -> Mask:
    """The one plane of an answer, within 0..1."""
    shape = rgb.shape[:2]
    if answer.dtype != np.float32 or answer.size != shape[0] * shape[1]:
        found = "x".join(str(side) for side in answer.shape)
        raise SegmenterError(f"the model gave {answer.dtype} of {found} for a picture of {shape[1]}x{shape[0]}")
    low, high = float(answer.min()), float(answer.max())
    # Not-a-number makes both comparisons false.
    if not (low >= -_OVERSHOOT and high <= 1 + _OVERSHOOT):
        raise SegmenterError(f"the model gave values from {low:.3g} to {high:.3g}, which are no matte (0 to 1)")
    mask = answer.reshape(shape)
    return Mask(np.clip(mask, 0, 1, out=mask) if low < 0 or high > 1 else mask)


def _portrait(size: Size) -> tuple[Rgb, Floats]:
    """The shipped sitter on gray, and where she is: proportions kept, the rest gray."""
    bgra = cv2.imread(str(asset("sitters", "astronaut.png")), cv2.IMREAD_UNCHANGED)
    if bgra is None:
        raise ModelError("the shipped portrait cannot be read", "Install Rimlight again to get it back.")
    ratio = min(size.width / bgra.shape[1], size.height / bgra.shape[0])
    inner = Size(*(max(1, round(side * ratio)) for side in bgra.shape[1::-1]))
    scaled = cv2.resize(bgra, tuple(inner), interpolation=cv2.INTER_AREA)
    rgb = np.full((size.height, size.width, 3), 110, np.uint8)
    truth = np.zeros((size.height, size.width), np.float32)
    share = scaled[..., 3:] / np.float32(255)
    rows, columns = slice(size.height - inner.height, None), slice(0, inner.width)
    rgb[rows, columns] = scaled[..., 2::-1] * share + 110 * (1 - share)
    truth[rows, columns] = share[..., 0]
    return rgb, truth


def _listed(tensors: Any) -> str:
    return ", ".join(f"{t.name} {t.type.removeprefix('tensor')} {t.shape}" for t in tensors) or "nothing"
