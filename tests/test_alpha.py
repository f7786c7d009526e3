"""Files with alpha, read back by FFmpeg alone: alpha is what it was, colours are straight, and no room is there."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from media import Sound, content, ellipse_pipeline, write_clip
from rimlight.backgrounds.transparent import open_transparent
from rimlight.errors import OutputExistsError, SettingError, SinkError, UsageError
from rimlight.offline import Report, process_clip
from rimlight.sinks.alpha import FFV1, PNG, PRORES, VP9, WEBP, alpha_encoding, carries_alpha
from rimlight.sinks.codecs import Quality
from rimlight.sinks.video_file import H264, Encoding, Track, open_video_file
from rimlight.sources.clip import open_clip
from rimlight.tags import ColorTags
from rimlight.types import Output, Size

SIZE = Size(160, 120)
ROUNDS = [("out.mov", 0), ("out.webm", 6), ("out.mkv", 0), ("out.webp", 0), ("stills", 0), ("still-%03d.png", 0)]
"""Names, and by how many levels alpha may differ when it is read back."""


def process(source: Path, name: str, **options: Any) -> Report:
    with open_clip(source) as clip, ellipse_pipeline(open_transparent()) as pipeline:
        return process_clip(clip, pipeline, source.with_name(name), **options)


def expected(source: Path) -> list[Output]:
    with open_clip(source) as clip, ellipse_pipeline(open_transparent()) as pipeline:
        pipeline.alone = True
        return [pipeline.process(frame) for frame in iter(clip.read, None)]


def images(path: Path) -> Iterator[av.VideoFrame]:
    """Every image of a video, decoded with its alpha: FFmpeg's own VP9 decoder leaves that out."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        if stream.codec_context.name != "vp9":
            yield from file.decode(stream)
            return
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        for packet in file.demux(stream):
            for image in decoder.decode(packet if packet.size else None):
                assert isinstance(image, av.VideoFrame)
                yield image


def plane(image: av.VideoFrame, number: int) -> NDArray[np.int64]:
    """In 8 bits, whatever it has."""
    own, bits = image.planes[number], image.format.components[number].bits
    rows = np.frombuffer(own, np.uint8 if bits == 8 else np.uint16).reshape(own.height, -1)[:, : own.width]
    return rows.astype(np.int64) >> (bits - 8)


def alphas(path: Path) -> list[NDArray[np.int64]]:
    if path.suffix == ".webp":
        return [image[..., 3] for image in animated(path)]
    if path.suffix in (".mov", ".webm", ".mkv"):
        return [plane(image, 3) for image in images(path)]
    folder, pattern = (path.parent, "still-*.png") if "%" in path.name else (path, "*.png")
    return [bgra(file)[..., 3] for file in sorted(folder.glob(pattern))]


def bgra(path: Path) -> NDArray[np.int64]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    assert image.shape[2] == 4
    levels: NDArray[np.int64] = image.astype(np.int64)
    return levels


def animated(path: Path) -> list[NDArray[np.int64]]:
    from PIL import Image, ImageSequence

    with Image.open(path) as file:
        return [np.array(frame.convert("RGBA"), np.int64) for frame in ImageSequence.Iterator(file)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("alpha") / "in.mkv", count=5, size=SIZE, tags=ColorTags(1, 1, 1, 1))


@pytest.mark.parametrize(("name", "most"), ROUNDS)
def test_alpha_comes_back(clip: Path, name: str, most: int) -> None:
    process(clip, name)

    got, truth = alphas(clip.with_name(name)), [output.alpha for output in expected(clip)]

    assert len(got) == len(truth)
    assert {0, 255} < set(np.unique(truth[0]))
    for one, other in zip(got, truth, strict=True):
        assert np.abs(one - other).max() <= most


@pytest.mark.parametrize(("name", "most"), [("colours.mkv", 0), ("colours.webm", 6), ("colours.mov", 12)])
def test_colours_are_the_persons_with_the_clips_matrix_and_range(clip: Path, name: str, most: int) -> None:
    process(clip, name)

    for image, output in zip(images(clip.with_name(name)), expected(clip), strict=True):
        assert (image.colorspace, image.color_range) == (1, 1)
        assert output.person is not None
        sure = output.alpha == 255
        assert np.abs(plane(image, 0) - output.person.y)[sure].max() <= most


def test_a_full_range_clip_becomes_limited_where_the_codec_has_no_other(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", count=1, size=SIZE, tags=ColorTags(1, 1, 1, 2))

    process(source, "out.mov")

    image, output = next(images(tmp_path / "out.mov")), expected(source)[0]
    assert image.color_range == 1
    assert output.person is not None
    sure = output.alpha == 255
    wanted = 16 + output.person.y[sure] * (219 / 255)
    assert np.abs(plane(image, 0)[sure] - wanted).max() <= 12


@pytest.mark.parametrize("name", ["hidden.mov", "hidden.webm", "hidden.mkv", "hidden"])
def test_who_drops_the_alpha_finds_no_room(tmp_path: Path, name: str) -> None:
    noisy = np.random.default_rng(1)

    def room(_: int, size: Size) -> tuple[Any, Any, Any]:
        shape = size.height, size.width
        half = size.height // 2, size.width // 2
        y = noisy.integers(20, 230, shape, np.uint8)
        y[shape[0] // 4 :, shape[1] // 3 : -shape[1] // 3] = 120
        return y, np.full(half, 118, np.uint8), np.full(half, 138, np.uint8)

    source = write_clip(tmp_path / "in.mkv", count=2, size=SIZE, make=room)
    process(source, name)

    alpha = expected(source)[0].alpha
    path = tmp_path / name
    luma = bgra(path / "000000.png")[..., 1] if name == "hidden" else plane(next(images(path)), 0)
    hidden = (alpha == 0).astype(np.uint8)
    assert hidden.mean() > 0.3
    if name == "hidden":
        assert not luma[hidden == 1].any()
    # The room is noise; what is there instead is flat, and black away from the person.
    detail = np.abs(cv2.Laplacian(luma.astype(np.float64), cv2.CV_64F))
    assert detail[cv2.erode(hidden, np.ones((3, 3))) == 1].mean() < 3
    far = cv2.erode(hidden, np.ones((41, 41))) == 1
    assert far.any()
    assert np.abs(luma[far] - (0 if name == "hidden" else 16)).max() <= (
        2 if name in ("hidden.webm", "hidden.mov") else 0
    )


def test_sound_goes_where_it_can_and_where_not_that_is_said(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", count=4, size=SIZE, sound=[Sound(seconds=0.2)])

    for name in ("out.mov", "out.mkv"):
        process(source, name)
        assert content_sound(tmp_path / name) == content(source).sound
    assert process(source, "out.webp").notes == ("animated WebP has no sound",)
    assert process(source, "stills").notes == ("PNGs have no times and no sound",)


def content_sound(path: Path) -> list[list[bytes]]:
    with av.open(str(path)) as file:
        return [[bytes(p) for p in file.demux(s) if p.size] for s in file.streams.audio]


def test_times_are_kept(tmp_path: Path) -> None:
    millis = Fraction(1, 1000)
    source = write_clip(tmp_path / "in.mkv", count=4, size=SIZE, pts=[0, 40, 45, 500], time_base=millis)

    for name in ("out.mov", "out.webm", "out.mkv"):
        process(source, name)
        with av.open(str(tmp_path / name)) as file:
            stream = file.streams.video[0]
            assert [i.pts * (stream.time_base or 0) for i in file.decode(stream) if i.pts is not None] == [
                p * millis for p in (0, 40, 45, 500)
            ]


def test_browsers_are_told_of_the_alpha(clip: Path) -> None:
    process(clip, "told.webm")
    with av.open(str(clip.with_name("told.webm"))) as file:
        assert file.streams.video[0].metadata["alpha_mode"] == "1"


def test_mp4_is_green_and_says_so(clip: Path) -> None:
    report = process(clip, "green.mp4")
    assert report.notes == ("green.mp4 carries no alpha, so the background is key green; --matte writes the alpha",)


def test_loops_are_short(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", count=3, fps=Fraction(1, 10))
    with pytest.raises(UsageError, match=r"20 s at most, this is 30\.0 s\nTake a part"):
        process(source, "out.webp")
    assert not (tmp_path / "out.webp").exists()


def test_loops_may_begin_late(tmp_path: Path) -> None:
    pts = [30_000 + 40 * number for number in range(4)]
    source = write_clip(tmp_path / "in.mkv", count=4, pts=pts, time_base=Fraction(1, 1000))
    process(source, "out.webp")
    assert len(animated(tmp_path / "out.webp")) == 4


@pytest.mark.parametrize(("name", "pads"), [("out.mov", True), ("out.webp", False), ("stills", False)])
def test_odd_sizes_are_told_where_they_are_padded(tmp_path: Path, name: str, pads: bool) -> None:
    source = write_clip(tmp_path / "in.mkv", count=2, size=Size(65, 49), pixels="yuv444p")
    told = f"{name} is 66x50, not 65x49: its pictures are even in size (edge repeated)"
    assert (told in process(source, name).notes) == pads


def test_pictures_that_are_there_are_kept_unless_forced(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "stills").mkdir()
    (tmp_path / "stills" / "000009.png").write_text("dear")
    with open_clip(clip) as source, ellipse_pipeline(open_transparent()) as pipeline:
        with pytest.raises(OutputExistsError, match="--force"):
            process_clip(source, pipeline, tmp_path / "stills")
        process_clip(source, pipeline, tmp_path / "stills", force=True)
    assert len(list((tmp_path / "stills").iterdir())) == 5


def test_other_pictures_in_the_folder_are_in_nobodys_way(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", count=3)
    (tmp_path / "logo.png").write_bytes(b"dear")
    process(source, "still-%04d.png")
    with pytest.raises(OutputExistsError, match="of such names already"):
        process(source, "still-%04d.png")
    assert (tmp_path / "logo.png").read_bytes() == b"dear"


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("a.mov", PRORES),
        ("a.webm", VP9),
        ("a.MKV", FFV1),
        ("a.webp", WEBP),
        ("stills", PNG),
        ("s-%04d.png", PNG),
        ("a.mp4", H264),
        ("-", H264),
    ],
)
def test_the_ending_chooses(name: str, encoding: Encoding) -> None:
    assert alpha_encoding(Path(name)) == encoding
    assert carries_alpha(encoding) == (encoding is not H264)


def test_vp9_takes_a_quality_and_others_refuse_it() -> None:
    chosen = alpha_encoding(Path("a.webm"), Quality(crf=30, preset="6"))
    assert (chosen.options["crf"], chosen.options["cpu-used"], chosen.pixels) == ("30", "6", "yuva420p")
    assert alpha_encoding(Path("a.mkv"), Quality("vp9")) == VP9
    assert alpha_encoding(Path("a.mov"), Quality("h264")) == H264
    with pytest.raises(UsageError, match="neither --crf nor --preset"):
        alpha_encoding(Path("a.mov"), Quality(crf=3))
    with pytest.raises(SettingError, match="--crf 99"):
        alpha_encoding(Path("a.webm"), Quality(crf=99))


def test_an_encoder_that_is_missing_is_told(tmp_path: Path) -> None:
    track = Track(SIZE, Fraction(1, 30), Fraction(30), ColorTags())
    for codec in ("libnothing", "libx264"):
        with pytest.raises(SinkError, match=codec):
            open_video_file(tmp_path / "a.mkv", track, Encoding(codec, "yuv420p", {}), container="webm")
    assert not list(tmp_path.iterdir())
