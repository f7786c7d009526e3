"""Every command, watched: it reaches for no network, writes what it was asked for alone, and shows no picture.

`rimlight models get` alone is left out: it is there to download.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import cv2
import numpy as np
import pytest
from cyclopts import App

from media import write_clip
from network_watch import Change, Seen, run_watched, why_not
from rimlight.cli import app
from rimlight.types import Size
from screen import needs_screen, open_screen
from sittings import sitting

REASON = why_not()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(REASON) and "CI" not in os.environ, reason=REASON),
]

# Nobody is heard by tests; what a microphone does is another test's.
CAMERA = ("--camera", "sitter", "--size", "320x180", "--mic", "none")
SITTER = (*CAMERA, "--duration", "0.5")
MOST_SAID = 8000
"""Characters; `--help` says most. The pictures of the runs below have a hundred thousand and more."""


@dataclass(frozen=True)
class Run:
    """How a command is run, and the files in the working folder that it was asked for."""

    words: tuple[str, ...]
    asked: tuple[str, ...] = ()
    before: str = ""
    """Python that makes it short."""
    codes: tuple[int, ...] = (0,)
    elsewhere: str = "(?!)"
    """Pattern of what else it may write, in none of which there is anything of a user's pictures."""


# MediaPipe imports matplotlib, which lists the machine's fonts once, and asks the compiler where a library lies;
# and sounddevice, whose PortAudio looks which devices there are.
_MEDIAPIPE = r".*/home/\.(cache|config)(/(pulse|matplotlib(/fontlist[^/]*)?))?|.*/scratch/[^/]*"
_MEDIAPIPE += r"|/dev/dsp\d*|.*/run/pulse|/dev/shm/jack.*|memfd:pulseaudio"
# Where `rimlight control` finds a run; the socket itself is no file.
_RUNTIME = r".*/run/rimlight"
# Between two passes mattes lie in a file without a name, of which only the folder is told; it goes with the run.
_UNNAMED = r".*/work"
_ONE_WAY = "import rimlight.bench as b; plan = b.plan; b.plan = lambda *words: plan(*words)[:1]"
_SHORT = "import rimlight.demo as d; d.SECONDS = 1"

RUNS = {
    "live": Run(("live", *SITTER, "--to", "talk.mp4"), ("talk.mp4",)),
    "live, OpenCV": Run((*SITTER, "--runtime", "opencv", "--to", "talk.mkv"), ("talk.mkv",)),
    "live, MediaPipe": Run((*SITTER, "--runtime", "mediapipe", "--to", "a.mov"), ("a.mov",), elsewhere=_MEDIAPIPE),
    "process": Run(("process", "clip.mp4", "new.mp4"), ("new.mp4",), elsewhere=_UNNAMED),
    "process, photo": Run(
        ("process", "photo.png", "new.png", "--matte", "matte"), ("new.png", "matte", "matte/000000.png")
    ),
    "demo": Run(("demo",), ("rimlight-demo.mp4", "rimlight-demo.png"), _SHORT),
    "control": Run(("control", "status"), codes=(1,)),
    "devices": Run(("devices",)),
    "doctor": Run(("doctor",), codes=(0, 1), elsewhere=_MEDIAPIPE),
    "eval": Run(("eval", "set", "--json", "figures.json"), ("figures.json",), elsewhere=r".*/scratch(/[^/]*)?"),
    "models": Run(("models",)),
    "bench": Run(("bench", "--quick", "--seconds", "0.05"), before=_ONE_WAY, elsewhere=r".*/scratch(/[^/]*)?"),
    "version": Run(("version",)),
    "--version": Run(("--version",)),
    "--help": Run(("--help",)),
    "a wrong word": Run(("--colour", "red"), codes=(2,)),
}


def commands(of: App, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, and of every one below it."""
    for name in of:
        if not name.startswith("-"):
            yield (*before, name)
            yield from commands(of[name], (*before, name))


def test_every_command_is_watched() -> None:
    watched = {run.words[:1] for run in RUNS.values()} | {("models", "get")}
    assert set(commands(app)) <= watched


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    write_clip(folder / "clip.mp4", size=Size(160, 90))
    noise = np.random.default_rng(0).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / "photo.png"), noise)
    sitting(folder / "set" / "sit-a")
    return folder


@dataclass(frozen=True)
class Place:
    """Where a command runs: as at a user's, in a home without a past."""

    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def environment(self) -> dict[str, str]:
        # In tests that it knows, ONNX Runtime is silent.
        left_out = r"CI|ORT_.*|XDG_.*|DISPLAY|WAYLAND_DISPLAY|MPL.*"
        known = {name: value for name, value in os.environ.items() if not re.fullmatch(left_out, name)}
        folders = {"HOME": "home", "TMPDIR": "scratch", "XDG_RUNTIME_DIR": "run"}
        folders = {name: str(self.folder / path) for name, path in folders.items()}
        return known | folders | {"PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, words: tuple[str, ...], before: str = "", **environment: str) -> Seen:
        program = f"import sys; from rimlight import cli\n{before}\nsys.argv[1:] = {list(words)}\ncli.main()"
        return run_watched(
            [sys.executable, "-c", program], environment=self.environment | environment, folder=self.work
        )

    def left(self) -> set[str]:
        """What lies in the working folder, by its path there."""
        return {str(path.relative_to(self.work)) for path in self.work.rglob("*")}


@pytest.fixture
def place(tmp_path: Path, material: Path) -> Place:
    copytree(material, tmp_path / "work")
    (tmp_path / "home").mkdir()
    (tmp_path / "scratch").mkdir()
    (tmp_path / "run").mkdir(mode=0o700)
    return Place(tmp_path)


def told_in_words(output: str) -> bool:
    """Nothing but short text, and no array in it."""
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\s", "", output)
    return len(output) < MOST_SAID and text.isprintable() and "\ufffd" not in text and "dtype" not in text


@pytest.mark.parametrize("name", RUNS)
def test_a_command_reaches_nobody_and_writes_what_it_was_asked_for(name: str, place: Place) -> None:
    run, before = RUNS[name], place.left()

    seen = place.run(run.words, run.before)

    assert seen.code in run.codes, seen.output
    assert (seen.attempts, seen.local) == ([], [])
    assert seen.families <= {"AF_UNIX"}
    assert told_in_words(seen.output), seen.output
    assert place.left() - before == set(run.asked)
    finished = {str(place.work / path) for path in run.asked}
    # Beside its place until it is complete.
    beside = rf"{re.escape(str(place.work))}/((.*/)?\.[^/]*part.*|[^/]*\.unfinished\.[^/]*)"
    expected = f"{beside}|{_RUNTIME}|{run.elsewhere}"
    assert {path for path in seen.written() - finished if not re.fullmatch(expected, path)} == set()


def test_a_recording_with_sound_reaches_the_sound_server_of_this_machine_at_most(place: Place) -> None:
    """Which is PortAudio's business: what it writes, it writes for itself."""
    words = (*CAMERA[:-1], "default", "--duration", "0.5", "--to", "talk.mp4", "--replay", "1")
    alsa = {name: os.environ[name] for name in ("ALSA_CONFIG_PATH", "ALSA_PLUGIN_DIR") if name in os.environ}

    seen = place.run(words, **alsa)

    assert seen.code == 0, seen.output
    assert seen.attempts == []
    assert [one for one in seen.local if not re.search(r"pulse|pipewire|jack|dbus", one.address)] == []
    assert "talk.mp4" in place.left()
    assert told_in_words(seen.output)


@needs_screen
def test_a_run_into_a_window_writes_no_file_at_all(place: Place) -> None:
    with open_screen() as screen:
        seen = place.run((*SITTER, "--to", "preview"), DISPLAY=screen.display)

    assert seen.code == 0, seen.output
    assert seen.attempts == []
    assert {attempt.address.split("/")[-2] for attempt in seen.local} == {".X11-unix"}
    assert {path for path in seen.written() if not re.fullmatch(_RUNTIME, path)} == set()
    assert told_in_words(seen.output)


CRASHES = {
    "cutting": "from rimlight.pipeline import Pipeline as P; P.cut = lambda *w: P.cut_off",
    "OpenCV": (
        "import cv2\n"
        "from rimlight.pipeline import Pipeline\n"
        "Pipeline.compose = lambda self, cut: cv2.add(cut.picture.y, cut.picture.u)"
    ),
    "the program": "import rimlight.live as live\nlive.run_live = lambda *words, **more: words[99]",
}


@pytest.mark.parametrize("name", CRASHES)
def test_a_crash_shows_no_picture_and_leaves_no_file(name: str, place: Place) -> None:
    before = place.left()

    seen = place.run((*CAMERA, "--duration", "5", "--to", "talk.mp4"), CRASHES[name])

    assert seen.code == 1, seen.output
    assert told_in_words(seen.output), seen.output
    assert seen.attempts == []
    assert place.left() - before <= {"talk.mp4"}
    assert {Path(path).name for path in seen.written()} <= {"talk.mp4", "talk.unfinished.mp4", "rimlight"}


# The watcher itself: it would be worth nothing if it overlooked one of these.
@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("open('a', 'w')", Change("openat", "a")),
        ("open('a', 'ab')", Change("openat", "a")),
        ("os.open('clip.mp4', os.O_RDWR)", Change("openat", "clip.mp4")),
        ("os.open('.', os.O_RDWR | os.O_TMPFILE)", Change("openat", "")),
        ("os.open('a', os.O_CREAT | os.O_WRONLY, dir_fd=os.open('set', os.O_RDONLY))", Change("openat", "set/a")),
        ("ctypes.CDLL(None).creat(b'a', 0o600)", Change("openat", "a")),
        ("os.mkdir('a')", Change("mkdir", "a")),
        ("os.mkfifo('a')", Change("mknodat", "a")),
        ("os.rename('clip.mp4', 'a')", Change("rename", "a")),
        ("os.link('clip.mp4', 'a')", Change("linkat", "a")),
        ("os.symlink('clip.mp4', 'a')", Change("symlink", "a")),
        ("os.truncate('clip.mp4', 0)", Change("truncate", "clip.mp4")),
        ("threading.Thread(target=os.mkdir, args='a').start()", Change("mkdir", "a")),
        ("subprocess.run(['touch', 'a'])", Change("openat", "a")),
    ],
)
def test_the_watcher_sees_files_being_made(code: str, change: Change, place: Place) -> None:
    program = f"import ctypes, os, subprocess, threading\n{code}"

    seen = run_watched([sys.executable, "-c", program], environment=place.environment, folder=place.work)

    assert seen.code == 0, seen.output
    assert seen.written() == {os.path.normpath(place.work / change.path)}


def test_the_watcher_sees_memory_under_a_name_and_nothing_where_files_are_read(place: Place) -> None:
    program = """
import os
from multiprocessing.shared_memory import SharedMemory
open('clip.mp4', 'rb').read()
os.listdir('/')
open('/dev/null', 'w')
os.memfd_create('frames')
shared = SharedMemory('rimlight-watched', create=True, size=16)
shared.close()
shared.unlink()
"""

    seen = run_watched([sys.executable, "-c", program], environment=place.environment, folder=place.work)

    assert seen.code == 0, seen.output
    assert seen.written() == {"memfd:frames", "/dev/shm/rimlight-watched"}
