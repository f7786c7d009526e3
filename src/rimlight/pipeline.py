"""Matte, key, composite: one frame in, one output out. The only place that makes outputs."""

from __future__ import annotations

from rimlight.composite import over
from rimlight.edge import color_edge
from rimlight.foreground import clean, difference
from rimlight.keying import Keyer
from rimlight.light import light_wrap
from rimlight.matting import Framing, Matting
from rimlight.meter import Meter
from rimlight.picture import mirror, reduced
from rimlight.pool import Pool
from rimlight.region import Region, enlarged
from rimlight.room import Known, Room
from rimlight.settings import Tuning
from rimlight.types import Alpha, Background, Closes, Cut, Frame, Output, Picture, Planes, Segmenter, Size

_LIGHTLESS = {"blur", "transparent"}
"""Backgrounds that give no light: the person's own room, whose light is there already, and none at all."""


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
        light_wrap: float = 0.0,
    ) -> None:
        """`light_wrap` is as in the settings."""
        self.background = background
        """May be exchanged between frames; whoever does so closes the old one."""
        self.mirror = mirror
        """Left and right of the picture, not of the background, exchanged. May be set between frames."""
        self.meter = meter or Meter()
        self._segmenter = segmenter
        self._tuning = tuning
        self._matting = Matting(segmenter, framing, tuning, self.meter)
        self._room, self._keyer = Room(), Keyer()
        self._mirrored = mirror
        self._pictures, self._alphas = Pool(), Pool()
        self._spare = Picture.empty(Size(2, 2))
        self._light_wrap = light_wrap

    def process(self, frame: Frame) -> Output:
        """The frame with its own matte and the background behind the person.

        Raises SegmenterError when the model fails or answers nonsense: no frame is put out unmatted.
        """
        cut, region = self._cut(frame)
        with self.meter.stage("plate"):
            plate = self.background.plate(cut)
        picture = cut.picture
        out, spare = self._kept(picture), self._spare
        with self.meter.stage("composite"):
            made = over(picture, cut.alpha, plate, out, spare, region)
        with self.meter.stage("foreground"):
            self._color_edge(made, cut, plate, region)
        return Output(made, cut.alpha, frame.at, frame.index)

    def _color_edge(self, made: Picture, cut: Cut, plate: Picture, region: Region) -> None:
        """The person's own colours at the edge, and the new room's light on it."""
        if region.right == region.left:
            return
        lit = self._light_wrap > 0 and self.background.name not in _LIGHTLESS
        light = light_wrap(cut, plate, self._light_wrap, region) if lit else None
        color_edge(made, cut.alpha, difference(cut, region), light, region)

    def cutout(self, frame: Frame) -> tuple[Picture, Alpha]:
        """The person alone: straight (not premultiplied) colours without the old room's spill, and alpha."""
        cut, _ = self._cut(frame)
        return clean(cut), cut.alpha

    def reset(self) -> None:
        """Forgets the past: the next frame is of another clip or camera."""
        self._matting.reset()
        self._room.reset()
        self._keyer.reset()

    def _cut(self, frame: Frame) -> tuple[Cut, Region]:
        """The frame with its own matte, mirrored if so set, and where anything of the person is."""
        if self.mirror != self._mirrored:
            self._mirrored = self.mirror
            self.reset()
        picture = mirror(frame.picture) if self.mirror else frame.picture
        with self.meter.stage("reduce"):
            guide = reduced(picture, self._tuning.guide_size)
        small, foreground = self._matting.matte(picture, guide, frame.at)
        with self.meter.stage("room"):
            small, known = self._keyed(guide, small, frame.at)
        with self.meter.stage("enlarge"):
            alpha = Alpha(self._alphas.take(picture.size.height, picture.size.width))
            region = enlarged(small, alpha)
        room, sure = (known.room, known.known) if known else (None, None)
        return Cut(picture, alpha, guide, small, frame.at, foreground, room, sure), region

    def _keyed(self, guide: Planes, small: Alpha, at: float) -> tuple[Alpha, Known | None]:
        """The matte, corrected by what is known of the room; and that. A model's own matte is left as it is."""
        known = self._room.learn(guide, small, at) if self._tuning.clean_plate else None
        if known and not self._segmenter.is_matte:
            small = self._keyer.key(guide, small, known)
        return small, known

    def _kept(self, like: Picture) -> Picture:
        """Memory for an output, and the spare picture made ready for its size."""
        if (self._spare.size, self._spare.color) != (like.size, like.color):
            self._spare = Picture.empty(like.size, like.color)
        return Picture(self._pictures.take(*like.i420.shape), like.color)

    def close(self) -> None:
        """Closes the segmenter and the background."""
        self._segmenter.close()
        self.background.close()
