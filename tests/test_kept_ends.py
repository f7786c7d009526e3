"""Files that keep mattes, where they are damaged, newer, cut off or none at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keeping import (
    CLOCK,
    HEADER,
    as_frame,
    keep,
    of_noise,
    rewritten,
    walk,
)
from rimlight.errors import ClipError, SinkError
from rimlight.kept import KEY, Header, MixedUpError, is_kept, kept_beside, packed, rows_of, unpacked
from rimlight.offline import process_clip
from rimlight.recompose import open_recomposition
from rimlight.settings import Settings
from rimlight.sinks.kept_file import open_kept_file
from rimlight.sources.kept import open_kept
from rimlight.types import Matted, Picture, Size


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda said: said.pop(KEY), "does not say what it keeps"),
        (lambda said: said.update({KEY: "{"}), "does not say what it keeps"),
        (lambda said: said.update({KEY: "7"}), "does not say what it keeps"),
        (lambda said: said.update({KEY: said[KEY].replace('"canvas": [', '"canvas": [-')}), "does not say"),
        (lambda said: said.update({KEY: said[KEY].replace('"version": 2', '"version": 3')}), "3.*\nUpdate"),
        (lambda said: said.update({KEY: said[KEY].replace('"version": 2', '"version": 1')}), "1.*\nProcess"),
        (lambda said: said.update({KEY: said[KEY].replace('"colors": false', '"colors": true')}), "tracks are not"),
    ],
)
def test_what_is_none_or_newer_or_damaged_is_refused(tmp_path: Path, change: Any, match: str) -> None:
    path = keep(walk(tmp_path / "in.mp4", count=2, pts=None), "blur")
    with pytest.raises(ClipError, match=f"(?s){match}"):
        open_kept(rewritten(path, change))


def test_a_matte_of_another_picture_is_refused(tmp_path: Path) -> None:
    matted = of_noise(1)
    path = tmp_path / "mixed.rim.mkv"
    with open_kept_file(path, HEADER) as file:
        other = of_noise(2)
        file.write(as_frame(other.picture), matted, 0, 1)
        file.finish()
        file.publish()
    with open_kept(path) as kept, open_recomposition(Settings(), kept) as pipeline:
        frame = kept.read()
        assert frame is not None
        with pytest.raises(ClipError, match="at frame 3, picture and matte do not belong together"):
            pipeline.process(frame)


def test_a_file_that_is_cut_off_gives_what_is_there(tmp_path: Path) -> None:
    path = keep(walk(tmp_path / "in.mp4", count=120, pts=None), "blur")
    data = path.read_bytes()
    cut = tmp_path / "cut.rim.mkv"
    cut.write_bytes(data[: len(data) * 2 // 3])
    with open_kept(cut) as kept, open_recomposition(Settings(background="blur"), kept) as pipeline:
        report = process_clip(kept, pipeline, tmp_path / "out.mp4")
    assert 0 < report.frames < 120
    assert not report.whole
    assert "is damaged or cut off" in report.notes[0]


def test_nothing_lies_there_when_there_was_no_frame(tmp_path: Path) -> None:
    with (
        pytest.raises(SinkError, match="there was no frame"),
        open_kept_file(tmp_path / "a.rim.mkv", HEADER) as file,
    ):
        file.finish()
    assert not list(tmp_path.iterdir())


def test_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    with open_kept_file(tmp_path / "a.rim.mkv", HEADER) as file, pytest.raises(SinkError, match="keeps 64x48"):
        file.write(as_frame(Picture.empty(Size(32, 48))), of_noise(1), 0, 1)


@given(
    index=st.integers(0, 2**32 - 1),
    at=st.floats(-(2**32), 2**32),
    pts=st.integers(-(2**62), 2**62),
    duration=st.integers(1, 2**40),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    long_side=st.integers(2, 64),
)
@settings(max_examples=40, deadline=None)
def test_a_record_comes_back_to_the_bit(
    index: int, at: float, pts: int, duration: int, flags: tuple[bool, bool, bool], long_side: int
) -> None:
    one = of_noise(1, Size(long_side, 1))
    given_one = Matted(one.picture, one.planes, one.small, at, index, None, *flags)
    canvas = Size(64, 48)

    image = packed(given_one, pts, duration, canvas)
    kept = unpacked(image, canvas)

    assert image.shape == (48 + rows_of(canvas), 64)
    assert (kept.index, kept.at, kept.pts, kept.duration) == (index, at, pts, duration)
    assert (kept.exact, kept.fresh, kept.mirrored) == flags
    assert np.array_equal(kept.small, one.small)


@given(place=st.integers(0, 2**16), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
@example(place=24 * 32 + 51, bit=7)
def test_a_changed_matte_or_record_is_found_out(place: int, bit: int) -> None:
    canvas = Size(32, 24)
    image = packed(of_noise(1), 0, 1, canvas)
    image.reshape(-1)[place % (24 * 32 + 52)] ^= 1 << bit
    with pytest.raises(MixedUpError):
        unpacked(image, canvas)


def test_a_matte_larger_than_the_canvas_is_refused() -> None:
    with pytest.raises(ValueError, match="32x24 on a canvas of 31x24"):
        packed(of_noise(1), 0, 1, Size(31, 24))


def test_a_header_comes_back() -> None:
    assert Header.of(HEADER.text().replace("[0, 0]", "[8, 6]"), Path()).time_base == CLOCK


def test_names_are_told_by_their_ending() -> None:
    assert kept_beside(Path("a/talk.1.mp4")) == Path("a/talk.1.rim.mkv")
    assert kept_beside(Path("stills")) == Path("stills.rim.mkv")
    assert is_kept(Path("Talk.RIM.mkv"))
    assert not is_kept(Path("talk.mkv"))
