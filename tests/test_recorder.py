"""Recordings: playable, on time, never in the way, and never lost."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from media import boxes, content, output_of, planes
from rimlight import recordings
from rimlight.errors import DiskError, OutputExistsError, SinkError, UsageError
from rimlight.sinks.film import Film
from rimlight.sinks.recorder import Recorder, open_recorder
from rimlight.sinks.video_file import VideoFile
from rimlight.tags import ColorTags
from rimlight.types import Color, Matrix, Plane, Samples, Size, StreamFormat

SIZE = Size(128, 96)
FORMAT = StreamFormat(SIZE, Fraction(30))
TIMES = [5.0, 5.033, 5.07, 5.1, 5.9, 5.91, 6.5]


def record(path: Path, times: list[float] = TIMES, kind: StreamFormat = FORMAT) -> None:
    with open_recorder(path, kind) as recorder:
        for number, at in enumerate(times):
            recorder.send(output_of(number, kind.size, at))


@pytest.mark.parametrize("height", [46, 48, 50, 202])
def test_pictures_of_every_even_height_are_recorded_as_they_are(tmp_path: Path, height: int) -> None:
    kind = StreamFormat(Size(64, height), FORMAT.fps)
    record(tmp_path / "a.mkv", TIMES[:3], kind)

    for number, image in enumerate(content(tmp_path / "a.mkv").planes):
        for given, got in zip(planes(number, kind.size), image, strict=True):
            assert np.abs(given.astype(int) - got).mean() < 3


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "MP4"])
def test_a_recording_plays_everywhere_and_keeps_the_clocks_times(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"Übung 1.{ending}"

    record(path)

    assert list(tmp_path.iterdir()) == [path]
    got = content(path)
    assert (got.facts["codec"], got.facts["profile"], got.facts["pixels"]) == ("h264", "High", "yuv420p")
    step = 0.0006 if ending == "mkv" else 0.00001
    assert [float(t) for t in got.times] == pytest.approx([t - TIMES[0] for t in TIMES], abs=step)
    for number, shown in enumerate(got.planes):
        assert abs(shown[0].astype(int) - planes(number, SIZE)[0]).mean() < 3


def test_a_finished_mp4_is_one_ordinary_file(tmp_path: Path) -> None:
    record(tmp_path / "a.mp4")

    assert boxes(tmp_path / "a.mp4") == ["ftyp", "free", "mdat", "moov"]


@pytest.mark.parametrize(
    ("matrix", "full", "tags"),
    [
        ("bt601", False, ColorTags(1, 1, 6, 1)),
        ("bt601", True, ColorTags(1, 1, 6, 2)),
        ("bt709", False, ColorTags(1, 1, 1, 1)),
        ("bt2020", False, ColorTags(9, 14, 9, 1)),
    ],
)
def test_a_recording_says_what_its_colours_mean(
    tmp_path: Path, matrix: Matrix, full: bool, tags: ColorTags
) -> None:
    record(tmp_path / "a.mp4", [0.0], StreamFormat(SIZE, Fraction(30), Color(matrix, full)))

    assert content(tmp_path / "a.mp4").facts["tags"] == tags


def test_times_that_stand_still_or_go_back_are_moved_on(tmp_path: Path) -> None:
    record(tmp_path / "a.mp4", [1.0, 1.0, 0.5, 2.0])

    times = content(tmp_path / "a.mp4").times
    assert len(times) == 4
    assert times == sorted(set(times))
    assert times[-1] == 1


def test_nothing_of_an_output_is_kept(tmp_path: Path) -> None:
    with open_recorder(tmp_path / "a.mp4", FORMAT) as recorder:
        for number in range(5):
            output = output_of(number, SIZE, number / 30)
            recorder.send(output)
            output.picture.i420[:] = 0

    for number, shown in enumerate(content(tmp_path / "a.mp4").planes):
        assert abs(shown[0].astype(int) - planes(number, SIZE)[0]).mean() < 3


def test_without_an_output_there_is_no_file(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path / "a.mp4", FORMAT)
    recorder.close()
    recorder.close()

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SinkError, match="is closed"):
        recorder.send(output_of(0, SIZE, 0.0))


def test_outputs_of_another_size_are_refused(tmp_path: Path) -> None:
    with open_recorder(tmp_path / "a.mp4", FORMAT) as recorder, pytest.raises(SinkError, match=r"128x96.*64x48"):
        recorder.send(output_of(0, Size(64, 48), 0.0))


class Mattes(Film):
    """Keeps what it was given."""

    part = Path("talk.unfinished.mkv")

    def __init__(self) -> None:
        self.images: list[Plane] = []

    def write(self, image: Plane, pts: int, duration: int) -> None:  # noqa: ARG002
        self.images.append(image.copy())

    def hear(self, samples: Samples) -> None:  # noqa: ARG002
        pytest.fail("nobody listens")

    def finish(self) -> None: ...

    def publish(self) -> None: ...

    def abandon(self) -> Path:
        return self.part

    def close(self) -> None: ...


def test_a_film_that_keeps_mattes_gets_them_below_the_person_alone() -> None:
    film, person = Mattes(), output_of(3, SIZE, 0.0).picture
    given = replace(output_of(0, SIZE, 0.0), person=person)
    given.alpha[:] = np.arange(SIZE.height)[:, None]
    with Recorder(Path("talk.mkv"), FORMAT, film, matte=True) as recorder:
        recorder.send(given)
        recorder.send(given)

    assert len(film.images) == 2
    for image in film.images:
        assert np.array_equal(image[: SIZE.height * 3 // 2], person.i420)
        assert np.array_equal(image[SIZE.height * 3 // 2 :], given.alpha)


class Held:
    """Makes the writer wait in its first write until told to go on, like a disk that hangs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.go_on = threading.Event(), threading.Event()
        write = VideoFile.write

        def waiting(*args: Any) -> None:
            self.entered.set()
            assert self.go_on.wait(20)
            write(*args)

        monkeypatch.setattr(VideoFile, "write", waiting)


def test_a_slow_disk_costs_frames_of_the_recording_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    with open_recorder(tmp_path / "a.mp4", FORMAT) as recorder:
        recorder.send(output_of(0, SIZE, 0.0))
        assert held.entered.wait(20)
        # Were `send` to wait, this would never end.
        for number in range(1, 100):
            recorder.send(output_of(number, SIZE, number / 30))
        assert recorder.dropped == 99 - 30
        held.go_on.set()

    got = content(tmp_path / "a.mp4")
    assert recorder.written == len(got.times) == 31
    assert float(got.times[-1]) == pytest.approx(1)


def test_big_pictures_wait_in_a_shorter_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(monkeypatch)
    size = Size(1920, 1080)
    with open_recorder(tmp_path / "a.mp4", StreamFormat(size, Fraction(60))) as recorder:
        output = output_of(0, size, 0.0)
        recorder.send(output)
        assert held.entered.wait(20)
        for _ in range(50):
            recorder.send(output)
        assert recorder.dropped == 50 - 128_000_000 // (1920 * 1080 * 3 // 2)
        monkeypatch.setattr(VideoFile, "write", lambda *_: None)
        monkeypatch.setattr(VideoFile, "finish", lambda _: None)
        held.go_on.set()


def test_existing_files_are_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("dear")
    with pytest.raises(OutputExistsError, match="--force"):
        open_recorder(path, FORMAT)

    with open_recorder(path, FORMAT, force=True) as recorder:
        assert path.read_text() == "dear"
        recorder.send(output_of(0, SIZE, 0.0))

    assert len(content(path).times) == 1


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    recorder = open_recorder(path, FORMAT)
    recorder.send(output_of(0, SIZE, 0.0))
    path.write_text("dear")

    with pytest.raises(OutputExistsError) as caught:
        recorder.close()

    assert path.read_text() == "dear"
    part = tmp_path / "a.unfinished.mp4"
    assert str(part) in caught.value.hint
    assert len(content(part).times) == 1
    recorder.close()


@pytest.mark.parametrize("name", ["a.webm", "a.avi", "a"])
def test_endings_that_carry_no_h264_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.mp4"):
        open_recorder(tmp_path / name, FORMAT)

    assert list(tmp_path.iterdir()) == []


def test_folders_that_take_no_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="mkdir -p"):
        open_recorder(tmp_path / "gone" / "a.mp4", FORMAT)
    # Nobody may make files here, not even root.
    with pytest.raises(DiskError, match=r"/proc/self/a\.mp4 cannot be written"):
        open_recorder(Path("/proc/self/a.mp4"), FORMAT)
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="cannot be written"):
        open_recorder(tmp_path / "file" / "a.mp4", FORMAT)


def test_recordings_begun_in_one_second_have_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_videos_path", lambda: tmp_path)
    monkeypatch.setattr("rimlight.recordings.time.strftime", lambda name: name.partition("-")[0] + "-today.mp4")
    with ExitStack() as running:
        for expected in ("rimlight-today.mp4", "rimlight-today-2.mp4", "rimlight-today-3.mp4"):
            recording = running.enter_context(recordings.open_recording(FORMAT))
            recording.send(output_of(0, SIZE, 0.0))
            assert recording.name == expected
            if expected == "rimlight-today.mp4":
                recording.close()
    assert len(list(tmp_path.iterdir())) == 3
