"""`rimlight demo`: the synthetic sitter through the whole live path, measured against its true alpha."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from rimlight.assemble import open_background, open_pipeline
from rimlight.composite import over
from rimlight.devices import report
from rimlight.foreground import clean
from rimlight.governed import LatencyMeter, open_governed
from rimlight.live import LiveReport, run_live
from rimlight.picture import reduced, shrink, to_bgr
from rimlight.pipeline import Pipeline
from rimlight.protocols import Background, Sink
from rimlight.settings import Settings, Tuning
from rimlight.shift import Line
from rimlight.sinks.recorder import open_recorder
from rimlight.sources.sitter import SitterSource, open_sitter
from rimlight.types import Alpha, Bgr, Cut, Frame, Output, Picture, Plane, Size, StreamFormat
from rimlight.unfinished import open_unfinished
from rimlight.works import only

SIZE = Size(1280, 720)
FPS = Fraction(30)
SECONDS = 10.0
PICTURE = "evening"
CHECK_EVERY = 10
"""Frames between two that are compared with the truth, once the run is over so as not to disturb it."""


class Samples(Sink):
    """Keeps every tenth output for the comparison."""

    name = "samples"
    prompt = True

    def __init__(self) -> None:
        self.kept: list[Output] = []

    def send(self, output: Output) -> None:
        if output.index % CHECK_EVERY == 0:
            picture = Picture(output.picture.i420.copy(), output.picture.color)
            self.kept.append(Output(picture, Alpha(output.alpha.copy()), output.at, output.index))

    def close(self) -> None:
        """Nothing is held beyond memory."""


class BlurThenPicture(Background):
    """Blur for the first half of the demo, a picture for the second."""

    def __init__(self, first: Background, second: Background, half: float) -> None:
        self._first, self._second, self._half = first, second, half
        self._start: float | None = None
        self._now = first

    @property
    def name(self) -> str:
        return self._now.name

    def paint(self, cut: Cut, out: Picture) -> None:
        self._start = cut.at if self._start is None else self._start
        self._now = self._second if cut.at - self._start >= self._half else self._first
        self._now.paint(cut, out)

    def close(self) -> None:
        self._first.close()
        self._second.close()


def run_demo(folder: Path, stop: threading.Event) -> None:
    """Writes rimlight-demo.mp4 and rimlight-demo.png into `folder`, and prints what was measured.

    Raises RimlightError in its several kinds.
    """
    video, sheet = folder / "rimlight-demo.mp4", folder / "rimlight-demo.png"
    format = StreamFormat(SIZE, FPS)  # noqa: A001
    console = Console(highlight=False)
    samples = Samples()
    with ExitStack() as opened:
        settings, meter = Settings(), LatencyMeter()
        pipeline = opened.enter_context(open_pipeline(settings, format, meter, console.print, live=True))
        governed = opened.enter_context(open_governed(pipeline, settings, format, meter))
        blur, picture = pipeline.background, open_background(PICTURE, 0.5, format)
        sitter = opened.enter_context(open_sitter(SIZE, FPS, duration=SECONDS))
        _warm_up(pipeline, sitter, (blur, picture))
        pipeline.background = BlurThenPicture(blur, picture, SECONDS / 2)
        recorder = opened.enter_context(open_recorder(video, format, force=True))
        console.print(f"{SECONDS:g} s of the sitter, {SIZE} at {FPS} fps, into {video} ...")
        works = only(Line(pipeline, governor=governed))
        result = run_live(sitter, works, [recorder, samples], meter=meter, stop=stop)
        written = contact_sheet(sitter, samples.kept[len(samples.kept) * 2 // 5], blur, picture)
    _write_png(sheet, written)
    errors = [float(cv2.absdiff(o.alpha, sitter.truth(o.index)).mean()) / 255 for o in samples.kept]
    console.print(_table(result, 1000 * float(np.mean(errors))))
    console.print(f"{video}: {recorder.written} frames, {recorder.dropped} dropped; pictures: {sheet}")
    console.print("With devices, rimlight alone would also use:")
    for line in report():
        console.print(f"  {line}", soft_wrap=True, markup=False)


def _warm_up(pipeline: Pipeline, sitter: SitterSource, backgrounds: tuple[Background, ...]) -> None:
    """One frame before each background: the first calls of a model take several times as long."""
    for background in backgrounds:
        pipeline.background = background
        pipeline.process(Frame(sitter.render(0), 0.0, 0))
    pipeline.reset()


def contact_sheet(sitter: SitterSource, output: Output, blur: Background, picture: Background) -> Bgr:
    """Input, matte, blur and picture side by side, labelled; each at half size."""
    frame, alpha = sitter.render(output.index), output.alpha
    planes = reduced(frame, Tuning().guide_size)
    cut = Cut(frame, alpha, planes, Alpha(shrink(alpha, planes.size)), output.at)
    tiles = {
        "input": to_bgr(frame),
        "matte": cv2.cvtColor(alpha, cv2.COLOR_GRAY2BGR),
        "blur": to_bgr(over(clean(cut), alpha, blur.plate(cut))),
        "picture": to_bgr(over(clean(cut), alpha, picture.plate(cut))),
    }
    return np.hstack([_labelled(tile, label) for label, tile in tiles.items()])


def _labelled(tile: Bgr, label: str) -> Bgr:
    small = cv2.resize(tile, (tile.shape[1] // 2, tile.shape[0] // 2), interpolation=cv2.INTER_AREA)
    place, font = (16, small.shape[0] - 18), cv2.FONT_HERSHEY_SIMPLEX
    for color, width in (((0, 0, 0), 5), ((255, 255, 255), 2)):
        cv2.putText(small, label, place, font, 0.9, color, width, cv2.LINE_AA)
    labelled: Bgr = small
    return labelled


def _write_png(path: Path, bgr: Bgr) -> None:
    encoded: Plane = cv2.imencode(".png", bgr)[1]
    with open_unfinished(path, force=True) as file:
        file.write(encoded.tobytes())
        file.publish()


def _table(result: LiveReport, error: float) -> Table:
    numbers = result.numbers
    table = Table("figure", "median", "95 %", title="live, capture to recording", title_justify="left")
    table.add_row("fps", f"{numbers.mean_fps:.1f}", "")
    table.add_row("frames dropped", str(numbers.dropped), "")
    latency = numbers.latency
    table.add_row("latency, capture to sink", f"{latency.p50 * 1e3:.1f} ms", f"{latency.p95 * 1e3:.1f} ms")
    for name, stage in numbers.stages.items():
        table.add_row(f"  {name}", f"{stage.p50 * 1e3:.1f} ms", f"{stage.p95 * 1e3:.1f} ms")
    table.add_row("matte error (MAD x 1000)", f"{error:.1f}", "")
    return table
