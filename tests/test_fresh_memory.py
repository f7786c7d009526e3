"""Once it is warm, a frame costs no fresh memory: what one frame lets go of, the next one takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

FRAMES = """
import resource
import cv2, numpy as np
cv2.setNumThreads(1)
from rimlight.assemble import open_background
from rimlight.framing import fitted
from rimlight.pipeline import Pipeline
from rimlight.segmenters.ellipse import EllipseSegmenter
from rimlight.sources.sitter import open_sitter
from rimlight.types import (Frame, Size)

WARM, COUNTED = 60, 60
with open_sitter(Size(1280, 720), paced=False) as sitter:
    pictures = [sitter.render(index) for index in range(10)]
    background = open_background("{background}", 0.5, sitter.format)
kept = []
with Pipeline(EllipseSegmenter(), background, fitted, light_wrap=0.25) as pipeline:
    for index in range(WARM + COUNTED):
        if index == WARM:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        output = pipeline.process(Frame(pictures[index % 10], index / 30, index))
        {also}
    after = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print((after - before) / COUNTED)
"""

PAGES_OF_A_PICTURE = 1280 * 720 * 3 / 2 / 4096


def faults(background: str, also: str = "") -> float:
    """Pages that the kernel had to provide, a frame."""
    code = FRAMES.format(background=background, also=also)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted by Linux's getrusage")
@pytest.mark.parametrize("background", ["blur", "studio"])
def test_a_frame_takes_no_fresh_memory(background: str) -> None:
    assert faults(background) < PAGES_OF_A_PICTURE / 10


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted by Linux's getrusage")
def test_whoever_keeps_outputs_is_what_takes_memory() -> None:
    """The count tells: kept pictures and their alphas come from the kernel."""
    assert faults("blur", "kept.append(output)") > PAGES_OF_A_PICTURE
