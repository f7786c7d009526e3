"""What a run that was killed left under hidden names goes when its job is begun again, and nothing else does."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from rimlight.done import BOOK, Done
from rimlight.plan import Job


@pytest.mark.parametrize("lives", [False, True])
def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path: Path, lives: bool) -> None:
    out, mattes = tmp_path / "out", tmp_path / "mattes"
    hers = [out / ".b.mp4.part", out / ".a.mp4.part.txt", out / ".xa.mp4.part", mattes / ".part-notes"]
    ours = [
        out / ".a.mp4.part",
        out / ".a.mp4.2.part",
        out / ".a.mp4.chunks-a1b2_c3d",
        mattes / "a" / ".part-a1b2_c3d",
    ]
    for path in (*hers, *ours):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if "-" in path.name else path.write_bytes(b"-")
    with subprocess.Popen(["sleep", "60"]) as child:
        if not lives:
            child.kill()
            child.wait()
        entry = {"recipe": "", "source": "", "made": None, "by": [socket.gethostname(), child.pid]}
        (out / BOOK).write_text(json.dumps({"entries": {"a.mp4": entry}}))
        Done(out, "", lambda _: None).begin(Job(tmp_path / "a.mp4", out / "a.mp4", mattes / "a"))
        child.kill()
    assert all(path.exists() for path in hers)
    assert [path.exists() for path in ours] == [lives] * 4
