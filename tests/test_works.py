"""The works: a pipeline that fails or hangs is replaced, a bounded number of times, and nothing of it is shown."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from rimlight.errors import SegmenterError
from rimlight.journal import Journal
from rimlight.shift import LIMIT, Line
from rimlight.slot import LatestSlot
from rimlight.types import Alpha, Cut, Frame, Output
from rimlight.works import OPENING, TRIES, OpenLine, Works, only
from standins import WAIT, ScriptedPipeline, frame


class Scene:
    """Works whose watcher's time passes as fast as the test asks."""

    def __init__(self, open_line: OpenLine) -> None:
        self.frames: LatestSlot[Frame] = LatestSlot()
        self.journal = Journal()
        self.works = Works(open_line, self.frames, self.journal)
        self.now = 0.0
        self.index = 0

    def until(self, holds: Callable[[Output | None], bool], each: float = 0.0) -> Output | None:
        """Feeds frames and tends until it holds of what comes out; a turn takes the watcher `each` seconds."""
        limit = time.monotonic() + WAIT
        while True:
            assert time.monotonic() < limit
            self.frames.put(frame(self.index))
            self.index += 1
            output = self.works.take(0.005)
            self.now += each
            self.works.tend(self.now)
            if holds(output):
                return output

    def stop(self) -> list[str]:
        self.frames.close()
        return self.works.stop(time.monotonic() + WAIT)


def something(output: Output | None) -> bool:
    return output is not None


def failing_at(index: int, error: Exception) -> ScriptedPipeline:
    def before(frame: Frame) -> None:
        if frame.index >= index:
            raise error

    return ScriptedPipeline(before)


@pytest.mark.parametrize(
    "error", [SegmenterError("the model gave nonsense"), ZeroDivisionError("a bug"), MemoryError()]
)
def test_a_pipeline_that_fails_is_replaced_and_closed(error: Exception) -> None:
    closed: list[int] = []

    def open_line(given_up: int) -> Line:
        pipeline = failing_at(2, error) if given_up == 0 else ScriptedPipeline()
        return Line(pipeline, close=lambda: closed.append(given_up))

    scene = Scene(open_line)
    scene.until(lambda _: "model back" in scene.journal.counts)
    output = scene.until(something)
    assert output is not None
    assert output.index > 2
    assert scene.journal.counts == {"model failed": 1, "model back": 1}
    assert closed == [0]
    assert scene.stop() == []
    assert closed == [0, 1]


def test_a_pipeline_that_failed_or_hung_is_let_go_of_at_once() -> None:
    let_go = threading.Event()
    made: list[weakref.ref[ScriptedPipeline]] = []

    def fails_or_hangs(frame: Frame) -> None:
        if frame.index % 3 == 2:
            if len(made) == 1:
                raise SegmenterError("the model gave nonsense")
            if len(made) == 2:
                let_go.wait(WAIT)

    def open_line(_: int) -> Line:
        pipeline = ScriptedPipeline(fails_or_hangs)
        made.append(weakref.ref(pipeline))
        return Line(pipeline)

    gc.collect()
    gc.disable()
    try:
        scene = Scene(open_line)
        scene.until(lambda _: scene.journal.counts.get("model back") == 2, each=0.05)
        let_go.set()
        scene.until(lambda _: [one() is None for one in made] == [True, True, False])
    finally:
        gc.enable()
    assert scene.stop() == []


def test_what_fails_again_and_again_ends_the_run_with_its_error() -> None:
    opened: list[int] = []

    def open_line(given_up: int) -> Line:
        opened.append(given_up)
        return Line(failing_at(0, SegmenterError(f"failed {given_up}")))

    scene = Scene(open_line)
    with pytest.raises(SegmenterError, match=f"failed {TRIES}"):
        scene.until(lambda _: False)
    assert opened == list(range(TRIES + 1))
    scene.stop()


def test_failures_that_lie_apart_never_end_the_run() -> None:
    scenes: list[Scene] = []

    def open_line(_: int) -> Line:
        return Line(failing_at(scenes[0].index + 1 if scenes else 0, SegmenterError("once more")))

    scenes.append(scene := Scene(open_line))
    scene.until(lambda _: scene.journal.counts.get("model failed", 0) > 3 * TRIES, each=20.0)
    scene.stop()


def test_without_another_the_error_is_raised_as_it_is() -> None:
    error = ZeroDivisionError("a bug")
    scene = Scene(only(Line(failing_at(1, error))))
    with pytest.raises(ZeroDivisionError) as raised:
        scene.until(lambda _: False)
    assert raised.value is error
    scene.stop()


@pytest.mark.parametrize("where", ["cut", "compose"])
def test_a_pipeline_that_hangs_is_left_behind_and_what_it_says_later_is_not_shown(where: str) -> None:
    go, back, closed = threading.Event(), threading.Event(), threading.Event()

    class Hanging(ScriptedPipeline):
        def cut(self, frame: Frame) -> Cut:
            if where == "cut" and frame.index >= 2:
                assert go.wait(WAIT)
                back.set()
            return super().cut(frame)

        def compose(self, cut: Cut) -> Output:
            if where == "compose" and cut.index >= 2:
                assert go.wait(WAIT)
                back.set()
            return super().compose(cut)

    def open_line(given_up: int) -> Line:
        return Line(Hanging(), close=closed.set) if given_up == 0 else Line(ScriptedPipeline())

    scene = Scene(open_line)
    scene.until(lambda _: "model back" in scene.journal.counts, each=0.05)
    assert scene.journal.counts == {"model hung": 1, "model back": 1}
    hung_at = scene.index
    go.set()
    assert back.wait(WAIT)
    assert closed.wait(WAIT), "it is closed by its own thread"
    for _ in range(10):
        output = scene.until(something)
        assert output is not None
        assert output.index > hung_at - round(LIMIT / 0.05)
    assert scene.stop() == []


def test_a_model_that_hangs_while_it_loads_is_given_up_and_closed_when_it_comes() -> None:
    go, closed = threading.Event(), threading.Event()

    def open_line(given_up: int) -> Line:
        if given_up == 0:
            assert go.wait(WAIT)
            return Line(ScriptedPipeline(), close=closed.set)
        return Line(ScriptedPipeline())

    scene = Scene(open_line)
    scene.until(something, each=OPENING / 50)
    assert scene.journal.counts == {"model hung": 1, "model back": 1}
    go.set()
    assert closed.wait(WAIT)
    scene.stop()


def test_what_cannot_be_opened_at_first_ends_the_run_at_once() -> None:
    def open_line(_: int) -> Line:
        raise SegmenterError("no such model")

    with pytest.raises(SegmenterError, match="no such model"):
        Scene(open_line).until(lambda _: False)


def test_after_a_gap_or_when_told_the_past_is_forgotten() -> None:
    class Forgetful(ScriptedPipeline):
        resets = 0

        def reset(self) -> None:
            self.resets += 1

    pipeline = Forgetful()
    scene = Scene(only(Line(pipeline)))
    scene.until(something)
    assert pipeline.resets == 0
    scene.index += 300
    scene.until(lambda output: output is not None and output.index >= 300)
    assert pipeline.resets == 1
    scene.works.reset()
    scene.until(lambda _: pipeline.resets == 2)
    scene.stop()


def test_a_matte_out_of_nowhere_is_never_composed() -> None:
    composed: list[float] = []

    class Blinded(ScriptedPipeline):
        def cut(self, frame: Frame) -> Cut:
            cut = super().cut(frame)
            everything = Alpha(np.full_like(cut.small, 255))
            blind = 5 <= frame.index < 10
            return Cut(cut.picture, everything, cut.planes, everything, cut.at, index=cut.index) if blind else cut

        def compose(self, cut: Cut) -> Output:
            composed.append(cut.index)
            return super().compose(cut)

    scene = Scene(only(Line(Blinded())))
    scene.until(lambda output: output is not None and output.index >= 10)
    assert not set(composed) & set(range(5, 10))
    scene.stop()
