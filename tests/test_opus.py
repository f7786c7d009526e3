"""Sound in WebM: what it cannot hold becomes Opus, at the same time and as loud."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from media import Sound, ellipse_pipeline, write_clip, write_sound
from rimlight.offline import Report, process_clip
from rimlight.sources.clip import open_clip
from rimlight.types import Size
from rimlight.wanted import Wanted


def process(source: Path, wanted: Wanted = Wanted()) -> Report:
    with open_clip(source, wanted=wanted) as clip, ellipse_pipeline() as pipeline:
        return process_clip(clip, pipeline, source.with_name("out.webm"))


def heard(path: Path) -> tuple[str, int, float, np.ndarray[Any, np.dtype[np.float32]]]:
    """Codec, channels, seconds before the first sample, and samples of the first channel."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        frames = list(file.decode(stream))
        assert frames[0].pts is not None
        assert frames[0].time_base is not None
        channels = stream.codec_context.layout.nb_channels
        samples = [
            frame.to_ndarray().reshape(
                -1 if frame.format.is_planar else 1, frame.samples * (1 if frame.format.is_planar else channels)
            )
            for frame in frames
        ]
        first = np.concatenate([s[0] if len(s) > 1 or channels == 1 else s[0][::channels] for s in samples])
        return stream.codec_context.name, channels, float(frames[0].pts * frames[0].time_base), first


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le", "flac"])
def test_other_sound_becomes_opus(tmp_path: Path, codec: Any) -> None:
    source = write_clip(tmp_path / "in.mkv", count=25, size=Size(32, 32), sound=[Sound(codec, 1.0, 44100)])

    report = process(source)

    assert report.notes == (f"out.webm: sound in {codec} became Opus, as WebM holds no other",)
    name, channels, start, samples = heard(tmp_path / "out.webm")
    assert name in ("opus", "libopus")
    assert channels == 2
    assert abs(start) < 0.03
    assert abs(len(samples) / 48000 - 1) < 0.06
    assert np.sqrt(np.mean(samples[9600:38400] ** 2)) == pytest.approx(0.707, abs=0.06)


def test_opus_is_carried_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "in.webm"
    write_clip(source, codec="libvpx", count=5, size=Size(32, 32))
    with_sound = add_opus(source, tmp_path / "sound.mkv")

    assert process(with_sound).notes == ()

    assert packets(tmp_path / "out.webm") == packets(with_sound)


def add_opus(source: Path, target: Path) -> Path:
    with av.open(str(source)) as file, av.open(str(target), "w") as output:
        video = output.add_stream_from_template(file.streams.video[0])
        track = output.add_stream("libopus", 48000, layout="stereo")
        output.start_encoding()
        write_sound(output, track, Sound(seconds=0.2))
        for packet in file.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux_one(packet)
    return target


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(audio=0) if packet.size]


def test_a_part_has_its_own_sound(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", count=50, size=Size(32, 32), sound=[Sound("pcm_s16le", 2.0)])

    process(source, Wanted(begin=Fraction(1), end=Fraction(3, 2)))

    _, _, start, samples = heard(tmp_path / "out.webm")
    assert abs(start) < 0.05
    assert abs(len(samples) / 48000 - 0.5) < 0.08


def test_no_sound_is_no_stream(tmp_path: Path) -> None:
    process(write_clip(tmp_path / "in.mkv", count=3, size=Size(32, 32)))
    with av.open(str(tmp_path / "out.webm")) as file:
        assert not file.streams.audio
