"""Clips and photos with reference mattes: which there are in a folder, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2

from rimlight.errors import ClipError, UsageError
from rimlight.photo import PHOTO_COLOR, read_photo
from rimlight.picture import from_bgr, size_of
from rimlight.picture_file import read_picture
from rimlight.sources.clip import open_clip
from rimlight.types import Frame, Plane, Size

MATTES = ("alpha", "pha", "matte", "mask")
"""Names of folders of mattes, as the public matting sets have them."""
PICTURES = ("com", "merged", "image", "original", "original_image", "blurred_image")
"""Names of folders of pictures. Not 'fgr': a person already cut out is no input."""
_VIDEOS = {".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v"}
_IMAGES = {".png", ".jpg", ".jpeg", ".webp"}
_FPS = Fraction(30)
"""Of clips that lie there as pictures: nothing in them says."""

LAYOUTS = f"""\
  NAME/clip.mp4        NAME/alpha/*.png     a clip: any video, one matte a frame
  image/*.jpg          alpha/*.png          photos and mattes of equal names; 0000, 0001, ... are frames of a clip
  image/NAME/*.png     alpha/NAME/*.png     the same, a folder each
  ('alpha' may also be {", ".join(MATTES[1:])}; 'image' may be {", ".join(p for p in PICTURES if p != "image")})"""


@dataclass(frozen=True, slots=True)
class Matted:
    """A clip or a photo with its reference mattes, not yet read."""

    name: str
    """Its folders within the one that was asked for, and for a photo its own name: 'street/walk-a'."""
    pictures: tuple[Path, ...]
    """One video, or as many pictures as mattes."""
    mattes: tuple[Path, ...]
    is_photo: bool = False

    @property
    def group(self) -> str:
        """What it is one of: the folder in its name or, if there is none, what stands before the first '-'."""
        folder, _, last = self.name.rpartition("/")
        return folder or last.partition("-")[0]


class Shot(NamedTuple):
    """A frame of a clip, or a photo, and its true size: the picture's own is even."""

    frame: Frame
    size: Size


def find_matted(folder: Path) -> list[Matted]:
    """All clips and photos with mattes in a folder and its folders, by name; `LAYOUTS` shows what is known.

    Raises ClipError if the folder is missing, or there are mattes without pictures or the other way round;
    UsageError if there is nothing in it.
    """
    if not folder.is_dir():
        raise ClipError(f"there is no folder {folder}", "Check its name.")
    found = sorted(_within(folder, "", ()), key=lambda one: one.name)
    if not found:
        raise UsageError(f"{folder} holds no clips or photos with mattes", f"Known layouts:\n{LAYOUTS}")
    return found


def shots(matted: Matted) -> Generator[Shot, None, None]:
    """Its frames one by one. Raises ClipError for what cannot be read."""
    first = matted.pictures[0]
    if first.suffix.lower() in _VIDEOS:
        with open_clip(first) as clip:
            for frame in iter(clip.read, None):
                yield Shot(frame, clip.size)
        return
    for index, path in enumerate(matted.pictures):
        bgr = read_photo(path)
        yield Shot(Frame(from_bgr(bgr, PHOTO_COLOR), float(index / _FPS), index), size_of(bgr))


def read_matte(path: Path, size: Size) -> Plane:
    """A matte, (H, W) uint8; 8 bits of more, gray of colour. Raises ClipError if it is no picture of this size."""
    file = read_picture(path)
    matte: Plane = file.decoded(cv2.IMREAD_GRAYSCALE)
    if matte.shape != (size.height, size.width):
        is_size = size_of(matte)
        raise ClipError(f"{path} is {is_size}, its picture {size}", "A matte has the size of its picture.")
    return matte


def images_in(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder in the order of their numbers, be they padded with zeros or not."""
    images = (path for path in folder.iterdir() if path.suffix.lower() in _IMAGES and path.name[0] != ".")
    return tuple(sorted(images, key=lambda path: (len(path.stem), path.stem)))


def _within(folder: Path, name: str, above: tuple[Path, ...]) -> Iterator[Matted]:
    """What a folder holds; `above` are those it lies in, to which links may lead back."""
    here = folder.resolve()
    if here in above:
        return
    mattes = next((folder / kind for kind in MATTES if (folder / kind).is_dir()), None)
    pictures = next((folder / kind for kind in PICTURES if (folder / kind).is_dir()), None)
    if mattes and pictures:
        yield from _paired(pictures, mattes, name)
    elif mattes and (images := images_in(mattes)):
        yield Matted(name or here.name, (_video_beside(mattes),), images)
    else:
        for inner in _folders(folder):
            yield from _within(inner, _joined(name, inner.name), (*above, here))


def _paired(pictures: Path, mattes: Path, name: str) -> Iterator[Matted]:
    """What a folder of pictures and one of mattes hold, and the folders of equal names in them."""
    shown, matted = images_in(pictures), images_in(mattes)
    if [path.stem for path in shown] != [path.stem for path in matted]:
        odd = sorted({path.stem for path in shown} ^ {path.stem for path in matted})
        what = f"{pictures} holds {len(shown)} pictures and {mattes} {len(matted)} mattes, not of the same names"
        raise ClipError(what, f"Without a partner, for instance: {', '.join(odd[:5])}")
    if _are_frames(shown):
        yield Matted(name or pictures.resolve().parent.name, shown, matted)
    else:
        for picture, matte in zip(shown, matted, strict=True):
            yield Matted(_joined(name, picture.stem), (picture,), (matte,), is_photo=True)
    for inner in _folders(mattes):
        shown_inner = pictures / inner.name
        if not shown_inner.is_dir():
            raise ClipError(
                f"{inner} holds mattes of pictures that are missing", f"They are looked for in {shown_inner}"
            )
        yield from _paired(shown_inner, inner, _joined(name, inner.name))


def _video_beside(mattes: Path) -> Path:
    videos = [path for path in mattes.parent.iterdir() if path.suffix.lower() in _VIDEOS and path.name[0] != "."]
    if len(videos) != 1:
        what = f"{mattes} holds mattes, but beside it are {len(videos)} videos and no folder of pictures"
        raise ClipError(what, f"One video is wanted, or a folder named one of: {', '.join(PICTURES)}")
    return videos[0]


def _are_frames(pictures: tuple[Path, ...]) -> bool:
    """Whether they are numbered without a gap, as the frames of a clip are."""
    stems = [path.stem for path in pictures]
    if len(stems) < 2 or not all(re.fullmatch(r"\d{1,9}", stem) for stem in stems):
        return False
    return [int(stem) for stem in stems] == list(range(int(stems[0]), int(stems[0]) + len(stems)))


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def _joined(name: str, inner: str) -> str:
    return f"{name}/{inner}" if name else inner
