"""The two selfie models that travel with Rimlight: where they lie and whether they are what they should be.

Each is there twice, with the same weights: as its makers publish it, and as `tools/make_selfie_onnx.py` arranges it
for ONNX Runtime.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from rimlight.assets import asset
from rimlight.errors import ModelError
from rimlight.types import Size


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file and what it should be."""

    path: Path
    sha256: str

    def checked(self) -> bytes:
        """The file's content.

        Raises ModelError if the file is missing or its SHA-256 is another: an altered model is not run.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"the model {self.path} cannot be read: {error.strerror}",
                "Install Rimlight again to get it back.",
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise ModelError(
                f"the model {self.path} was altered: its SHA-256 is {found[:12]}..., not {self.sha256[:12]}...",
                "Install Rimlight again to get the original back.",
            )
        return content


@dataclass(frozen=True, slots=True)
class SelfieModel:
    """One network: RGB of `size` in, probability of 'person' of the same size out."""

    name: str
    size: Size
    tflite: ModelFile
    """RGB in 0..1, interleaved."""
    onnx: ModelFile
    """RGB in 0..255, plane by plane; of each 2x2 pixels of the mask, four planes."""


def _model(name: str, size: Size, stem: str, tflite: str, onnx: str) -> SelfieModel:
    return SelfieModel(
        name,
        size,
        ModelFile(asset("models", f"{stem}.tflite"), tflite),
        ModelFile(asset("models", f"{stem}.onnx"), onnx),
    )


GENERAL = _model(
    "general 256x256",
    Size(256, 256),
    "selfie_segmentation",
    "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    "c0773310407a083e3fd5705b6fb312f06ca5d063b0c5e1d653db614c372152ac",
)
LANDSCAPE = _model(
    "landscape 256x144",
    Size(256, 144),
    "selfie_segmentation_landscape",
    "a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
    "e6c1ab458a7bb1746b056b976624cb3ddd7619c167aa681caeb994917ef39787",
)
