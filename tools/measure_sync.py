"""How far sound is from the pictures in recordings: flashes and clicks of the same moment, read back from the file.

    python tools/measure_sync.py [SECONDS]       (default: 60 seconds of a real run, and simulated hours: minutes)

The real run is a live run into talk.mp4 with a camera that flashes and a microphone that clicks when it does, on
threads, in time; its crystal is off and its driver's times stray. The simulated hours go through the recorder with
times that are made up. Positive: the sound is late.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from rimlight.hearing import Hearing
from rimlight.live import run_live
from rimlight.meter import Meter
from rimlight.pacing import Pacer
from rimlight.protocols import Background, Ears, Microphone, Source, Take
from rimlight.shift import Line
from rimlight.sinks.recorder import open_recorder
from rimlight.types import Alpha, Cut, Frame, Output, Picture, Planes, Samples, Size, Sound, StreamFormat
from rimlight.works import only

SIZE = Size(64, 48)
FORMAT = StreamFormat(SIZE, Fraction(30))
RATE = 48_000
BLOCK = 960
_CLICK = (0.8 * np.sin(2 * np.pi * 1000 * np.arange(480) / RATE)).astype(np.float32)
_JITTER = 0.003


@dataclass(frozen=True)
class Row:
    """One recording: offsets of the sound in seconds, by when."""

    name: str
    offsets: list[float]

    def __str__(self) -> str:
        found = 1000 * np.array(self.offsets)
        first, last, most = found[0], found[-1], np.abs(found).max()
        return f"| {self.name} | {len(found)} | {first:.1f} | {last:.1f} | {found.mean():.1f} | {most:.1f} |"


class Clicks:
    """The samples of a microphone that clicks at moments that it is told before it gives them."""

    def __init__(self, start: float, drift: float) -> None:
        self._start = start
        self._drift = drift
        self._moments: list[float] = []
        self._lock = threading.Lock()
        self._jitter = np.random.default_rng(0)
        self.count = 0

    def click(self, at: float) -> None:
        with self._lock:
            self._moments.append(at)

    def captured(self, sample: float) -> float:
        return self._start + sample / RATE * (1 + self._drift)

    def block(self) -> Sound:
        """The next one, with a time that strays as a driver's does."""
        samples: Samples = np.zeros(BLOCK + len(_CLICK), np.float32)
        with self._lock:
            for at in self._moments:
                sample = round((at - self._start) / (1 + self._drift) * RATE) - self.count
                if -len(_CLICK) < sample < BLOCK:
                    begun = max(0, -sample)
                    samples[sample + begun : sample + len(_CLICK)] = _CLICK[begun:]
            self._moments = [at for at in self._moments if at > self.captured(self.count - RATE)]
        at = self.captured(self.count) + abs(self._jitter.normal(0, _JITTER))
        self.count += BLOCK
        return Sound(samples[:BLOCK], at, RATE)


class ClickingMicrophone(Microphone):
    """In time, a twenty-fifth of a second late, as sound servers are."""

    name = "clicks"

    def __init__(self, drift: float = 0.0) -> None:
        self.clicks = Clicks(time.monotonic(), drift)

    def read(self) -> Sound:
        due = self.clicks.captured(self.clicks.count + BLOCK) + 0.04
        time.sleep(max(0.0, due - time.monotonic()))
        return self.clicks.block()

    def close(self) -> None:
        """Nothing is held."""


class FlashingCamera(Source):
    """White for a frame twice a second, and tells when."""

    name = "flashes"
    format = FORMAT

    def __init__(self, seconds: float, microphone: ClickingMicrophone) -> None:
        self._seconds = seconds
        self._microphone = microphone
        self._pacer = Pacer(FORMAT.fps)

    def read(self) -> Frame | None:
        tick, at = self._pacer.wait()
        flash = tick % 15 == 10
        if flash:
            self._microphone.clicks.click(at)
        return Frame(picture(flash), at, tick) if tick < self._seconds * 30 else None

    def close(self) -> None:
        """Nothing is held."""


class Uncut:
    """A pipeline that leaves pictures as they are."""

    background: Background

    def __init__(self) -> None:
        from rimlight.backgrounds.color import open_color

        self.background = open_color("#00b140")

    def cut(self, frame: Frame) -> Cut:
        person = Alpha(
            np.where(np.arange(SIZE.width) < SIZE.width // 2, 255, 0).astype(np.uint8) * np.ones((48, 1), np.uint8)
        )
        planes = Planes(*frame.picture.planes)
        return Cut(frame.picture, person, planes, person, frame.at, index=frame.index)

    def compose(self, cut: Cut) -> Output:
        return Output(cut.picture, cut.alpha, cut.at, cut.index)

    def reset(self) -> None:
        """Nothing is remembered."""


def picture(flash: bool) -> Picture:
    """White, or nearly black."""
    made = Picture.empty(SIZE)
    made.i420[:] = 128
    made.y[:] = 235 if flash else 20
    return made


def real(folder: Path, seconds: float, drift: float) -> list[float]:
    """Offsets in a live run."""
    path = folder / "talk.mp4"
    microphone = ClickingMicrophone(drift)
    with Hearing("clicks", lambda _, __: microphone) as hearing:
        ears = hearing.ears()
        with open_recorder(path, FORMAT, ears=ears) as recorder:
            camera = FlashingCamera(seconds, microphone)
            line = only(Line(Uncut()))
            run_live(camera, line, [recorder], meter=Meter(), stop=threading.Event(), hearing=hearing)
    return offsets(path)


class Given(Ears):
    """Ears that are spoken into."""

    def tell(self, take: Take) -> None:
        self.take = take

    def close(self) -> None:
        """Nothing is held."""


def simulated(folder: Path, seconds: float, drift: float, ending: str = "mp4") -> list[float]:
    """Offsets in a recording whose times are made up; a flash every five seconds."""
    path, ears, clicks = folder / f"talk.{ending}", Given(), Clicks(100.0, drift)
    with open_recorder(path, FORMAT, ears=ears) as recorder:
        for index in range(round(seconds * 30)):
            at = 100.3 + index / 30
            if flash := index % 150 == 75:
                clicks.click(at)
            while clicks.captured(clicks.count + BLOCK) < at - 0.1:
                ears.take(clicks.block())
            shown = picture(flash)
            recorder.send(Output(shown, Alpha(shown.y), at, index))
            while index - recorder.written > 20:
                time.sleep(0.0005)
    return offsets(path)


def offsets(path: Path) -> list[float]:
    """Seconds from each flash in the file to the click nearest to it. Raises ValueError if one is missing."""
    flashed, clicked = list(flashes(path)), np.array(list(onsets(path)))
    if len(flashed) < 2 or len(clicked) < len(flashed) - 1:
        raise ValueError(f"{len(flashed)} flashes and {len(clicked)} clicks in {path}")
    # The last flash may be so near to the end that its click is not in the file.
    return [float(clicked[np.abs(clicked - at).argmin()] - at) for at in flashed[:-1]]


def flashes(path: Path) -> Iterator[float]:
    """When pictures are white."""
    import av

    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            if np.frombuffer(frame.planes[0], np.uint8)[: SIZE.width].mean() > 128:
                yield float(frame.time or 0)


def onsets(path: Path) -> Iterator[float]:
    """When it clicks."""
    import av

    last = -1.0
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            for sample in np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.2):
                at = float(frame.time or 0) + int(sample) / RATE
                if at > last + 0.1:
                    yield at
                last = at


def main(seconds: float) -> None:
    """Prints a row for each recording."""
    print("| recording | clicks | first, ms | last | mean | most |\n| --- | --- | --- | --- | --- | --- |")
    for drift in (0, 300):
        with tempfile.TemporaryDirectory() as folder:
            print(
                Row(f"real, {seconds:g} s, crystal {drift:+d} ppm", real(Path(folder), seconds, drift * 1e-6)),
                flush=True,
            )
    for drift, ending in ((0, "mp4"), (200, "mp4"), (-200, "mkv")):
        with tempfile.TemporaryDirectory() as folder:
            found = simulated(Path(folder), 3600, drift * 1e-6, ending)
        print(Row(f"simulated hour, {ending}, crystal {drift:+d} ppm", found), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
