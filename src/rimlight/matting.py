"""Picture to matte: segment, judge, smooth, refine, all at reduced size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from rimlight.agreement import agreed
from rimlight.effort import Effort
from rimlight.errors import DoubtedError, SegmenterError
from rimlight.evidence import Evidence
from rimlight.follower import ENOUGH, ENOUGH_OF_TWO, Follower, Sides
from rimlight.framing import View, grid, squeezed
from rimlight.meter import Meter
from rimlight.picture import resize, size_of, yuv_from_rgb
from rimlight.plausible import Credibility
from rimlight.protocols import Segmenter
from rimlight.refine import Refiner
from rimlight.region import whole
from rimlight.settings import Tuning
from rimlight.smoothing import Smoother
from rimlight.types import Alpha, Color, Mask, Picture, Planes, Size
from rimlight.watch import Watch

Framing = Callable[[Size, Size], View]
"""How a picture of the first size lies in a model's input of the second: `framing.fitted` or `framing.squashed`."""

_SLACK = 1e-3
"""What rounding may add to a probability."""


class Matting:
    """What becomes of one camera's or clip's pictures, one after the other, until there is a matte.

    Does not own the segmenter. Each stage's time is measured in `meter`; the model's only when it is asked.
    """

    def __init__(
        self, segmenter: Segmenter, framing: Framing, tuning: Tuning, meter: Meter, *, wary: bool = False
    ) -> None:
        """`wary`: answers of the model that cannot be believed are refused."""
        self._segmenter = segmenter
        self._framing = framing
        self._meter = meter
        self._watch = Watch(tuning.rest or 0.0)
        self._last: tuple[Alpha, Planes | None] | None = None
        self._mask: Mask | None = None
        self._follower = Follower() if tuning.follow else None
        self._evidence = Evidence() if tuning.evidence else None
        self._smoother = Smoother(tuning.smoothing, tuning.steadiness)
        self._refiner = Refiner(tuning)
        self._credibility = Credibility() if wary else None

    def reset(self) -> None:
        """Forgets the past: the next picture is of another clip or camera."""
        stages = (self._segmenter, self._watch, self._follower, self._evidence, self._smoother, self._credibility)
        for stage in stages:
            if stage is not None:
                stage.reset()

    def matte(self, picture: Picture, planes: Planes, at: float, effort: Effort) -> tuple[Alpha, Planes | None]:
        """The matte at the size of the reduced picture, and the person's own colours where the model tells them.

        `planes` are the picture, reduced; `at` is in seconds. Where nothing moved, or `effort` lets the model rest,
        what it said last is drawn with this picture's edges.

        Raises SegmenterError when the model fails or answers nonsense; DoubtedError, of which nothing is learned,
        when a wary matting does not believe it.
        """
        wanted = self._watch.wants(planes, at, effort.cadence)
        if self._segmenter.is_matte:
            if wanted or self._last is None:
                with self._meter.stage("segment"):
                    self._last = self._matted(picture, planes, at)
            return self._last
        if wanted or self._mask is None:
            with self._meter.stage("segment"):
                mask = self._looked(picture, planes, at, effort.views)
            with self._meter.stage("smooth"):
                if self._evidence is not None:
                    mask = self._evidence.judge(planes, mask, at)
                self._mask = self._smoother.smooth(mask, planes, at)
        with self._meter.stage("refine"):
            return self._refiner.refine(planes, self._mask), None

    def _matted(self, picture: Picture, planes: Planes, at: float) -> tuple[Alpha, Planes | None]:
        view = self._framing(planes.size, self._segmenter.size)
        matte, answer = self._asked(view, planes, picture.color, planes.size)
        self._believe(answer, matte, planes, at, None)
        return Alpha(cv2.multiply(matte, 255, dtype=cv2.CV_8U)), self._foreground(view, planes, picture.color)

    def _looked(self, picture: Picture, planes: Planes, at: float, views: int) -> Mask:
        """What the model says of the picture, seen so often, on the whole of it."""
        model, size = self._segmenter.size, grid(planes.size, self._segmenter.size)
        part = self._follower.part(at) if self._follower else None
        source, region, shown = planes, None, planes.size
        if part is not None:
            region = part.of(planes.size)
            if max(region.size) < max(model):
                # The reduced picture has too few pixels of it.
                source, region = Planes(*picture.planes), part.of(picture.size)
            shown = region.size

        def asked(framing: Framing, mirrored: bool) -> Mask:
            view = replace(framing(shown, model), part=region, mirrored=mirrored)
            mask, answer = self._asked(view, source, picture.color, size)
            self._believe(answer, mask, planes, at, part, mirrored)
            return mask

        mask = found = asked(self._framing, mirrored=False)
        if views > 1:
            other = asked(squeezed, mirrored=True)
            # Whoever only one view sees is worth a closer look, which may settle it.
            mask, found = agreed(mask, other), Mask(cv2.max(mask, other))
        if self._follower:
            self._follower.seen(found, part, ENOUGH_OF_TWO if views > 1 else ENOUGH)
        return mask

    def _asked(self, view: View, planes: Planes, color: Color, size: Size) -> tuple[Mask, Mask]:
        """What the model says of the view: on the whole picture, and as it said it."""
        answer = checked(self._segmenter.segment(view.take(planes, color)), view.model)
        return view.back(answer, planes.size, size), answer

    def _believe(
        self, answer: Mask, mask: Mask, planes: Planes, at: float, part: Sides | None, mirrored: bool = False
    ) -> None:
        if self._credibility is None:
            return
        size = size_of(mask)
        seen = part.of(size) if part is not None else whole(size)
        if why := self._credibility.doubt(answer, mask, planes.y, at, seen, mirrored):
            # Nothing moved may not mean now that the last answer still holds.
            self._watch.reset()
            raise DoubtedError(why)

    def _foreground(self, view: View, like: Planes, color: Color) -> Planes | None:
        """The person's colours that the segmenter tells, at the size of the reduced picture."""
        rgb = self._segmenter.foreground
        if rgb is None:
            return None
        own = rgb[view.top : view.top + view.inner.height, view.left : view.left + view.inner.width]
        parts = cv2.split(cv2.transform(own, yuv_from_rgb(color)))
        y, u, v = (resize(p, size_of(q)) for p, q in zip(parts, like, strict=True))
        return Planes(y, u, v)


def checked(mask: Mask, size: Size) -> Mask:
    """The mask itself. Raises SegmenterError unless it is a finite float32 mask of that size within 0..1."""
    if mask.shape != (size.height, size.width) or mask.dtype != np.float32:
        raise SegmenterError(f"the model gave {mask.dtype} of shape {mask.shape} for an input of {size}")
    # Not-a-number makes both comparisons false.
    if not (mask.min() >= -_SLACK and mask.max() <= 1 + _SLACK):
        raise SegmenterError("the model gave probabilities that are not within 0 and 1")
    return mask
