"""The two selfie models that travel with Rimlight: where they lie and whether they are what they should be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from rimlight.assets import asset
from rimlight.errors import ModelError
from rimlight.types import Size


@dataclass(frozen=True, slots=True)
class SelfieModel:
    """One `.tflite` file: RGB in 0..1 of `size` in, probability of 'person' of the same size out."""

    name: str
    file: Path
    size: Size
    sha256: str

    def checked(self) -> bytes:
        """The file's content.

        Raises ModelError if the file is missing or its SHA-256 is another: an altered model is not run.
        """
        try:
            content = self.file.read_bytes()
        except OSError as error:
            raise ModelError(
                f"the model {self.file} cannot be read: {error.strerror}",
                "Install Rimlight again to get it back.",
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise ModelError(
                f"the model {self.file} was altered: its SHA-256 is {found[:12]}..., not {self.sha256[:12]}...",
                "Install Rimlight again to get the original back.",
            )
        return content


GENERAL = SelfieModel(
    "general 256x256",
    asset("models", "selfie_segmentation.tflite"),
    Size(256, 256),
    "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
)
LANDSCAPE = SelfieModel(
    "landscape 256x144",
    asset("models", "selfie_segmentation_landscape.tflite"),
    Size(256, 144),
    "a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
)
