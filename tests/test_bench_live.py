"""Time-coded frames: the code in the picture, the camera that shows it, and what is made of when it arrived."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.benches import latency
from rimlight.benches.coded import Arrival, CodedCamera, CodeReader, render
from rimlight.benches.latency import figures, run_coded, seen_figures
from rimlight.benches.rows import LiveRun
from rimlight.benches.timecode import CODES, draw, read
from rimlight.picture import from_bgr, to_bgr
from rimlight.sources.sitter import open_sitter
from rimlight.types import Alpha, Output, Picture, Size

SIZE = Size(320, 180)


@pytest.fixture(scope="module")
def sitter() -> Picture:
    with open_sitter(SIZE, paced=False) as source:
        return source.render(0)


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jpegs")
    render(folder, SIZE)
    return folder


def coded(picture: Picture, code: int) -> Picture:
    drawn = Picture(picture.i420.copy(), picture.color)
    draw(drawn, code)
    return drawn


def test_every_code_is_read_back(sitter: Picture) -> None:
    assert [read(coded(sitter, code).y) for code in range(CODES)] == list(range(CODES))


@given(code=st.integers(0, CODES - 1), gain=st.floats(0.6, 1.3), lift=st.integers(-20, 20))
def test_a_code_survives_jpeg_levels_and_noise(sitter: Picture, code: int, gain: float, lift: int) -> None:
    _, jpeg = cv2.imencode(".jpg", to_bgr(coded(sitter, code)), [cv2.IMWRITE_JPEG_QUALITY, 40])
    seen: Any = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    luma = from_bgr(seen).y
    noise = np.random.default_rng(code).normal(0, 8, luma.shape)
    assert read(np.clip(luma * gain + lift + noise, 0, 255).astype(np.uint8)) == code


def test_a_picture_without_a_code_has_none(sitter: Picture) -> None:
    assert read(sitter.y) is None
    assert read(np.full((180, 320), 128, np.uint8)) is None


@given(st.integers(0, CODES - 1), st.integers(0, CODES - 1))
def test_a_picture_torn_between_two_codes_is_neither(sitter: Picture, above: int, below: int) -> None:
    torn = coded(sitter, above).y.copy()
    middle = round(0.87 * SIZE.height)
    torn[middle:] = coded(sitter, below).y[middle:]
    assert read(torn) == (above if above == below else None)


def test_the_code_lies_on_the_person_at_all_times() -> None:
    """Else it would be blurred away with the room."""
    mark = Picture.empty(SIZE)
    mark.i420[:] = 0
    draw(mark, 0)
    with open_sitter(SIZE, paced=False) as source:
        for index in range(CODES):
            assert source.truth(index)[mark.y > 0].min() == 255


def test_the_camera_gives_frames_that_bear_their_number_at_their_time(jpegs: Path) -> None:
    with CodedCamera(jpegs, SIZE, Fraction(200)) as camera:
        frames = [frame for frame in (camera.read() for _ in range(5)) if frame is not None]
        camera.close()
        assert camera.read() is None
    assert [read(frame.picture.y) for frame in frames] == [frame.index for frame in frames]
    assert [frame.at - frames[0].at for frame in frames] == pytest.approx(
        [(frame.index - frames[0].index) / 200 for frame in frames]
    )
    assert {frame.picture.size for frame in frames} == {SIZE}


def test_the_sink_tells_which_pictures_bear_their_own_number(sitter: Picture) -> None:
    reader = CodeReader(settled=0.0)
    for index, code in ((3, 3), (CODES + 4, 4), (5, 6)):
        reader.send(Output(coded(sitter, code), Alpha(sitter.y), 0.0, index))
    assert [arrival.right for arrival in reader.arrivals] == [True, True, False]
    assert [arrival.index for arrival in reader.arrivals] == [3, CODES + 4, 5]


def test_what_arrives_before_it_has_settled_does_not_count(sitter: Picture) -> None:
    reader = CodeReader(settled=60.0)
    reader.send(Output(sitter, Alpha(sitter.y), 0.0, 0))
    assert reader.arrivals == []
    assert reader.early_memory is None


def arrivals(latencies: dict[int, float], cpu: float = 0.01) -> list[Arrival]:
    """By index: seconds from capture to arrival, at 25 fps; each takes `cpu` seconds."""
    return [Arrival(i, i / 25, i / 25 + late, cpu * n, right=True) for n, (i, late) in enumerate(latencies.items())]


def test_latency_jitter_drops_and_processor_time_come_from_the_arrivals() -> None:
    came = arrivals(dict.fromkeys((10, 11, 12, 14, 15, 16, 18, 19, 20), 0.008))
    came[3] = replace(came[3], right=False)
    assert figures(came) == {
        "seconds": 0.4,
        "delivered": 9,
        "dropped": 2,
        "p50": 8.0,
        "p95": 8.0,
        "p99": 8.0,
        "jitter": 40.0,
        "misread": 1,
        "cpu": 0.2,
    }


def test_percentiles_are_those_of_the_latencies() -> None:
    told = figures(arrivals({index: index / 1000 for index in range(101)}))
    assert (told["p50"], told["p95"], told["p99"]) == (50.0, 95.0, 99.0)


def test_a_watcher_is_matched_by_number_and_time() -> None:
    """Held pictures count once, torn ones not at all, and numbers that come round again are told apart."""
    sent = [(index, index / 30) for index in range(60, 140)]
    seen: list[tuple[int | None, float]] = [(index % CODES, index / 30 + 0.02) for index, _ in sent if index != 70]
    seen.insert(5, seen[4])
    seen.insert(20, (None, seen[19][1]))
    told = seen_figures(sent, seen)
    assert told is not None
    assert (told["delivered"], told["dropped"], told["misread"]) == (79, 1, 1)
    assert (told["p50"], told["p95"], told["p99"]) == (20.0, 20.0, 20.0)


def test_a_watcher_that_saw_nothing_tells_nothing() -> None:
    assert seen_figures([(0, 0.0), (1, 0.04)], [(None, 0.1), (5, 0.1)]) is None


def test_the_real_live_path_delivers_each_frame_with_its_own_number(
    jpegs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "SETTLED", 0.3)
    question: dict[str, Any] = {"folder": str(jpegs), "size": str(SIZE), "fps": 20, "seconds": 0.7}
    answer = run_coded(question)
    run = LiveRun(**answer["run"])
    assert (run.size, run.fps, run.sink, run.misread) == ("320x180", 20.0, "in process", 0)
    assert run.delivered == len(answer["sent"]) >= 3
    assert 0 < run.p50 <= run.p95 <= run.p99
    assert run.cpu is not None
    assert run.cpu > 0
