"""`kill -9` at any moment of a live run leaves recordings that play, up to the last second."""

from __future__ import annotations

from pathlib import Path

import pytest

from measure_kills import ENDINGS, lost_in_a_kill

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("after", [50, 77])
def test_less_than_a_second_is_lost(after: int, tmp_path: Path) -> None:
    lost = lost_in_a_kill(tmp_path, after, "320x180")

    assert {file.name for file in tmp_path.iterdir()} == {f"talk.unfinished.{ending}" for ending in ENDINGS}
    assert all(0 <= seconds <= 1 for both in lost.values() for seconds in both), lost
