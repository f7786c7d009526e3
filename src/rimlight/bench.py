"""`rimlight bench`: frame in memory to composite ready, live runs and what they need, held against the bars.

Machines differ and are noisy, so all ways take turns with each other, MediaPipe's own sample among them; medians
are comparable, their ratios are what to quote. `python -m rimlight.bench JOB PATIENCE` is one of the processes that
measure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rimlight.assemble import Say, open_segmenter
from rimlight.benches.bars import FULL_HD, HD, UHD
from rimlight.benches.coded import render
from rimlight.benches.latency import SETTLED, run_coded, seen_figures, watch
from rimlight.benches.machine import load, machine
from rimlight.benches.players import PATIENCE, Job, Ways, answer_all, open_player, own_output, take_turns
from rimlight.benches.rows import SAMPLE, LiveRun, Report, Row, Way
from rimlight.benches.ways import BACKGROUNDS, clip, sitting
from rimlight.cores import usable_cores
from rimlight.errors import ModelError
from rimlight.models import BEST
from rimlight.segmenters.onnx_runtime import has_onnx_runtime
from rimlight.settings import parse_size
from rimlight.sinks.virtual_camera import find_virtual_cameras
from rimlight.throughput import Transcode, measure_transcode

TURN = 0.25
"""Seconds that one way does before the next has its turn."""
LIVE_SECONDS = 12.0
"""Of each live run: 360 frames, so that the 99th percentile means something."""
TRANSCODED = 120
"""Frames: four seconds."""
_DIFFERENT = 30
"""Pictures in them, to and fro."""

_JOBS: dict[str, Callable[[], Job]] = {
    "one core": lambda: Ways(one_core=True),
    "all cores": lambda: Ways(one_core=False),
    "render": lambda: lambda question: render(Path(question["folder"]), parse_size(question["size"])),
    "live": lambda: run_coded,
    "watch": lambda: watch,
    "transcode": lambda: transcode,
}
"""What a measuring process can do, by name."""


def transcode(question: dict[str, Any]) -> dict[str, Any]:
    """A job: `rimlight process` beside ffmpeg alone, on `frames` frames of the sitter at `size`, in turns."""
    import cv2

    cv2.setNumThreads(1)  # as the command does
    with TemporaryDirectory() as folder:
        pictures = sitting(parse_size(question["size"]), _DIFFERENT)
        file = clip(Path(folder) / "clip.mp4", pictures, question["frames"])
        return asdict(measure_transcode(file, rounds=question["rounds"]))


def measure(seconds: float, say: Say, *, quick: bool = False) -> Report:
    """Measures each way for about `seconds`, then the live runs and files; `quick`: only what is blurred.

    `say` gets a line a step. Raises RimlightError if a measuring process fails or hangs.
    """
    busy = load()
    rows = tuple(measure_ways(plan(quick, default_runtime(), has_best(say)), seconds, say))
    if quick:
        return Report(machine(), busy, rows)
    live = tuple(measure_live(say))
    say("process, and ffmpeg alone ...")
    files = _asked("transcode", {"size": FULL_HD, "frames": TRANSCODED, "rounds": 2})
    return Report(machine(), busy, rows, live, Transcode(**files))


def measure_live_only(say: Say) -> Report:
    """The live runs alone, and one through a virtual camera where one is free; `say` is told where none is.

    Raises RimlightError if a measuring process fails or hangs.
    """
    device = free_virtual_camera()
    if device is None:
        say("no virtual camera is free: only the way into memory is measured (see rimlight devices)")
    return Report(machine(), load(), live=tuple(measure_live(say, device)))


def plan(quick: bool, runtime: str, best: bool, all_cores: int | None = None) -> list[Way]:
    """What is measured. `runtime` runs the models that ship; `best` says whether the best tier is installed."""
    many = all_cores or usable_cores()

    def blur(size: str, threads: int = 1) -> Way:
        return Way(size, "blur", "standard", runtime, threads)

    def with_sample(size: str) -> list[Way]:
        overlapped = [blur(size, many)] if many > 1 else []
        return [blur(size), Way(size, "blur", SAMPLE, "mediapipe", 1), *overlapped]

    if quick:
        return [*with_sample(HD), *with_sample(FULL_HD)]

    def others(size: str) -> list[Way]:
        backgrounds = [name for name in (*BACKGROUNDS, "clip") if name != "blur"]
        ways = [Way(size, name, "standard", runtime, 1) for name in backgrounds]
        ways.append(Way(size, "blur", "fast", runtime, 1))
        if runtime != "mediapipe":
            ways.append(Way(size, "blur", "standard", "mediapipe", 1))
        return [*ways, Way(size, "blur", "best", "onnx", 1)] if best else ways

    usual = [way for size in (HD, FULL_HD) for way in (*with_sample(size), *others(size))]
    return [blur("640x360"), blur("960x540"), *usual, blur("2560x1440"), *with_sample(UHD)]


def measure_ways(ways: Sequence[Way], seconds: float, say: Say) -> list[Row]:
    """A row for each way, in their order. Raises RimlightError if a measuring process fails or hangs."""
    alone, together = ([w for w in ways if (w.threads == 1) == one_core] for one_core in (True, False))
    with ExitStack() as opened:
        players = [
            (opened.enter_context(open_player(job)), share)
            for job, share in (("one core", alone), ("all cores", together))
            if share
        ]
        rows = take_turns(players, max(2, round(seconds / TURN)), TURN, say)
    return sorted(rows, key=lambda row: ways.index(row.way))


def free_virtual_camera() -> str | None:
    """The device of the first virtual camera that no other program writes to."""
    return next((info.device for info in find_virtual_cameras() if info.free), None)


def measure_live(
    say: Say,
    device: str | None = None,
    sizes: Sequence[str] = (HD, FULL_HD),
    seconds: float = LIVE_SECONDS,
) -> list[LiveRun]:
    """Live runs at 30 fps into memory; the first size also into a virtual camera, if `device` names one.

    Raises RimlightError if a measuring process fails or hangs.
    """
    runs = []
    for size in sizes:
        with _rendered(size, say) as folder:
            question = {"folder": folder, "size": size, "fps": 30, "seconds": seconds}
            runs.append(LiveRun(**_asked("live", question)["run"]))
            if device and size == sizes[0]:
                runs += _through(device, question)
    return runs


def _through(device: str, question: dict[str, Any]) -> Iterator[LiveRun]:
    """Into the device, and what another process sees that reads it."""
    seconds = question["seconds"]
    with open_player("live") as writer, open_player("watch") as reader:
        reader.tell({"device": device, "seconds": seconds + SETTLED})
        writer.tell({**question, "device": device, "seconds": seconds + 5})
        seen, wrote = reader.answer(), writer.answer()
    yield LiveRun(**wrote["run"])
    if (figures := seen_figures(wrote["sent"], seen)) is not None:
        known = {"size": question["size"], "fps": float(question["fps"])}
        yield LiveRun(**known, sink=f"{device}, read back", **figures)


@contextmanager
def _rendered(size: str, say: Say) -> Iterator[str]:
    say(f"live run at {size} ...")
    with TemporaryDirectory() as folder:
        _asked("render", {"folder": folder, "size": size})
        yield folder


def _asked(job: str, question: object) -> Any:
    """One question to a process of its own: what it does leaves no memory or warmth behind."""
    with open_player(job) as player:
        return player.ask(question)


def default_runtime() -> str:
    """What `--runtime auto` picks here."""
    with open_segmenter("standard") as segmenter:
        return segmenter.name.split()[0]


def has_best(say: Say) -> bool:
    """Whether the best tier can be measured; if not, `say` is told."""
    if not has_onnx_runtime():
        return False
    try:
        BEST.checked()
    except ModelError as error:
        say(f"without the best tier: {error.what}")
        return False
    return True


if __name__ == "__main__":
    answers = own_output()
    answer_all(_JOBS[sys.argv[1]](), sys.stdin, answers, float(sys.argv[2]) if len(sys.argv) > 2 else PATIENCE)
