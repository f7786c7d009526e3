"""What a `kill -9` costs: seconds lost of recordings, over kills at random moments of a live run.

    python tools/measure_kills.py [KILLS]        (default: 10; about five seconds each)

The run records the sitter into one file of each container at the same time. Lost is what was sent to the recorder
and is not in the file: from the last picture in it to the last one sent.
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
from pathlib import Path

ENDINGS = ("mp4", "mkv", "mov")
# The command, with the recorder telling when each picture was shown.
LIVE = """
import os, struct, sys
from rimlight import cli
from rimlight.sinks.recorder import Recorder
send, number = Recorder.send, {}
def told(recorder, output):
    send(recorder, output)
    os.write(1, struct.pack("=Bd", number.setdefault(recorder, len(number)), output.at))
Recorder.send = told
cli.main()
"""
_TOLD = struct.Struct("=Bd")


def lost_in_a_kill(folder: Path, after: int, size: str = "640x360") -> dict[str, float]:
    """Kills a live run after that many pictures and gives the seconds lost, by the file's ending.

    Raises what opening a recording raises when it does not play.
    """
    words = ["live", "--camera", "sitter", "--size", size]
    for ending in ENDINGS:
        words += ["--to", str(folder / f"talk.{ending}")]
    command = [sys.executable, "-c", LIVE, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        told = process.stdout.read(_TOLD.size * len(ENDINGS) * after)
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.read()
    times: dict[int, list[float]] = {}
    for number, at in _TOLD.iter_unpack(told[: len(told) // _TOLD.size * _TOLD.size]):
        times.setdefault(number, []).append(at)
    return {
        ending: times[number][-1] - times[number][0] - last_shown(folder / f"talk.unfinished.{ending}")
        for number, ending in enumerate(ENDINGS)
    }


def last_shown(path: Path) -> float:
    """Seconds at which the last picture of a file is shown; all of it is decoded."""
    import av

    with av.open(str(path)) as file:
        return max(float(frame.time or 0) for frame in file.decode(video=0))


def main(kills: int) -> None:
    """Prints a row for each container."""
    moments = random.Random(kills)
    rows: dict[str, list[float]] = {ending: [] for ending in ENDINGS}
    for _ in range(kills):
        with tempfile.TemporaryDirectory() as folder:
            for ending, lost in lost_in_a_kill(Path(folder), moments.randint(45, 150)).items():
                rows[ending].append(lost)
    print("| container | kills | lost, median | lost, most |\n| --- | --- | --- | --- |")
    for ending, lost_all in rows.items():
        print(f"| {ending} | {kills} | {statistics.median(lost_all):.2f} s | {max(lost_all):.2f} s |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
