"""Feeds one input to Rimlight as a user would, and sees to it that what is accepted is in order."""

from __future__ import annotations

import contextlib
import io
import math
import random
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from hostile import words
from rimlight.assemble import open_background, open_source
from rimlight.backgrounds.clip import open_clip_background
from rimlight.backgrounds.color import open_color
from rimlight.backgrounds.still import open_still
from rimlight.errors import RimlightError, UsageError
from rimlight.framing import fitted
from rimlight.matted import read_matte
from rimlight.photo import PHOTO_COLOR, kind_of
from rimlight.photo_file import encoded, read_photo_file
from rimlight.picture import from_bgr, reduced
from rimlight.pipeline import Pipeline
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.segmenters.onnx import open_onnx
from rimlight.settings import settings_from
from rimlight.sources.clip import open_clip
from rimlight.sources.cuts import spans, survey
from rimlight.types import Alpha, Color, Cut, Frame, Picture, Size, StreamFormat

SMALL = 512 * 512
"""Pixels up to which a picture goes through the whole pipeline."""
FRAMES = 12
LONGEST_REFUSAL = 10_000
"""Characters; names of files alone may have 4096."""
TIMES = (0.0, 0.1, 0.5, 3.0, 0.2, 1e6)


def feed(kind: str, path: Path, dice: random.Random) -> bool:
    """Feeds the file, or what the dice say. True if it is accepted, False if it is refused; else it raises."""
    if kind == "settings":
        return feed_settings(dice)
    return {"pictures": feed_picture, "videos": feed_video, "models": feed_model}[kind](path)


def feed_picture(path: Path) -> bool:
    """Background, photo and matte. True if it is accepted as any of these."""
    kind_of(path)
    return any([_accepted(lambda: _still(path)), _accepted(lambda: _photo(path)), _accepted(lambda: _matte(path))])


def feed_video(path: Path) -> bool:
    """Source, background and, where it is long, parts."""
    kind_of(path)
    taken = [
        _accepted(lambda: _clip(path)),
        _accepted(lambda: _clip_background(path)),
        _accepted(lambda: _cuts(path)),
    ]
    return any(taken)


def feed_model(path: Path) -> bool:
    """Opened and run."""

    def run() -> None:
        with open_onnx(path, Size(64, 48)) as segmenter:
            for level in (0, 255):
                rgb = np.full((segmenter.size.height, segmenter.size.width, 3), level, np.uint8)
                mask = segmenter.segment(rgb)
                assert mask.dtype == np.float32
                assert mask.shape == rgb.shape[:2]
                assert 0 <= float(mask.min()) <= float(mask.max()) <= 1

    return _accepted(run)


def feed_settings(dice: random.Random) -> bool:
    """A command line, or values from another program, and what they name."""
    if dice.random() < 0.6:
        return _typed(words.line(dice))
    given = words.values(dice)

    def use() -> None:
        settings = settings_from(**given)
        assert all(math.isfinite(n) for n in (settings.fps, settings.duration or 0, settings.cpu_budget or 0))
        format = StreamFormat(Size(64, 48), settings.rate)  # noqa: A001
        _may_be_missing(lambda: open_background(settings.background, 0.5, format).close())
        if not settings.camera.isdecimal():
            _may_be_missing(lambda: open_source(settings).close())

    return _accepted(use)


def _accepted(use: Callable[[], object]) -> bool:
    try:
        use()
    except RimlightError as error:
        refusal = str(error)
    else:
        return True
    assert 0 < len(refusal) < LONGEST_REFUSAL
    return False


def _may_be_missing(use: Callable[[], object]) -> None:
    """What a setting names may be missing; it may not be anything but refused."""
    with contextlib.suppress(RimlightError):
        use()


def _typed(line: Sequence[str]) -> bool:
    """Through the real command line, but for what the commands then do."""
    from rimlight import cli

    told = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stderr(told))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        for work in (
            "rimlight.commands.live._run",
            "rimlight.batch.process_all",
            "rimlight.evaluate.run_evaluation",
        ):
            stack.enter_context(mock.patch(work))
        try:
            code = cli.run(list(line))
        except SystemExit as end:
            code = int(end.code or 0)
    text = told.getvalue()
    assert code in {0, UsageError.exit_code}, f"exit code {code}: {text}"
    assert all(c.isprintable() or c == "\n" for c in text), f"raw on the terminal: {text!r}"
    assert "Traceback" not in text
    return code == 0


def _check(picture: Picture) -> None:
    size = picture.size
    assert min(size) >= 2
    assert size.width % 2 == 0
    assert size.height % 2 == 0


def _through(frame: Frame) -> None:
    """The whole pipeline, without a model."""
    _check(frame.picture)
    if frame.picture.size.width * frame.picture.size.height <= SMALL:
        with Pipeline(EllipseSegmenter(Size(64, 64)), open_color("#336699"), fitted) as pipeline:
            assert pipeline.process(frame).picture.size == frame.picture.size


def _cut(size: Size, at: float) -> Cut:
    picture = Picture(np.zeros((size.height * 3 // 2, size.width), np.uint8))
    alpha = Alpha(np.zeros((size.height, size.width), np.uint8))
    return Cut(picture, alpha, reduced(picture, 32), Alpha(alpha[::2, ::2]), at)


def _still(path: Path) -> None:
    with open_still(path) as background:
        for size in (Size(64, 48), Size(48, 640)):
            _check(background.plate(_cut(size, 0.0)))


def _photo(path: Path) -> None:
    photo = read_photo_file(path)
    _through(Frame(from_bgr(photo.bgr, PHOTO_COLOR), 0.0, 0))
    if photo.convert is not None:
        assert photo.convert(photo.bgr[:2, :2].copy()).shape == photo.bgr[:2, :2].shape
    if photo.exif or photo.profile:
        assert encoded(photo.bgr[:2, :2], photo, Path("a.jpg"))


def _matte(path: Path) -> None:
    assert read_matte(path, Size(48, 32)).shape == (32, 48)


def _clip(path: Path) -> None:
    with open_clip(path) as clip:
        rate = float(clip.format.fps)
        assert 0.01 <= rate <= 1000
        assert clip.length is None or 0 < clip.length < 2**63
        last: Any = None
        for frame in islice(iter(clip.read, None), FRAMES):
            assert math.isfinite(frame.at)
            assert last is None or (frame.at >= last.at and frame.pts > last.pts)
            assert abs(frame.pts) + frame.duration < 2**62
            assert frame.picture.size == clip.format.size
            if last is None:
                _through(frame)
            last = frame
        str(clip.damage)


def _clip_background(path: Path) -> None:
    with open_clip_background(path, Size(64, 48), Color()) as background:
        for at in TIMES:
            background.plate(_cut(Size(64, 48), at))
        background.plate(_cut(Size(48, 64), 0.0))


def _cuts(path: Path) -> None:
    found = survey(path)
    if found.marks and found.obstacle is None:
        spans(found.marks, found.end, 100, 10)
