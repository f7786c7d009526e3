"""Cut, compose: one frame in, one output out. The only place that makes outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from rimlight.composite import lay
from rimlight.cutout import straight
from rimlight.effort import Effort
from rimlight.foreground import own_colors, plate_for
from rimlight.keying import Keyer
from rimlight.light import light_wrap
from rimlight.matting import Framing, Matting
from rimlight.meter import Meter
from rimlight.picture import mirror, reduced, spread
from rimlight.pool import Pool
from rimlight.protocols import Background, Closes, MatteMaker, Segmenter
from rimlight.region import Region, enlarge, occupied, parts
from rimlight.room import Known, Room
from rimlight.settings import Tuning
from rimlight.types import Alpha, Cut, Frame, Matted, Output, Picture, Size

CUTTING = ("reduce", "segment", "smooth", "refine", "room", "enlarge")
COMPOSING = ("plate", "foreground", "composite")
"""The stages, in order."""


Keep = Callable[[Frame, Matted], None]
"""Takes a frame as it came, and what it became before the room was asked."""


class Pipeline(Closes):
    """Owns its segmenter and background and closes them.

    `process` is `cut` and then `compose`; `cut` is `matted` and then `keyed`. Cutting and composing are used by one
    thread each; where these are two, the next frame is cut while the last one is composed. A frame keeps its own
    matte either way.

    Each stage's time is measured in `meter`, under the stage's name. The arrays of an output are its own for as
    long as anybody holds it; then they serve again.
    """

    def __init__(
        self,
        segmenter: Segmenter | None,
        background: Background,
        framing: Framing,
        tuning: Tuning = Tuning(),
        meter: Meter | None = None,
        mirror: bool = False,
        light_wrap: float = 0.0,
        wary: bool = False,
        maker: MatteMaker | None = None,
    ) -> None:
        """`light_wrap` is as in the settings. `wary`: what cannot be believed of the model is refused.

        `maker`: where mattes come from if not from a segmenter.
        """
        self.background = background
        """May be exchanged between frames by the thread that composes; whoever does so closes the old one."""
        self.mirror = mirror
        """Left and right of the picture, not of the background, exchanged. May be set between frames."""
        self.effort = Effort(views=tuning.views or 1, guide_size=tuning.guide_size)
        """How much work a frame is given. May be set between frames; its `model` is for whoever exchanges it."""
        self.meter = meter or Meter()
        self.alone = False
        """Whether outputs carry the person alone, for files with alpha. May be set between frames."""
        self.keep: Keep | None = None
        """Is given each frame that is cut, by the thread that cuts. May be set between frames."""
        self.looks_ahead = False
        """Whether a clip's frames wait for those after them (`passes`). May be set between clips."""
        self._segmenter = segmenter
        self._framing = framing
        self._tuning = tuning
        self._wary = wary
        self._maker = maker or self._asking()
        self._room, self._keyer = Room(), Keyer()
        self._fresh, self._mirrored = True, mirror
        self._pictures, self._alphas, self._persons = Pool(), Pool(), Pool()
        self._person = self._spare = Picture.empty(Size(2, 2))
        self._light_wrap = light_wrap

    @property
    def segmenter(self) -> Segmenter:
        """May be exchanged between frames by the thread that cuts; whoever does so closes the old one.

        Raises ValueError if mattes do not come from one.
        """
        if self._segmenter is None:
            raise ValueError("this pipeline has no segmenter")
        return self._segmenter

    @segmenter.setter
    def segmenter(self, segmenter: Segmenter) -> None:
        segmenter.reset()
        self._segmenter = segmenter
        self._maker = self._asking()

    @property
    def learns(self) -> bool:
        """Whether it learns the room."""
        return self._tuning.clean_plate

    @property
    def remembers(self) -> bool:
        """Whether mattes come from where they were kept, as they are to stay."""
        return self._segmenter is None

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
        return self.settled(frame, self.matted(frame))

    def settled(self, frame: Frame, matted: Matted) -> Cut:
        """The frame with its matte as it is to stay: kept, if so asked, and then `keyed`."""
        if self.keep is not None:
            self.keep(frame, matted)
        return self.keyed(matted)

    def matted(self, frame: Frame) -> Matted:
        """The frame with the matte that the model alone gives, at reduced size, mirrored if so set.

        Raises as `cut` does.
        """
        if self.mirror != self._mirrored:
            self._mirrored = self.mirror
            self.reset()
        shown = replace(frame, picture=mirror(frame.picture)) if self._mirrored else frame
        matted = self._maker.matted(shown, self.effort)
        fresh, self._fresh = self._fresh, False
        return replace(matted, fresh=fresh or matted.fresh, mirrored=self._mirrored != matted.mirrored)

    def keyed(self, matted: Matted) -> Cut:
        """The same, corrected by what is known of the room, and at the picture's size."""
        with self.meter.stage("room"):
            small, known = self._keyed(matted)
        with self.meter.stage("enlarge"):
            size = matted.picture.size
            alpha = Alpha(self._alphas.take(size.height, size.width))
            enlarge(small, alpha)
        room, sure = (known.room, known.known) if known else (None, None)
        return Cut(
            matted.picture,
            alpha,
            matted.planes,
            small,
            matted.at,
            matted.foreground,
            room,
            sure,
            matted.index,
        )

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
        return Output(made, cut.alpha, cut.at, cut.index, self._alone(cut) if self.alone else None)

    def _alone(self, cut: Cut) -> Picture:
        with self.meter.stage("foreground"):
            picture = cut.picture
            person = Picture(self._persons.take(*picture.i420.shape), picture.color)
            straight(cut, person)
            return person

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
        return self._alone(cut), cut.alpha

    def reset(self) -> None:
        """Forgets the past: the next frame is of another clip or camera."""
        self._maker.reset()
        self._room.forget()
        self._fresh = True

    def learn(self, matted: Matted) -> None:
        """Learns of the room what this frame shows, and makes nothing of it: before `rewind`."""
        if matted.fresh:
            self._room.reset()
        if self.learns:
            self._room.learn(matted.planes, matted.small, matted.at)

    def rewind(self) -> None:
        """As `reset`, for the same clip from its start: what was learned of its room is known from there on."""
        self.reset()
        self._room.foresee()

    @contextmanager
    def rewound(self, maker: MatteMaker) -> Iterator[None]:
        """The same; until this is left, mattes come from that maker."""
        own, self._maker = self._maker, maker
        try:
            self.rewind()
            yield
        finally:
            self._maker = own

    def _asking(self) -> MatteMaker:
        if self._segmenter is None:
            raise ValueError("a pipeline needs a segmenter, or mattes from elsewhere")
        matting = Matting(self._segmenter, self._framing, self._tuning, self.meter, wary=self._wary)
        return _Asking(self._segmenter, matting, self.meter)

    def _keyed(self, matted: Matted) -> tuple[Alpha, Known | None]:
        """The matte, corrected by what is known of the room; and that. A model's own matte is left as it is."""
        if matted.fresh:
            self._room.reset()
            self._keyer.reset()
        guide, small = matted.planes, matted.small
        known = self._room.learn(guide, small, matted.at) if self._tuning.clean_plate else None
        if known and not matted.exact:
            small = self._keyer.key(guide, small, known)
        return small, known

    def _kept(self, like: Picture) -> Picture:
        """Memory for an output, and the other pictures made ready for its size."""
        if (self._spare.size, self._spare.color) != (like.size, like.color):
            self._person, self._spare = (Picture.empty(like.size, like.color) for _ in range(2))
        return Picture(self._pictures.take(*like.i420.shape), like.color)

    def close(self) -> None:
        """Closes the segmenter and the background."""
        if self._segmenter is not None:
            self._segmenter.close()
        self.background.close()


class _Asking(MatteMaker):
    """Asks a model."""

    def __init__(self, segmenter: Segmenter, matting: Matting, meter: Meter) -> None:
        self._segmenter = segmenter
        self._matting = matting
        self._meter = meter

    def matted(self, frame: Frame, effort: Effort) -> Matted:
        picture = frame.picture
        with self._meter.stage("reduce"):
            guide = reduced(picture, self._guide_size(effort))
        small, foreground = self._matting.matte(picture, guide, frame.at, effort)
        return Matted(picture, guide, small, frame.at, frame.index, foreground, self._segmenter.is_matte)

    def reset(self) -> None:
        self._matting.reset()

    def _guide_size(self, effort: Effort) -> int:
        if not self._segmenter.is_matte:
            return effort.guide_size
        # Its input is made of the reduced picture, its matte lies on it: smaller, that would cost both detail.
        return max(effort.guide_size, *self._segmenter.size)
