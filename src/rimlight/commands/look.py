"""The flags that `live` and `process` share: what the picture is to look like."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True)
class Look:
    """What the picture is to look like."""

    background: str = "blur"
    """blur, a colour as '#00b140', a picture or video file, transparent, or a shipped picture's name."""
    blur_strength: float = 0.5
    """0 (soft, but known) to 1 (only colours are left)."""
    light_wrap: float = 0.25
    """The new background's light on the person's edge: 0 (none) to 1 (as in front of a window)."""
    model: str | None = None
    """standard; fast: half the time; best: ten times it, of files the default once fetched; or a net, FILE.onnx."""
    runtime: str = "auto"
    """What runs standard and fast: onnx, mediapipe or opencv; auto: the fastest that is there."""
    mirror: bool = False
    """Exchange left and right of the camera's picture."""

    def settings(self, model: str) -> dict[str, object]:
        """By the settings' names; `model` if none was given."""
        return asdict(self) | {"model": self.model or model}
