"""What a `kill -9` costs: seconds lost of recordings, over kills at random moments of a live run.

    python tools/measure_kills.py [KILLS]        (default: 10; about five seconds each)

The run records the sitter, and a microphone that is made up, into one file of each container at the same time. Lost
is what the recorder was given and is not in the file: from the last picture in it to the last one sent, and from
the end of the sound in it to the end of what was heard.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ENDINGS = ("mp4", "mkv", "mov")
# The command, with the recorder telling when each picture was shown.
LIVE = """
import os, struct, sys
from rimlight import cli
from rimlight.sinks.recorder import Recorder
from rimlight.sources import microphone
from measure_sync import ClickingMicrophone
send, hear, number = Recorder.send, Recorder.hear, {}
def told(recorder, sound, at):
    os.write(1, struct.pack("=BBd", number.setdefault(recorder, len(number)), sound, at))
def sent(recorder, output):
    send(recorder, output)
    told(recorder, 0, output.at)
def heard(recorder, sound):
    hear(recorder, sound)
    told(recorder, 1, sound.at + len(sound.samples) / sound.rate)
Recorder.send, Recorder.hear = sent, heard
microphone.open_microphone = lambda _, **__: ClickingMicrophone()
cli.main()
"""
_TOLD = struct.Struct("=BBd")


class Lost(NamedTuple):
    """Seconds."""

    pictures: float
    sound: float


def lost_in_a_kill(folder: Path, after: int, size: str = "640x360") -> dict[str, Lost]:
    """Kills a live run after about that many pictures and gives the seconds lost, by the file's ending.

    Raises what opening a recording raises when it does not play.
    """
    words = ["live", "--camera", "sitter", "--size", size]
    for ending in ENDINGS:
        words += ["--to", str(folder / f"talk.{ending}")]
    command = [sys.executable, "-c", LIVE, *words]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        assert process.stdout is not None
        told, shown = b"", 0
        while shown < len(ENDINGS) * after:
            piece = process.stdout.read(_TOLD.size)
            if not piece:
                break
            told, shown = told + piece, shown + (not piece[1])
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.read()
    times: dict[tuple[int, int], list[float]] = {}
    for number, sound, at in pieces(told):
        times.setdefault((number, sound), []).append(at)
    found = {}
    for number, ending in enumerate(ENDINGS):
        path = folder / f"talk.unfinished.{ending}"
        pictures, start = times[number, 0], times[number, 0][0]
        found[ending] = Lost(
            pictures[-1] - start - last_shown(path), times[number, 1][-1] - start - last_heard(path)
        )
    return found


def pieces(told: bytes) -> Iterator[tuple[int, int, float]]:
    """Which recorder was given what, and when that was captured."""
    yield from _TOLD.iter_unpack(told[: len(told) // _TOLD.size * _TOLD.size])


def last_shown(path: Path) -> float:
    """Seconds at which the last picture of a file is shown; all of it is decoded."""
    import av

    with av.open(str(path)) as file:
        return max(float(frame.time or 0) for frame in file.decode(video=0))


def last_heard(path: Path) -> float:
    """Seconds at which a file's sound ends; all of it is decoded."""
    import av

    with av.open(str(path)) as file:
        return max(float(frame.time or 0) + frame.samples / frame.sample_rate for frame in file.decode(audio=0))


def main(kills: int) -> None:
    """Prints a row for each container."""
    moments = random.Random(kills)
    rows: dict[str, list[Lost]] = {ending: [] for ending in ENDINGS}
    for _ in range(kills):
        with tempfile.TemporaryDirectory() as folder:
            for ending, lost in lost_in_a_kill(Path(folder), moments.randint(45, 150)).items():
                rows[ending].append(lost)
    print("| container | kills | pictures lost, median | most | sound lost, median | most |\n" + "| --- " * 6 + "|")
    for ending, lost_all in rows.items():
        told = [f"{statistics.median(one):.2f} s | {max(one):.2f} s" for one in zip(*lost_all, strict=True)]
        print(f"| {ending} | {kills} | {' | '.join(told)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
