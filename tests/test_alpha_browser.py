"""A video with alpha over a coloured page in Chromium: what is seen is the person over that colour, and no room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from browser import needs_chromium, screenshot
from media import ellipse_pipeline, write_clip
from rimlight.backgrounds.transparent import open_transparent
from rimlight.offline import process_clip
from rimlight.picture import to_bgr
from rimlight.sources.clip import open_clip
from rimlight.tags import ColorTags
from rimlight.types import Size

SIZE = Size(640, 480)
MAGENTA = (255, 0, 255)
"""Blue, green and red."""

PAGE = """<!doctype html><meta charset=utf-8>
<style>body { margin: 0; background: #ff00ff } video { display: block }</style>
<video id=v muted playsinline src=/out.webm></video><script>
v.requestVideoFrameCallback(() => requestAnimationFrame(() => requestAnimationFrame(
  () => fetch('/', {method: 'POST'}))));
v.play().then(() => v.pause());
</script>"""


@needs_chromium
@pytest.mark.slow
def test_the_page_shows_through_and_not_the_room(tmp_path: Path) -> None:
    # Every image is the same: which of them is shown does not matter.
    source = write_clip(tmp_path / "in.mkv", count=12, size=SIZE, tags=ColorTags(1, 1, 1, 1), make=still)
    with open_clip(source) as clip, ellipse_pipeline(open_transparent()) as pipeline:
        process_clip(clip, pipeline, tmp_path / "out.webm")
        pipeline.alone = True
        with clip.again() as again:
            frame = again.read()
            assert frame is not None
            output = pipeline.process(frame)
    assert output.person is not None

    seen = screenshot(PAGE, tmp_path, SIZE)

    assert seen.shape == (SIZE.height, SIZE.width, 3)
    share = output.alpha[..., None] / 255
    ideal = to_bgr(output.person) * share + np.array(MAGENTA) * (1 - share)
    wrong = np.abs(seen - ideal).max(axis=2)
    assert wrong[output.alpha == 0].max() <= 2
    assert np.percentile(wrong, 99.9) <= 12


def still(_: int, size: Size) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(size.width), np.arange(size.height))
    half = np.s_[: size.height // 2, : size.width // 2]
    luma = 60 + (x * 90 // size.width + y * 40 // size.height)
    u, v = 100 + x[half] * 40 // size.width, 100 + y[half] * 40 // size.height
    return luma.astype(np.uint8), u.astype(np.uint8), v.astype(np.uint8)
