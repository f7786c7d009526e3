"""What else stands in the synthetic room, drawn into its picture, 1920x1080. None of it belongs to the person."""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.sources.ink import Dry, Floats, Ink, Tone, arc, curve, inflated, onto_room, rounded
from rimlight.types import Bgr, Size

_FOCUS = 1.1
"""Standard deviation in pixels of the blur that the room itself has."""
_LEATHER, _SEAM = (30.0, 28.0, 29.0), (14.0, 13.0, 13.0)
_INK_BLACK, _WALNUT = (24.0, 25.0, 27.0), (26.0, 40.0, 62.0)


def chair(room: Bgr) -> None:
    """An executive chair's high leather back, right behind the head."""
    corner, size = (690, 40), Size(720, 1040)
    back = Ink(size, corner)
    back.shape(rounded(735, 330, 1365, 1200, 120), _LEATHER)
    onto_room(room, inflated(back.dry(_FOCUS), 110, 0.10), corner)
    head = Ink(size, corner)
    head.shape(rounded(810, 66, 1290, 400, 110), _LEATHER)
    onto_room(room, inflated(head.dry(_FOCUS), 90, 0.14), corner)
    seams = Ink(size, corner)
    seams.line(curve((826, 300), (1050, 330), (1274, 300)), 5, _SEAM)
    for x in (860, 1240):
        seams.line(curve((x, 400), (x + (1050 - x) * 0.06, 700), (x, 1080)), 5, _SEAM)
    onto_room(room, seams.dry(_FOCUS), corner)


def gallery(room: Bgr) -> None:
    """Dark picture frames and a shelf, whose edges the hair touches."""
    for box, mount in (((700, 190, 905, 470), 205), ((1165, 176, 1345, 410), 226), ((600, 40, 690, 150), 190),
                       ((1190, 440, 1330, 620), 70), ((720, 500, 860, 690), 60)):  # fmt: skip
        _frame(room, box, mount)
    _shelf(room)


def _frame(room: Bgr, box: tuple[int, int, int, int], mount: int) -> None:
    left, top, right, bottom = box
    shadow = Ink(Size(right - left + 80, bottom - top + 80), (left - 40, top - 40))
    shadow.shape(rounded(left + 8, top + 10, right + 10, bottom + 14, 4), (0, 0, 0))
    soft = shadow.dry(9)
    onto_room(room, Dry(soft.color, soft.coverage * np.float32(0.45)), (left - 40, top - 40))
    ink = Ink(Size(right - left + 8, bottom - top + 8), (left - 4, top - 4))
    ink.shape(rounded(left, top, right, bottom, 2), _INK_BLACK)
    ink.shape(rounded(left + 18, top + 18, right - 18, bottom - 18, 1), (mount * 0.9, mount * 0.97, mount))
    middle, wide, high = ((left + right) / 2, (top + bottom) / 2), (right - left) * 0.2, (bottom - top) * 0.24
    ink.ellipse((middle[0], middle[1] - high * 0.4), (wide * 0.7, high * 0.55), (52, 58, 60))
    ink.ellipse((middle[0], middle[1] + high), (wide, high * 0.62), (44, 44, 70))
    onto_room(room, ink.dry(_FOCUS), (left - 4, top - 4))


def _shelf(room: Bgr) -> None:
    """Its board runs behind the top of the head; bottles, books and a bowl stand on it."""
    corner, size = (660, 0), Size(820, 190)
    shade = Ink(size, corner)
    shade.shape(rounded(690, 120, 1440, 160, 4), (0, 0, 0))
    soft = shade.dry(10)
    onto_room(room, Dry(soft.color, soft.coverage * np.float32(0.4)), corner)
    ink = Ink(size, corner)
    rng = np.random.default_rng(8)
    x = 716.0
    for _ in range(15):
        wide, high = rng.uniform(13, 26), rng.uniform(58, 98)
        tone: Tone = tuple((np.array([52.0, 46.0, 50.0]) * rng.uniform(0.35, 1.6, 3)).tolist())
        ink.shape(rounded(x, 112 - high, x + wide - 2, 112, 2), tone)
        x += wide
    for place, high in ((1120, 96), (1168, 84), (1212, 92)):
        ink.shape(rounded(place - 14, 112 - high * 0.6, place + 14, 114, 6), (30, 44, 28))
        ink.shape(rounded(place - 5, 112 - high, place + 5, 70, 3), (30, 44, 28))
    ink.shape(np.vstack([arc((1340, 62), (62, 50), (0, 180)), [(1278, 62)]]), (34, 36, 40))
    onto_room(room, inflated(ink.dry(_FOCUS), 9, 0.08), corner)
    board = Ink(size, corner)
    board.shape(rounded(690, 110, 1440, 134, 3), _WALNUT)
    onto_room(room, board.dry(_FOCUS), corner)


def coat(room: Bgr) -> None:
    """A long coat and a hat on a stand, in the outline of somebody."""
    corner, size = (1330, 170), Size(400, 910)
    pole = Ink(size, corner)
    pole.line(np.array([(1535.0, 260.0), (1535, 1080)]), 16, _WALNUT)
    onto_room(room, inflated(pole.dry(_FOCUS), 8), corner)
    coat = Ink(size, corner)
    half = [(1535, 372), (1572, 380), (1628, 412), (1652, 500), (1668, 720), (1690, 1090)]
    other = [(3070 - x, y) for x, y in reversed(half[1:])]
    coat.shape(np.array([*half, (1535, 1100), *other], np.float64), (46, 40, 38))
    onto_room(room, inflated(coat.dry(_FOCUS), 46, 0.03), corner)
    folds = Ink(size, corner)
    for bend in (-70, -25, 30, 78):
        folds.line(curve((1535 + bend * 0.5, 470), (1535 + bend, 700), (1535 + bend * 1.25, 1080)), 6, (28, 25, 24))
    onto_room(room, folds.dry(5), corner)
    hat = Ink(size, corner)
    hat.shape(rounded(1478, 232, 1592, 352, 44), (58, 72, 92))
    onto_room(room, inflated(hat.dry(_FOCUS), 40, 0.03), corner)
    brim = Ink(size, corner)
    brim.ellipse((1535, 346), (104, 24), (52, 65, 84))
    onto_room(room, inflated(brim.dry(_FOCUS), 16, 0.03), corner)


def table(room: Bgr) -> None:
    """A long table between the camera and the person, who is cut off at its far edge."""
    top = 776
    y, x = np.mgrid[top:1080, :1920].astype(np.float32)
    depth = (y - top + 70) / (1080 - top + 70)
    along, across = (x - 960) / depth, 1 / depth
    rng = np.random.default_rng(2)
    rows: Floats = rng.standard_normal((64, 4096), np.float32)
    grain = cv2.GaussianBlur(cv2.resize(rows, (512, 2048), interpolation=cv2.INTER_LINEAR), (0, 0), 3, sigmaY=2)
    grain /= grain.std()
    wood = cv2.remap(grain, along / 20 + 256, (across * 260) % 2000, cv2.INTER_LINEAR)
    light = (0.78 + 0.3 * depth) * (1 + 0.05 * wood) + 0.35 * np.exp(-(((x - 1500) / 330) ** 2)) * (1 - depth)
    room[top:] = np.rint(np.array([74, 108, 146], np.float32) * light[..., None]).clip(0, 255)
    corner, size = (500, 700), Size(420, 330)
    things = Ink(size, corner)
    things.shape(np.array([(560.0, 820.0), (760, 812), (800, 880), (570, 890)]), (222, 224, 226))
    things.shape(rounded(846, 790, 884, 846, 8), (120, 62, 40))
    onto_room(room, inflated(things.dry(_FOCUS), 6), corner)
