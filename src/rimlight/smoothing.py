"""Temporal smoothing of masks: sure pixels follow at once, doubtful and still ones keep some of their past."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight.picture import resize, shrink
from rimlight.types import Mask, Plane, Planes, Size

Floats = NDArray[np.float32]

FORGOTTEN = 1.0
"""Seconds after which the last mask says nothing about this one: a camera that slept, a cut in a clip."""

OPENING = 0.7
"""Share of the past that a growing probability keeps, against a falling one: a hand that comes in is shown at once,
one that leaves may leave a little later."""

COARSE = 2
"""Pixels of the mask each way to one in which motion is looked for."""

WINDOW = 3
"""Of those pixels, each way, over which the picture's change is averaged."""

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

    def smooth(self, mask: Mask, planes: Planes, at: float) -> Mask:
        """The mask of the time `at` (seconds), each pixel between its new value and its past one; new memory.

        `planes` are the reduced picture that the mask is of.
        """
        past, before, elapsed = self._past, self._luma, at - self._at
        rows, columns = mask.shape
        luma = shrink(planes.y, Size(max(1, columns // COARSE), max(1, rows // COARSE)))
        self._at, self._luma = at, luma
        if past is not None and before is not None and past.shape == mask.shape and 0 <= elapsed < FORGOTTEN:
            still = stillness(luma, before)
            still *= np.float32(_kept(elapsed, self._still))
            mask = self._mixed(mask, past, resize(still, Size(columns, rows)), elapsed)
        self._past = mask
        return mask

    def _mixed(self, mask: Mask, past: Mask, still: Floats, elapsed: float) -> Mask:
        """Writes to `still`: memory in use is in the cache, fresh memory is not."""
        kept = doubt(mask)
        kept *= np.float32(_kept(elapsed, self._tau))
        cv2.max(kept, still, kept)
        change = cv2.subtract(past, mask, still)
        # Opening: the past is below, and the greater of two changes is the lesser one.
        kept *= cv2.max(change, change * np.float32(OPENING), change)
        kept += mask
        return Mask(kept)


def _kept(elapsed: float, tau: float) -> float:
    return math.exp(-elapsed / tau) if tau > 0 else 0.0


def stillness(luma: Plane, before: Plane) -> Floats:
    """How little each pixel changed, against the picture's usual change: 1 as good as not, 0 much; (h, w) float32.

    The usual change, noise mostly, is the lower quartile over the picture. In new memory.
    """
    window = (WINDOW, WINDOW)
    change: Floats = cv2.boxFilter(cv2.absdiff(luma, before), cv2.CV_32F, window)
    some = change[::2, ::2].reshape(-1)
    quarter = some.size // 4
    usual = min(max(float(np.partition(some, quarter)[quarter]), NOISE[0]), NOISE[1])
    change *= change
    change *= np.float32(-1 / (MOVING * usual) ** 2)
    still: Floats = cv2.exp(change)
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
