"""What is to be made of each input: everything that decides what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rimlight.done import recipe
from rimlight.errors import UsageError
from rimlight.kept import is_kept
from rimlight.photo import kind_of
from rimlight.settings import Settings
from rimlight.sinks.alpha import alpha_encoding
from rimlight.sinks.codecs import Y4M, Quality, encoding_for
from rimlight.sinks.video_file import Encoding
from rimlight.sources.rest import STDIN
from rimlight.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made of each input."""

    settings: Settings
    wanted: Wanted = Wanted()
    quality: Quality = Quality()
    y4m: bool = False
    """Whether the standard output gets bare pictures."""
    force: bool = False
    keep: bool = False
    """Whether pictures and mattes are kept beside each output."""

    def encoding(self, output: Path) -> Encoding:
        """How a clip of that name is encoded. Raises UsageError, SettingError as `encoding_for`."""
        if not self.y4m:
            transparent = self.settings.background == "transparent"
            return (alpha_encoding if transparent else encoding_for)(output, self.quality)
        if output != STDIN or self.quality != Quality():
            raise UsageError(
                "--pipe y4m is for an output of -, which is not encoded then", "rimlight process a.mp4 -"
            )
        return Y4M

    def unheard(self, sources: Sequence[Path]) -> Iterator[str]:
        """What is ordered and is not for some of these inputs, a line each."""
        photos = [path.name for path in sources if kind_of(path) == "photo"]
        if photos and (self.wanted != Wanted(sound=self.wanted.sound) or self.quality != Quality()):
            what = "--from, --until, --fps, --size, --codec, --crf and --preset are for clips, and left out"
            yield f"{_told(photos)}: {what}"
        kept = [path.name for path in sources if is_kept(path)]
        if self.keep and (photos or kept):
            yield f"{_told([*photos, *kept])}: --keep-matte is for clips that were not kept yet, and left out"

    @property
    def recipe(self) -> str:
        """A name for all of it that decides what comes out."""
        return recipe(self.settings, self.wanted, self.quality, self.keep)


def _told(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
