"""Colour profiles: which are passed on, and how a background gets the photo's colours."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageCms

from photos import P3_PRIMARIES, profile
from rimlight.backgrounds.color import open_color
from rimlight.backgrounds.profiled import ProfiledBackground
from rimlight.icc import from_srgb, is_rgb_profile
from rimlight.picture import from_bgr, to_bgr
from rimlight.protocols import Background
from rimlight.types import Alpha, Color, Cut, Picture, Planes, Size

JPEG = Color("bt601", full_range=True)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_profiles_of_rgb_colours_are_known() -> None:
    assert is_rgb_profile(profile())
    assert is_rgb_profile(SRGB)
    for none in (b"", b"x" * 200, profile(space=b"CMYK"), profile()[:-1], profile() + b"!", bytes(2 << 20)):
        assert not is_rgb_profile(none)


def test_srgb_needs_no_conversion() -> None:
    assert from_srgb(SRGB) is None


def test_damaged_profiles_are_told() -> None:
    with pytest.raises(ValueError, match="not a usable colour profile"):
        from_srgb(profile()[:200] + bytes(300))


def test_srgb_is_less_saturated_in_display_p3() -> None:
    convert = from_srgb(profile(P3_PRIMARIES))
    assert convert is not None
    shades = np.array([[[255, 0, 0], [0, 255, 0], [128, 128, 128]]], np.uint8)

    # Red and green of sRGB in P3, as CSS Color 4 has them, with a gamma of 2.2; gray stays gray.
    np.testing.assert_allclose(convert(shades)[0].astype(int), [[234, 51, 35], [117, 251, 76], [127] * 3], atol=6)


class Slope(Background):
    """Colours that change from pixel to pixel."""

    name = "slope"

    def paint(self, cut: Cut, out: Picture) -> None:  # noqa: ARG002
        np.copyto(out.i420, from_bgr(self.image(out.size), out.color).i420)

    def image(self, size: Size) -> np.ndarray:
        y, x = np.mgrid[: size.height, : size.width]
        return np.dstack([x * 255 // size.width, y * 255 // size.height, (x + y) % 256]).astype(np.uint8)

    def close(self) -> None: ...


def cut_of(size: Size) -> Cut:
    picture = Picture.empty(size, JPEG)
    alpha = Alpha(np.zeros((size.height, size.width), np.uint8))
    return Cut(picture, alpha, Planes(*picture.planes), alpha, 0.0)


@pytest.mark.parametrize("size", [Size(320, 200), Size(3000, 40)], ids=str)
def test_a_background_gets_the_photos_colours(size: Size) -> None:
    convert = from_srgb(profile())
    assert convert is not None
    other, cut = Slope(), cut_of(size)

    plate = to_bgr(ProfiledBackground(other, convert).plate(cut))

    before = to_bgr(other.plate(cut))
    wanted = convert(np.ascontiguousarray(before[..., ::-1]))[..., ::-1]
    error, change = (np.abs(plate.astype(int) - image).mean() for image in (wanted, before))
    assert error < 1.5
    assert change > 4 * error


def test_one_colour_is_converted_exactly() -> None:
    convert = from_srgb(profile())
    assert convert is not None
    plate = to_bgr(ProfiledBackground(open_color("#ff0000"), convert).plate(cut_of(Size(64, 48))))
    assert np.abs(plate.astype(int) - convert(np.array([[[255, 0, 0]]], np.uint8))[0, 0, ::-1]).max() <= 2
