"""Video files, opened within bounds: they may be damaged, or made to do harm.

FFmpeg opens some 350 formats, among them playlists that name other files and addresses, and decodes 300 codecs of
which most were last seen on a games disc; its own limits leave gigabytes to a picture. What is let through here is
what cameras, phones, editors and browsers write.
"""

from __future__ import annotations

import io
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import ClipError, UsageError
from rimlight.plain_file import check_plain
from rimlight.sources.rest import STDIN
from rimlight.types import Size

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

MOST_PIXELS = 36 << 20
"""Of a picture: the largest that cameras write, 8192x4320, has 35 million."""
LONGEST_SIDE = 16384
"""Pixels."""
SLIMMEST = 20
"""How many times longer than the other a side may be shown: to cover a frame with it, it is enlarged as often."""
PATIENCE = 10.0
"""Seconds for opening a file, and between two pictures of it."""

_INDEXED = {"mov", "mp4", "matroska", "webm"}
"""FFmpeg's names of containers with an index."""
_NEAR = 5
"""Seconds before a time from which a clip is read: what belongs together lies so far apart at most."""
_THREADS = 2
_ODDEST_PIXEL = 8
"""Width of a pixel divided by its height, or the reverse, beyond which the file cannot mean it."""
_HINT = "Give a video that FFmpeg can read, for example an MP4."

_FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,mxf,nut,ivf,gif,apng,dv,wtv,rm,gxf,yuv4mpegpipe,"
    "h264,hevc,av1,obu,m4v,mpegvideo,mjpeg,wav,mp3,flac,aac"
)
"""Containers by FFmpeg's names. None opens another file; those of sound alone are told so."""

_VIDEO_CODECS = (
    "h264,hevc,vvc,av1,libdav1d,vp8,vp9,libvpx,libvpx-vp9,vp6,vp6f,vp6a,mpeg1video,mpeg2video,mpegvideo,mpeg4,"
    "mjpeg,h261,h263,h263i,h263p,flv,theora,msmpeg4v1,msmpeg4v2,msmpeg4,wmv1,wmv2,wmv3,vc1,dvvideo,prores,dnxhd,"
    "cfhd,hap,ffv1,huffyuv,ffvhuff,utvideo,magicyuv,rawvideo,v210,v410,r210,png,apng,gif,qtrle,cinepak,svq1,svq3,"
    "rpza,jpeg2000,rv10,rv20,rv30,rv40,wrapped_avframe"
)
_SOUND_CODECS = (
    "aac,aac_latm,mp1float,mp2float,mp3float,mp1,mp2,mp3,opus,libopus,vorbis,flac,alac,tta,wavpack,ac3,eac3,dca,"
    "truehd,wmav1,wmav2,wmapro,wmalossless,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,cook,qdm2,adpcm_ima_qt,"
    "adpcm_ima_wav,adpcm_ms,adpcm_swf,nellymoser,speex,gsm,gsm_ms,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,pcm_s16le,"
    "pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_bluray,pcm_dvd"
)

_WITHIN_BOUNDS = {
    # Not the network, nor any of what FFmpeg makes of a name: 'concat:', 'subfile:' and the like.
    "protocol_whitelist": "file",
    "format_whitelist": _FORMATS,
    "codec_whitelist": f"{_VIDEO_CODECS},{_SOUND_CODECS}",
}
_DECODING = {"max_pixels": str(MOST_PIXELS)}


def open_container(path: Path) -> InputContainer:
    """The file, opened for demuxing.

    Raises ClipError if it is missing, no regular file, empty, of none of the formats above, or takes too long.
    """
    import av

    if path == STDIN:
        # Whoever writes there may take as long as it likes.
        file: io.FileIO | str = _standard_input()
        patience = None
    else:
        _check(path)
        # An absolute path cannot be taken for an address.
        file, patience = str(path.absolute()), PATIENCE
    try:
        # Damaged metadata is no reason to refuse a video.
        return av.open(
            file,
            "r",
            metadata_errors="replace",
            options=_DECODING,
            container_options=_WITHIN_BOUNDS,
            timeout=patience,
        )
    except av.InvalidDataError as error:
        raise ClipError(f"{path} is no video, or is damaged so that it cannot be read", _HINT) from error
    except av.ExitError as error:
        raise ClipError(
            f"{path} is no video, or is damaged: it was not open after {PATIENCE:g} s", _HINT
        ) from error
    except (av.ArgumentError, UnicodeError) as error:
        what = f"{path} is no video, or of a kind that is not opened: a playlist, a rare format or damaged"
        raise ClipError(what, _HINT) from error
    except av.FFmpegError as error:
        raise ClipError(f"{path} cannot be read as a video: {error.strerror}", _HINT) from error


def seek_before(container: InputContainer, seconds: Fraction) -> bool:
    """Goes on reading somewhere before that time of the file's clock, near it; False if this is not to be trusted.

    That is where a container has an index: others seek by guessing, or lose what comes first.
    """
    import av

    if seconds <= _NEAR or not set(container.format.name.split(",")) & _INDEXED:
        return False
    try:
        container.seek(int((seconds - _NEAR) * 1_000_000))
    except av.FFmpegError:
        return False
    return True


def decoded_stream(container: InputContainer, path: Path) -> VideoStream:
    """The file's first video stream, ready to be decoded.

    Raises ClipError if none can be, or its pictures are beyond the bounds.
    """
    import av

    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    codec = streams[0].codec_context if streams else None
    if codec is not None and codec.name in _VIDEO_CODECS.split(","):
        if codec.width and codec.height:
            check_size(Size(codec.width, codec.height), aspect_of(streams[0]), path)
        streams[0].thread_type = "AUTO"
        streams[0].thread_count = _THREADS
        codec.options = dict(_DECODING)
        return streams[0]
    what = f"{path} is no video"
    if codec is not None:
        what = f"{path}: its pictures are coded as '{codec.name}', which is not decoded here"
    elif streams:
        what = f"{path}: FFmpeg knows no decoder for its pictures"
    elif container.streams.audio:
        what = f"{path} holds sound but no pictures"
    raise ClipError(what, _HINT)


def aspect_of(stream: VideoStream) -> Fraction | None:
    """Width of a pixel divided by its height, as coded; None if the file does not say, or cannot mean it."""
    aspect = stream.sample_aspect_ratio
    return aspect if aspect and Fraction(1, _ODDEST_PIXEL) <= aspect <= _ODDEST_PIXEL else None


def fits(image: VideoFrame) -> bool:
    """Whether an image is within the bounds; within one clip they may differ in size."""
    return 0 < image.width <= LONGEST_SIDE and 0 < image.height <= LONGEST_SIDE


def check_size(size: Size, aspect: Fraction | None, path: Path) -> None:
    """Raises ClipError if pictures of that size, and pixels of that aspect, are beyond the bounds above."""
    pixels = size.width * size.height
    if pixels > MOST_PIXELS or max(size) > LONGEST_SIDE:
        raise ClipError(
            f"{path} has pictures of {size} ({pixels / 1e6:.0f} megapixels), more than the {MOST_PIXELS / 1e6:.0f} "
            f"megapixels and {LONGEST_SIDE} pixels a side that are decoded",
            "Scale it down first.",
        )
    shape = size.width * (aspect or 1) / size.height
    if not Fraction(1, SLIMMEST) <= shape <= SLIMMEST:
        raise ClipError(
            f"{path} has pictures of {size} that are shown {float(shape):.3g} times as wide as high, "
            f"beyond {SLIMMEST} or 1/{SLIMMEST}",
            "Give a clip that is less slim.",
        )


def _standard_input() -> io.FileIO:
    if sys.__stdin__ is None:
        raise UsageError("- is the standard input, which is closed", "Pipe a video into it: ffmpeg ... |")
    if sys.__stdin__.isatty():
        raise UsageError("- is the standard input, which is this terminal", "Pipe a video into it: ffmpeg ... |")
    return _Pipe(0, closefd=False)


class _Pipe(io.FileIO):
    """Read once from start to end, even if it is a file: there is one place in it for all who read it."""

    def seekable(self) -> bool:
        return False


def _check(path: Path) -> None:
    try:
        size = check_plain(path)
    except OSError as error:
        what = f"{path} is a folder, not a video" if path.is_dir() else f"{path} cannot be read: {error.strerror}"
        raise ClipError(what, "Check its name and folder.") from error
    if not size:
        raise ClipError(f"{path} is empty (0 bytes)", "Its recording or download failed; get it again.")
