"""What a clip holds beside its pictures: kept where the file can hold it, said where not, cut with the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from media import LOSSLESS, Sound, content, ellipse_pipeline, planes, to_image, write_clip, write_sound
from rimlight.errors import UsageError
from rimlight.offline import Report, process_clip
from rimlight.sources.clip import open_clip
from rimlight.types import Size
from rimlight.wanted import Wanted

LINES = [(0.0, 0.5, "Hello"), (0.9, 0.4, "there"), (1.6, 0.3, "bye")]
"""When, for how long, what."""
CHAPTERS = [(0.0, 0.8, "One"), (0.8, 2.0, "Two")]
SAID = {"title": "A talk", "creation_time": "2026-05-04T10:00:00.000000Z", "location": "+48.1+011.5/"}


def lecture(path: Path, seconds: int = 2) -> Path:
    """Pictures, sound, subtitles, chapters, and what a telephone says of itself."""
    text = path.with_suffix(".srt")
    text.write_text("1\n00:00:00,000 --> 00:00:01,000\nx\n")
    with av.open(str(text)) as titles, av.open(str(path), "w") as output:
        output.metadata.update(SAID)
        output.set_chapters(
            [
                {
                    "id": number,
                    "start": round(start * 1000),
                    "end": round(end * 1000),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for number, (start, end, title) in enumerate(CHAPTERS)
            ]
        )
        video: Any = output.add_stream("libx264", 25, LOSSLESS)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound: Any = output.add_stream("aac", 48000, bit_rate=128_000)
        sound.metadata["language"] = "eng"
        lines: Any = output.add_stream_from_template(titles.streams.subtitles[0])
        lines.metadata["language"] = "deu"
        output.start_encoding()
        write_sound(output, sound, Sound("aac", seconds))
        for number in range(25 * seconds):
            image = to_image(planes(number, Size(64, 48)))
            image.pts, image.time_base = number, Fraction(1, 25)
            output.mux(video.encode(image))
        output.mux(video.encode(None))
        for start, length, line in LINES:
            packet: Any = av.Packet(line.encode())
            packet.stream, packet.time_base = lines, Fraction(1, 1000)
            packet.pts = packet.dts = round(start * 1000)
            packet.duration = round(length * 1000)
            output.mux(packet)
    return path


def carried(source: Path, name: str, wanted: Wanted = Wanted()) -> tuple[Path, Report]:
    output = source.with_name(name)
    with open_clip(source, wanted=wanted) as clip, ellipse_pipeline() as pipeline:
        return output, process_clip(clip, pipeline, output)


def lines_of(path: Path) -> list[tuple[float, float, str]]:
    with av.open(str(path)) as file:
        packets = [p for p in file.demux() if p.size and p.stream.type == "subtitle"]
        return [
            (float(p.pts * p.time_base), float((p.duration or 0) * p.time_base), bytes(p).decode())
            for p in packets
            if p.pts is not None and p.time_base is not None
        ]


def chapters_of(path: Path) -> list[tuple[float, float, str]]:
    with av.open(str(path)) as file:
        return [
            (float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"]), c["metadata"]["title"])
            for c in file.chapters()
            if c["time_base"] is not None
        ]


def near(got: Sequence[tuple[float, float, str]], expected: Sequence[tuple[float, float, str]]) -> bool:
    return [one[2] for one in got] == [one[2] for one in expected] and all(
        abs(left - right) < 0.002
        for one, other in zip(got, expected, strict=True)
        for left, right in zip(one[:2], other[:2], strict=True)
    )


def test_matroska_carries_all_of_it_but_the_place(tmp_path: Path) -> None:
    source = lecture(tmp_path / "a.mkv")

    output, report = carried(source, "out.mkv")

    assert report.notes == ("out.mkv is without the place where it was recorded",)
    assert near(lines_of(output), LINES)
    assert near(chapters_of(output), CHAPTERS)
    assert content(output).sound[0] == content(source).sound[0]
    with av.open(str(output)) as file:
        said = {key.lower(): text for key, text in file.metadata.items()}
        languages = [file.streams.audio[0].metadata["language"], file.streams.subtitles[0].metadata["language"]]
    assert languages == ["eng", "deu"]
    assert said["title"] == SAID["title"]
    assert said["creation_time"] == SAID["creation_time"]
    assert not [key for key in said if "location" in key]
    assert b"48.1" not in output.read_bytes()


@pytest.mark.parametrize("name", ["out.mp4", "out.mov"])
def test_what_an_mp4_cannot_hold_is_said(tmp_path: Path, name: str) -> None:
    output, report = carried(lecture(tmp_path / "a.mkv"), name)

    assert f"{name} is without the subtitles in srt: {output.suffix} cannot hold it" in report.notes
    assert lines_of(output) == []
    assert near(chapters_of(output), CHAPTERS)
    with av.open(str(output)) as file:
        assert file.metadata["title"] == SAID["title"]
        assert file.metadata["creation_time"] == SAID["creation_time"]
        assert file.streams.audio[0].metadata["language"] == "eng"


def test_a_part_takes_its_own_sound_lines_and_chapters(tmp_path: Path) -> None:
    source = lecture(tmp_path / "a.mkv")

    output, _ = carried(source, "out.mkv", Wanted(begin=Fraction(1), end=Fraction(9, 5)))

    assert near(lines_of(output), [(0, 0.3, "there"), (0.6, 0.2, "bye")])
    assert near(chapters_of(output), [(0, 0.8, "Two")])
    got = content(output)
    assert len(got.times) == 20
    # What is heard with a picture is what was: packets of 21 ms, each at its own time.
    before, after = sound_times(source), sound_times(output)
    assert len(after) == pytest.approx(0.8 * 48000 / 1024, abs=1)
    for packet, at in after.items():
        assert at + 1 == pytest.approx(before[packet], abs=0.0011)


def test_lines_do_not_outlast_a_part(tmp_path: Path) -> None:
    source = lecture(tmp_path / "a.mkv")

    output, _ = carried(source, "out.mkv", Wanted(end=Fraction(11, 10)))
    assert near(lines_of(output), [(0.0, 0.5, "Hello"), (0.9, 0.2, "there")])

    output, _ = carried(source, "later.mkv", Wanted(begin=Fraction(1), end=Fraction(6, 5)))
    assert near(lines_of(output), [(0.0, 0.2, "there")])


def sound_times(path: Path) -> dict[bytes, float]:
    with av.open(str(path)) as file:
        packets = [p for p in file.demux() if p.size and p.stream.type == "audio"]
        return {bytes(p): float(p.pts * p.time_base) for p in packets if p.pts is not None}


def test_no_sound_is_no_sound(tmp_path: Path) -> None:
    output, _ = carried(lecture(tmp_path / "a.mkv"), "out.mkv", Wanted(sound=False))

    assert sound_times(output) == {}
    assert near(lines_of(output), LINES)


def test_sound_that_does_not_fit_can_be_left_out(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", sound=[Sound("tta")])

    with pytest.raises(UsageError, match="--audio none"):
        carried(path, "out.mp4")

    assert sound_times(carried(path, "out.mp4", Wanted(sound=False))[0]) == {}


def test_sound_keeps_step_where_the_clips_clock_is_coarse(tmp_path: Path) -> None:
    seconds = Fraction(27, 20)
    source = write_clip(
        tmp_path / "a.avi", codec="mpeg4", fps=Fraction(10), count=30, sound=[Sound("pcm_s16le", 3)]
    )

    output, _ = carried(source, "out.mkv", Wanted(begin=seconds))

    before, after = shown_and_heard(source), shown_and_heard(output)
    # The part begins with a picture; what is heard with it is what was, to the sample.
    skipped = len(before[0]) - len(after[0])
    assert np.array_equal(after[1], before[1][-len(after[1]) :])
    cut = (len(before[1]) - len(after[1])) / 2 / 48000
    assert cut == pytest.approx(skipped / 10 + after[2], abs=0.002)


def shown_and_heard(path: Path) -> tuple[list[float], Any, float]:
    """The times of the pictures, the samples, and when these begin."""
    with av.open(str(path)) as file:
        times = [float(i.time or 0) for i in file.decode(video=0)]
    with av.open(str(path)) as file:
        frames = list(file.decode(audio=0))
    return times, np.concatenate([f.to_ndarray()[0] for f in frames]), float(frames[0].time or 0)
