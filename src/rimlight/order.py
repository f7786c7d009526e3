"""What is to be made of each input: everything that decides what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rimlight.done import recipe
from rimlight.errors import UsageError
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

    @property
    def recipe(self) -> str:
        """A name for all of it that decides what comes out."""
        return recipe(self.settings, self.wanted, self.quality, self.keep)
