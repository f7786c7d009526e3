"""Measures how true the edges of large photos are, and what that costs: mattes scaled up, or refined at full size.

    python tools/measure_photos.py

Prints Markdown. The photos have 24 megapixels: the sitter's portrait, enlarged, with grain, before the room; its
edge as soft as enlarging makes it, three times as steep, or with strands of hair one to four pixels thick. Boundary
IoU is the field's (2 % of the diagonal) and one of 18 pixels; band: mean error of the matte in levels within 24
pixels of the true edge; colours: the same of the composite on white, against one with true matte and own colours.
CPU is that of cutting (refined: after that), or of file to file with the model's loading; one thread, memory warm.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rimlight import detail
from rimlight.assemble import open_pipeline
from rimlight.assets import asset
from rimlight.figures import boundary, frame_figures, overlap
from rimlight.photo import PHOTO_COLOR, process_photo
from rimlight.picture import from_bgr, scale, to_bgr
from rimlight.picture_file import read_picture
from rimlight.pipeline import Pipeline
from rimlight.settings import Settings, Tuning
from rimlight.types import Alpha, Bgr, Cut, Frame, Plane, Size, StreamFormat

SIZE = Size(6000, 4000)
_SCALE = 4.25
_GRAIN, _NOISE = 14.0, 2.0
"""Standard deviations in levels: of the portrait's texture, one pixel soft, and of the sensor."""
_CROWN = np.array((456.0, 165.0)) * _SCALE
_NARROW, _BAND = 18, 24
"""Pixels."""
_ANY = StreamFormat(Size(2, 2), Fraction(1))


class Witness(NamedTuple):
    """A photo whose true matte is known."""

    name: str
    bgr: Bgr
    truth: Plane
    person: Bgr
    """The person's own colours."""


def witnesses() -> Iterator[Witness]:
    """Soft, sharp and hairy."""
    random = np.random.default_rng(1)
    cutout = read_picture(asset("sitters", "astronaut.png")).decoded(cv2.IMREAD_UNCHANGED)
    room = read_picture(asset("sitters", "room.jpg")).decoded(cv2.IMREAD_COLOR)
    room = cv2.resize(room[:, 120:1800], SIZE, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    large = cv2.resize(cutout, None, fx=_SCALE, fy=_SCALE, interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(random.normal(0, 1, large.shape[:2]).astype(np.float32), (0, 0), 1) * _GRAIN
    large[..., :3] = np.clip(large[..., :3] + grain[..., None], 0, 255)
    for name, steepness in (("soft", 1.0), ("sharp", 3.0), ("hair", 2.0)):
        worn = large.copy()
        worn[..., 3] = np.clip((worn[..., 3].astype(np.float32) - 127.5) * steepness + 127.5, 0, 255)
        if name == "hair":
            _add_strands(worn)
        top, left = SIZE.height - worn.shape[0], (SIZE.width - worn.shape[1]) // 2
        person, truth = np.zeros((SIZE.height, SIZE.width, 3), np.uint8), np.zeros(SIZE[::-1], np.uint8)
        there = np.s_[top:, left : left + worn.shape[1]]
        person[there], truth[there] = worn[..., :3], worn[..., 3]
        share = truth[..., None] / np.float32(255)
        seen = share * person + (1 - share) * room + random.normal(0, _NOISE, room.shape).astype(np.float32)
        yield Witness(name, seen.clip(0, 255).astype(np.uint8), truth, person)


def _add_strands(worn: NDArray[np.uint8]) -> None:
    """Loose hair in the colours that it grows from."""
    random = np.random.default_rng(5)
    colors, alpha = np.ascontiguousarray(worn[..., :3]), np.ascontiguousarray(worn[..., 3])
    for _ in range(1600):
        angle = math.radians(random.uniform(152, 388))
        out = np.array([math.cos(angle), math.sin(angle)])
        reach = np.arange(round(60 * _SCALE), round(165 * _SCALE))
        ray = (_CROWN[:, None] + out[:, None] * reach).astype(int).clip(0)
        edge = reach[worn[ray[1], ray[0], 3] > 128][-1]
        root = _CROWN + out * (edge - random.uniform(8, 30) * _SCALE)
        tone = worn[int(root[1]), int(root[0]), :3] * random.uniform(0.7, 1.3)
        along = np.array([-out[1], out[0]]) * (1 if out[0] > 0 else -1)
        stands, length = random.gamma(2.0, 0.22), random.uniform(20, 80) * _SCALE
        t = np.linspace(0, 1, 40)[:, None]
        path = root + length * ((along + stands * out) * t - 0.5 * stands * out * t**2 + (0, 0.3) * t**2)
        width = min(4, 1 + int(random.gamma(1.2, 0.7)))
        points = [np.rint(path * 16).astype(np.int32)]
        cv2.polylines(colors, points, False, tone.clip(0, 255).tolist(), width + 2, cv2.LINE_8, 4)
        cv2.polylines(alpha, points, False, 255, width, cv2.LINE_AA, 4)
    worn[..., :3], worn[..., 3] = colors, alpha


class Row(NamedTuple):
    """Of one witness and one way."""

    biou: float
    narrow: float
    band: float
    colors: float
    cpu: float


def measured(witness: Witness, cut: Cut, pipeline: Pipeline, cpu: float) -> Row:
    """The figures of a cut, composed on white."""
    truth = witness.truth
    edge = boundary(truth > 127, 1)
    away = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 3)
    band = (away <= _BAND) | ((truth > 5) & (truth < 250))
    share = truth[band][:, None] / np.float32(255)
    ideal = share * witness.person[band] + (1 - share) * 255
    narrow = (boundary(matte > 127, _NARROW) for matte in (cut.alpha, truth))
    return Row(
        frame_figures(cut.alpha, truth).biou,
        overlap(*narrow),
        float(cv2.absdiff(cut.alpha, truth)[band].mean()),
        float(np.abs(to_bgr(pipeline.compose(cut).picture)[band] - ideal).mean()),
        cpu * 1e3,
    )


def ways(witness: Witness) -> Iterator[tuple[str, Row]]:
    """What becomes of a photo with each guide scaled up, and refined up to each size."""
    frame = Frame(from_bgr(witness.bgr, PHOTO_COLOR), 0.0, 0)
    for guide in (640, 1280, 1920):
        settings = Settings(background="#ffffff", light_wrap=0, tuning=Tuning(guide_size=guide))
        with open_pipeline(settings, _ANY) as pipeline:
            pipeline.cut(frame)
            pipeline.reset()
            begun = time.process_time()
            cut = pipeline.cut(frame)
            yield f"guide {guide}, scaled up", measured(witness, cut, pipeline, time.process_time() - begun)
            if guide > 640:
                continue
            for size in (1352, 2848, SIZE.width):
                own = cut.alpha.copy()
                begun = time.process_time()
                made = _refined_to(replace(cut, alpha=Alpha(own)), size)
                yield f"640, refined up to {size}", measured(witness, made, pipeline, time.process_time() - begun)


def _refined_to(cut: Cut, long_side: int) -> Cut:
    if long_side == SIZE.width:
        return detail.detailed(cut)
    small = Size(long_side, round(long_side * SIZE.height / SIZE.width / detail.GRAIN) * detail.GRAIN)
    fewer = replace(
        cut, picture=scale(cut.picture, small), alpha=Alpha(np.empty((small.height, small.width), np.uint8))
    )
    made = detail.detailed(fewer)
    alpha: Plane = cv2.resize(made.alpha, SIZE, interpolation=cv2.INTER_LINEAR)
    return replace(cut, alpha=Alpha(alpha), planes=made.planes, small=made.small)


def main() -> None:
    """Prints both tables."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    cv2.setNumThreads(1)
    rows: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for witness in witnesses():
            for way, row in ways(witness):
                rows.setdefault(way, []).append(row)
            cv2.imwrite(f"{folder}/{witness.name}.jpg", witness.bgr, (cv2.IMWRITE_JPEG_QUALITY, 95))
        print("| matte | bIoU soft/sharp/hair | bIoU, 18 pixels | band | colours | CPU ms |\n|" + " --- |" * 6)
        for way, three in rows.items():
            figures = [
                "/".join(f"{value:.{digits}f}" for value in values)
                for values, digits in zip(list(zip(*three, strict=True))[:4], (3, 2, 1, 1), strict=True)
            ]
            print(f"| {way} | {' | '.join(figures)} | {np.mean([row.cpu for row in three]):.0f} |")
        for _ in range(2):
            begun, wall = time.process_time(), time.perf_counter()
            with open_pipeline(Settings(background="office"), _ANY) as pipeline:
                process_photo(Path(folder) / "hair.jpg", pipeline, Path(folder) / "out.jpg", force=True)
            print(f"\nfile to file: {time.process_time() - begun:.2f} s CPU, {time.perf_counter() - wall:.2f} s")


if __name__ == "__main__":
    main()
