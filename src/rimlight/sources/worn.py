"""What the synthetic sitter wears, drawn onto the cut-out in its pixels: it moves with the head, matte and all."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.sources.ink import Bgra, Ink, arc, curve, inflated, onto_cutout
from rimlight.types import Size

_CROWN = (456.0, 165.0)
"""Middle of the head, hair and all."""
_CORNER, _SHEET = (200, 0), Size(520, 460)
_BLACK, _GRAY, _FOAM = (34.0, 31.0, 30.0), (92.0, 86.0, 82.0), (18.0, 17.0, 17.0)


def strands(cutout: Bgra) -> None:
    """Loose hair, in place: strands of a quarter to one and a half pixels, in the colours that they grow from."""
    rng = np.random.default_rng(5)
    ink = Ink(_SHEET, _CORNER)
    for _ in range(900):
        angle = math.radians(rng.uniform(152, 388))
        out = np.array([math.cos(angle), math.sin(angle)])
        root = np.array(_CROWN) + out * (_edge(cutout, out) - rng.uniform(8, 30))
        tone = cutout[int(root[1]), int(root[0]), :3] * rng.uniform(0.7, 1.3)
        # Combed away from the parting and downwards; the few that stand off make the halo.
        along = np.array([-out[1], out[0]]) * (1 if out[0] > 0 else -1)
        stands = rng.gamma(2.0, 0.22)
        length, curl = rng.uniform(20, 80), rng.uniform(0, 1.6)
        t = np.linspace(0, 1, 20)[:, None]
        path = root + length * ((along + stands * out) * t - 0.5 * stands * out * t**2 + (0, 0.3) * t**2)
        path += out * curl * np.sin(t * rng.uniform(5, 12))
        width = min(1.5, 0.25 + rng.gamma(1.2, 0.25))
        ink.line(path[:12], width, tuple(tone.clip(0, 255).tolist()))
        ink.line(path[11:], width * 0.6, tuple(tone.clip(0, 255).tolist()))
    onto_cutout(cutout, ink.dry(), _CORNER)


def _edge(cutout: Bgra, out: NDArray[np.float64]) -> float:
    """How far the hair reaches from the crown in the direction `out`."""
    reach = np.arange(60, 165)
    ray = np.array(_CROWN)[:, None] + out[:, None] * reach
    inside = cutout[ray[1].astype(int), ray[0].astype(int), 3] > 128
    return float(reach[inside][-1])


def headset(cutout: Bgra) -> None:
    """A headset whose boom, four pixels thick, runs through the air beside the cheek to the mouth, in place."""
    band = Ink(_SHEET, _CORNER)
    band.line(arc((455, 190), (149, 158), (183, 357)), 15, _BLACK)
    onto_cutout(cutout, inflated(band.dry(), 8, 0.15), _CORNER)
    for middle, turn in (((306, 203), -8), ((602, 196), 8)):
        cup = Ink(_SHEET, _CORNER)
        cup.ellipse(middle, (25, 44), _GRAY, turn)
        onto_cutout(cutout, inflated(cup.dry(), 16, 0.25), _CORNER)
        cushion = Ink(_SHEET, _CORNER)
        cushion.ellipse((middle[0] + (14 if turn < 0 else -14), middle[1] + 2), (17, 40), _BLACK, turn)
        onto_cutout(cutout, inflated(cushion.dry(), 14), _CORNER)
    boom = Ink(_SHEET, _CORNER)
    boom.line(curve((298, 234), (272, 262), (282, 296), (334, 318), (392, 322)), 4, _BLACK)
    onto_cutout(cutout, inflated(boom.dry(), 2, 0.1), _CORNER)
    tip = Ink(_SHEET, _CORNER)
    tip.ellipse((398, 321), (17, 11), _FOAM, 8)
    onto_cutout(cutout, inflated(tip.dry(), 9), _CORNER)


def glasses(cutout: Bgra) -> None:
    """Thick dark glasses whose lenses mirror a window, in place."""
    lenses = [arc(middle, (39, 33), (0, 360), 3) for middle in ((404.0, 204.0), (494.0, 208.0))]
    glare = Ink(_SHEET, _CORNER)
    for left in (384, 474):
        pane = np.array([(left, 180), (left + 26, 177), (left + 18, 228), (left - 6, 226)], np.float64)
        glare.shape(pane, (235, 232, 226))
    shine = glare.dry(1.5)
    onto_cutout(cutout, type(shine)(shine.color * 0.55, shine.coverage * 0.55), _CORNER)
    rims = Ink(_SHEET, _CORNER)
    for lens in lenses:
        rims.line(lens, 7, _BLACK)
    rims.line(curve((443, 198), (449, 195), (455, 199)), 7, _BLACK)
    rims.line(np.array([(366.0, 198.0), (340, 190)]), 8, _BLACK)
    rims.line(np.array([(532.0, 204.0), (552, 196)]), 8, _BLACK)
    onto_cutout(cutout, inflated(rims.dry(), 4, 0.2), _CORNER)


def somebody_else(cutout: Bgra) -> Bgra:
    """Another person of the same portrait, in new memory: dark hair, a blue suit."""
    height, width = cutout.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    face = 1 / (1 + np.exp((np.hypot((x - 448) / 88, (y - 262) / 118) - 1) * 14))
    below = 1 / (1 + np.exp((300 + 0.25 * np.abs(x - 440) - y) / 6))
    hair = ((1 - face) * (1 - below))[..., None]
    color = cutout[..., :3].astype(np.float32)
    colorful = (np.ptp(color, axis=2) / 60 - 1).clip(0, 1)
    suit = (below * (1 - face) * colorful)[..., None]
    gray = cv2.cvtColor(cutout[..., :3], cv2.COLOR_BGR2GRAY).astype(np.float32)[..., None]
    dark = color * 0.18 + gray * 0.14
    blue = color[..., ::-1] * np.array([0.62, 0.55, 0.9], np.float32) + gray * 0.1
    color = color + hair * (dark - color)
    color = color + suit * (blue - color)
    return np.dstack([np.rint(color).clip(0, 255).astype(np.uint8), cutout[..., 3]])
