"""tools/soak.py: a short one, and what it tells."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from faults.coded_room import TruthSegmenter
from faults.nemesis import CARD_AFTER_LOSS
from faults.soaking import Sample, Soaked, soak
from soak import main, markdown, merged, slope, verdicts, with_section


@pytest.mark.slow
def test_a_short_soak_meets_faults_and_gets_over_them() -> None:
    soaked = soak(1500, 0, TruthSegmenter, lambda _: None)
    assert soaked.frames >= 1500
    assert soaked.faults.total() > 0
    assert not soaked.hangs
    assert not soaked.error
    assert soaked.leaks == 0
    assert len(soaked.samples) >= 10
    assert "| bar " in markdown(soaked)


def soaked(**values: object) -> Soaked:
    made = Soaked(frames=100_000, seconds=600.0, faults=Counter({"read raise": 3, "segment hang": 1}))
    made.samples = [Sample(n * 1000, 100.0, 7, 9) for n in range(100)]
    made.times[CARD_AFTER_LOSS] += [0.4, 0.42, 0.45]
    for name, value in values.items():
        setattr(made, name, value)
    return made


def broken(made: Soaked) -> list[str]:
    return [verdict.what for verdict in verdicts(made) if not verdict.holds]


def test_nothing_is_broken_when_nothing_is() -> None:
    assert broken(soaked()) == []


def test_every_bar_can_be_broken() -> None:
    assert broken(soaked(leaks=1)) == ["outputs with pixels of the raw room"]
    assert broken(soaked(hangs=Counter({"the camera": 1}))) == ["hangs for good"]
    assert broken(soaked(error="SinkError: lost")) == ["ended early"]
    assert broken(soaked(slowest=1.6)) == ["oldest output"]
    assert broken(soaked(times={CARD_AFTER_LOSS: [0.4, 0.6]})) == [CARD_AFTER_LOSS]
    growing = [Sample(n * 1000, 100.0 + n, 7 + n // 10, 9 + n // 10) for n in range(100)]
    assert broken(soaked(samples=growing)) == [
        "MB gained in 100 000 frames",
        "threads gained in 100 000 frames",
        "handles gained in 100 000 frames",
    ]


def test_the_slope_leaves_out_what_fills_at_first() -> None:
    filling = [Sample(n * 1000, 50.0 * n, 7, 9) for n in range(3)]
    flat = [Sample(n * 1000, 150.0 + n / 10, 7, 9) for n in range(3, 12)]
    assert slope(filling + flat, lambda sample: sample.memory) == pytest.approx(10)


def test_the_table_counts_faults_by_method_and_kind() -> None:
    text = markdown(soaked())
    assert "| read      |      |     3 |" in text
    assert "| segment   |    1 |       |" in text
    assert "| camera lost or hanging, to the card |     3 |   0.42 | 0.45 |  0.45 | 0.5 |     0 |" in text


def test_the_section_is_exchanged_and_all_else_stays() -> None:
    page = "# Benchmarks\n\n## Speed\n\nfast\n\n## Soak\n\nold\n\n## More\n\nmore\n"
    made = with_section(page, "new")
    assert "old" not in made
    assert made.startswith("# Benchmarks\n\n## Speed\n\nfast\n\n## Soak\n\nMade by")
    assert made.endswith("new\n\n## More\n\nmore\n")
    assert with_section(made, "new") == made
    assert with_section("# Page\n", "new").startswith("# Page\n\n## Soak\n")


def test_it_writes_the_page_and_ends_with_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    for leaks, code in ((0, 0), (2, 1)):
        monkeypatch.setattr("soak.soak", lambda *_, leaks=leaks: soaked(leaks=leaks))
        assert main(["--markdown", str(page)]) == code
        assert f"{leaks} outputs with pixels of the raw room" in page.read_text()
    assert "## Soak" in page.read_text()
    assert "verdict" in capsys.readouterr().out


def test_parts_make_a_whole() -> None:
    one, other = soaked(leaks=1, slowest=0.5), soaked(hangs=Counter({"the camera": 2}))
    other.samples = [Sample(n * 1000, 100.0 + n, 7, 9) for n in range(100)]
    whole = merged([one, other])
    assert (whole.frames, whole.leaks, whole.hangs.total(), whole.slowest) == (200_000, 1, 2, 0.5)
    assert whole.faults == Counter({"read raise": 6, "segment hang": 2})
    assert len(whole.times[CARD_AFTER_LOSS]) == 6
    assert whole.samples is other.samples, "of the one that gained most"
