"""A process ends with its own exit code, and leaves no picture of its memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

resource = pytest.importorskip("resource")

DIES = """
import os, resource, sys
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
if "guarded" in sys.argv:
    from rimlight.crash import leave_no_core
    leave_no_core()
    leave_no_core()
    print(resource.getrlimit(resource.RLIMIT_CORE) == (min(1, hard) if hard >= 0 else 1, hard), flush=True)
if "child" in sys.argv:
    pid = os.fork()
    if pid:
        sys.exit(os.WCOREDUMP(os.waitpid(pid, 0)[1]))
os.abort()
"""


def dumped(folder: str, *how: str) -> tuple[bool, str]:
    """Whether a process that dies so was dumped, and what it said."""
    with subprocess.Popen(
        [sys.executable, "-c", DIES, *how], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status = os.waitpid(process.pid, 0)
        process.returncode = 0  # it was waited for
    return os.WCOREDUMP(status) or os.waitstatus_to_exitcode(status) == 1, said


@pytest.mark.parametrize("how", [(), ("child",)])
def test_a_guarded_process_and_its_children_are_not_dumped(
    how: tuple[str, ...], tmp_path: os.PathLike[str]
) -> None:
    if not dumped(str(tmp_path), *how)[0]:
        pytest.skip("this system dumps nothing anyway")

    assert dumped(str(tmp_path), "guarded", *how) == (False, "True\n")


LEAVES = """
import sys, threading
import cv2, numpy as np
from rimlight.crash import end_after

def work(started):
    picture = np.zeros((1080, 1920), np.uint8)
    while True:
        cv2.GaussianBlur(picture, (0, 0), 3)
        started.set()

def run():
    print("said")
    if "thread" in sys.argv:
        started = threading.Event()
        threading.Thread(target=work, args=(started,), daemon=True).start()
        started.wait()
    return {"good": 0, "told": 2}[sys.argv[1]]

end_after(run)
"""


@pytest.mark.parametrize("thread", [(), ("thread",)], ids=["alone", "with a thread left in OpenCV"])
@pytest.mark.parametrize(("how", "code"), [("good", 0), ("told", 2), ("bad", 1)])
def test_the_exit_code_is_the_programs_own(how: str, code: int, thread: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEAVES, how, *thread], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (code, "said\n"), done.stderr
    assert ("KeyError: 'bad'" in done.stderr) == (how == "bad")
