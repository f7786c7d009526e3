"""Clips that are gone through twice: the room is known from the first frame, and mattes lie on a shelf."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from keeping import as_frame, of_noise, piped, walk
from rimlight.effort import Effort
from rimlight.errors import ClipError, DiskError
from rimlight.foresight import FirstPass, foreseen
from rimlight.offline import process_clip
from rimlight.passes import process_frames
from rimlight.pipeline import Pipeline
from rimlight.shelf import open_shelf
from rimlight.sources.clip import ClipFrame, ClipSource, open_clip
from rimlight.types import Frame, Matted, Planes, Size


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("colored", [False, True])
def test_a_shelf_gives_back_what_was_laid_by(exact: bool, fresh: bool, colored: bool, tmp_path: Path) -> None:
    given = [replace(of_noise(seed), exact=exact, fresh=fresh) for seed in range(3)]
    if colored:
        given = [replace(one, foreground=Planes(*of_noise(7 + one.index).planes)) for one in given]

    with open_shelf(tmp_path) as shelf:
        for one in given:
            shelf.put(one)
        for _ in range(2):
            shelf.reset()
            for one in given:
                frame = replace(as_frame(one.picture), at=one.at)
                back = shelf.matted(frame, Effort())
                assert contents(back) == contents(one)

        assert list(tmp_path.iterdir()) == [], "nobody sees the file"


def contents(matted: Matted) -> tuple[object, ...]:
    planes = [*matted.planes, matted.small, *(matted.foreground or ())]
    said = matted.at, matted.index, matted.exact, matted.fresh, matted.foreground is None
    return (*said, *(plane.tobytes() for plane in planes))


def test_a_clip_that_grew_meanwhile_is_told(tmp_path: Path) -> None:
    with open_shelf(tmp_path) as shelf:
        shelf.put(of_noise(1))
        shelf.reset()
        frame = as_frame(of_noise(1).picture)
        shelf.matted(frame, Effort())
        with pytest.raises(ClipError, match=r"(?s)something still writes it.*--quick"):
            shelf.matted(frame, Effort())


def test_no_place_for_mattes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DiskError, match="nowhere"):
        open_shelf(tmp_path / "nowhere")

    with open_shelf(tmp_path) as shelf:

        class Full:
            def write(self, _: bytes) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

        file, shelf._file = shelf._file, Full()  # type: ignore[assignment]
        with pytest.raises(DiskError, match="space"):
            shelf.put(of_noise(1))
        shelf._file = file


def twice(clip: ClipSource, pipeline: Pipeline) -> list[tuple[bytes, bytes]]:
    """Picture and alpha of each frame."""
    made: list[tuple[bytes, bytes]] = []
    process_frames(
        clip.read,
        pipeline,
        lambda one: made.append((one.output.picture.i420.tobytes(), one.output.alpha.tobytes())),
        lambda _: None,
        FirstPass(clip.again),
    )
    return made


def test_it_is_the_same_each_time(tmp_path: Path) -> None:
    source, runs = walk(tmp_path / "in.mp4"), []
    for _ in range(2):
        with open_clip(source) as clip, piped("studio", clip, twice=True) as pipeline:
            runs.append(twice(clip, pipeline))
    with open_clip(source) as clip, piped("studio", clip, twice=True) as pipeline:
        # Whatever it did before.
        twice(clip, pipeline)
        with clip.again() as again:
            runs.append(twice(again, pipeline))

    assert runs[0] == runs[1] == runs[2]
    assert len(runs[0]) == 24
    assert len(set(runs[0])) == 24


def known(pipeline: Pipeline, frame: Frame) -> float:
    """Share of the picture whose room is known at this frame."""
    sure = pipeline.cut(frame).known
    return 0.0 if sure is None else cv2.countNonZero(sure) / sure.size


def test_the_room_of_the_whole_clip_is_known_from_its_first_frame(tmp_path: Path) -> None:
    source, seen = walk(tmp_path / "in.mp4", count=48, pts=None, time_base=None), []
    for again in (False, True):
        with open_clip(source) as clip, piped("studio", clip, twice=True) as pipeline:
            first = first_of(clip)
            if not again:
                seen.append(known(pipeline, first))
                continue
            pipeline.reset()
            with foreseen(pipeline, FirstPass(clip.again)):
                seen.append(known(pipeline, first))
            pipeline.reset()
            seen.append(known(pipeline, first))

    before, between, after = seen
    assert before == after == 0
    assert between > 0.8


def first_of(clip: ClipSource) -> ClipFrame:
    frame = clip.read()
    assert frame is not None
    return frame


def test_what_fails_in_the_first_pass_leaves_nothing(tmp_path: Path) -> None:
    source = walk(tmp_path / "in.mp4")
    stopped: list[int] = []

    def stop(done: int, of: int | None) -> None:
        assert of
        stopped.append(done)
        if len(stopped) == 5:
            raise KeyboardInterrupt

    with open_clip(source) as clip, piped("blur", clip, twice=True) as pipeline:
        with pytest.raises(KeyboardInterrupt):
            process_clip(clip, pipeline, tmp_path / "out.mp4", progress=stop)
        assert pipeline.cut(first_of(clip)).picture.size == Size(240, 160), "it asks its model again"

    assert [file.name for file in tmp_path.iterdir()] == ["in.mp4"]


def test_progress_goes_through_both_passes(tmp_path: Path) -> None:
    told: list[int] = []

    def note(done: int, of: int | None) -> None:
        assert of == 24
        told.append(done)

    with open_clip(walk(tmp_path / "in.mp4")) as clip, piped("blur", clip, twice=True) as pipeline:
        process_clip(clip, pipeline, tmp_path / "out.mp4", progress=note)

    assert len(told) == 48
    assert told == sorted(told)
    assert told[-1] == 24
