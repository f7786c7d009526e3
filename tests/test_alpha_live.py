"""Recordings with alpha while they happen: the person alone, and of the card nothing."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from media import ellipse_pipeline, planes, write_clip
from rimlight.airlock import Airlock
from rimlight.backgrounds.transparent import open_transparent
from rimlight.recordings import open_file
from rimlight.sinks.sound import SoundTrack
from rimlight.sources.clip import open_clip
from rimlight.types import Output, Size, StreamFormat
from test_alpha import alphas, images, plane

SIZE = Size(160, 120)
FORMAT = StreamFormat(SIZE, Fraction(30))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[Output]:
    source = write_clip(tmp_path_factory.mktemp("live") / "in.mkv", count=6, size=SIZE, make=planes)
    with open_clip(source) as clip, ellipse_pipeline(open_transparent()) as pipeline:
        pipeline.alone = True
        return [pipeline.process(frame) for frame in iter(clip.read, None)]


@pytest.mark.parametrize(("name", "most"), [("live.mov", 0), ("live.mkv", 0), ("live.webm", 6)])
def test_files_that_can_carry_it_get_alpha_and_nothing_of_the_card(
    tmp_path: Path, outputs: list[Output], name: str, most: int
) -> None:
    card = Airlock(FORMAT, 0.0).shut(outputs[-1].at + 1)
    with open_file(tmp_path / name, FORMAT, alpha=True) as recorder:
        assert recorder.takes_alpha
        for output in [*outputs, card]:
            recorder.send(output)

    got = alphas(tmp_path / name)
    assert len(got) == len(outputs) + 1
    for one, output in zip(got, outputs, strict=False):
        assert np.abs(one - output.alpha).max() <= most
    assert got[-1].max() <= most
    if name != "live.webm":
        assert np.abs(plane(list(images(tmp_path / name))[-1], 0) - 16).max() <= 2


def test_green_is_recorded_where_alpha_is_not_carried_or_not_asked_for(
    tmp_path: Path, outputs: list[Output]
) -> None:
    for name, alpha in (("a.mp4", True), ("b.mov", False)):
        with open_file(tmp_path / name, FORMAT, alpha=alpha) as recorder:
            assert not recorder.takes_alpha
            recorder.send(outputs[0])
        image = next(images(tmp_path / name))
        assert image.format.name == "yuv420p"
        assert np.abs(plane(image, 0) - outputs[0].picture.y)[outputs[0].alpha == 0].max() <= 3


def test_sound_in_webm_is_opus(tmp_path: Path) -> None:
    for name, codec in (("a.webm", "libopus"), ("a.mkv", "aac")):
        with av.open(str(tmp_path / name), "w") as output:
            track = SoundTrack(output)
            tone = np.sin(np.arange(48000) / 20).astype(np.float32)
            output.mux(track.packets(tone))
            output.mux(track.packets(None))
        with av.open(str(tmp_path / name)) as file:
            stream = file.streams.audio[0]
            assert codec.endswith(stream.codec_context.name)
            heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(stream)])
            assert 0.9 <= len(heard) / 48000 <= 1.1
            assert np.sqrt(np.mean(heard[9600:38400] ** 2)) == pytest.approx(0.707, abs=0.05)
