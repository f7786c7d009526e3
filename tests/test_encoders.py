"""Which encoder live pictures get: hardware only where it has proven itself, and x264 everywhere else."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import rimlight.sinks.encoder_trial as trial
from rimlight.sinks.encoders import _HARDWARE, SOFTWARE, _succeeds, chosen, live_codec, live_encoding, proves_itself
from rimlight.types import Size, StreamFormat


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system with every kind of hardware."""
    for codecs in _HARDWARE.values():
        for file in filter(None, codecs.values()):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("platform", "codec"), [("linux", "h264_nvenc"), ("darwin", "h264_videotoolbox"), ("win32", "h264_nvenc")]
)
def test_the_systems_best_is_taken_if_it_proves_itself_and_x264_if_none_does(
    platform: str, codec: str, root: Path
) -> None:
    assert chosen(platform, root, lambda _: True) == codec
    assert chosen(platform, root, lambda _: False) == SOFTWARE


def test_the_next_one_is_tried_where_one_fails(root: Path) -> None:
    assert chosen("win32", root, lambda codec: codec == "h264_mf") == "h264_mf"


def test_where_there_is_no_such_hardware_nothing_is_tried(tmp_path: Path) -> None:
    assert chosen("linux", tmp_path, pytest.fail) == SOFTWARE
    assert chosen("haiku", tmp_path, pytest.fail) == SOFTWARE


def test_one_that_hangs_or_crashes_has_not_proven_itself() -> None:
    assert _succeeds([sys.executable, "-c", ""], 20)
    assert not _succeeds([sys.executable, "-c", "import time; time.sleep(60)"], 0.2)
    assert not _succeeds([sys.executable, "-c", "import os; os.abort()"], 20)
    assert not _succeeds(["/no/such/program"], 1)


def test_the_trial_knows_a_good_encoder_and_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trial.works(SOFTWARE, Size(320, 180))
    assert proves_itself(SOFTWARE, 128, 96)
    monkeypatch.setattr(trial, "live_encoding", lambda format, _: live_encoding(format))  # noqa: A006
    assert not trial.works("no_such_encoder", Size(320, 180))


def test_the_trial_sees_pictures_that_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0)
    monkeypatch.setattr(
        trial, "made_up", lambda _, size: noise.integers(16, 235, (size.height * 3 // 2, size.width), np.uint8)
    )
    assert not trial.works(SOFTWARE, Size(320, 180)), "at this quality noise does not come through"


def test_here_an_encoder_is_found() -> None:
    format = StreamFormat(Size(128, 96), Fraction(30))  # noqa: A001
    assert trial.works(live_codec(format), format.size)
