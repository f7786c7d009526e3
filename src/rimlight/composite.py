"""'Over': the person on the plate, plane by plane, in 8-bit integers.

The operator is linear, so doing it in YUV is exact. Each product is rounded once: the result lies within one level
of the real one, and is the very picture where alpha is 255 and the very plate where it is 0.
"""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.region import Parts, whole
from rimlight.types import Alpha, Picture, Plane, Size


def over(picture: Picture, alpha: Alpha, plate: Picture) -> Picture:
    """`picture` where alpha is 255, `plate` where it is 0, mixed between; in new memory.

    Raises ValueError as `lay`.
    """
    out = Picture(plate.i420.copy(), picture.color)
    lay(picture, alpha, out, Picture.empty(plate.size), Parts([whole(plate.size)], []))
    return out


def lay(person: Picture, alpha: Alpha, onto: Picture, scratch: Picture, where: Parts) -> None:
    """Lays the person over the plate in `onto`, in place: it where alpha is 255, the plate where it is 0.

    Chroma is mixed by the mean alpha of its four pixels. `scratch` loses its content. Alpha is 255 in the sure
    parts, and 0 outside of these and the mixed ones.

    Raises ValueError if person, alpha and plate do not fit each other.
    """
    width, height = person.size
    if onto.size != person.size or alpha.shape != (height, width) or alpha.dtype != np.uint8:
        raise ValueError(f"a picture of {person.size}, a plate of {onto.size} and an alpha of {alpha.shape}")
    for region in where.sure:
        for above, below, step in zip(person.planes, onto.planes, (1, 2, 2), strict=True):
            np.copyto(region.of(below, step), region.of(above, step))
    for region in where.mixed:
        share = region.of(alpha)
        half = half_alpha(Alpha(share))
        for above, below, spare, part, step in zip(
            person.planes, onto.planes, scratch.planes, (share, half, half), (1, 2, 2), strict=True
        ):
            _mix(region.of(above, step), region.of(below, step), region.of(spare, step), share=part)


def half_alpha(alpha: Alpha) -> Alpha:
    """Alpha at chroma's resolution: the mean of each 2x2."""
    rows, columns = alpha.shape
    halved: Plane = cv2.resize(alpha, Size(columns // 2, rows // 2), interpolation=cv2.INTER_LINEAR)
    return Alpha(halved)


def _mix(person: Plane, out: Plane, spare: Plane, *, share: Plane) -> None:
    cv2.multiply(out, cv2.bitwise_not(share, spare), out, 1 / 255)
    cv2.add(out, cv2.multiply(person, share, spare, 1 / 255), out)
