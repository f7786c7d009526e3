"""What a webcam's driver gives without compression, as I420 pictures: YUYV and its kin split, BGR converted.

Splitting takes 0.45 (YUYV) or 0.2 (NV12) of the time of the way through BGR (1.2 and 0.5 ms at 1080p, one 2.8 GHz
core), and loses less: BGR's chroma is interpolated first and then thinned out.
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from rimlight.errors import SourceError
from rimlight.picture import from_bgr
from rimlight.pool import Pool
from rimlight.protocols import Closes
from rimlight.types import Bgr, Picture, Plane, Size

_LUMA_AT = {"YUYV": 0, "UYVY": 1}
"""Packed 4:2:2 by V4L2's names: which byte of two is luma; the other is U and V in turns."""
_CHROMA = {"YU12": "uv", "YV12": "vu", "NV12": "uv", "NV21": "vu"}
"""4:2:0 by V4L2's names: the order of chroma, plane after plane or, for NV.., byte by byte."""


class RenegotiatedError(SourceError):
    """The camera gives pictures of another size or kind than it was opened for: it must be opened anew."""


class Decoder(Closes, Protocol):
    """Makes pictures of what a driver gives. Used by one thread."""

    def decode(self, data: Plane) -> Picture:
        """The picture: BT.601 limited range, odd sizes made even by repeating the last line.

        Its memory is its own for as long as anybody holds it. Raises SourceError if the data is damaged,
        RenegotiatedError if it is whole and not of the kind and size that the decoder was opened for.
        """

    def close(self) -> None:
        """Nothing is held beyond memory."""
        return


def open_raw_decoder(fourcc: str, size: Size) -> Decoder | None:
    """A decoder of this pixel format of V4L2 as OpenCV hands it over unconverted; None if there is none for it."""
    if size != size.even or not all(size):
        return None
    if fourcc in _LUMA_AT:
        return PackedDecoder(size, _LUMA_AT[fourcc])
    if fourcc in _CHROMA:
        return PlanarDecoder(size, _CHROMA[fourcc], interleaved=fourcc.startswith("NV"))
    return None


class BgrDecoder(Decoder):
    """(H, W, 3) uint8, what OpenCV makes of every format that it knows."""

    def __init__(self, size: Size) -> None:
        self._shape = (size.height, size.width, 3)

    def decode(self, data: Bgr) -> Picture:
        check(data, self._shape)
        return from_bgr(data)


class PackedDecoder(Decoder):
    """4:2:2 as (H, W, 2) uint8: luma, and U and V in turns. Chroma of two rows is averaged."""

    def __init__(self, size: Size, luma_at: int) -> None:
        self._shape = (size.height, size.width, 2)
        self._luma_at = luma_at
        self._pool = Pool()
        self._chroma = np.empty((size.height, size.width), np.uint8)
        self._halved = np.empty((size.height // 2, size.width // 2, 2), np.uint8)

    def decode(self, data: Plane) -> Picture:
        check(data, self._shape)
        height, width, _ = self._shape
        picture = Picture(self._pool.take(height * 3 // 2, width))
        bytes_of_two = [picture.y, self._chroma]
        cv2.split(data, bytes_of_two[:: -1 if self._luma_at else 1])
        halved = self._halved.reshape(height // 2, width)
        cv2.addWeighted(self._chroma[::2], 0.5, self._chroma[1::2], 0.5, 0, halved)
        cv2.split(self._halved, [picture.u, picture.v])
        return picture


class PlanarDecoder(Decoder):
    """4:2:0 as (H*3/2, W) uint8: luma, then chroma in the order 'uv' or 'vu', in planes or interleaved."""

    def __init__(self, size: Size, order: str, *, interleaved: bool) -> None:
        self._shape = (size.height * 3 // 2, size.width)
        self._order = order
        self._interleaved = interleaved
        self._pool = Pool()

    def decode(self, data: Plane) -> Picture:
        check(data, self._shape)
        picture = Picture(self._pool.take(*self._shape))
        height = picture.size.height
        chroma = [picture.u, picture.v] if self._order == "uv" else [picture.v, picture.u]
        np.copyto(picture.y, data[:height])
        if self._interleaved:
            cv2.split(data[height:].reshape(height // 2, -1, 2), chroma)
        else:
            for given, target in zip(data[height:].reshape(2, *picture.u.shape), chroma, strict=True):
                np.copyto(target, given)
        return picture


def check(data: Plane, shape: tuple[int, ...]) -> None:
    """Raises RenegotiatedError unless the data is of bytes and of that shape."""
    if data.shape != shape or data.dtype != np.uint8:
        raise RenegotiatedError(f"the camera gave a picture of {data.shape} {data.dtype} instead of {shape} uint8")
