"""Makes docs/how-it-looks.md and its pictures: each scene through the tutorials' pipeline and through Rimlight.

    python tools/make_how_it_looks.py [SCENE ...]

One picture a scene: the input, what tutorials make of it, what Rimlight makes of it; below, the same place of each
at 400 %. Naming scenes makes only their pictures and leaves the page as it is. What the page says of each is in
`SHOWN`: look at the pictures, and change it there.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

import cv2
import numpy as np

from measure_scenes import FPS, SIZE, WARM_UP, frames, measure, methods, open_rimlight, row
from rimlight.assemble import shipped_backgrounds
from rimlight.picture import cover, from_bgr, to_bgr
from rimlight.sources.scenes import SCENES
from rimlight.sources.sitter import open_sitter
from rimlight.types import Bgr
from tutorial import Tutorial, composited

_DOCS = Path(__file__).parents[1] / "docs"
_TILE, _CROP, _ZOOM, _GAP = (320, 180), (80, 60), 4, 6
_QUALITY = 86


class Shown(NamedTuple):
    """What the page shows and says of a scene."""

    background: str
    number: int
    """Of the frame."""
    place: tuple[int, int]
    """Upper left corner, in the frame, of what is shown at 400 %."""
    words: str


SHOWN = {
    "hair": Shown(
        "hills",
        36,
        (585, 190),
        "The cut edge shears the strands off and keeps the wall between those that it leaves; Rimlight keeps "
        "them soft, but loses the ends of the thinnest. Where hair hangs before wood of its own colour, on the "
        "right, neither knows one from the other.",
    ),
    "boom": Shown(
        "hills",
        30,
        (572, 225),
        "Four pixels of boom: tutorials lose all of it. Rimlight keeps both ends, and still loses the "
        "middle, which the model never sees.",
    ),
    "hand": Shown(
        "evening",
        30,
        (945, 205),
        "Tutorials keep the room between the fingers. Rimlight lets it go, but fades the fingers, which its "
        "model doubts: here the tutorials' model sees more.",
    ),
    "glasses": Shown(
        "studio",
        30,
        (785, 180),
        "No holes in the face: rims and mirrored windows harm neither. Tutorials bite into the hair before "
        "the wood; Rimlight keeps the hair, and a faint strip of the bookshelf beside it.",
    ),
    "chair": Shown(
        "studio",
        30,
        (835, 140),
        "A dark chair that meets the hair is taken for the person: by tutorials on both sides, by Rimlight on "
        "one side less and less, as the room is learned.",
    ),
    "dark": Shown(
        "evening",
        30,
        (805, 110),
        "Noise tears the cut edge; Rimlight's is calm and soft.",
    ),
    "exposure": Shown(
        "studio",
        22,
        (805, 110),
        "Over-exposed for a moment. The cut edge keeps a bright seam of the old wall; Rimlight's has none.",
    ),
    "motion": Shown(
        "studio",
        33,
        (440, 190),
        "Tutorials cut the blurred side of the head off; Rimlight keeps it, soft as the shutter made it.",
    ),
    "newcomer": Shown(
        "hills",
        60,
        (1015, 230),
        "Both find the second person within a few frames, and both keep a piece of the dark bookshelf beside her "
        "dark hair.",
    ),
    "busy": Shown(
        "hills",
        30,
        (800, 120),
        "High contrast behind the hair costs both of them a part of the head; Rimlight's fades, which is no "
        "better.",
    ),
    "coat": Shown(
        "blur",
        30,
        (965, 225),
        "Tutorials keep the coat as if somebody stood there; Rimlight does not.",
    ),
    "shake": Shown(
        "studio",
        30,
        (825, 90),
        "A picture frame beside the hair stays in the cut matte; with Rimlight only a faint end of it does.",
    ),
    "mjpeg": Shown(
        "evening",
        30,
        (820, 100),
        "Blocks of eight pixels do not get into the matte of either; the old wall's seam stays in the cut edge.",
    ),
    "far": Shown(
        "hills",
        30,
        (815, 270),
        "The model sees somebody this small as a doubt: tutorials bite into the hair. Rimlight looks closer, "
        "and keeps all of it.",
    ),
}

_HEAD = """# How it looks

Each picture: the input, what the pipeline of tutorials makes of it, and what Rimlight's standard tier makes
of it; below, the same place of each, enlarged four times. The tutorials' pipeline is what one writes first:
the landscape selfie model on the whole frame, cut at one half, the whole frame blurred, `np.where`
(`tools/tutorial.py`). The sitter is synthetic, so the true matte is known exactly; `rimlight --camera
sitter:boom`, and so on, shows each scene live.

Figures: MAD (mean error of alpha x 1000), bIoU (agreement of the outline, 1 is best), dtSSD (flicker x 100),
and the fault that the scene is there for or, where none is named, pixels far from the outline that are wrong,
in per cent of the person's. `python tools/measure_scenes.py` prints them; `tests/quality` holds Rimlight to
bars on them. This page is made by `python tools/make_how_it_looks.py`.
"""


def sheet(scene: str) -> Bgr:
    """The picture of one scene."""
    shown = SHOWN[scene]
    behind = None
    if shown.background != "blur":
        file = np.asarray(cv2.imread(str(shipped_backgrounds()[shown.background]), cv2.IMREAD_COLOR))
        behind = to_bgr(cover(from_bgr(file), SIZE))
    with ExitStack() as opened:
        process = open_rimlight(opened, shown.background)
        tutorial = opened.enter_context(Tutorial())
        sitter = opened.enter_context(open_sitter(SIZE, FPS, paced=False, scene=scene))
        for frame in frames(sitter, range(max(WARM_UP, shown.number), shown.number + 1)):
            picture, _ = process(frame)
        plain = composited(frame.picture, tutorial.matte(frame.picture), behind)
        return _laid_out([to_bgr(frame.picture), plain, to_bgr(picture)], shown.place)


def _laid_out(pictures: list[Bgr], place: tuple[int, int]) -> Bgr:
    width, height = _TILE[0], _TILE[1] + _GAP + _CROP[1] * _ZOOM
    laid = np.full((height, len(pictures) * (width + _GAP) - _GAP, 3), 255, np.uint8)
    x, y = place
    for number, picture in enumerate(pictures):
        left = number * (width + _GAP)
        crop = picture[y : y + _CROP[1], x : x + _CROP[0]]
        small = cv2.resize(picture, _TILE, interpolation=cv2.INTER_AREA)
        box = [round(side * _TILE[0] / SIZE.width) for side in (x, y, x + _CROP[0], y + _CROP[1])]
        cv2.rectangle(small, (box[0], box[1]), (box[2], box[3]), (255, 255, 255), 1)
        laid[: _TILE[1], left : left + width] = small
        large = cv2.resize(crop, None, fx=_ZOOM, fy=_ZOOM, interpolation=cv2.INTER_NEAREST)
        laid[_TILE[1] + _GAP :, left : left + width] = large
    return laid


def section(scene: str) -> str:
    """The scene's part of the page, with its figures."""
    lines = [f"## {scene.capitalize()}: {SCENES[scene].about}\n", f"![{scene}](how-it-looks/{scene}.jpg)\n"]
    lines += [
        fill(SHOWN[scene].words, 110) + "\n",
        "| pipeline | MAD | bIoU | dtSSD | own fault |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in ("tutorial", "Rimlight"):
        # A new pipeline for each, so that none has a past.
        with ExitStack() as opened:
            lines.append(row(scene, name, measure(scene, methods(opened)[name])).partition(f"| {scene} ")[2])
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", help=f"of {', '.join(SHOWN)}; all, and the page")
    wanted = parser.parse_args().scenes
    cv2.setNumThreads(1)
    folder = _DOCS / "how-it-looks"
    folder.mkdir(exist_ok=True)
    for scene in wanted or SHOWN:
        cv2.imwrite(str(folder / f"{scene}.jpg"), sheet(scene), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not wanted:
        page = "\n".join([_HEAD, *(section(scene) for scene in SHOWN)])
        (_DOCS / "how-it-looks.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
