"""Temporal smoothing of masks: sure pixels follow at once, doubtful and still ones keep some of their past."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.types import Mask, Plane

FORGOTTEN = 1.0
"""Seconds after which the last mask says nothing about this one: a camera that slept, a cut in a clip."""

OPENING = 0.7
"""Share of the past that a growing probability keeps, against a falling one: a hand that comes in is shown at once,
one that leaves may leave a little later."""

WINDOW = 5
"""Pixels of the mask each way over which the picture's change is averaged."""

MOVING = 4.0
"""Times the picture's usual change that count as motion; 3 to 5 score the same."""

NOISE = (0.8, 4.0)
"""Least and greatest usual change in levels: what 8 bits and a codec leave of the quietest picture, and what a
small sensor gives in the dark. Whatever changes more, be it all of the picture, moves."""


class Smoother:
    """Mixes each mask with the past by how much the model doubts it, and by how still the picture is.

    Doubt after MediaPipe's segmentation_smoothing_calculator, with its share of the past written as exp(-dt / tau),
    so that it means the same at any frame rate and across dropped frames. Where nothing moves, nothing can have
    changed: there even a sure pixel keeps exp(-dt / still), which is let go as soon as the picture moves.
    """

    def __init__(self, tau: float, still: float) -> None:
        """`tau` and `still`: seconds, at least 0; 0 keeps nothing of the past in that way."""
        self._tau = tau
        self._still = still
        self.reset()

    def reset(self) -> None:
        """Forgets the past: the next mask passes as it is."""
        self._past: Mask | None = None
        self._luma: Plane | None = None
        self._at = 0.0

    def smooth(self, mask: Mask, luma: Plane, at: float) -> Mask:
        """The mask of the time `at` (seconds), each pixel between its new value and its past one; new memory.

        `luma` is the picture's, at the mask's size; it is kept until the next call.
        """
        past, before, elapsed = self._past, self._luma, at - self._at
        self._at, self._luma = at, luma
        if past is not None and before is not None and past.shape == mask.shape and 0 <= elapsed < FORGOTTEN:
            mask = self._mixed(mask, past, stillness(luma, before), elapsed)
        self._past = mask
        return mask

    def _mixed(self, mask: Mask, past: Mask, still: NDArray[np.float32], elapsed: float) -> Mask:
        kept = doubt(mask)
        kept *= np.float32(_kept(elapsed, self._tau))
        still *= np.float32(_kept(elapsed, self._still))
        kept = cv2.max(kept, still)
        change = past - mask
        # Opening: the past is below.
        kept *= np.where(change < 0, np.float32(OPENING), np.float32(1))
        kept *= change
        kept += mask
        return Mask(kept)


def _kept(elapsed: float, tau: float) -> float:
    return math.exp(-elapsed / tau) if tau > 0 else 0.0


def stillness(luma: Plane, before: Plane) -> NDArray[np.float32]:
    """How little each pixel changed, against the picture's usual change: 1 as good as not, 0 much; (h, w) float32.

    The usual change, noise mostly, is the lower quartile over the picture. In new memory.
    """
    window = (WINDOW, WINDOW)
    change: NDArray[np.float32] = cv2.boxFilter(cv2.absdiff(luma, before), cv2.CV_32F, window)
    usual = min(max(float(np.quantile(change[::4, ::4], 0.25)), NOISE[0]), NOISE[1])
    change *= change
    change *= np.float32(-1 / (MOVING * usual) ** 2)
    still: NDArray[np.float32] = cv2.exp(change)
    return still


def doubt(mask: Mask) -> Mask:
    """How unsure each pixel is: 1 at probability 0.5, 0 at 0 and 1, and flat between: 1 - (2p - 1)^4. New memory.

    As good as MediaPipe's fifth-order polynomial (flicker 0.69 against 0.73, edges equal) and half the work.
    """
    unsure = mask - np.float32(0.5)
    unsure *= unsure
    unsure *= unsure
    unsure *= np.float32(-16)
    unsure += np.float32(1)
    return Mask(unsure)
