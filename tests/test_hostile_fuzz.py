"""The fuzzer itself, and a short run of it: docs/benchmarks.md has the table of the long one."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fuzz
from hostile import worker
from hostile.seeds import picture_seeds
from hostile.spoil import blocks, spoilt, summed
from hostile.worker import Outcome, Worker, input_of, seeds_of
from rimlight.picture_file import header_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fuzzer's limits are Linux's")

COUNT = {"pictures": 200, "videos": 90, "settings": 100, "models": 6}

REFUSED = {
    # Kinds that are not let through to OpenCV; and of a TIFF of floats it makes no colours.
    "pictures": {"ppm", "pgm", "pfm", "ras", "hdr", "jp2", "gif", "avif", "tiff"},
    "videos": {"m3u8", "ffconcat", "sdp", "mpd"},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", worker.KINDS)
def test_no_hostile_input_is_a_fault(kind: str) -> None:
    whole = seeds_of(kind)
    outcomes = list(fuzz.feed_all(kind, 7, range(COUNT[kind]), jobs=2))

    assert [one for one in outcomes if one.verdict in fuzz.FAULTS] == []
    assert {one.number for one in outcomes} == set(range(COUNT[kind]))
    # What is spoilt was good, but for what is refused on purpose.
    refused = {one.number for one in outcomes if one.verdict == "refused"}
    assert {seed.ending for number, seed in enumerate(whole) if number in refused} == REFUSED.get(kind, set())
    assert len(refused) < COUNT[kind]


@pytest.fixture
def fed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Worker]:
    """A process whose inputs do what the test says."""
    harm = f"import os, time, hostile.feed; hostile.feed.feed = lambda *_: {request.param}; "
    monkeypatch.setattr(worker, "ENTRY", harm + worker.ENTRY)
    (tmp_path / "seeds.json").write_text("[]")
    process = Worker("settings", 0, tmp_path / "seeds.json")
    yield process
    process.close()


@pytest.mark.parametrize(
    ("fed", "verdict", "told"),
    [
        ("True", "accepted", ""),
        ("False", "refused", ""),
        ("1 / 0", "error", "ZeroDivisionError"),
        ("os.abort()", "crash", "SIGABRT"),
        ("os._exit(3)", "crash", "exit code 3"),
        ("time.sleep(1000)", "hang", "no answer"),
        ("len(b'x' * (400 << 20))", "memory", ""),
        ("len(b'x' * (1 << 50))", "memory", "MemoryError"),
    ],
    indirect=["fed"],
)
def test_each_kind_of_fault_is_seen_and_survived(
    fed: Worker, verdict: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_MEMORY", 300 << 20)
    if verdict == "hang":
        monkeypatch.setattr(worker, "PATIENCE", 2.0)
    for number in (1, 2):
        outcome = fed.feed(number)
        assert (outcome.number, outcome.verdict) == (number, verdict)
        assert told in outcome.told


def test_the_same_number_is_the_same_input() -> None:
    seeds = seeds_of("pictures")
    made = [input_of("pictures", 3, number, seeds) for number in range(60)]

    assert made == [input_of("pictures", 3, number, seeds_of("pictures")) for number in range(60)]
    assert len(set(made)) > 55
    assert made != [input_of("pictures", 4, number, seeds) for number in range(60)]


def test_spoilt_pngs_have_right_sums_and_new_sizes() -> None:
    png = next(seed.content for seed in picture_seeds() if seed.ending == "png")
    dice = random.Random(1)
    spoilt_ones = [spoilt(png, [png], dice) for _ in range(300)]

    assert summed(png) == png
    assert len(blocks(png)) >= 3
    sizes = {header.size for header in map(header_of, spoilt_ones) if header is not None}
    assert len(sizes) > 5


def test_the_table_counts_what_was_found() -> None:
    found = [Outcome(0, "accepted", 0.1, 5 << 20), Outcome(1, "refused", 2.0, 9 << 20), Outcome(2, "hang", 30.0, 0)]
    lines = fuzz.table({"videos": found, "models": found[:1]}, markdown=True)

    assert lines[2] == "| videos | 3 | 1 | 1 | 0 | 0 | 1 | 0 | 30.0 | 9 |"
    assert lines[4] == "| all | 4 | 2 | 1 | 0 | 0 | 1 | 0 | 30.0 | 9 |"
