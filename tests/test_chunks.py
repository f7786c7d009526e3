"""Clips in chunks: cut where they can be, each frame once, joined as if one process had made it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from media import Content, Sound, content, write_clip
from rimlight.assemble import open_pipeline
from rimlight.chunks import VIDEO, Chunk, Hands, Outcome, process_chunk
from rimlight.errors import BackgroundError, RimlightError, SinkError
from rimlight.hands import open_processes
from rimlight.joined import process_in_chunks, spans_of
from rimlight.offline import Report, process_clip
from rimlight.settings import Settings, Tuning
from rimlight.sources.clip import open_clip
from rimlight.types import Size

FORGETFUL = Settings(
    background="#336699",
    quick=True,
    tuning=Tuning(follow=False, evidence=False, clean_plate=False, smoothing=0, steadiness=0, views=1),
)
"""Nothing of it remembers a frame."""

GROUPS = {"g": "10", "bf": "2"}


class Here(Hands):
    """One pair of hands, in this process."""

    name = "this process"

    def work(
        self, chunks: Iterator[Chunk], each: Callable[[int], None]
    ) -> Generator[tuple[Chunk, Outcome], None, None]:
        for chunk in chunks:
            yield chunk, process_chunk(chunk.job, chunk.folder, lambda: each(1))

    def close(self) -> None:
        """Nothing to close."""


def whole(source: Path, output: Path, settings: Settings = FORGETFUL, **options: Any) -> Report:
    with open_clip(source) as clip, open_pipeline(settings, clip.format) as pipeline:
        return process_clip(clip, pipeline, output, **options)


def chunked(
    source: Path, output: Path, settings: Settings = FORGETFUL, hands: Hands | None = None, **options: Any
) -> Report:
    with open_clip(source) as clip:
        parts = spans_of(clip, 1.0, 0.5)
        assert not isinstance(parts, str)
        assert len(parts) >= 3
        return process_in_chunks(clip, parts, settings, output, hands or Here(), **options)


def clip_of(folder: Path, name: str = "a.mp4", **options: Any) -> Path:
    return write_clip(
        folder / name, count=95, size=Size(128, 96), options=GROUPS, sound=[Sound(seconds=3.8)], **options
    )


def packets(path: Path) -> tuple[list[Any], list[Any]]:
    """When the pictures are shown, and when they are decoded."""
    with av.open(str(path)) as file:
        found = [packet for packet in file.demux(file.streams.video[0]) if packet.size]
    return sorted(packet.pts for packet in found if packet.pts is not None), [packet.dts for packet in found]


def pngs(folder: Path) -> list[Any]:
    return [cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in sorted(folder.iterdir())]


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_without_a_memory_chunks_make_what_one_run_makes(tmp_path: Path, ending: str) -> None:
    source = clip_of(tmp_path, pts=[40 + 1001 * n + n % 2 * 11 for n in range(95)], time_base=Fraction(1, 25000))
    progress: list[tuple[int, int | None]] = []

    one = whole(source, tmp_path / f"one.{ending}", matte=tmp_path / "one")
    many = chunked(
        source,
        tmp_path / f"many.{ending}",
        matte=tmp_path / "many",
        progress=lambda done, of: progress.append((done, of)),
    )

    assert many == one
    assert progress == [(n, 95) for n in range(1, 96)]
    expected, got = content(tmp_path / f"one.{ending}"), content(tmp_path / f"many.{ending}")
    assert (got.times, got.sound, got.facts) == (expected.times, expected.sound, expected.facts)
    assert packets(tmp_path / f"many.{ending}") == packets(tmp_path / f"one.{ending}")
    mattes = pngs(tmp_path / "one"), pngs(tmp_path / "many")
    assert all((a == b).all() for a, b in zip(*mattes, strict=True))
    assert any(0 < matte.mean() < 255 for matte in mattes[0])
    # Both are lossy encodings of the same pictures.
    assert psnr(expected, got) > 40
    assert {file.name for file in tmp_path.iterdir()} == {"a.mp4", "one", f"one.{ending}", "many", f"many.{ending}"}


def psnr(one: Content, other: Content) -> float:
    """Of the worst picture's luma, in decibels."""
    errors = [np.square(a[0].astype(float) - b[0]).mean() for a, b in zip(one.planes, other.planes, strict=True)]
    return float(10 * np.log10(255**2 / max(*errors, 1e-9)))


def test_mattes_in_a_video_are_joined_bit_for_bit(tmp_path: Path) -> None:
    source = clip_of(tmp_path)
    whole(source, tmp_path / "one.mp4", matte=tmp_path / "one.mkv")
    chunked(source, tmp_path / "many.mp4", matte=tmp_path / "many.mkv")

    with av.open(str(tmp_path / "one.mkv")) as one, av.open(str(tmp_path / "many.mkv")) as many:
        for a, b in zip(one.decode(video=0), many.decode(video=0), strict=True):
            assert (a.pts, a.time_base) == (b.pts, b.time_base)
            assert (a.to_ndarray() == b.to_ndarray()).all()


def test_the_pipeline_leads_in_with_the_frames_before_a_chunk(tmp_path: Path) -> None:
    """So that what remembers is near to what it would be; the first chunk is as without chunks."""
    source = clip_of(tmp_path)
    settings = FORGETFUL.model_copy(
        update={"tuning": Tuning(follow=False, evidence=False, clean_plate=False, views=1)}
    )
    whole(source, tmp_path / "one.mp4", settings, matte=tmp_path / "one")
    chunked(source, tmp_path / "many.mp4", settings, matte=tmp_path / "many")

    one, many = pngs(tmp_path / "one"), pngs(tmp_path / "many")
    assert all((a == b).all() for a, b in zip(one[:30], many[:30], strict=True))
    assert max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(one, many, strict=True)) <= 2


@pytest.mark.slow
def test_processes_make_the_same_to_the_byte(tmp_path: Path) -> None:
    source = clip_of(tmp_path)
    chunked(source, tmp_path / "here.mp4", matte=tmp_path / "here")
    with open_processes(2) as hands:
        chunked(source, tmp_path / "two.mp4", hands=hands, matte=tmp_path / "two")

    assert (tmp_path / "two.mp4").read_bytes() == (tmp_path / "here.mp4").read_bytes()
    assert [f.read_bytes() for f in sorted((tmp_path / "two").iterdir())] == [
        f.read_bytes() for f in sorted((tmp_path / "here").iterdir())
    ]


def test_what_goes_wrong_with_a_chunk_is_raised_and_leaves_nothing(tmp_path: Path) -> None:
    source = clip_of(tmp_path)
    settings = FORGETFUL.model_copy(update={"background": str(tmp_path / "gone.jpg")})
    with open_processes(2) as hands, pytest.raises(BackgroundError, match=r"gone\.jpg"):
        chunked(source, tmp_path / "out.mp4", settings, hands, matte=tmp_path / "matte")
    with pytest.raises(KeyboardInterrupt):
        chunked(source, tmp_path / "out.mp4", progress=interrupted_after(40))
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]
    assert multiprocessing.active_children() == []


def interrupted_after(frames: int) -> Callable[[int, int | None], None]:
    def progress(done: int, _: int | None) -> None:
        if done > frames:
            raise KeyboardInterrupt

    return progress


def test_a_process_that_dies_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    source = clip_of(tmp_path)

    def kill(done: int, _: int | None) -> None:
        if done:
            for child in multiprocessing.active_children():
                child.kill()

    with (
        open_processes(1) as hands,
        pytest.raises(RimlightError, match=r"ended by itself \(exit code -9\)\n.*--jobs"),
    ):
        chunked(source, tmp_path / "out.mp4", hands=hands, progress=kill)
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_damage_is_told_as_of_the_whole(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "a.mp4", count=150, size=Size(128, 96), options=GROUPS, muxing={"movflags": "faststart"}
    )
    source.write_bytes(source.read_bytes()[: source.stat().st_size * 7 // 10])

    one = whole(source, tmp_path / "one.mp4")

    assert not one.whole
    assert chunked(source, tmp_path / "many.mp4") == one


def test_what_is_garbled_comes_through_as_of_the_whole(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.ts", count=95, size=Size(128, 96), options=GROUPS)
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    source.write_bytes(data)

    assert chunked(source, tmp_path / "many.mp4") == whole(source, tmp_path / "one.mp4")


def test_parts_of_another_encoder_are_not_joined(tmp_path: Path) -> None:
    source = clip_of(tmp_path)

    class Otherwise(Here):
        def work(
            self, chunks: Iterator[Chunk], each: Callable[[int], None]
        ) -> Generator[tuple[Chunk, Outcome], None, None]:
            for chunk, outcome in super().work(chunks, each):
                write_clip(chunk.folder / VIDEO, count=5, size=Size(128, 96))
                yield chunk, outcome

    with pytest.raises(SinkError, match="different versions"):
        chunked(source, tmp_path / "out.mp4", hands=Otherwise())
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]
