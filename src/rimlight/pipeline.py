"""Segment, smooth, refine, composite: one frame in, one output out. The only place that makes outputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rimlight.composite import over
from rimlight.errors import SegmenterError
from rimlight.foreground import against_spill, clean
from rimlight.framing import View
from rimlight.meter import Meter
from rimlight.picture import mirror, reduced
from rimlight.pool import Pool
from rimlight.refine import Refiner
from rimlight.region import Region, enlarged
from rimlight.settings import Tuning
from rimlight.smoothing import Smoother
from rimlight.types import Alpha, Background, Closes, Cut, Frame, Mask, Output, Picture, Segmenter, Size

Framing = Callable[[Size, Size], View]
"""Chooses the view for a picture's size and the model's: `framing.fitted` or `framing.squashed`."""


_SLACK = 1e-3
"""What rounding may add to a probability."""


class Pipeline(Closes):
    """Owns its segmenter and background and closes them. Used by one thread.

    Each stage's time is measured in `meter`, under the stage's name. The arrays of an output are its own for as
    long as anybody holds it; then they serve again.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        background: Background,
        framing: Framing,
        tuning: Tuning = Tuning(),
        meter: Meter | None = None,
        mirror: bool = False,
    ) -> None:
        self.background = background
        """May be exchanged between frames; whoever does so closes the old one."""
        self.mirror = mirror
        """Left and right of the picture, not of the background, exchanged. May be set between frames."""
        self.meter = meter or Meter()
        self._segmenter = segmenter
        self._framing = framing
        self._tuning = tuning
        self._smoother = Smoother(tuning.smoothing)
        self._refiner = Refiner(tuning)
        self._mirrored = mirror
        self._pictures, self._alphas = Pool(), Pool()
        self._spare = (Picture.empty(Size(2, 2)),) * 2

    def process(self, frame: Frame) -> Output:
        """The frame with its own matte and the background behind the person.

        Raises SegmenterError when the model fails or answers nonsense: no frame is put out unmatted.
        """
        cut, region = self._cut(frame)
        with self.meter.stage("plate"):
            plate = self.background.plate(cut)
        picture = cut.picture
        out, spare = self._kept(picture), self._spare
        if self.background.name != "blur":
            # The blurred room has the spill's own colours: there it does not show.
            with self.meter.stage("foreground"):
                plate = against_spill(plate, cut, spare[0])
        with self.meter.stage("composite"):
            made = over(picture, cut.alpha, plate, out, spare[1], region)
            return Output(made, cut.alpha, frame.at, frame.index)

    def cutout(self, frame: Frame) -> tuple[Picture, Alpha]:
        """The person alone: straight (not premultiplied) colours without the old room's spill, and alpha."""
        cut, _ = self._cut(frame)
        return clean(cut), cut.alpha

    def reset(self) -> None:
        """Forgets the past: the next frame is of another clip or camera."""
        self._smoother.reset()

    def _cut(self, frame: Frame) -> tuple[Cut, Region]:
        """The frame with its own matte, mirrored if so set, and where anything of the person is."""
        if self.mirror != self._mirrored:
            self._mirrored = self.mirror
            self.reset()
        picture = mirror(frame.picture) if self.mirror else frame.picture
        with self.meter.stage("reduce"):
            guide = reduced(picture, self._tuning.guide_size)
        with self.meter.stage("segment"):
            view = self._framing(picture.size, self._segmenter.size)
            mask = view.back(checked(self._segmenter.segment(view.take(guide, picture.color)), view.model))
        with self.meter.stage("smooth"):
            mask = self._smoother.smooth(mask, frame.at)
        with self.meter.stage("refine"):
            small = self._refiner.refine(guide, mask)
            alpha = Alpha(self._alphas.take(picture.size.height, picture.size.width))
            region = enlarged(small, alpha)
        return Cut(picture, alpha, guide, small, frame.at), region

    def _kept(self, like: Picture) -> Picture:
        """Memory for an output, and the spare pictures made ready for its size."""
        if (self._spare[0].size, self._spare[0].color) != (like.size, like.color):
            self._spare = (Picture.empty(like.size, like.color), Picture.empty(like.size, like.color))
        return Picture(self._pictures.take(*like.i420.shape), like.color)

    def close(self) -> None:
        """Closes the segmenter and the background."""
        self._segmenter.close()
        self.background.close()


def checked(mask: Mask, size: Size) -> Mask:
    """The mask itself. Raises SegmenterError unless it is a finite float32 mask of that size within 0..1."""
    if mask.shape != (size.height, size.width) or mask.dtype != np.float32:
        raise SegmenterError(f"the model gave {mask.dtype} of shape {mask.shape} for an input of {size}")
    # Not-a-number makes both comparisons false.
    if not (mask.min() >= -_SLACK and mask.max() <= 1 + _SLACK):
        raise SegmenterError("the model gave probabilities that are not within 0 and 1")
    return mask
