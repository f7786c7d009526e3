"""Every setting: its unit, its range, its default, and what both ends look like."""

from __future__ import annotations

import os
import re
from fractions import Fraction

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from typing_extensions import Self

from rimlight.errors import SettingError
from rimlight.types import Size

TIERS = ("standard", "fast", "best")
"""Models by name; any other is a file."""

ON_DEMAND = ("auto", "always-on")

RUNTIMES = ("onnx", "mediapipe", "opencv")
"""What can run the models that ship, fastest first; their masks agree within 1e-3 (tests/contracts)."""


_LONGEST_NAME, _LONGEST_PART = 4096, 255
"""Bytes: Linux's PATH_MAX and NAME_MAX; no system in use takes more."""

_TOLD = 80
"""Characters of a value that an error repeats."""


class Tuning(BaseModel):
    """How the matte is made. The defaults are measured (docs/benchmarks.md); few people need others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    follow: bool = True
    """Whether the model looks at the person, and only now and then at the whole picture. Without: whoever sits far
    from the camera gets a coarse outline."""

    views: int | None = Field(None, ge=1, le=2)
    """How often the model looks at each picture; the second time at its mirror image, which keeps furniture out.
    2 takes twice the model's time. None: once in a live run, twice for files."""

    smoothing: float = Field(0.093, ge=0, le=1)
    """Seconds in which a doubtful pixel of the mask forgets two thirds of its past. 0: each frame for itself, the
    outline trembles; 1: calm, but trailing behind a waving hand. 0.093 keeps 0.7 over one frame at 30 fps."""

    steadiness: float = Field(0.2, ge=0, le=1)
    """Seconds in which a pixel that nothing moves in forgets two thirds of its past. 0: what is still trembles with
    the model; 1: a slow change, such as dawn or a turning head in the dark, is seen late."""

    evidence: bool = True
    """Whether areas that the model doubts are decided by their colours. Without: dark hair and raised arms go
    missing in parts; it costs half a millisecond."""

    clean_plate: bool = True
    """Whether the room is learned where the camera stands still, and the matte compared with it. Without: what the
    model takes for the person for a moment flickers; it costs a millisecond."""

    rest: float | None = Field(None, ge=0, le=1)
    """Seconds for which, at most, the model does not look while nothing in the picture moves. 0: it looks at every
    frame; 1: what moves by less than a pixel is seen late. None: 0.2 in a live run, 0 for files."""

    guide_size: int = Field(384, ge=160, le=1920)
    """Long side in pixels of the reduced picture that guides the matte; 640 for files unless it is set. 160: soft,
    rounded outline; 1920: follows single strands, and costs 25 times as much as 384."""

    edge_reach: float = Field(0.013, ge=0.003, le=0.16)
    """How far the mask's edge may move to meet the picture's, as a part of the long side. 0.003: the model's own,
    blurred outline; 0.16: the matte leaks into whatever has the person's colours."""

    edge_softness: float = Field(1e-3, gt=0, le=1)
    """Variance of colour (of 1.0 squared) below which an edge in the picture is no edge. 1e-5: noise is drawn into
    the matte; 1: the picture is ignored."""

    curve_low: float = Field(0.18, ge=0, le=0.45)
    """Probability at and below which a pixel is background. 0: a veil around the person; 0.45: hair is shorn."""

    curve_high: float = Field(0.88, ge=0.55, le=1)
    """Probability at and above which a pixel is person. 0.55: hard paper-cut edges; 1: the room shines through."""


class Settings(BaseModel):
    """What a run does. The command line's flags carry these names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera: str = "0"
    """Number, name or /dev/videoN of a camera, a video file that plays as one, 'sitter', or 'sitter:SCENE'."""

    size: Size = Size(1280, 720)
    """What the camera is asked for, in pixels; what it really gives is said at the start."""

    fps: float = Field(30, ge=0.1, le=240)
    """Pictures a second that the camera is asked for."""

    background: str = "blur"
    """'blur', a colour as '#00b140', a picture or video file, the name of a shipped picture, or 'transparent'."""

    blur_strength: float = Field(0.5, ge=0, le=1)
    """0: the room is soft but known; 1: nothing but its colours is left."""

    light_wrap: float = Field(0.25, ge=0, le=1)
    """How much of the new background's light spills over the person's edge. 0: none, cut-outs look pasted on bright
    backgrounds; 1: the edge glows as in front of a window. The blurred room and 'transparent' give none."""

    model: str = "standard"
    """'standard': the general 256x256 model; 'fast': the landscape 256x144 model, less exact, half the time;
    'best': RobustVideoMatting, finer, ten times the work, once it is fetched; or a matting model, FILE.onnx."""

    runtime: str = "auto"
    """What runs 'standard' and 'fast': 'onnx', 'mediapipe' or 'opencv'; 'auto': the first of these that is there
    and can be loaded. Their masks are the same, their times about 1:2:6. Other models run in ONNX Runtime."""

    quick: bool = False
    """Whether clips are processed frame by frame, as live. Without: their mattes wait for the frames after them and
    are steadier; it takes longer."""

    mirror: bool = False
    """Left and right of the camera's picture exchanged; the background is not."""

    on_demand: str = "auto"
    """'auto': where the virtual camera is all that is written to, the camera is on only while a program reads it
    (Linux); 'always-on': as long as the run lasts."""

    mic: str = "auto"
    """What recordings hear: the name of a microphone or a part of it, 'default' (the system's), or 'none'; 'auto'
    is 'default' for recordings, and 'none' for the last moments that `replay` remembers. None is open while nothing
    records."""

    replay: float | None = Field(None, ge=1, le=600)
    """Seconds of the last outputs that are kept in memory, encoded, to be saved when asked for. 1: a glance; 600:
    200 MB and more. None: nothing is kept. It costs what a recording costs."""

    duration: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Seconds until a live run ends by itself; None: never."""

    cpu_budget: float | None = Field(None, ge=0.05, le=64)
    """Cores that a live run may keep busy on average: '50%' or 0.5 is half of one. 0.05: the least effort there is,
    the outline trails and is soft; several: two views and fine edges. None: the standard effort, and more only
    within 0.3 (`governor.SPARE_CPU`)."""

    max_latency: float | None = Field(None, ge=0.001, le=1)
    """Seconds from capture to sink that live frames may take: '25ms' or 0.025. 0.001: the least effort there is;
    1: no limit in fact. None: as long as the camera's rate is held."""

    tuning: Tuning = Tuning()

    @field_validator("size", mode="before")
    @classmethod
    def _size(cls, value: object) -> object:
        return parse_size(value) if isinstance(value, str) else value

    @field_validator("size")
    @classmethod
    def _size_in_range(cls, value: Size) -> Size:
        return parse_size(str(value))

    @field_validator("camera", "background", "model", "mic")
    @classmethod
    def _name(cls, value: str) -> str:
        return checked_name(value)

    @field_validator("cpu_budget", mode="before")
    @classmethod
    def _cpu_budget(cls, value: object) -> object:
        return parse_amount(value, "%", 0.01) if isinstance(value, str) else value

    @field_validator("max_latency", mode="before")
    @classmethod
    def _max_latency(cls, value: object) -> object:
        return parse_amount(value, "ms", 0.001) if isinstance(value, str) else value

    @field_validator("model")
    @classmethod
    def _model(cls, value: str) -> str:
        if value in TIERS or value.lower().endswith(".onnx"):
            return value
        raise SettingError(
            f"--model {told(value)} is no model", f"Give {', '.join(TIERS)}, or a file as model.onnx."
        )

    @field_validator("on_demand")
    @classmethod
    def _on_demand(cls, value: str) -> str:
        if value in ON_DEMAND:
            return value
        raise SettingError(f"--on-demand {told(value)} is no choice", f"Give {' or '.join(ON_DEMAND)}.")

    @field_validator("runtime")
    @classmethod
    def _runtime(cls, value: str) -> str:
        if value in ("auto", *RUNTIMES):
            return value
        raise SettingError(f"--runtime {told(value)} is no runtime", f"Give auto, {', '.join(RUNTIMES)}.")

    @model_validator(mode="after")
    def _runtime_of_model(self) -> Self:
        if self.runtime == "auto" or self.model in ("standard", "fast"):
            return self
        raise SettingError(
            f"--runtime {self.runtime} does not run --model {told(self.model)}: ONNX Runtime does",
            "Leave --runtime out, or give --model standard or --model fast.",
        )

    @property
    def rate(self) -> Fraction:
        """`fps` as a fraction; 29.97 is the broadcast 30000/1001."""
        near = Fraction(self.fps).limit_denominator(1001)
        broadcast = Fraction(round(self.fps) * 1000, 1001)
        return broadcast if abs(float(broadcast) - self.fps) < 0.005 else near


def parse_size(text: str) -> Size:
    """Reads '1280x720'. Raises SettingError unless both are from 16 to 7680 pixels."""
    found = re.fullmatch(r"(\d{1,5})\s*[xX]\s*(\d{1,5})", text.strip())
    size = Size(int(found[1]), int(found[2])) if found else Size(0, 0)
    if not all(16 <= side <= 7680 for side in size):
        raise SettingError(
            f"'{told(text)}' is no picture size from 16x16 to 7680x7680",
            "Write width x height, for instance 1280x720.",
        )
    return size


def parse_amount(text: str, unit: str, worth: float) -> float:
    """Reads '50%' where the unit '%' is worth 0.01, or '0.5'. Raises SettingError for anything else."""
    number = text.strip().removesuffix(unit)
    try:
        return float(number) * (1.0 if number == text.strip() else worth)
    except ValueError as error:
        example = f"25{unit} or {25 * worth:g}"
        raise SettingError(f"'{told(text)}' is no amount", f"Write it as {example}.") from error


def settings_from(**values: object) -> Settings:
    """Settings from the values given. Raises SettingError that names the setting, the value and the range."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = "-".join(str(part) for part in first["loc"]).replace("_", "-")
        raise SettingError(f"--{told(name)} {told(first['input'])}: {first['msg'].lower()}") from error


def checked_name(text: str) -> str:
    """A name that may be a file's. Raises SettingError for what no system takes for one, and trips over."""
    try:
        name = os.fsencode(text)
    except UnicodeEncodeError as error:
        raise SettingError(f"'{told(text)}' is no name: it holds half of a character", "Type it anew.") from error
    if "\0" in text:
        raise SettingError(f"'{told(text)}' is no name: it holds a zero byte", "Type it anew.")
    part = max(len(part) for part in name.split(b"/"))
    if len(name) > _LONGEST_NAME or part > _LONGEST_PART:
        raise SettingError(
            f"'{told(text)}' has {len(name)} bytes, {part} of them between two slashes: names of files have at "
            f"most {_LONGEST_NAME} and {_LONGEST_PART}",
            "Type it anew.",
        )
    return text


def told(value: object) -> str:
    """A value as an error tells it: not pages of it."""
    if isinstance(value, int) and value.bit_length() > 1000:
        return "a number of hundreds of digits"
    text = str(value)
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}..."
