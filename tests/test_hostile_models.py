"""Model files that are damaged or made to do harm are tried in a process of their own, which may die of them."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hostile import nets
from rimlight.errors import ModelError
from rimlight.models import BEST
from rimlight.segmenters import quarantine
from rimlight.segmenters.onnx import open_onnx
from rimlight.types import Size

PICTURE = Size(64, 48)


@pytest.fixture(autouse=True)
def _nothing_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "_passed", set())


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The processes that are started."""
    processes: list[Any] = []
    run = subprocess.run

    def noted(*args: Any, **options: Any) -> Any:
        processes.append(args)
        return run(*args, **options)

    monkeypatch.setattr(subprocess, "run", noted)
    return processes


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_good_model_is_tried_once(tmp_path: Path, started: list[Any]) -> None:
    file = written(tmp_path / "a.onnx", nets.net())
    for _ in range(2):
        with open_onnx(file, PICTURE) as segmenter:
            assert segmenter.size == Size(512, 384)
    assert len(started) == 1


def test_the_model_that_rimlight_knows_is_trusted(started: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert {BEST.sha256} == quarantine.TRUSTED
    content = b"what is known, whatever it is"
    monkeypatch.setattr(quarantine, "TRUSTED", {hashlib.sha256(content).hexdigest()})

    quarantine.check(content, Path("a.onnx"), PICTURE)

    assert started == []


def test_a_model_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "PATIENCE", 3.0)
    file = written(tmp_path / "endless.onnx", nets.endless())

    with pytest.raises(ModelError, match=r"endless\.onnx .* was not ready after 3 s"):
        open_onnx(file, PICTURE)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
@pytest.mark.parametrize(
    "content", [nets.filling(40_000), nets.filling(1 << 40), nets.enlarging(100), nets.enlarging(1e9)]
)
def test_a_model_that_wants_all_memory_gets_none(tmp_path: Path, content: bytes) -> None:
    """The first wants 6.4 GB, the third 24 GB."""
    file = written(tmp_path / "huge.onnx", content)

    with pytest.raises(ModelError, match=r"huge\.onnx cannot be used: "):
        open_onnx(file, PICTURE)


@pytest.mark.parametrize(
    ("ending", "says"),
    [(f"os.kill(os.getpid(), {signal.SIGSEGV:d})", "SIGSEGV"), ("sys.exit(3)", "exit code 3")],
)
def test_a_crash_is_the_models_and_not_ours(
    tmp_path: Path, ending: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for a file that makes the runtime crash: none was found, but they are found every year."""
    monkeypatch.setattr(quarantine, "_ENTRY", f"import os, sys; {ending}")
    file = written(tmp_path / "a.onnx", nets.net())

    with pytest.raises(ModelError, match=rf"a\.onnx makes ONNX Runtime crash \({says}\)"):
        open_onnx(file, PICTURE)


@pytest.mark.parametrize("name", [b"height", b"ReduceMean", b"output"])
def test_names_that_are_no_text_are_refused_quietly(
    tmp_path: Path, name: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Found by the fuzzer: the runtime prints its opinion of such names, or hands them on and Python raises."""
    content = nets.net().replace(name, b"\x80\xff\xfe" + name[3:])

    with pytest.raises(ModelError, match=r"a\.onnx"):
        open_onnx(written(tmp_path / "a.onnx", content), PICTURE)

    assert capfd.readouterr() == ("", "")


def test_a_module_in_the_users_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "onnxruntime.py", b"import pathlib; pathlib.Path('ran').touch()")
    written(tmp_path / "json.py", b"import pathlib; pathlib.Path('ran').touch()")

    with open_onnx(written(tmp_path / "a.onnx", nets.net()), PICTURE):
        assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_model_that_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.onnx"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/zero")

    with pytest.raises(ModelError, match=rf"cannot be read: it is a {kind}"):
        open_onnx(path, PICTURE)
