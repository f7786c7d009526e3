"""All or nothing: what processing leaves behind when it is refused, fails, is interrupted or killed."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from media import content, ellipse_pipeline, write_clip
from rimlight.errors import DiskError, OutputExistsError, SegmenterError, UsageError
from rimlight.offline import process_clip
from rimlight.sources.clip import open_clip
from rimlight.types import Cut, Output, Size


def process(source: Path, output: Path, *, breaks: Callable[[Cut], None] = lambda _: None, **options: Any) -> None:
    with open_clip(source) as clip, ellipse_pipeline() as pipeline:
        whole = pipeline.compose

        def composed(cut: Cut) -> Output:
            breaks(cut)
            return whole(cut)

        pipeline.compose = composed  # type: ignore[method-assign]
        process_clip(clip, pipeline, output, **options)


def tree(folder: Path) -> list[str]:
    return sorted(str(found.relative_to(folder)) for found in folder.rglob("*"))


@pytest.mark.parametrize("error", [SegmenterError("out of breath"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("matte", ["matte", "there", "matte.mkv"])
def test_an_error_or_ctrl_c_leaves_nothing(tmp_path: Path, error: BaseException, matte: str) -> None:
    source = write_clip(tmp_path / "a.mp4", count=60, size=Size(128, 96))
    (tmp_path / "there").mkdir()
    (tmp_path / "out.mp4").write_text("dear")
    before = tree(tmp_path)

    def breaks(cut: Cut) -> None:
        if cut.index == 50:
            raise error

    with pytest.raises(type(error)):
        process(source, tmp_path / "out.mp4", matte=tmp_path / matte, force=True, breaks=breaks)

    assert tree(tmp_path) == before
    assert (tmp_path / "out.mp4").read_text() == "dear"


def test_nothing_is_there_before_all_is(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=5)
    seen: set[str] = set()

    def looks(_: Cut) -> None:
        seen.update(name for name in tree(tmp_path) if "/" not in name and not name.startswith("."))

    process(source, tmp_path / "out.mp4", matte=tmp_path / "matte.mkv", breaks=looks)

    assert seen == {"a.mp4"}
    assert tree(tmp_path) == ["a.mp4", "matte.mkv", "out.mp4"]


def test_existing_files_are_kept_unless_forced(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=3)
    output = tmp_path / "out.mp4"
    output.write_text("dear")

    with pytest.raises(OutputExistsError, match=r"out\.mp4 exists already\n.*--force"):
        process(source, output)
    assert output.read_text() == "dear"

    process(source, output, force=True)
    assert len(content(output).times) == 3


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_the_input_is_never_overwritten(tmp_path: Path, link: Callable[[Path, Path], None] | None) -> None:
    source = write_clip(tmp_path / "a.mkv", count=3)
    before = source.read_bytes()
    output = source
    if link:
        output = tmp_path / "b.mkv"
        link(source, output)

    with pytest.raises(UsageError, match="is the input itself"):
        process(source, output, force=True)
    with pytest.raises(UsageError, match="is the input itself"):
        process(source, tmp_path / "c.mp4", matte=output, force=True)
    with pytest.raises(UsageError, match="both"):
        process(source, tmp_path / "c.mkv", matte=tmp_path / "c.mkv", force=True)

    assert source.read_bytes() == before


@pytest.mark.parametrize("name", ["out.avi", "out.png", "out"])
def test_endings_that_no_video_is_written_to_are_refused(tmp_path: Path, name: str) -> None:
    source = write_clip(tmp_path / "a.mp4", count=3)

    with pytest.raises(UsageError, match=r"ends like this\n.*\.mp4"):
        process(source, tmp_path / name)

    assert tree(tmp_path) == ["a.mp4"]


def test_folders_that_take_no_file_are_named(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=3)

    with pytest.raises(DiskError, match="there is no folder"):
        process(source, tmp_path / "gone" / "out.mp4")
    with pytest.raises(DiskError, match=r"/proc/self/out\.mp4 cannot be written"):
        process(source, Path("/proc/self/out.mp4"))
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputExistsError, match="is a folder"):
        process(source, tmp_path / "folder.mp4", force=True)


def limited(size: int) -> None:
    """What a full disk does: files may grow no further than this."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


FULL = """
import sys; sys.path.insert(0, "tests")
from pathlib import Path
import test_offline_ends as t
t.limited(int(sys.argv[3]))
folder = Path(sys.argv[1])
try:
    t.process(folder / "a.mp4", folder / "out.mp4", matte=folder / sys.argv[2])
except t.DiskError as error:
    print(error)
"""


@pytest.mark.parametrize(("matte", "limit"), [("matte.mkv", 20000), ("matte", 100)])
def test_a_full_disk_leaves_nothing(tmp_path: Path, matte: str, limit: int) -> None:
    write_clip(tmp_path / "a.mp4", count=60, size=Size(256, 192))

    told = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), matte, str(limit)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert "cannot be written: it became larger" in told.stdout
    assert told.stderr == ""
    assert tree(tmp_path) == ["a.mp4"]


KILL = """
import sys; sys.path.insert(0, "tests")
import os, signal
from pathlib import Path
import test_offline_ends as t
def kill(frame):
    if frame.index == 100:
        os.kill(os.getpid(), signal.SIGKILL)
folder = Path(sys.argv[1])
t.process(folder / "a.mp4", folder / "out.mp4", matte=folder / "matte", breaks=kill)
"""


def test_a_kill_leaves_hidden_files_at_most(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=120)

    told = subprocess.run([sys.executable, "-c", KILL, str(tmp_path)], check=False, timeout=60)

    assert told.returncode == -signal.SIGKILL
    assert [name for name in tree(tmp_path) if "/" not in name] == [".out.mp4.part", "a.mp4", "matte"]
    assert all(found.name.startswith(".part-") for found in (tmp_path / "matte").iterdir())
    # And are not in the way of the next try.
    process(source, tmp_path / "out.mp4", matte=tmp_path / "matte")
    assert len(content(tmp_path / "out.mp4").times) == len(list((tmp_path / "matte").glob("*.png"))) == 120


def test_an_output_is_known_by_any_name(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", count=3)
    (tmp_path / "x").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    for other in (tmp_path / "x" / ".." / "out.mkv", tmp_path / "link" / "out.mkv"):
        with pytest.raises(UsageError, match="both the output and its matte"):
            process(source, tmp_path / "out.mkv", matte=other, force=True)
    assert not (tmp_path / "out.mkv").exists()
