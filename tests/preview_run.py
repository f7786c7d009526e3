"""Run as a program, by `previewing`: a live run into a preview window, told line by line on standard output.

The picture is red on the left and blue on the right, 1920x1080, until the window, its keys or Ctrl-C end the run.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import cv2
import numpy as np

from rimlight.commands.stopping import stopped_by_signals
from rimlight.live import run_live
from rimlight.meter import Meter
from rimlight.pacing import Pacer
from rimlight.picture import from_bgr
from rimlight.protocols import Key, Source
from rimlight.shift import Line
from rimlight.sinks.preview import open_preview
from rimlight.status import Status
from rimlight.types import Frame, Size, StreamFormat
from rimlight.works import only
from screen import Screen
from standins import Collector, ScriptedPipeline

FORMAT = StreamFormat(Size(1920, 1080), Fraction(30))
RED, BLUE = (0, 0, 200), (200, 0, 0)


@contextmanager
def previewing(screen: Screen) -> Iterator[subprocess.Popen[str]]:
    """The program, running on this screen, in a session of its own as a terminal would start it."""
    with subprocess.Popen(
        [sys.executable, __file__],
        env={**screen.environment, "QT_QPA_PLATFORM": "wayland", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as program:
        try:
            yield program
        finally:
            program.kill()


class Halves(Source):
    """Red and blue, paced."""

    def __init__(self) -> None:
        bgr = np.empty((1080, 1920, 3), np.uint8)
        cv2.rectangle(bgr, (0, 0), (959, 1079), RED, cv2.FILLED)
        cv2.rectangle(bgr, (960, 0), (1919, 1079), BLUE, cv2.FILLED)
        self._picture = from_bgr(bgr)
        self._pacer = Pacer(FORMAT.fps)

    @property
    def name(self) -> str:
        return "halves"

    @property
    def format(self) -> StreamFormat:
        return FORMAT

    def read(self) -> Frame:
        tick, at = self._pacer.wait()
        return Frame(self._picture, at, tick)

    def close(self) -> None:
        pass


class Told:
    """Controls and reporter in one: prints."""

    def apply(self, key: Key) -> str:
        return f"did {key}"

    def show(self, status: Status) -> None:
        pass

    def say(self, line: str) -> None:
        print(line, flush=True)


def main() -> None:
    told = Told()
    with stopped_by_signals() as stop, open_preview("Rimlight", FORMAT) as preview:
        report = run_live(
            Halves(),
            only(Line(ScriptedPipeline(), told)),
            [preview],
            meter=Meter(),
            stop=stop,
            reporter=told,
            open_recording=lambda: Collector("talk.mp4"),
            duration=60,
        )
    print(f"ended by {report.ended}", flush=True)


if __name__ == "__main__":
    main()
