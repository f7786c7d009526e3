"""The house of docs/design.md, held to: what each room may use, start and weigh."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).parents[1]
HOUSE = CHECKOUT / "src" / "rimlight"


class Floor(NamedTuple):
    """Rooms that may use the same packages of others. `a.b` is `a/b.py`; `a` alone may be a folder's __init__."""

    packages: frozenset[str]
    rooms: tuple[str, ...]


def floor(packages: str, rooms: str) -> Floor:
    return Floor(frozenset(packages.split()), tuple(rooms.split()))


# From top to bottom: a room uses only rooms that stand before it.
VOCABULARY = floor("numpy", "types protocols errors assets effort")
SETTINGS = floor("pydantic", "settings")
PICTURE_WORK = floor(
    "numpy cv2",
    """
    pool picture region framing watch follower agreement smoothing evidence refine lighting room keying composite
    foreground light figures sheet
    """,
)
TIMING = floor("", "slot overlap cores pacing meter forecast governor")
EDGES = floor(
    "numpy cv2",
    """
    tags unfinished v4l2
    sources sources.cameras sources.decoding sources.planes sources.raw sources.mjpeg sources.webcam sources.clip
    sources.cuts sources.part
    sources.ink sources.worn sources.furniture sources.portrait sources.cast sources.exposure sources.scenes
    sources.sitter
    segmenters segmenters.selfie segmenters.sealed segmenters.chatter segmenters.onnx_runtime
    segmenters.selfie_onnx segmenters.mediapipe
    segmenters.opencv segmenters.ellipse
    segmenters.nets segmenters.onnx
    backgrounds backgrounds.plate backgrounds.color backgrounds.blur backgrounds.still backgrounds.clip
    backgrounds.transparent
    sinks sinks.display sinks.overlay sinks.preview sinks.audio sinks.video_file sinks.joint sinks.recorder
    sinks.virtual_camera_setup sinks.virtual_camera sinks.null
    """,
)
WHOLE = floor(
    "numpy cv2 cyclopts rich platformdirs",
    """
    matting pipeline status delivery threads live mattes offline photo models opening loading assemble governed
    chunks joined hands cluster batch throughput controls devices
    matted scores evaluate
    __init__ sample
    benches benches.rows benches.machine benches.ways benches.players benches.timecode benches.coded benches.latency
    benches.bars benches.table benches.compare benches.profiling bench demo
    commands commands.look commands.stopping commands.wording commands.live commands.process commands.devices
    commands.demo commands.bench commands.evaluate commands.models cli __main__
    """,
)
FLOORS = (VOCABULARY, SETTINGS, PICTURE_WORK, TIMING, EDGES, WHOLE)
ORDER = tuple(chain.from_iterable(f.rooms for f in FLOORS))

ALL_FLOORS = {"typing_extensions", "_typeshed"}

# Each wraps one thing outside; loaded when that thing is opened, for some take a second.
WRAPPED = {
    "av": {
        "sources.decoding",
        "sources.planes",
        "sources.mjpeg",
        "sources.clip",
        "sources.cuts",
        "sources.part",
        "backgrounds.clip",
        "sinks.audio",
        "sinks.video_file",
    },
    "cv2_enumerate_cameras": {"sources.cameras"},
    "dask": {"cluster"},
    "distributed": {"cluster"},
    "mediapipe": {"segmenters.mediapipe"},
    "onnxruntime": {"segmenters.onnx_runtime"},
    "pooch": {"models"},
    "requests": {"models"},
    "pyvirtualcam": {"sinks.virtual_camera"},
}

# Live's loops; the recorder's writer and a background clip's reader, which wait for a codec; what is decoded ahead
# and encoded behind for files; where MediaPipe is cut off from the network; and models that open beside something.
STARTS_THREADS = {"threads", "overlap", "opening", "loading"}
STARTS_THREADS |= {"sinks.recorder", "backgrounds.clip", "segmenters.sealed"}

# Chunks of long clips, each in a process.
STARTS_PROCESSES = {"hands"}

# Arrays in, arrays out: no threads, no clock, no files, no window, no device.
NOT_PICTURE_WORK = {
    "threading",
    "queue",
    "time",
    "datetime",
    "os",
    "io",
    "pathlib",
    "shutil",
    "tempfile",
    "subprocess",
}
NOT_PICTURE_WORK_CALLS = {"open", "imread", "imwrite", "imshow", "waitKey", "VideoCapture", "VideoWriter", "memmap"}

LINES = 300


class Import(NamedTuple):
    module: str
    names: tuple[str, ...]
    line: int
    when_called: bool
    """Inside a function, so not when the room itself is imported."""


def imports_of(tree: ast.Module) -> Iterator[Import]:
    called = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_for_types_only(outer)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, (), node.lineno, id(node) in called)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield Import(module, tuple(alias.name for alias in node.names), node.lineno, id(node) in called)


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def rooms_used(found: Import) -> set[str]:
    """The rooms that an import of rimlight's own names."""
    module = found.module.removeprefix("rimlight").removeprefix(".")
    inner = {f"{module}.{name}".removeprefix(".") for name in found.names}
    return inner & set(ORDER) or {module or "__init__"}


def faults(room: str, code: str) -> list[str]:
    """What the room does against the house's rules, each with its line."""
    tree = ast.parse(code)
    mine = next(f for f in FLOORS if room in f.rooms)
    found = [fault for one in imports_of(tree) for fault in import_faults(room, mine, one)]
    for node in ast.walk(tree):
        called = called_name(node)
        if (
            called.startswith("threading.")
            and called.endswith((".Thread", ".Timer"))
            and room not in STARTS_THREADS
        ):
            found.append(f"line {node.lineno}: starts a thread, which is for {sorted(STARTS_THREADS)}")  # type: ignore[attr-defined]
        if mine is PICTURE_WORK and called.rpartition(".")[2] in NOT_PICTURE_WORK_CALLS:
            found.append(f"line {node.lineno}: picture work does not call {called}")  # type: ignore[attr-defined]
    if code.count("\n") > LINES:
        found.append(f"{code.count(chr(10))} lines are no room but a hall: split it (at most {LINES})")
    return found


def import_faults(room: str, mine: Floor, found: Import) -> Iterator[str]:
    top = found.module.partition(".")[0]
    if not top:
        kind = ["imports by dots; write the whole name"]
    elif top == "rimlight":
        kind = list(faults_of_rooms(room, found))
    elif top in WRAPPED:
        kind = list(faults_of_wrapped(room, top, found))
    elif top in sys.stdlib_module_names:
        kind = list(faults_of_python(room, mine, top, found))
    else:
        allowed = mine.packages | ALL_FLOORS
        kind = [] if top in allowed else [f"{top} is not for this floor, which has {sorted(mine.packages)}"]
    return (f"line {found.line}: {fault}" for fault in kind)


def faults_of_rooms(room: str, found: Import) -> Iterator[str]:
    for used in rooms_used(found):
        if used not in ORDER:
            yield f"uses {used}, which has no place in the order"
        elif ORDER.index(used) >= ORDER.index(room):
            yield f"uses {used}, which stands below it"


def faults_of_wrapped(room: str, package: str, found: Import) -> Iterator[str]:
    if room not in WRAPPED[package]:
        yield f"{package} is imported only in {sorted(WRAPPED[package])}"
    if not found.when_called:
        yield f"{package} is imported inside a function, where it is opened"


def faults_of_python(room: str, mine: Floor, module: str, found: Import) -> Iterator[str]:
    if mine is PICTURE_WORK and module in NOT_PICTURE_WORK:
        yield f"picture work does not use {module}"
    if module == "multiprocessing" and room not in STARTS_PROCESSES:
        yield f"processes are started in {sorted(STARTS_PROCESSES)}"
    if module in {"asyncio", "concurrent"} or (module == "threading" and "Thread" in found.names):
        yield f"threads are started as threading.Thread, in {sorted(STARTS_THREADS)}"


def called_name(node: ast.AST) -> str:
    """`a.b.c` for a call of a.b.c; empty for anything else."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def room_of(file: Path) -> str:
    parts = file.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "__init__"


ROOMS = {room_of(file): file for file in sorted(HOUSE.rglob("*.py"))}


def test_every_room_has_its_place() -> None:
    assert sorted(set(ROOMS) - set(ORDER)) == [], (
        "new rooms: give each its place in the order above, below all it uses"
    )
    assert sorted(set(ORDER) - set(ROOMS)) == [], "rooms that are gone: take them out of the order above"


@pytest.mark.parametrize("room", [room for room in ORDER if room in ROOMS])
def test_room_keeps_the_rules(room: str) -> None:
    assert faults(room, ROOMS[room].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("folder", ["tests", "tools"])
def test_no_file_is_too_long_to_be_read(folder: str) -> None:
    lengths = {str(f): f.read_text(encoding="utf-8").count("\n") for f in (CHECKOUT / folder).rglob("*.py")}

    assert {file: lines for file, lines in lengths.items() if lines > LINES} == {}


# The rules themselves: each sees what it is there for.
@pytest.mark.parametrize(
    ("room", "code", "fault"),
    [
        ("picture", "from rimlight.refine import refine", "line 1: uses refine, which stands below it"),
        ("picture", "def f():\n    from rimlight import live", "line 2: uses live, which stands below it"),
        ("sources.clip", "import rimlight.sinks.null", "line 1: uses sinks.null, which stands below it"),
        ("live", "from rimlight import __version__", "line 1: uses __init__, which stands below it"),
        ("live", "from rimlight.attic import box", "line 1: uses attic, which has no place in the order"),
        ("live", "from . import slot", "line 1: imports by dots; write the whole name"),
        ("slot", "import numpy as np", "line 1: numpy is not for this floor, which has []"),
        ("sinks.null", "def f():\n    import av", f"line 2: av is imported only in {sorted(WRAPPED['av'])}"),
        ("sources.clip", "import av.video", "line 1: av is imported inside a function, where it is opened"),
        ("refine", "from time import monotonic", "line 1: picture work does not use time"),
        ("refine", "import cv2\ncv2.imread('x')", "line 2: picture work does not call cv2.imread"),
        (
            "sources.clip",
            "import threading\nthreading.Thread(target=print).start()",
            f"line 2: starts a thread, which is for {sorted(STARTS_THREADS)}",
        ),
        (
            "sources.clip",
            "from concurrent.futures import ThreadPoolExecutor",
            f"line 1: threads are started as threading.Thread, in {sorted(STARTS_THREADS)}",
        ),
        ("live", "import multiprocessing", "line 1: processes are started in ['hands']"),
        ("slot", "\n" * 301, "301 lines are no room but a hall: split it (at most 300)"),
    ],
)
def test_a_broken_rule_is_told(room: str, code: str, fault: str) -> None:
    assert faults(room, code) == [fault]


@pytest.mark.parametrize(
    ("room", "code"),
    [
        ("threads", "import threading\nthreading.Thread(target=print).start()"),
        ("sources.clip", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from av import VideoFrame"),
        ("cli", "def f():\n    from rimlight import __version__\n    from rimlight.sinks import null"),
    ],
)
def test_what_is_allowed_passes(room: str, code: str) -> None:
    assert faults(room, code) == []
