"""FFmpeg's images as I420 pictures: their own planes, upright, padded to an even size."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, cast

import cv2
import numpy as np

from rimlight.errors import ClipError
from rimlight.hdr import Transfer
from rimlight.sources.tone import ToneMapper
from rimlight.types import Color, Matrix, Picture, Plane, Size

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.reformatter import VideoReformatter

SCALER_MATRIX: dict[Matrix, int] = {"bt601": 5, "bt709": 1, "bt2020": 9}
"""FFmpeg's scaler's numbers (SWS_CS_*)."""
_FULL = 2
"""FFmpeg's number for full range."""


class Orientation(NamedTuple):
    """How coded planes become upright: first rows and columns exchanged, then flipped."""

    transposed: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def turn(self, size: Size) -> Size:
        """The upright size of an image coded in `size`."""
        return Size(size.height, size.width) if self.transposed else size

    def upright(self, plane: Plane) -> Plane:
        """The plane turned; itself where nothing is to do."""
        if self.transposed:
            plane = cv2.transpose(plane)
        if self.flip_x or self.flip_y:
            plane = cv2.flip(plane, -1 if self.flip_x and self.flip_y else int(self.flip_x))
        return plane


def orientation_of(image: VideoFrame) -> Orientation:
    """How the file's display matrix wants the image turned; matrices of odd angles are taken for the nearest."""
    from av.sidedata.sidedata import SideDataContainer, Type

    matrix = cast(SideDataContainer, image.side_data).get(Type.DISPLAYMATRIX)
    if matrix is None:
        return Orientation()
    # Coded x and y go to upright a*x + c*y and b*x + d*y.
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, c < 0, b < 0)
    return Orientation(False, a < 0, d < 0)


def planes_of(image: VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Views of the three planes of a 4:2:0 image of 8 bits, without the padding at the ends of their lines."""
    y, u, v = (
        # FFmpeg marks pictures stored from the bottom up by negative line sizes.
        np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:: 1 if plane.line_size > 0 else -1, : plane.width]
        for plane in image.planes
    )
    return y, u, v


class Conversion:
    """Makes pictures of a clip's images. Used by one thread.

    4:2:0 planes are copied. Other kinds of YUV are converted without touching matrix or range; RGB becomes `color`;
    high dynamic range of the kind `hdr` becomes a standard one, which is BT.709's. An image that is not of `size`,
    as coded, is scaled.
    """

    def __init__(self, size: Size, color: Color, orientation: Orientation, hdr: Transfer | None = None) -> None:
        from av.video.reformatter import VideoReformatter

        self._size = size
        self._color = color
        self._orientation = orientation
        self._scaler = VideoReformatter()
        self._tones = None if hdr is None else ToneMapper(hdr, size)

    def picture(self, image: VideoFrame) -> Picture:
        """The image in memory of its own, upright, padded to an even size. Raises ClipError if it cannot be had."""
        if self._tones is not None:
            image = self._tones.mapped(image)
        image = converted(image, self._size, self._color, self._scaler)
        picture = Picture.empty(self._orientation.turn(self._size).even, self._color)
        for plane, target in zip(planes_of(image), picture.planes, strict=True):
            copy_padded(self._orientation.upright(plane), target)
        return picture


def copy_padded(plane: Plane, target: Plane) -> None:
    """Copies a plane into one that may have a column or row more, which repeats the last one."""
    height, width = plane.shape
    target[:height, :width] = plane
    target[:height, width:] = plane[:, -1:]
    target[height:] = target[height - 1]


def converted(image: VideoFrame, size: Size, color: Color, scaler: VideoReformatter) -> VideoFrame:
    """A 4:2:0 image of 8 bits and that size; itself if it is one. Matrix and range stay, RGB becomes `color`.

    Raises ClipError if FFmpeg cannot convert what its decoder gave.
    """
    if image.format.name in {"yuv420p", "yuvj420p"} and (image.width, image.height) == size:
        return image
    rgb = image.format.is_rgb or image.format.has_palette
    # The scaler takes some formats for full range whatever they are tagged: with the same range on both sides the
    # numbers stay as they are.
    return reformatted(
        scaler,
        image,
        width=size.width,
        height=size.height,
        src_colorspace=None if rgb else SCALER_MATRIX[color.matrix],
        dst_colorspace=SCALER_MATRIX[color.matrix],
        src_color_range=_FULL,
        dst_color_range=_FULL if color.full_range or not rgb else 1,
    )


def reformatted(scaler: VideoReformatter, image: VideoFrame, **how: int | None) -> VideoFrame:
    """What FFmpeg's scaler makes of an image: 4:2:0, 8 bits. Raises ClipError if it cannot."""
    import av

    try:
        return scaler.reformat(image, format="yuv420p", threads=1, **how)
    except (av.FFmpegError, ValueError) as error:
        own = Size(image.width, image.height)
        raise ClipError(
            f"a picture of {own} in {image.format.name} cannot be converted: {error}",
            "It is damaged; have FFmpeg write it anew.",
        ) from error
