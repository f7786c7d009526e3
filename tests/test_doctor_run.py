"""`rimlight doctor` on the system at hand, whatever it has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from network_watch import run_watched, why_not
from rimlight.doctor import CHECKS

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "rimlight", "doctor"]
SMALL = ["--size", "640x360"]


@pytest.mark.skipif(bool(why_not()) and "CI" not in os.environ, reason=why_not())
def test_it_says_all_in_json_and_talks_to_nobody() -> None:
    seen = run_watched([*COMMAND, *SMALL, "--json"])
    assert seen.attempts == []
    document = json.loads(seen.output)
    findings = {one["check"]: one for one in document["findings"]}
    assert set(findings) >= set(CHECKS) - {"mediapipe", "memory"}
    assert findings["python"]["verdict"] == "fine"
    assert findings["packages"]["verdict"] == "fine"
    assert findings["model files"]["verdict"] == "fine"
    assert findings["model"]["values"]["overlap"] > 0.8
    assert findings["speed"]["values"]["ms"] > 0
    assert document["works"] is (seen.code == 0)
    assert document["works"] is all(one["verdict"] != "broken" for one in document["findings"])


@pytest.mark.skipif(any(Path("/dev").glob("video*")), reason="this system has cameras")
def test_without_cameras_it_ends_with_1_says_what_to_do_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = doctor(*SMALL, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["broken", "camera", "none", "found"]
    assert lines[-1] == "A call would not work yet; to be mended: camera, virtual camera."
    assert "modprobe v4l2loopback" in done.stdout or sys.platform != "linux"
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("words", "told"), [(["--size", "5"], "1280x720"), (["--fps", "0"], "--fps 0")])
def test_settings_that_make_no_sense_are_refused(words: list[str], told: str, tmp_path: Path) -> None:
    done = doctor(*words, folder=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr


def doctor(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
