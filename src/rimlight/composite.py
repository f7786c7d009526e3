"""'Over': the person on the plate, plane by plane, in 8-bit integers.

The operator is linear, so doing it in YUV is exact. Each product is rounded once: the result lies within one level
of the real one, and is the very picture where alpha is 255 and the very plate where it is 0.
"""

from __future__ import annotations

import cv2
import numpy as np

from rimlight.region import Region, whole
from rimlight.types import Alpha, Picture, Plane, Size


def over(
    picture: Picture,
    alpha: Alpha,
    plate: Picture,
    out: Picture | None = None,
    scratch: Picture | None = None,
    region: Region | None = None,
) -> Picture:
    """`picture` where alpha is 255, `plate` where it is 0, mixed between; written to `out`, which is returned.

    Chroma is mixed by the mean alpha of its four pixels. `out` and `scratch` (whose content is lost) have the
    picture's size and may not be any of the other arrays; without them, new memory is taken. Outside `region`, if
    that is given, alpha is 0.

    Raises ValueError if picture, alpha and plate do not fit each other.
    """
    width, height = picture.size
    if plate.size != picture.size or alpha.shape != (height, width) or alpha.dtype != np.uint8:
        raise ValueError(f"a picture of {picture.size}, a plate of {plate.size} and an alpha of {alpha.shape}")
    out = out or Picture.empty(picture.size, picture.color)
    scratch = scratch or Picture.empty(picture.size)
    region = region or whole(picture.size)
    if region != whole(picture.size):
        np.copyto(out.i420, plate.i420)
    if region.right == region.left:
        return out
    share = region.of(alpha)
    half = half_alpha(Alpha(share))
    for person, room, target, spare, part, step in zip(
        picture.planes, plate.planes, out.planes, scratch.planes, (share, half, half), (1, 2, 2), strict=True
    ):
        views = (region.of(plane, step) for plane in (person, room, target, spare))
        _mix(*views, share=part)
    return out


def half_alpha(alpha: Alpha) -> Alpha:
    """Alpha at chroma's resolution: the mean of each 2x2."""
    rows, columns = alpha.shape
    halved: Plane = cv2.resize(alpha, Size(columns // 2, rows // 2), interpolation=cv2.INTER_LINEAR)
    return Alpha(halved)


def _mix(person: Plane, room: Plane, out: Plane, spare: Plane, *, share: Plane) -> None:
    cv2.multiply(room, cv2.bitwise_not(share, spare), out, 1 / 255)
    cv2.add(out, cv2.multiply(person, share, spare, 1 / 255), out)
