"""The scenes: the synthetic sitter in front of what is hard to matte, one thing each, with mattes just as exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rimlight.sources.cast import Actor, Blurred, Grip, Mirrored, Stiff
from rimlight.sources.exposure import Gain, Shake
from rimlight.sources.furniture import chair, coat, gallery, table
from rimlight.sources.ink import Bgra
from rimlight.sources.portrait import Portrait, Pose, pose
from rimlight.sources.worn import glasses, headset, somebody_else, strands
from rimlight.types import Bgr, Size


def _alone(cutouts: Sequence[Bgra], size: Size) -> list[Actor]:
    return [Portrait(cutouts[0], size)]


@dataclass(frozen=True, slots=True)
class Scene:
    """What differs from the plain sitter."""

    about: str
    """What is hard, in a few words."""
    place: tuple[str, str] = ("sitters", "room.jpg")
    """The room's picture, among the assets."""
    furnish: Callable[[Bgr], None] | None = None
    """Draws what else stands in the room into its picture, 1920x1080."""
    cutouts: tuple[str, ...] = ("astronaut.png",)
    """Pictures in assets/sitters that the cast is made of."""
    cast: Callable[[Sequence[Bgra], Size], list[Actor]] = _alone
    """From the cut-outs, which it may draw on: all that belongs to the persons, from back to front."""
    gain: Gain | None = None
    shake: Shake | None = None
    noise: float = 1.0
    """How many times as strong as the plain sitter's."""
    grain: float = 0.0
    """Size of the noise's blotches, as `exposure.Noise` has it."""
    quality: int | None = None
    """Of the camera's MJPEG; None: not compressed."""


def _wave(seconds: float, period: float, phase: float = 0.0) -> float:
    return math.sin(2 * math.pi * (seconds / period + phase))


def _hairy(cutouts: Sequence[Bgra], size: Size) -> list[Actor]:
    strands(cutouts[0])
    return _alone(cutouts, size)


def _talking(cutouts: Sequence[Bgra], size: Size) -> list[Actor]:
    headset(cutouts[0])
    return _alone(cutouts, size)


def _bespectacled(cutouts: Sequence[Bgra], size: Size) -> list[Actor]:
    glasses(cutouts[0])
    return _alone(cutouts, size)


def _waving(cutouts: Sequence[Bgra], size: Size) -> list[Actor]:
    """The hand beside the head; its elbow is below the frame and sways with the body."""
    ratio = min(0.9 * size.height / 816, 1.1 * size.width / 690)

    def held(seconds: float) -> Grip:
        x = size.width / 2 + pose(seconds).shift * size.height + 300 * ratio
        y = size.height * (1.0 - 0.03 * _wave(seconds, 2.9))
        return Grip(x, y, 0.10 + 0.15 * _wave(seconds, 0.9))

    return [Portrait(cutouts[0], size), Blurred(Stiff(cutouts[1], size, held, (150, 690), ratio), 1 / 60)]


def _restless(seconds: float) -> Pose:
    """Bends from side to side and jerks the head: at most one and a third frame heights a second."""
    calm = pose(seconds)
    return calm._replace(
        shift=0.20 * _wave(seconds, 1.5) * (0.6 + 0.4 * _wave(seconds, 4.1, 0.3)),
        lean=math.radians(5 * _wave(seconds, 1.5, 0.06)),
        tilt=math.radians(7 * _wave(seconds, 0.8, 0.1)),
        turn=14 * _wave(seconds, 0.63),
    )


def _hurried(cutouts: Sequence[Bgra], size: Size) -> list[Actor]:
    return [Blurred(Portrait(cutouts[0], size, _restless, floor=1.07, lively=True), 1 / 50)]


def _moved_over(seconds: float) -> Pose:
    return pose(seconds)._replace(shift=pose(seconds).shift - 0.2)


def _entering(seconds: float) -> Pose:
    """Steps in from the side within a second, then stands and sways; in mirrored frames, from the left."""
    way = min(max((seconds - 0.9) / 1.1, 0), 1)
    way = way * way * (3 - 2 * way)
    mine = pose(seconds + 20)
    return mine._replace(shift=-1.35 + 0.84 * way + 0.5 * mine.shift, rise=0.012 * abs(_wave(way, 0.7)))


def _joined(cutouts: Sequence[Bgra], size: Size) -> list[Actor]:
    behind = Portrait(somebody_else(cutouts[0]), size, _entering, tall=0.84, floor=1.02, lively=True)
    return [Mirrored(behind, size), Portrait(cutouts[0], size, _moved_over)]


_TABLE = 0.72
"""Where the table's far edge is, in frame heights."""


def _across_the_table(seconds: float) -> Pose:
    calm = pose(seconds)
    return calm._replace(shift=0.24 + 0.4 * calm.shift)


def _distant(cutouts: Sequence[Bgra], size: Size) -> list[Actor]:
    return [Portrait(cutouts[0], size, _across_the_table, tall=0.36, floor=_TABLE)]


def _handheld(seconds: float) -> tuple[float, float]:
    right = 0.009 * _wave(seconds, 0.93) + 0.004 * _wave(seconds, 0.29, 0.4) + 0.0015 * _wave(seconds, 0.127)
    up = 0.006 * _wave(seconds, 0.71, 0.2) + 0.004 * _wave(seconds, 0.23) + 0.0015 * _wave(seconds, 0.139, 0.6)
    return right, up


def _carried(seconds: float) -> Pose:
    right, up = _handheld(seconds)
    return pose(seconds)._replace(shift=pose(seconds).shift + right, rise=up)


def _held_in_hand(cutouts: Sequence[Bgra], size: Size) -> list[Actor]:
    return [Portrait(cutouts[0], size, _carried, floor=1.03)]


def _hunting(seconds: float) -> float:
    """The sun comes out and, 1.5 s later, goes in; each time the camera needs half a second to follow."""

    def after(start: float) -> float:
        since = (seconds - start) % 3
        return min(since / 0.1, 1) * math.exp(-since / 0.35)

    return 1 + 0.45 * after(0.6) - 0.4 * after(2.1)


def _dusk(_: float) -> float:
    return 0.36


_OFFICE = ("backgrounds", "office.jpg")

SCENES = {
    "plain": Scene("nothing: a calm sitter in a tidy room"),
    "hair": Scene("loose strands, some thinner than a pixel", _OFFICE, cast=_hairy),
    "boom": Scene("a headset, its microphone on a boom a few pixels thick", cast=_talking),
    "hand": Scene(
        "a raised hand that waves beside the head",
        cutouts=("astronaut.png", "hand.png"),
        cast=_waving,
    ),
    "glasses": Scene("dark rims, and a window mirrored in the lenses", _OFFICE, cast=_bespectacled),
    "chair": Scene("a high dark chair right behind the head", furnish=chair),
    "dark": Scene(
        "an unlit room, and the noise of a camera that makes up for it", gain=_dusk, noise=4.0, grain=0.7
    ),
    "exposure": Scene("the light changes and the camera's gain hunts after it", gain=_hunting),
    "motion": Scene("fast motion, blurred by the shutter", cast=_hurried),
    "newcomer": Scene("a second person steps in, half hidden", _OFFICE, cast=_joined),
    "busy": Scene("dark picture frames and a shelf, whose edges the hair touches", furnish=gallery),
    "coat": Scene("a coat and a hat on a stand, in the outline of somebody", furnish=coat),
    "shake": Scene("a camera held in the hand: the room moves too", cast=_held_in_hand, shake=_handheld),
    "mjpeg": Scene("a cheap camera's MJPEG, blocks and all", quality=18),
    "far": Scene("somebody small across a table, the camera perfectly still", cast=_distant, furnish=table),
}
"""By name, as in `sitter:boom`."""
