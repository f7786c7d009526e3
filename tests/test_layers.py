"""The house of docs/design.md, held to: what each room may use, start and weigh."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from house import (
    ALL_FLOORS,
    FLOORS,
    LINES,
    NOT_PICTURE_WORK,
    NOT_PICTURE_WORK_CALLS,
    ORDER,
    PICTURE_WORK,
    STARTS_PROCESSES,
    STARTS_THREADS,
    WRAPPED,
    Floor,
)

CHECKOUT = Path(__file__).parents[1]
HOUSE = CHECKOUT / "src" / "rimlight"


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
        ("capture", "import threading\nthreading.Thread(target=print).start()"),
        ("sources.clip", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from av import VideoFrame"),
        ("cli", "def f():\n    from rimlight import __version__\n    from rimlight.sinks import null"),
    ],
)
def test_what_is_allowed_passes(room: str, code: str) -> None:
    assert faults(room, code) == []
