"""Where clips are cut, and that each part, decoded for itself, gives the whole's very frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import write_clip
from rimlight.joined import spans_of
from rimlight.sources.clip import open_clip
from rimlight.sources.cuts import Mark, cut_out, spans
from rimlight.sources.part import open_part
from rimlight.types import Size

GROUPS = {"g": "10", "bf": "2"}


@st.composite
def stored(draw: st.DrawFn) -> list[Mark]:
    """Packets as an encoder stores them: groups that begin with a keyframe, pictures shown before it behind it."""
    marks, pts = list[Mark](), draw(st.integers(-5, 50))
    for _ in range(draw(st.integers(1, 12))):
        steps = draw(st.lists(st.integers(1, 40), min_size=1, max_size=8))
        times = [pts := pts + step for step in steps]
        leading = draw(st.integers(0, len(times) - 1)) if marks else 0
        order = draw(st.permutations(times[leading + 1 :]))
        marks.append(Mark(times[leading], True))
        marks += [Mark(time, False) for time in [*times[:leading], *order]]
    return marks


@given(stored(), st.integers(1, 200), st.integers(0, 200))
def test_every_image_belongs_to_one_part_and_can_be_decoded_there(
    marks: list[Mark], length: int, overlap: int
) -> None:
    end = max(mark.pts for mark in marks) + 7

    parts = spans(marks, end, length, overlap)

    own = [[m.pts for m in marks if part.start <= m.pts < part.end] for part in parts]
    assert sorted(pts for some in own for pts in some) == sorted(mark.pts for mark in marks)
    assert all(own)
    for part, some in zip(parts, own, strict=True):
        packets = marks[part.first : part.stop]
        assert {mark.pts for mark in packets} >= set(some)
        assert packets[0].key
        assert packets[0].pts <= part.lead <= part.start
        assert part.start - part.lead == overlap or part.lead == min(mark.pts for mark in marks)
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert all(part.end - part.start >= length // 2 for part in parts) or len(parts) == 1


KINDS: list[tuple[str, Any, dict[str, str]]] = [
    ("a.mp4", "libx264", {"g": "10", "bf": "2"}),
    ("a.mkv", "libx264", {"x264-params": "keyint=10:open-gop=1:bframes=3", "bf": "3"}),
    ("a.ts", "libx264", GROUPS),
    ("a.avi", "mpeg4", {"g": "10"}),
    ("a.mp4", "mpeg4", GROUPS),
    ("a.webm", "libvpx", {"g": "10", "deadline": "realtime"}),
    ("a.avi", "mjpeg", {}),
    ("a.mkv", "ffv1", {"g": "10"}),
]


@pytest.mark.parametrize(("name", "codec", "options"), KINDS, ids=[f"{k[1]} {k[0][2:]}" for k in KINDS])
def test_parts_give_the_very_frames_of_the_whole(
    tmp_path: Path, name: str, codec: Any, options: dict[str, str]
) -> None:
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_clip(tmp_path / name, count=95, codec=codec, options=options, pixels=pixels, size=Size(62, 48))
    with open_clip(path) as clip:
        facts, whole = clip.facts, list(iter(clip.read, None))
        parts = spans_of(clip, 1.0, 0.5)

    assert not isinstance(parts, str)
    assert len(parts) >= 3
    files = [(part, tmp_path / f"{number}.nut") for number, part in enumerate(parts)]
    got = []
    for (part, _), file in zip(files, cut_out(path, files), strict=True):
        with open_part(file, facts, part) as source:
            frames = list(iter(source.read, None))
        assert frames[0].pts >= part.lead
        got += [frame for frame in frames if frame.pts >= part.start]
    assert [(f.pts, f.duration, f.at) for f in got] == [(f.pts, f.duration, f.at) for f in whole]
    assert all((a.picture.i420 == b.picture.i420).all() for a, b in zip(got, whole, strict=True))
    assert got[0].picture.color == whole[0].picture.color


def test_clips_that_cannot_be_cut_say_why(tmp_path: Path) -> None:
    for path, why in [
        (write_clip(tmp_path / "a.mp4", count=95), "a.mp4 has no keyframes that would cut it into chunks of 1 s"),
        (write_clip(tmp_path / "b.mp4", count=9, options={"g": "5"}), "b.mp4 has no keyframes"),
        (raw(tmp_path / "c.h264", write_clip(tmp_path / "c.mp4", options=GROUPS)), "without times"),
    ]:
        with open_clip(path) as clip:
            told = spans_of(clip, 1.0, 0.5)
        assert isinstance(told, str)
        assert why in told


def raw(path: Path, source: Path) -> Path:
    """The bare stream."""
    with av.open(str(source)) as file, av.open(str(path), "w", format="h264") as output:
        stream = file.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in file.demux(stream):
            if packet.size:
                packet.stream = copy
                output.mux(packet)
    return path
