"""What Linux knows about /dev/video*: names, abilities, formats, and which program holds one.

OpenCV and pyvirtualcam say only that a device cannot be used; the reasons a user can act upon are asked here.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rimlight.types import Size

# Requests and structures of linux/videodev2.h; they are the same on every Linux that Python runs on.
_QUERYCAP = 0x80685600  # struct v4l2_capability: driver[16] card[32] bus[32] version caps device_caps reserved[3]
_ENUM_FMT = 0xC0405602  # struct v4l2_fmtdesc: index type flags description[32] pixelformat ...
_REQBUFS = 0xC0145608  # struct v4l2_requestbuffers: count type memory ...
_STREAMON = 0x40045612  # int: type
_ENUM_FRAMESIZES = 0xC02C564A  # struct v4l2_frmsizeenum: index pixel_format type width height ...

_CAPTURE, _OUTPUT = 1, 2
_MMAP = 1
_LOOPBACK = "v4l2 loopback"


@dataclass(frozen=True, slots=True)
class VideoNode:
    """One device file, as its driver describes it at this moment."""

    path: str
    name: str
    driver: str
    captures: bool
    """Gives pictures."""
    outputs: bool
    """Takes pictures."""
    bus: str = ""
    """Where it is plugged in: 'usb-0000:00:14.0-6'. Cameras of one name differ in it, devices of one camera not."""

    @property
    def is_loopback(self) -> bool:
        return self.driver == _LOOPBACK


def video_node(path: str) -> VideoNode:
    """Asks the driver. Raises OSError if the file cannot be opened or is no video device."""
    with _opened(path) as device:
        answer = bytearray(104)
        fcntl.ioctl(device, _QUERYCAP, answer)
    texts = (answer[:16], answer[16:48], answer[48:80])
    driver, card, bus = (bytes(text).split(b"\0")[0].decode(errors="replace") for text in texts)
    (abilities,) = struct.unpack_from("<I", answer, 88)
    return VideoNode(path, card, driver, bool(abilities & _CAPTURE), bool(abilities & _OUTPUT), bus)


def video_nodes(name: str | None = None) -> list[VideoNode]:
    """Every device that may be opened, by number; with `name`, those that the system lists by it.

    No device of another name is opened: that would wake it.
    """
    paths = [path for path in Path("/dev").glob("video*") if path.name[5:].isdigit()]
    found = []
    for path in sorted(paths, key=lambda path: int(path.name[5:])):
        if name in {None, _listed_name(path)}:
            try:
                found.append(video_node(str(path)))
            except OSError:  # not ours to open: what cannot be asked is not listed
                continue
    return found


def _listed_name(path: Path) -> str:
    """Not always the card's: vivid's card is 'vivid', and its camera is listed as 'vivid-000-vid-cap'."""
    try:
        return (Path("/sys/class/video4linux") / path.name / "name").read_text(errors="replace").strip()
    except OSError:  # as `cv2_enumerate_cameras` calls it then
        return path.name


def capture_formats(path: str) -> list[tuple[str, Size]]:
    """Each pixel format that the device gives, with its largest size. Raises OSError."""
    formats = []
    with _opened(path) as device:
        for index in range(64):
            description = bytearray(struct.pack("<II", index, _CAPTURE).ljust(64, b"\0"))
            if not _answers(device, _ENUM_FMT, description):
                break
            code = bytes(description[44:48])
            if largest := max(_sizes(device, code), default=None):
                formats.append((code.decode("ascii", errors="replace").strip(), largest))
    return formats


def _sizes(device: int, code: bytes) -> Iterator[Size]:
    for index in range(256):
        answer = bytearray((struct.pack("<I", index) + code).ljust(44, b"\0"))
        if not _answers(device, _ENUM_FRAMESIZES, answer):
            return
        kind, width, height_or_most, _, _, most_high = struct.unpack_from("<6I", answer, 8)
        if kind == 1:
            yield Size(width, height_or_most)
        else:  # a range: least and greatest width and step, then the same of the height
            yield Size(height_or_most, most_high)
            return


def is_busy(path: str) -> bool:
    """Whether another program streams from the device. Raises OSError if it cannot be opened."""
    with _opened(path) as device:
        try:
            fcntl.ioctl(device, _REQBUFS, bytearray(struct.pack("<3I", 1, _CAPTURE, _MMAP).ljust(20, b"\0")))
        except OSError as error:
            return error.errno == errno.EBUSY
    return False


def holders(path: str) -> list[str]:
    """The other programs that have the device open, as 'zoom (process 1234)'; only those we may look into."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) != os.getpid() and _holds(process, path):
            found.append(f"{_program(process)} (process {process.name})")
    return found


def _holds(process: Path, path: str) -> bool:
    try:
        return any(str(handle.readlink()) == path for handle in (process / "fd").iterdir())
    except OSError:  # another user's process, or one that just ended
        return False


def _program(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a program"


def let_write_again(path: str) -> None:
    """Makes a loopback device take pictures again after its writer left.

    v4l2loopback before 0.13 with exclusive_caps=1 notices a writer that came by write(), as pyvirtualcam does, but
    not that it left: the device then takes no pictures until the module is loaded anew. It does notice the leaving
    of a writer that asked to stream, even if that was refused, as it is here when nobody reads.
    """
    with _opened(path) as device:
        _answers(device, _STREAMON, bytearray(struct.pack("<i", _OUTPUT)))


@contextmanager
def _opened(path: str) -> Iterator[int]:
    device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield device
    finally:
        os.close(device)


def _answers(device: int, request: int, argument: bytearray) -> bool:
    try:
        fcntl.ioctl(device, request, argument)
    except OSError:
        return False
    return True
