"""Cut, compose: one frame in, one output out. The only place that makes outputs."""

from __future__ import annotations

from rimlight.composite import lay
from rimlight.effort import Effort
from rimlight.foreground import clean, own_colors, plate_for
from rimlight.keying import Keyer
from rimlight.light import light_wrap
from rimlight.matting import Framing, Matting
from rimlight.meter import Meter
from rimlight.picture import mirror, reduced, spread
from rimlight.pool import Pool
from rimlight.protocols import Background, Closes, Segmenter
from rimlight.region import Region, enlarge, occupied, parts
from rimlight.room import Known, Room
from rimlight.settings import Tuning
from rimlight.types import Alpha, Cut, Frame, Output, Picture, Planes, Size

CUTTING = ("reduce", "segment", "smooth", "refine", "room", "enlarge")
COMPOSING = ("plate", "foreground", "composite")
"""The stages, in order."""


class Pipeline(Closes):
    """Owns its segmenter and background and closes them.

    `process` is `cut` and then `compose`. Each is used by one thread; where these are two, the next frame is cut
    while the last one is composed. A frame keeps its own matte either way.

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
        light_wrap: float = 0.0,
        wary: bool = False,
    ) -> None:
        """`light_wrap` is as in the settings. `wary`: what cannot be believed of the model is refused."""
        self.background = background
        """May be exchanged between frames by the thread that composes; whoever does so closes the old one."""
        self.mirror = mirror
        """Left and right of the picture, not of the background, exchanged. May be set between frames."""
        self.effort = Effort(views=tuning.views or 1, guide_size=tuning.guide_size)
        """How much work a frame is given. May be set between frames; its `model` is for whoever exchanges it."""
        self.meter = meter or Meter()
        self._segmenter = segmenter
        self._framing = framing
        self._tuning = tuning
        self._wary = wary
        self._matting = Matting(segmenter, framing, tuning, self.meter, wary=wary)
        self._room, self._keyer = Room(), Keyer()
        self._mirrored = mirror
        self._pictures, self._alphas = Pool(), Pool()
        self._person = self._spare = Picture.empty(Size(2, 2))
        self._light_wrap = light_wrap

    @property
    def segmenter(self) -> Segmenter:
        """May be exchanged between frames by the thread that cuts; whoever does so closes the old one."""
        return self._segmenter

    @segmenter.setter
    def segmenter(self, segmenter: Segmenter) -> None:
        segmenter.reset()
        self._segmenter = segmenter
        self._matting = Matting(segmenter, self._framing, self._tuning, self.meter, wary=self._wary)

    def process(self, frame: Frame) -> Output:
        """The frame with its own matte and the background behind the person.

        Raises SegmenterError when the model fails or answers nonsense: no frame is put out unmatted.
        """
        return self.compose(self.cut(frame))

    def cut(self, frame: Frame) -> Cut:
        """The frame with its own matte, mirrored if so set.

        Raises SegmenterError when the model fails or answers nonsense, DoubtedError when a wary pipeline does not
        believe it: then the next frame may do.
        """
        if self.mirror != self._mirrored:
            self._mirrored = self.mirror
            self.reset()
        picture = mirror(frame.picture) if self.mirror else frame.picture
        effort = self.effort
        with self.meter.stage("reduce"):
            guide = reduced(picture, self._guide_size(effort))
        small, foreground = self._matting.matte(picture, guide, frame.at, effort)
        with self.meter.stage("room"):
            small, known = self._keyed(guide, small, frame.at)
        with self.meter.stage("enlarge"):
            alpha = Alpha(self._alphas.take(picture.size.height, picture.size.width))
            enlarge(small, alpha)
        room, sure = (known.room, known.known) if known else (None, None)
        return Cut(picture, alpha, guide, small, frame.at, foreground, room, sure, frame.index)

    def compose(self, cut: Cut) -> Output:
        """The person of the cut on the background."""
        made, person = self._kept(cut.picture), cut.picture
        region = occupied(cut.small, person.size)
        with self.meter.stage("plate"):
            plate = self.background.reduced(cut)
            if plate is None:
                self.background.paint(cut, made)
        with self.meter.stage("foreground"):
            if plate is None:
                person = self._cleaned(cut, region, made)
            elif not region.is_empty:
                plate = plate_for(cut, region, plate)
        with self.meter.stage("composite"):
            if plate is not None:
                spread(plate, made)
            lay(person, cut.alpha, made, self._spare, parts(cut.small, person.size, region))
        return Output(made, cut.alpha, cut.at, cut.index)

    def _cleaned(self, cut: Cut, region: Region, plate: Picture) -> Picture:
        """The person's own colours in the plate's light."""
        if not region.is_empty:
            lit = self._light_wrap > 0 and self.background.name != "transparent"
            light = light_wrap(cut, plate, self._light_wrap, region) if lit else None
            own_colors(cut, region, self._person, light)
        return self._person

    def cutout(self, frame: Frame) -> tuple[Picture, Alpha]:
        """The person alone: straight (not premultiplied) colours without the old room's spill, and alpha."""
        cut = self.cut(frame)
        return clean(cut), cut.alpha

    def reset(self) -> None:
        """Forgets the past: the next frame is of another clip or camera."""
        self._matting.reset()
        self._room.reset()
        self._keyer.reset()

    def _guide_size(self, effort: Effort) -> int:
        if not self._segmenter.is_matte:
            return effort.guide_size
        # Its input is made of the reduced picture, its matte lies on it: smaller, that would cost both detail.
        return max(effort.guide_size, *self._segmenter.size)

    def _keyed(self, guide: Planes, small: Alpha, at: float) -> tuple[Alpha, Known | None]:
        """The matte, corrected by what is known of the room; and that. A model's own matte is left as it is."""
        known = self._room.learn(guide, small, at) if self._tuning.clean_plate else None
        if known and not self._segmenter.is_matte:
            small = self._keyer.key(guide, small, known)
        return small, known

    def _kept(self, like: Picture) -> Picture:
        """Memory for an output, and the other pictures made ready for its size."""
        if (self._spare.size, self._spare.color) != (like.size, like.color):
            self._person, self._spare = (Picture.empty(like.size, like.color) for _ in range(2))
        return Picture(self._pictures.take(*like.i420.shape), like.color)

    def close(self) -> None:
        """Closes the segmenter and the background."""
        self._segmenter.close()
        self.background.close()
