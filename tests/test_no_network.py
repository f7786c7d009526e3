"""Rimlight talks to nobody: a process that segments tries to reach no network, native code included."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from network_watch import Attempt, Seen, run_watched, why_not
from rimlight.settings import RUNTIMES

REASON = why_not()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(REASON) and "CI" not in os.environ, reason=REASON),
]


def watched_python(code: str, environment: Mapping[str, str] | None = None) -> Seen:
    seen = run_watched([sys.executable, "-c", code], environment=environment)
    assert seen.code == 0, seen.output
    return seen


SEGMENT = """
import os
import time
import numpy as np
from rimlight.assemble import open_segmenter

noise = np.random.default_rng(7).integers(0, 255, (256, 256, 3), dtype=np.uint8)
# Some are there already: numpy's, for its linear algebra.
threads = set(os.listdir("/proc/self/task"))
with open_segmenter("standard", runtime="{runtime}") as segmenter:
    for _ in range(5):
        assert segmenter.segment(noise).shape == (256, 256)
# MediaPipe reports from a thread of its own when a task closes.
time.sleep(1)
threads = set(os.listdir("/proc/self/task")) - threads
print(len(threads))
"""


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_segmenting_reaches_for_no_network(runtime: str) -> None:
    seen = watched_python(SEGMENT.format(runtime=runtime))

    assert seen.attempts == []


def at_home(home: Path) -> dict[str, str]:
    """An environment in which ONNX Runtime does as it does with a user: in tests that know it, it is silent."""
    hushed = {"CI", "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    return {name: value for name, value in os.environ.items() if name not in hushed} | {"HOME": str(home)}


def test_onnx_runtime_opens_no_socket_starts_no_thread_and_leaves_nothing_behind(tmp_path: Path) -> None:
    seen = watched_python(SEGMENT.format(runtime="onnx"), at_home(tmp_path))

    assert seen.families == set()
    assert seen.output == "0\n"
    assert list(tmp_path.iterdir()) == []


REPORTS = (
    """
import rimlight.segmenters.onnx_runtime as room
room._OPT_OUT = "RIMLIGHT_SAYS_NOTHING"
"""
    + SEGMENT.format(runtime="onnx")
    + """
def filters(thread):
    with open(f"/proc/self/task/{thread}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Seccomp_filters:"))
print(all(filters(thread) == filters(os.getpid()) + 1 for thread in threads))
"""
)


@pytest.mark.skipif(
    tuple(map(int, version("onnxruntime").split(".")[:2])) < (1, 29), reason="it reports from 1.29 on"
)
def test_onnx_runtime_does_report_unless_it_is_told_not_to_and_is_sealed_besides(tmp_path: Path) -> None:
    """The first post is made nine seconds later, by the thread that is there at once."""
    seen = watched_python(REPORTS, at_home(tmp_path))

    threads, sealed = seen.output.split()
    assert int(threads) > 0, "it reports no more: is the variable in segmenters/onnx_runtime.py still needed?"
    assert sealed == "True"
    assert list(tmp_path.rglob("deviceid"))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_whole_run_reaches_for_no_network(runtime: str, tmp_path: Path) -> None:
    recording = tmp_path / "out.mp4"
    options = [
        "--camera",
        "sitter",
        "--size",
        "320x180",
        "--duration",
        "1",
        "--mic",
        "none",
        "--to",
        str(recording),
        "--runtime",
        runtime,
    ]

    seen = run_watched([sys.executable, "-m", "rimlight", *options])

    assert seen.code == 0, seen.output
    assert recording.stat().st_size > 0
    assert seen.attempts == []


def test_mediapipe_does_reach_for_the_network_when_it_is_not_sealed() -> None:
    """Why the seal is there. The day this fails, a MediaPipe is out that no longer needs it."""
    unsealed = "import rimlight.segmenters.sealed as s\ns.run_sealed = lambda work: work()\n"

    seen = watched_python(unsealed + SEGMENT.format(runtime="mediapipe"))

    assert seen.attempts, "MediaPipe tried nothing: is rimlight/segmenters/sealed.py still needed?"


def test_sealing_a_thread_binds_what_it_starts_and_nobody_else() -> None:
    seen = watched_python("""
import ctypes, errno, socket, subprocess, sys, threading
from rimlight.segmenters.sealed import run_sealed

def refused(family):
    try:
        socket.socket(family).close()
    except PermissionError:
        return True
    return False

def inside():
    assert refused(socket.AF_INET) and refused(socket.AF_INET6) and refused(socket.AF_UNIX)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0) == -1 and ctypes.get_errno() == errno.EACCES
    answers = []
    thread = threading.Thread(target=lambda: answers.append(refused(socket.AF_INET)))
    thread.start()
    thread.join()
    child = subprocess.run([sys.executable, "-c", "import socket; socket.socket()"], capture_output=True, text=True)
    assert "PermissionError" in child.stderr
    return answers

assert run_sealed(inside) == [True]
assert not refused(socket.AF_INET) and not refused(socket.AF_UNIX)
try:
    run_sealed(lambda: 1 // 0)
except ZeroDivisionError:
    print("raised again")
""")

    assert seen.output == "raised again\n"


# The watcher itself: it would be worth nothing if it overlooked one of these. The addresses are set aside for
# documentation, and nothing is sent to them: the watcher refuses.
NATIVE = """
import ctypes, socket, struct, threading
libc = ctypes.CDLL(None, use_errno=True)
address = ctypes.create_string_buffer(struct.pack(">2sH4s8x", struct.pack("=H", socket.AF_INET), 443,
                                                  socket.inet_aton("192.0.2.7")))
"""


@pytest.mark.parametrize(
    ("code", "attempt"),
    [
        pytest.param(
            "import socket\ntry: socket.create_connection(('192.0.2.7', 443), 5)\nexcept OSError: pass",
            Attempt("connect", "192.0.2.7:443"),
            id="python",
        ),
        pytest.param(
            "import socket\ntry: socket.create_connection(('2001:db8::7', 443), 5)\nexcept OSError: pass",
            Attempt("connect", "[2001:db8::7]:443"),
            id="python over IPv6",
        ),
        pytest.param(
            NATIVE + "fd = libc.socket(2, 1, 0)\nassert libc.connect(fd, address, 16) == -1",
            Attempt("connect", "192.0.2.7:443"),
            id="native",
        ),
        pytest.param(
            NATIVE
            + "fd = libc.socket(2, 2, 0)\n"
            + "thread = threading.Thread(target=lambda: libc.sendto(fd, b'hello', 5, 0, address, 16))\n"
            + "thread.start(); thread.join()",
            Attempt("sendto", "192.0.2.7:443"),
            id="native datagram in a thread",
        ),
        pytest.param(
            "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\n"
            "try: s.sendmsg([b'hello'], [], 0, ('192.0.2.7', 53))\nexcept ConnectionRefusedError: pass",
            Attempt("sendmsg", "192.0.2.7:53"),
            id="message",
        ),
        pytest.param(
            "import subprocess, sys\nsubprocess.run([sys.executable, '-c', '''import socket\n"
            "try: socket.create_connection((\"192.0.2.7\", 443), 5)\nexcept ConnectionRefusedError: pass'''])",
            Attempt("connect", "192.0.2.7:443"),
            id="child process",
        ),
    ],
)
def test_the_watcher_sees_and_refuses(code: str, attempt: Attempt) -> None:
    assert watched_python(code).attempts == [attempt]


def test_the_watcher_sees_a_name_looked_up_by_a_thread() -> None:
    seen = watched_python(
        "import socket, threading\n"
        "def look():\n"
        "    try: socket.getaddrinfo('rimlight.invalid', 443)\n"
        "    except socket.gaierror: print('no answer')\n"
        "thread = threading.Thread(target=look); thread.start(); thread.join()"
    )

    assert seen.output == "no answer\n"
    assert seen.attempts


def test_the_watcher_lets_calls_within_the_machine_go_on_and_tells_of_them(tmp_path: Path) -> None:
    seen = watched_python(
        "import socket\n"
        f"server = socket.socket(socket.AF_UNIX); server.bind({f'{tmp_path}/door'!r}); server.listen()\n"
        f"client = socket.socket(socket.AF_UNIX); client.connect({f'{tmp_path}/door'!r})\n"
        "client.sendall(b'hello'); print(server.accept()[0].recv(5))"
    )

    assert seen.output == "b'hello'\n"
    assert seen.attempts == []
    assert seen.local == [Attempt("connect", f"{tmp_path}/door")]
    assert seen.families == {"AF_UNIX"}


def test_a_command_that_does_not_end_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_watched([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.5)
