"""What a live run keeps: of what was shown, to the byte; never anything else to anybody else."""

from __future__ import annotations

import stat
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keeping import Bright, piped, walking
from media import Sound, write_clip
from rimlight.airlock import Airlock
from rimlight.errors import DiskError, OutputExistsError, SinkError, UsageError
from rimlight.kept import Header
from rimlight.pipeline import Pipeline
from rimlight.protocols import Closes
from rimlight.recompose import open_recomposition
from rimlight.recordings import open_keeping
from rimlight.settings import Settings
from rimlight.sinks.keeper import Keeper
from rimlight.sinks.kept_file import KeptFile
from rimlight.sources.clip import open_clip
from rimlight.sources.kept import open_kept
from rimlight.types import Output, Size, StreamFormat

SIZE = Size(240, 160)
FORMAT = StreamFormat(SIZE, Fraction(30))


def opened(folder: Path, **options: Any) -> Keeper:
    return open_keeping(["preview", str(folder / "talk.mp4")], Settings(), FORMAT, **options)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keeper")
    return write_clip(folder / "in.mkv", count=30, fps=Fraction(30), size=SIZE, make=walking, sound=[Sound()])


def live(source: Path, pipeline: Pipeline, keeper: Keeper, shown: Any) -> list[Output]:
    """A run that sends those outputs whose numbers are to be `shown`, and cuts the others in vain."""
    outputs = []
    pipeline.keep = keeper.take
    with open_clip(source) as clip:
        for frame in iter(clip.read, None):
            cut = pipeline.cut(frame)
            if shown(frame.index):
                outputs.append(pipeline.compose(cut))
                keeper.send(outputs[-1])
    return outputs


def anew(path: Path, background: str) -> list[tuple[bytes, bytes, float]]:
    with open_kept(path) as kept, open_recomposition(Settings(background=background), kept) as pipeline:
        outputs = [pipeline.process(frame) for frame in iter(kept.read, None)]
    return told(outputs)


def told(outputs: list[Output]) -> list[tuple[bytes, bytes, float]]:
    return [(output.picture.i420.tobytes(), output.alpha.tobytes(), output.at) for output in outputs]


@pytest.mark.parametrize("shown", [lambda _: True, lambda index: index % 3], ids=["all", "two of three"])
def test_what_was_shown_comes_again_to_the_byte(tmp_path: Path, source: Path, shown: Any) -> None:
    with (
        open_clip(source) as clip,
        piped("blur", clip, Bright(Size(64, 64))) as pipeline,
        opened(tmp_path) as keeper,
    ):
        outputs = live(source, pipeline, keeper, shown)

    assert keeper.dropped == 0
    assert anew(tmp_path / "talk.rim.mkv", "blur") == told(outputs)
    assert stat.S_IMODE((tmp_path / "talk.rim.mkv").stat().st_mode) == 0o600


def test_mattes_may_change_their_size_and_the_picture_its_side(tmp_path: Path, source: Path) -> None:
    outputs = []
    with open_clip(source) as clip, piped("blur", clip) as pipeline, opened(tmp_path) as keeper:
        pipeline.keep = keeper.take
        for frame in iter(clip.read, None):
            pipeline.effort = pipeline.effort.__class__(guide_size=160 if frame.index < 10 else 200)
            pipeline.mirror = frame.index > 20
            outputs.append(pipeline.process(frame))
            keeper.send(outputs[-1])

    assert anew(tmp_path / "talk.rim.mkv", "blur") == told(outputs)


def test_nothing_is_kept_while_the_card_is_up_nor_of_what_was_refused(tmp_path: Path, source: Path) -> None:
    airlock = Airlock(FORMAT, 0.0)
    with open_clip(source) as clip, piped("blur", clip) as pipeline, opened(tmp_path) as keeper:
        pipeline.keep = keeper.take
        first = clip.read()
        assert first is not None
        output = airlock.passed(pipeline.process(first), first.at)
        assert output is not None
        keeper.send(output)
        for _ in range(5):
            frame = clip.read()
            assert frame is not None
            pipeline.cut(frame)
            keeper.send(airlock.shut(frame.at))

    with open_kept(tmp_path / "talk.rim.mkv") as kept:
        assert [frame.index for frame in iter(kept.read, None)] == [0]


def test_a_pause_is_a_pause_and_what_was_learned_in_it_is_forgotten(tmp_path: Path, source: Path) -> None:
    outputs = []
    with open_clip(source) as clip, piped("blur", clip) as pipeline, opened(tmp_path) as keeper:
        pipeline.keep = keeper.take
        for frame in iter(clip.read, None):
            if frame.index == 10:
                keeper.pause(frame.at)
                assert keeper.paused
            if frame.index == 20:
                assert not keeper.forgetting
                keeper.resume(frame.at)
            if frame.index == 22:
                assert keeper.forgetting
                # As the run does then.
                pipeline.reset()
            outputs.append(pipeline.process(frame))
            keeper.send(outputs[-1])
        assert not keeper.forgetting

    with open_kept(tmp_path / "talk.rim.mkv") as kept:
        frames = list(iter(kept.read, None))
    assert [frame.index for frame in frames] == [*range(10), *range(22, 30)]
    assert np.diff([frame.pts for frame in frames]).max() <= 3 * 3200
    shown = [output for output in outputs if output.index not in range(10, 22)]
    assert anew(tmp_path / "talk.rim.mkv", "blur") == told(shown)


def test_when_nothing_more_can_be_written_what_there_is_stays(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = KeptFile.write

    def fills(file: KeptFile, frame: Any, matted: Any, pts: int, duration: int) -> None:
        if frame.index == 28:
            raise DiskError("the disk is full")
        write(file, frame, matted, pts, duration)

    monkeypatch.setattr(KeptFile, "write", fills)
    keeper = opened(tmp_path)
    with open_clip(source) as clip, piped("blur", clip) as pipeline:
        pipeline.keep = keeper.take
        for frame in (clip.read() for _ in range(29)):
            assert frame is not None
            keeper.send(pipeline.process(frame))
        with pytest.raises(DiskError, match=r"is full\. What was recorded .* lies in .*talk\.unfinished\.rim\.mkv"):
            keeper.close()

    part = tmp_path / "talk.unfinished.rim.mkv"
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    with open_kept(part) as kept:
        assert len(list(iter(kept.read, None))) >= 8


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    opened(tmp_path).close()
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "talk.rim.mkv").write_text("dear")
    with pytest.raises(OutputExistsError, match=r"talk\.rim\.mkv exists"):
        opened(tmp_path)
    opened(tmp_path, force=True).close()
    assert (tmp_path / "talk.rim.mkv").read_text() == "dear"


def test_it_wants_a_recording_to_lie_beside(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is none\nGive --to talk\.mp4"):
        open_keeping(["virtual:/dev/video9", "preview"], Settings(), FORMAT)
    with pytest.raises(DiskError, match="no folder"):
        opened(tmp_path / "gone")


def test_what_cannot_be_written_any_more_is_told_by_the_sink(tmp_path: Path, source: Path) -> None:
    class Full(Closes):
        def close(self) -> None:
            """Nothing."""

        def write(self, *_: object) -> None:
            raise DiskError("the disk is full")

    with open_clip(source) as clip, piped("blur", clip) as pipeline:
        header = Header(SIZE, SIZE, FORMAT, Fraction(1, 90000), clip.facts.tags, None, False, True, "live", "1")
        keeper = Keeper(tmp_path / "a.rim.mkv", header, Full(), None)  # type: ignore[arg-type]
        pipeline.keep = keeper.take
        outputs = [pipeline.process(frame) for frame in iter(clip.read, None)]
        keeper.send(outputs[0])
        keeper._thread.join(5)
        with pytest.raises(SinkError, match="the disk is full"):
            keeper.send(outputs[1])
        keeper.close()
