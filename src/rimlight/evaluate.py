"""`rimlight eval`: the field's figures for the mattes of clips and photos whose reference mattes are known."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from fractions import Fraction
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rimlight.assemble import open_pipeline
from rimlight.errors import ClipError, RimlightError, SourceError, UsageError
from rimlight.foresight import FirstPass, foreseen
from rimlight.matted import Matted, Shot, find_matted, images_in, read_matte, shots
from rimlight.offline import true_part
from rimlight.picture import to_bgr
from rimlight.pipeline import Pipeline
from rimlight.printable import printable
from rimlight.protocols import Closes
from rimlight.scores import Matte, Score, Worst, as_json, print_table, score_of
from rimlight.settings import Settings
from rimlight.sheet import Example, row, sheet
from rimlight.types import Alpha, Bgr, Frame, Size, StreamFormat
from rimlight.unfinished import check_free, write_whole

_RATE = Fraction(30)
"""Nominal: the true times are the frames' own."""
"""Only video backgrounds ask for it, and the matte does not depend on the background."""
_MOST_ROWS = 24
"""Of a sheet: those with the largest errors. More are a picture that viewers do not open."""


def run_evaluation(
    folder: Path,
    settings: Settings,
    *,
    live: bool = False,
    mattes: Path | None = None,
    sheet_file: Path | None = None,
    json_file: Path | None = None,
    force: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Scores everything in `folder` and prints a table; a sheet of pictures and the numbers go to files if asked.

    What is scored is the matte that `rimlight process` gives a user with these settings or, if `live`, a live run,
    or, with `mattes`, what lies in that folder: NAME/*.png for a clip, NAME.png for a photo. What fails is told,
    and the others are scored all the same.

    Raises KeyboardInterrupt between two frames once `stop` is set; UsageError or ClipError if there is nothing to
    score; what the only one raised, or RimlightError that counts the failures if there were several.
    """
    _check_files(sheet_file, json_file, force=force)
    found = find_matted(folder)
    console = Console(stderr=True, highlight=False)
    scores: list[Score] = []
    rows: list[tuple[float, Bgr]] = []
    failed: list[str] = []
    with _open_mattes(settings, live, mattes, console) as mattes_of, _progress(console, found, stop) as tick:
        for matted in found:
            try:
                with mattes_of(matted) as matte:
                    score, worst = score_of(matted, matte, tick)
            except SourceError as error:
                if len(found) == 1:
                    raise
                failed.append(matted.name)
                console.print(printable(f"{matted.name}: {error}"), markup=False, soft_wrap=True)
                continue
            scores.append(score)
            if sheet_file is not None:
                rows = sorted([*rows, (worst.mad, _row(score, worst))], key=lambda one: -one[0])[:_MOST_ROWS]
    manner = ", live" if live else ", quick" if settings.quick else ""
    what = settings.model + manner if mattes is None else str(mattes)
    if scores:
        print_table(scores, what)
    if sheet_file is not None and rows:
        content = cv2.imencode(sheet_file.suffix, sheet([drawn for _, drawn in rows]))[1].tobytes()
        write_whole(sheet_file, content, force=force)
    if json_file is not None:
        write_whole(json_file, json.dumps(as_json(scores, what), indent=1).encode(), force=force)
    if failed:
        raise RimlightError(f"{len(failed)} of {len(found)} could not be scored: {', '.join(failed)}")


@contextmanager
def _open_mattes(
    settings: Settings, live: bool, folder: Path | None, console: Console
) -> Iterator[Callable[[Matted], AbstractContextManager[Matte]]]:
    """What gives the mattes of a clip or photo: the pipeline, begun anew for each, or the files of a folder."""
    if folder is not None:
        if not folder.is_dir():
            raise ClipError(f"there is no folder {folder}", "--mattes names the folder that holds NAME/*.png.")
        yield lambda matted: nullcontext(_from_files(matted, folder))
        return

    def say(line: str) -> None:
        console.print(printable(line), markup=False, soft_wrap=True)

    with _Opened(settings, live, say) as opened:
        yield lambda matted: _from_pipeline(opened, matted)


class _Opened(Closes):
    """The pipeline for pictures of one kind and size at a time: a matting model's input is made for theirs."""

    def __init__(self, settings: Settings, live: bool, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._live = live
        self._say = say
        self._kind: tuple[Size, bool] | None = None
        self._pipeline: Pipeline | None = None

    def begun(self, size: Size, photo: bool) -> Pipeline:
        """The pipeline, without a past; photos have nothing to look ahead at."""
        if self._pipeline is None or (size, photo) != self._kind:
            self.close()
            self._kind = size, photo
            ahead = not (self._live or photo or self._settings.quick)
            format_ = StreamFormat(size, _RATE)
            self._pipeline = open_pipeline(self._settings, format_, say=self._say, live=self._live, ahead=ahead)
        self._pipeline.reset()
        return self._pipeline

    def close(self) -> None:
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None


@contextmanager
def _from_pipeline(opened: _Opened, matted: Matted) -> Iterator[Matte]:
    pipeline: Pipeline | None = None
    with ExitStack() as passes:

        def matte(shot: Shot) -> Alpha:
            nonlocal pipeline
            if pipeline is None:
                pipeline = opened.begun(shot.frame.picture.size, matted.is_photo)
                if pipeline.looks_ahead:
                    passes.enter_context(foreseen(pipeline, FirstPass(lambda: closing(_Frames(matted)))))
            return Alpha(true_part(pipeline.process(shot.frame).alpha, shot.size, pipeline.mirror))

        yield matte


class _Frames:
    """A clip's frames, to be read once."""

    def __init__(self, matted: Matted) -> None:
        self._shots = shots(matted)

    def read(self) -> Frame | None:
        """The next one; None at the end."""
        shot = next(self._shots, None)
        return shot and shot.frame

    def close(self) -> None:
        self._shots.close()


def _from_files(matted: Matted, folder: Path) -> Matte:
    own = folder / matted.name
    place = own.parent if matted.is_photo else own
    files = images_in(place) if place.is_dir() else ()
    if matted.is_photo:
        files = tuple(path for path in files if path.stem == own.name)
    if len(files) != len(matted.mattes):
        raise ClipError(
            f"{own} holds {len(files)} mattes, the reference {len(matted.mattes)}", "Every frame needs one."
        )
    return lambda shot: read_matte(files[shot.frame.index], shot.size)


@contextmanager
def _progress(
    console: Console, found: Sequence[Matted], stop: threading.Event | None
) -> Iterator[Callable[[str], None]]:
    """A bar over all frames, nothing where nobody watches; what it gives raises KeyboardInterrupt once stopped."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    total = sum(len(matted.mattes) for matted in found)
    shown = sys.stderr.isatty()
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not shown, transient=True) as bars:
        task = bars.add_task("", total=total)

        def tick(name: str) -> None:
            if stop is not None and stop.is_set():
                raise KeyboardInterrupt
            bars.update(task, advance=1, description=name)

        yield tick


def _row(score: Score, worst: Worst) -> Bgr:
    height, width = worst.truth.shape
    label = f"{score.name}: MAD {score.figures.mad:.1f}, bIoU {score.figures.biou:.3f}"
    if score.frames > 1:
        label += f"; frame {worst.index} of {score.frames}: MAD {worst.mad:.1f}"
    return row(Example(label, to_bgr(worst.picture)[:height, :width], worst.truth, worst.alpha))


def _check_files(sheet_file: Path | None, json_file: Path | None, *, force: bool) -> None:
    """Before minutes of work: what could not be written then."""
    if sheet_file is not None and sheet_file.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise UsageError(f"--sheet {sheet_file} is no picture", f"--sheet {sheet_file.with_suffix('.png')}")
    for file in (sheet_file, json_file):
        if file is not None:
            check_free(file, force=force)
