"""Arrays as FFmpeg's images: how encoders are given pictures, with and without alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from rimlight.sources.planes import SCALER_MATRIX
from rimlight.tags import ColorTags, color_of
from rimlight.types import Plane, Size

if TYPE_CHECKING:
    from av import VideoFrame

Pixels = Literal["yuv420p", "gray", "yuva420p", "yuva444p10le", "bgra"]
"""What encoders are given, by FFmpeg's names: see `Layout.image`."""

_LIMITED, _FULL = 1, 2
"""FFmpeg's numbers for ranges."""
_BILINEAR = 2
"""FFmpeg's scaler's flag. The default, bicubic, overshoots, and edges of colour ring."""


class Layout:
    """Makes images of one kind and size. Used by one thread."""

    def __init__(self, pixels: Pixels, size: Size, tags: ColorTags) -> None:
        from av.video.reformatter import VideoReformatter

        self._pixels = pixels
        self._size = size
        self._full = tags.range == _FULL
        self._matrix = SCALER_MATRIX[color_of(tags, size).matrix]
        self._scaler = VideoReformatter()
        self.tags = tags._replace(range=_LIMITED) if pixels == "yuva444p10le" and self._full else tags
        """Of the images. ProRes has no full range: it becomes limited."""

    def image(self, array: Plane) -> VideoFrame:
        """The image that holds, in its own kind of pixels, what an array shows.

        'yuv420p' is made of I420, (H*3/2, W) uint8; 'gray' of planes, (H, W); 'bgra' of interleaved ones,
        (H, W, 4). The others are made of I420 with the rows of alpha below, (H*5/2, W). Their colours are straight;
        alpha has all levels whatever the range.
        """
        from av import VideoFrame

        array = np.ascontiguousarray(array)
        if self._pixels == "yuva420p":
            return _with_alpha(array, self._size)
        if self._pixels == "yuva444p10le":
            return self._finer(_with_alpha(array, self._size))
        if self._pixels == "yuv420p":
            return i420_image(array)
        return VideoFrame.from_numpy_buffer(array, self._pixels)

    def _finer(self, image: VideoFrame) -> VideoFrame:
        return self._scaler.reformat(
            image,
            format=self._pixels,
            interpolation=_BILINEAR,
            src_colorspace=self._matrix,
            dst_colorspace=self._matrix,
            src_color_range=_FULL if self._full else _LIMITED,
            dst_color_range=_LIMITED,
            threads=1,
        )


def i420_image(array: Plane) -> VideoFrame:
    """The image that an I420 array, (H*3/2, W) uint8 of even H, is. It may go on using the array's memory."""
    from av import VideoFrame

    # Where H is no multiple of four PyAV (18.1) takes two rows of luma for chroma when it uses the array itself.
    make = VideoFrame.from_ndarray if len(array) % 6 else VideoFrame.from_numpy_buffer
    image: VideoFrame = make(array, "yuv420p")
    return image


def _with_alpha(array: Plane, size: Size) -> VideoFrame:
    from av import VideoFrame

    image = VideoFrame(size.width, size.height, "yuva420p")
    flat, start = array.reshape(-1), 0
    for plane in image.planes:
        pixels = plane.width * plane.height
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = flat[start : start + pixels].reshape(plane.height, plane.width)
        start += pixels
    return image
