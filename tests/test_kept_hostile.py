"""Files that keep mattes, damaged within or made to do harm: refused, in our words."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeping import HEADER, as_frame, keep, of_noise, rewritten, walk
from rimlight import kept as keeping
from rimlight.errors import ClipError
from rimlight.kept import KEY, Header, MixedUpError, packed, unpacked
from rimlight.offline import process_clip
from rimlight.recompose import open_recomposition
from rimlight.settings import Settings
from rimlight.sinks import kept_file
from rimlight.sinks.kept_file import open_kept_file
from rimlight.sources.kept import open_kept
from rimlight.types import Alpha, Planes, Size

TOLD: dict[str, Any] = json.loads(replace(HEADER, canvas=Size(32, 24)).text())
BOMB = "1e9999999"
"""Of which a Fraction computes ten million digits."""


def compose(path: Path) -> Any:
    with open_kept(path) as kept, open_recomposition(Settings(background="blur"), kept) as pipeline:
        return process_clip(kept, pipeline, path.with_name("out.mp4"), force=True)


def changed(at: tuple[str | int, ...], value: Any) -> str:
    told = inner = json.loads(json.dumps(TOLD))
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = value
    return json.dumps(told)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("format", "fps"), BOMB),
        (("format", "fps"), "1/0"),
        (("format", "fps"), "99999999999"),
        (("format", "fps"), 30),
        (("format", "fps"), "1001"),
        (("format", "size"), [64, 50]),
        (("format", "color"), ["xyz", False]),
        (("format", "color"), ["bt601", 2]),
        (("format", "color"), "bt601"),
        (("format",), None),
        (("time_base",), "1/99999999999999"),
        (("time_base",), "0"),
        (("aspect",), "-3/2"),
        (("aspect",), "0"),
        (("aspect",), "9"),
        (("canvas",), [10**9, 10**9]),
        (("canvas",), [32.0, 24.0]),
        (("canvas",), [True, True]),
        (("canvas",), [66, 48]),
        (("canvas",), "ab"),
        (("size",), [0, 0]),
        (("size",), [5000, 5000]),
        (("tags",), [999999, 1, 1, 1]),
        (("tags",), ["1", 1, 1, 1]),
        (("tags",), [1, 1, 1]),
        (("mirror",), "no"),
        (("way",), 5),
        (("rimlight",), {}),
        (("version",), 2.0),
        (("version",), -1),
        (("more",), 1),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_meant_is_refused(at: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(ClipError, match="does not say what it keeps"):
        Header.of(changed(at, value), Path("a"))


@pytest.mark.parametrize("text", ["[" * 2000 + "]" * 2000, "[1]", "null", '{"version": NaN}', " " * 100_000, ""])
def test_what_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(ClipError, match="does not say what it keeps"):
        Header.of(text, Path("a"))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([BOMB, "1/0", "30000/1001", "-1", "bt709", [64, 48], [[]] * 2, {}, 10**400, "1" * 5000]),
    st.lists(st.one_of(st.integers(-1, 70000), st.text(max_size=3), st.booleans()), max_size=5),
)
PLACES: list[tuple[str | int, ...]] = [(name,) for name in TOLD]
PLACES += [("format", name) for name in TOLD["format"]]
PLACES += [(name, number) for name in ("canvas", "size", "tags") for number in (0, 1)]
PLACES += [("format", name, number) for name in ("size", "color") for number in (0, 1)]


@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_no_header_does_more_harm_than_being_refused(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    told = json.loads(json.dumps(TOLD))
    for at, value in changes:
        inner = told
        try:
            for name in at[:-1]:
                inner = inner[name]
            inner[at[-1]] = value
        except (TypeError, LookupError):
            continue
    try:
        header = Header.of(json.dumps(told), Path("a"))
    except ClipError:
        return
    assert isinstance(header.format.fps, Fraction)
    assert max(header.format.fps.as_integer_ratio() + header.time_base.as_integer_ratio()) < 1 << 31
    assert header.format.size == header.size.even
    assert max(*header.size, *header.canvas) <= 1 << 16


@given(st.text() | st.binary().map(lambda some: json.dumps(TOLD)[: len(some)] + some.decode("latin")))
def test_no_text_does_either(text: str) -> None:
    with pytest.raises(ClipError):
        Header.of(text, Path("a"))


def test_tracks_of_other_sizes_than_it_says_are_refused(tmp_path: Path) -> None:
    path = keep(walk(tmp_path / "in.mp4", count=2, pts=None), "blur")
    for name in ("size", "canvas"):

        def change(said: dict[str, str], name: str = name) -> None:
            told = json.loads(said[KEY])
            told[name] = [32, 24]
            told["format"]["size"] = told["size"]
            told["canvas"] = min(told["canvas"], told["size"])
            said[KEY] = json.dumps(told)

        with pytest.raises(ClipError, match="tracks are not what it says"):
            open_kept(rewritten(path, change))


CANVAS = Size(32, 24)


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_a_record_of_no_time_is_refused(at: float) -> None:
    with pytest.raises(MixedUpError):
        unpacked(packed(replace(of_noise(1), at=at), 0, 1, CANVAS), CANVAS)


@pytest.mark.parametrize("duration", [0, -1, -(2**62)])
def test_a_record_of_no_length_is_refused(duration: int) -> None:
    with pytest.raises(MixedUpError):
        unpacked(packed(of_noise(1), 0, duration, CANVAS), CANVAS)


def test_a_record_of_no_matte_is_refused() -> None:
    matted = of_noise(1)
    for empty in (matted.small[:0], matted.small[:, :0]):
        with pytest.raises(MixedUpError):
            unpacked(packed(replace(matted, small=Alpha(empty)), 0, 1, CANVAS), CANVAS)


def kept_with(path: Path, monkeypatch: pytest.MonkeyPatch, times: list[tuple[int, int]]) -> Path:
    """A file whose records say other times than the container."""
    left = iter(times)
    monkeypatch.setattr(kept_file, "packed", lambda matted, _, __, canvas: packed(matted, *next(left), canvas))
    with open_kept_file(path, HEADER) as file:
        for number in range(len(times)):
            matted = of_noise(number)
            file.write(as_frame(matted.picture), matted, number * 1000, 1000)
        file.finish()
        file.publish()
    return path


@pytest.mark.parametrize(
    "times",
    [[(5, 1), (5, 1)], [(5, 1), (4, 1)], [(0, 1), (2**62, 1)], [(0, 1), (1, 2**62)], [(-(2**62), 1), (1, 1)]],
    ids=["the same", "earlier", "late", "long", "early"],
)
def test_records_of_times_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: list[tuple[int, int]]
) -> None:
    path = kept_with(tmp_path / "a.rim.mkv", monkeypatch, times)
    with pytest.raises(ClipError, match=r"is damaged: at frame \d"):
        compose(path)


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_a_picture_that_is_another_in_any_plane_is_refused(plane: int) -> None:
    matted = of_noise(1)
    kept = unpacked(packed(matted, 0, 1, CANVAS), CANVAS)
    kept.matted(as_frame(matted.picture), None)
    matted.picture.planes[plane][:] ^= 8
    with pytest.raises(MixedUpError):
        kept.matted(as_frame(matted.picture), None)


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_colours_that_are_others_are_refused(plane: int) -> None:
    colors = Planes(*(part.copy() for part in of_noise(2).planes))
    matted = replace(of_noise(1), foreground=colors)
    kept = unpacked(packed(matted, 0, 1, CANVAS), CANVAS)
    assert kept.matted(as_frame(matted.picture), colors).foreground is colors
    colors[plane][3, 3] ^= 1
    with pytest.raises(MixedUpError):
        kept.matted(as_frame(matted.picture), colors)


def test_a_damaged_matte_is_never_concealed(tmp_path: Path) -> None:
    """FFmpeg shows what was there in the picture before, and says nothing."""
    path = keep(walk(tmp_path / "in.mp4", count=12, pts=None), "blur")
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as file:
        packets = [bytes(packet) for packet in file.demux(video=1) if packet.size]
    # Early in a slice, so that much of it is another.
    data[data.find(packets[6]) + len(packets[6]) // 10] ^= 0x5A
    path.write_bytes(data)

    with pytest.raises(ClipError, match="picture and matte do not belong together"):
        compose(path)
    assert not (tmp_path / "out.mp4").exists()


def long_one(tmp_path: Path) -> Path:
    """Of three clusters."""
    return keep(walk(tmp_path / "in.mp4", count=300, size=Size(64, 48), pts=None, time_base=None), "#336699")


def even_cut(path: Path) -> int:
    """A place behind which there are as many pictures as mattes, and nothing is begun."""
    ahead = 0
    with av.open(str(path)) as file:
        for number, packet in enumerate(file.demux(video=(0, 1))):
            if number > 200 and not ahead and packet.pos:
                return packet.pos
            ahead += 1 if packet.stream_index == 0 else -1
    raise AssertionError


def test_a_file_that_is_cut_off_between_frames_is_told(tmp_path: Path) -> None:
    path = long_one(tmp_path)
    assert compose(path).whole
    path.write_bytes(path.read_bytes()[: even_cut(path)])

    report = compose(path)

    assert 100 < report.frames < 300
    assert not report.whole
    assert report.notes[0] == f"{path} is damaged or cut off: {report.frames} frames could be read"


def test_a_file_that_was_not_completed_is_told_and_composed(tmp_path: Path) -> None:
    with open_kept(long_one(tmp_path)) as kept:
        file = open_kept_file(tmp_path / "a.rim.mkv", kept.header)
        for frame in iter(kept.read, None):
            file.write(frame, frame.kept.matted(frame, None), frame.pts, frame.duration)
        path = file.abandon()

    report = compose(path)

    assert report.frames > 100
    assert not report.whole
    assert report.notes[0] == f"{path} was not completed: {report.frames} frames could be read"


def test_a_file_without_a_frame_is_refused(tmp_path: Path) -> None:
    path = long_one(tmp_path)
    data = path.read_bytes()
    for more, says in ((0, "cannot be read"), (200, "not one frame can be read")):
        path.write_bytes(data[: data.find(b"\x1f\x43\xb6\x75") + more])
        with pytest.raises(ClipError, match=says):
            compose(path)


def test_the_most_that_a_header_takes_is_more_than_is_written() -> None:
    assert len(HEADER.text()) < keeping._LONGEST_TEXT // 4
