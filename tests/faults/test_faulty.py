"""Schedules, and the wrappers whose calls meet them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from faults.coded_room import SIZE, CodedSource, TruthSegmenter, Walk, draw
from faults.faulty import (
    FaultyBackground,
    FaultyControls,
    FaultyGovernor,
    FaultySegmenter,
    FaultySink,
    FaultySource,
    FaultyWindow,
)
from faults.schedule import (
    Alters,
    Corrupt,
    Delay,
    End,
    Everything,
    Fault,
    Hang,
    Raise,
    Repeat,
    Schedule,
    Shrink,
    Unreal,
)
from rimlight.backgrounds.color import open_color
from rimlight.errors import SegmenterError, SinkError, SourceError
from rimlight.picture import rgb_at, shrunk
from rimlight.protocols import Key, Source, Window
from rimlight.types import Color, Frame, Mask, Picture, Planes, Rgb, Size
from standins import WAIT, Collector, frame, output, uncut

GONE = Raise(lambda: SourceError("the cable fell out"))


def planned(method: str, *faults: Fault | None) -> Schedule:
    """The first calls of the method meet these."""
    return Schedule({method: {call: fault for call, fault in enumerate(faults) if fault is not None}})


def coded(*faults: Fault | None) -> FaultySource:
    return FaultySource(CodedSource(walk=Walk(0.02)), planned("read", *faults), CodedSource)


def seen() -> Rgb:
    """The coded room as a model sees it."""
    return rgb_at(shrunk(Planes(*draw(SIZE, 0, Walk()).planes), TruthSegmenter().size), Color())


def test_faults_happen_at_their_calls_and_are_counted() -> None:
    schedule = Schedule({"read": {1: GONE, 2: Repeat()}, "send": {0: End()}})
    assert schedule.meet("read") is None
    with pytest.raises(SourceError):
        schedule.meet("read")
    assert schedule.meet("read") == Repeat()
    assert schedule.meet("read") is None
    assert schedule.meet("send") == End()
    assert schedule.met == {"read raise": 1, "read repeat": 1, "send end": 1}
    assert (schedule.calls("read"), schedule.last) == (4, "send end")


def test_what_is_planned_soon_happens_to_the_next_calls_and_can_be_dropped() -> None:
    schedule = Schedule()
    schedule.meet("read")
    schedule.soon("read", Repeat(), times=2)
    assert [schedule.meet("read") for _ in range(3)] == [Repeat(), Repeat(), None]
    schedule.soon("read", Repeat())
    schedule.drop("read")
    assert schedule.meet("read") is None


@pytest.mark.parametrize("fault", [Hang(), Delay(WAIT)])
def test_what_hangs_is_let_go_of_when_the_schedule_is_closed(fault: Fault) -> None:
    with planned("read", fault) as schedule:
        thread = threading.Thread(target=schedule.meet, args=("read",))
        thread.start()
        thread.join(0.05)
        assert thread.is_alive()
    thread.join(WAIT)
    assert not thread.is_alive()


@pytest.mark.parametrize("how", ["noise", "zeros", "dtype", "bits"])
def test_garbage_is_of_the_same_shape_and_another_content(how: str) -> None:
    mask = np.full((6, 8), 0.5, np.float32)
    garbage = Corrupt(how).of(mask)  # type: ignore[arg-type]
    assert garbage.shape == mask.shape
    assert (garbage.dtype == mask.dtype) == (how != "dtype")
    assert how == "dtype" or not np.array_equal(garbage, mask)
    assert (mask == 0.5).all(), "the original stays"


def test_a_faulty_source_gives_garbage_repeats_other_sizes_and_the_end() -> None:
    with coded(None, Repeat(), Corrupt("noise"), Everything(), Shrink(0.5), Corrupt("dtype"), End()) as source:
        given = [source.read() for _ in range(5)]
        first, repeated, noise, white, small = (frame.picture for frame in given if frame is not None)
        with pytest.raises(ValueError, match="float64"):
            source.read()
        assert source.read() is None
    assert repeated is first
    assert noise.size == SIZE
    assert len(np.unique(noise.y)) > 10
    assert (white.y == 255).all()
    assert small.size == Size(SIZE.width // 2, SIZE.height // 2)


def test_a_faulty_source_comes_back_some_times_later_in_another_size_and_goes_on() -> None:
    schedule = Schedule({"reopen": {0: GONE, 1: GONE, 2: Shrink(2), 3: End()}, "read": {0: GONE}})
    source: Source | None = FaultySource(CodedSource(), schedule, CodedSource)
    assert source is not None
    assert source.returns
    with pytest.raises(SourceError):
        source.read()
    for _ in range(2):
        with pytest.raises(SourceError):
            source.reopened()
    again = source.reopened()
    assert again is not None
    assert again.format.size == Size(SIZE.width * 2, SIZE.height * 2)
    following = again.read()
    assert following is not None
    assert following.picture.size == again.format.size
    assert again.reopened() is None


def test_a_source_without_a_way_back_says_so() -> None:
    source = FaultySource(CodedSource(), Schedule())
    assert (source.returns, source.reopened()) == (False, None)


def test_a_faulty_segmenter_gives_the_last_mask_all_ones_nan_and_other_shapes() -> None:
    faults = (None, Repeat(), Everything(), Unreal(float("nan")), Shrink(0.5), End())
    with FaultySegmenter(TruthSegmenter(), planned("segment", *faults)) as segmenter:
        right = segmenter.segment(seen())
        repeated = segmenter.segment(np.zeros_like(seen()))
        masks = [segmenter.segment(seen()) for _ in range(4)]
    everything, unreal, small, nothing = masks
    assert 0.1 < right.mean() < 0.5, "the person"
    assert np.array_equal(repeated, right)
    assert (everything == 1).all()
    assert 0 < np.isnan(unreal).sum() < 10
    assert small.shape == (right.shape[0] // 2, right.shape[1] // 2)
    assert nothing.size == 0


def test_a_faulty_segmenter_raises_what_it_is_told() -> None:
    wrong = Raise(lambda: SegmenterError("nonsense"))
    with FaultySegmenter(TruthSegmenter(), planned("segment", wrong)) as segmenter, pytest.raises(SegmenterError):
        segmenter.segment(seen())


@pytest.mark.parametrize("fault", [Corrupt("zeros"), Everything()])
def test_a_faulty_background_paints_garbage(fault: Alters) -> None:
    plate = Picture.empty(SIZE)
    FaultyBackground(open_color("#808080"), planned("paint", fault)).paint(uncut(frame(0)), plate)
    assert np.unique(plate.i420).tolist() == ([255] if isinstance(fault, Everything) else [0])


def test_a_faulty_sink_is_opened_anew_and_what_hung_never_reaches_it() -> None:
    gone = Raise(lambda: SinkError("gone"))
    schedule = Schedule({"send": {0: gone, 1: Hang()}, "reopen sink": {0: gone, 2: End()}})
    inner = Collector()
    sink = FaultySink(inner, schedule)
    with pytest.raises(SinkError):
        sink.send(output(0))
    with pytest.raises(SinkError):
        sink.reopened()
    again = sink.reopened()
    assert again is not None
    hanging = threading.Thread(target=again.send, args=(output(1),))
    hanging.start()
    again.close()
    schedule.close()
    hanging.join(WAIT)
    assert again.reopened() is None
    assert inner.indices == []
    assert inner.closed == 0


def test_a_faulty_window_presses_keys_or_none() -> None:
    pressed: list[Key] = ["mirror"]
    window = FaultyWindow(Collector(), planned("keys", None, End()), lambda: pressed)
    assert isinstance(window, Window)
    assert [list(window.keys()) for _ in range(3)] == [["mirror"], [], ["mirror"]]


def test_faulty_controls_and_governors_raise_and_else_do_what_they_should() -> None:
    schedule = Schedule({"apply": {0: GONE}, "tend": {0: GONE}})

    class Echo:
        def apply(self, key: Key) -> str:
            return key

    controls, governor = FaultyControls(Echo(), schedule), FaultyGovernor(schedule)
    with pytest.raises(SourceError):
        controls.apply("mirror")
    with pytest.raises(SourceError):
        governor.tend()
    assert (controls.apply("mirror"), governor.tend()) == ("mirror", "")


def test_frames_and_masks_of_the_double_are_those_of_the_protocol() -> None:
    with coded() as source:
        given = source.read()
    assert isinstance(given, Frame)
    mask: Mask = TruthSegmenter().segment(seen())
    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1
