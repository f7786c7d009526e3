"""Folders of clips and photos whose mattes are known, drawn by the sitter, and what scoring them gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest

from media import Planes, ellipse_pipeline, write_clip
from rimlight import evaluate
from rimlight.evaluate import run_evaluation
from rimlight.picture import to_bgr
from rimlight.settings import Settings
from rimlight.sources.sitter import open_sitter
from rimlight.types import Plane, Size

SIZE = Size(160, 90)


def without_model(patch: pytest.MonkeyPatch) -> None:
    """Lets evaluations run with a stand-in that finds the same ellipse everywhere."""
    patch.setattr(evaluate, "open_pipeline", lambda *_, **__: ellipse_pipeline())


def sitting(folder: Path, count: int = 4, start: int = 0, mattes: int | None = None) -> Path:
    """A lossless clip of the sitter, from its frame `start` on, with its true mattes."""
    (folder / "alpha").mkdir(parents=True)
    with open_sitter(SIZE, paced=False) as sitter:

        def make(number: int, _: Size) -> Planes:
            return sitter.render(start + number).planes

        write_clip(folder / "clip.mp4", count=count, size=SIZE, make=make)
        for number in range(count if mattes is None else mattes):
            save(folder / "alpha" / f"{number:06d}.png", sitter.truth(start + number))
    return folder


def photo(folder: Path, name: str, start: int = 0) -> None:
    """A photo of the sitter, one column and row smaller than even, with its true matte."""
    with open_sitter(SIZE, paced=False) as sitter:
        save(folder / "image" / f"{name}.png", to_bgr(sitter.render(start))[:-1, :-1])
        save(folder / "alpha" / f"{name}.png", sitter.truth(start)[:-1, :-1])


def save(path: Path, image: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def truths(folder: Path) -> list[Plane]:
    return [load(path) for path in sorted((folder / "alpha").iterdir())]


def load(path: Path) -> Any:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def scored(folder: Path, settings: Settings = Settings(), **options: Any) -> dict[str, Any]:
    """The JSON of a run."""
    target = folder.parent / "figures.json"
    run_evaluation(folder, settings, json_file=target, force=True, **options)
    result: dict[str, Any] = json.loads(target.read_text())
    return result
