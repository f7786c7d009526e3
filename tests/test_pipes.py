"""Clips through pipes: in and out, bare pictures and Matroska, and ends that come early."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest

from media import Sound, content, ellipse_pipeline, write_clip
from rimlight.backgrounds.transparent import open_transparent
from rimlight.cli import run
from rimlight.offline import process_clip
from rimlight.sinks.codecs import Y4M
from rimlight.sources import container
from rimlight.sources.clip import open_clip
from rimlight.sources.rest import STDIN
from rimlight.types import Cut, Output, Size
from rimlight.wanted import Wanted

COMMAND = (sys.executable, "-m", "rimlight", "process")
QUICK = ("--background", "#336699")


def piped(given: bytes, *words: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """`process` with these bytes on its standard input, which is a pipe."""
    return subprocess.run(
        [*COMMAND, *words, *QUICK], input=given, capture_output=True, cwd=folder, timeout=60, check=False
    )


def made(done: subprocess.CompletedProcess[bytes]) -> bytes:
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_matroska_in_and_out_keeps_pictures_times_and_sound(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", count=25, sound=[Sound(seconds=1.0)])

    done = piped(source.read_bytes(), "-", "-", folder=tmp_path)

    (tmp_path / "out.mkv").write_bytes(made(done))
    got = content(tmp_path / "out.mkv")
    assert got.times == content(source).times
    assert got.sound == content(source).sound
    assert got.facts["codec"] == "h264"
    assert "standard output: 25 frames, 1.0 s" in done.stderr.decode()


def test_bare_pictures_in_and_out(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.y4m", count=5, codec="rawvideo")

    done = piped(source.read_bytes(), "-", "-", "--pipe", "y4m", folder=tmp_path)

    given = source.read_bytes()
    out = made(done)
    assert out.startswith(b"YUV4MPEG2 W64 H48 F25:1 ")
    assert out.count(b"FRAME\n") == given.count(b"FRAME\n") == 5
    assert len(out) - out.index(b"FRAME") == len(given) - given.index(b"FRAME")


def test_bare_pictures_are_even(tmp_path: Path) -> None:
    # They have no times of their own.
    source = write_clip(tmp_path / "a.mp4", count=4, pts=[0, 40, 200, 240], time_base=Fraction(1, 1000))
    with open_clip(source, wanted=Wanted(even=True)) as clip:
        frames = list(iter(clip.read, None))
        assert clip.facts.time_base == 1 / clip.format.fps
    assert [frame.pts for frame in frames] == list(range(len(frames)))
    assert frames[-1].at == pytest.approx(0.24, abs=0.04)


def test_a_pipe_becomes_a_file_with_its_matte(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", count=5)

    made(piped(source.read_bytes(), "-", "out.mp4", "--matte", "mattes", "--from", "0.04", folder=tmp_path))

    assert len(content(tmp_path / "out.mp4").times) == 4
    assert len(list((tmp_path / "mattes").glob("*.png"))) == 4


def test_what_is_piped_and_no_clip_is_refused(tmp_path: Path) -> None:
    done = piped(b"text" * 1000, "-", "out.mp4", folder=tmp_path)
    assert done.returncode == 1
    assert "no video" in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_that_ends_early_gives_what_there_was(tmp_path: Path) -> None:
    given = write_clip(tmp_path / "a.mkv", count=60).read_bytes()
    (tmp_path / "out.mkv").write_bytes(made(piped(given[: len(given) * 3 // 4], "-", "-", folder=tmp_path)))
    assert 10 < len(content(tmp_path / "out.mkv").times) < 60


def test_a_reader_that_goes_ends_it_in_one_line(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", count=100, size=Size(160, 120))
    reading, writing = os.pipe()
    with subprocess.Popen(
        [*COMMAND, "a.mp4", "-", "--pipe", "y4m", *QUICK], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE
    ) as child:
        os.close(writing)
        assert os.read(reading, 1000).startswith(b"YUV4MPEG2")
        os.close(reading)
        _, told = child.communicate(timeout=60)
    assert child.returncode == 1
    assert told.decode().splitlines()[-2:] == [
        "rimlight: whoever read the standard output has gone",
        "  See what that program says.",
    ]
    assert "Traceback" not in told.decode()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-", "a.mp4", "-"], "one clip"),
        (["a.mp4", "out.mp4", "--pipe", "y4m"], "--pipe y4m is for an output of -"),
        (["a.mp4", "-", "--pipe", "y4m", "--crf", "20"], "not encoded"),
    ],
)
def test_what_makes_no_sense_is_refused(words: Sequence[str], told: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["process", *words]) == 2
    out, err = capfd.readouterr()
    assert told in err
    assert out == ""


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_between_two_ffmpegs(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=25, sound=[Sound()])
    ffmpeg = "ffmpeg -v error -nostdin"
    command = " ".join([*COMMAND, "-", "-", "--background", "'#336699'"])
    line = f"{ffmpeg} -i {source.name} -c copy -f matroska - | {command} | {ffmpeg} -i - -c copy out.mkv"
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, check=True, timeout=60, capture_output=True
    )

    got = content(tmp_path / "out.mkv")
    assert len(got.times) == 25
    assert len(got.sound) == 1


@pytest.mark.parametrize("name", ["out.mkv", "stills", "loop.webp", "y4m"])
def test_sound_of_a_pipe_is_set_aside_only_for_who_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source = write_clip(tmp_path / "a.mkv", count=50, sound=[Sound(seconds=2.0)])
    kept: list[int] = []
    with source.open("rb") as file:
        monkeypatch.setattr(container, "_standard_input", lambda: container._Pipe(file.fileno(), closefd=False))
        with open_clip(STDIN) as clip, ellipse_pipeline(open_transparent()) as pipeline:
            tap = clip.rest.tap
            assert tap is not None
            compose = pipeline.compose

            def watched(cut: Cut) -> Output:
                kept.append(len(tap.packets))
                return compose(cut)

            pipeline.compose = watched  # type: ignore[method-assign]
            y4m = Y4M if name == "y4m" else None
            process_clip(clip, pipeline, tmp_path / (f"{name}.y4m" if y4m else name), encoding=y4m)
    assert (max(kept[20:]) == 0) == (name != "out.mkv")
    if name == "out.mkv":
        assert sound_of(tmp_path / name) == sound_of(source)


def sound_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(audio=0) if packet.size]


@pytest.mark.parametrize(
    ("words", "redirected", "told"),
    [
        ("a.mp4 -", ">&-", "- is the standard output, which is closed"),
        ("- out.mp4", "<&-", "- is the standard input, which is closed"),
    ],
)
def test_a_stream_that_is_closed_is_told(tmp_path: Path, words: str, redirected: str, told: str) -> None:
    write_clip(tmp_path / "a.mp4", count=3)
    line = f"{' '.join(COMMAND)} {words} --background '#336699' {redirected}"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
