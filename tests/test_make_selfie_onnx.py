"""The .onnx files of the selfie models: made of the .tflite files beside them, and the same networks."""

from __future__ import annotations

import cv2
import numpy as np
import onnx
import pytest

from make_selfie_onnx import convert
from rimlight.assets import asset
from rimlight.segmenters.opencv import open_opencv
from rimlight.segmenters.selfie import GENERAL, LANDSCAPE, SelfieModel
from rimlight.segmenters.selfie_onnx import open_selfie_onnx

BOTH = pytest.mark.parametrize("model", [GENERAL, LANDSCAPE])


@BOTH
def test_what_ships_is_what_the_tool_makes(model: SelfieModel) -> None:
    made, shipped = convert(model.tflite.checked()), onnx.load_from_string(model.onnx.checked())
    for one in (made, shipped):
        one.ClearField("producer_version")
    assert made == shipped


@BOTH
def test_it_says_whose_it_is_and_what_was_changed(model: SelfieModel) -> None:
    """Apache-2.0, section 4b."""
    told = onnx.load_from_string(model.onnx.checked()).doc_string
    for word in ("Copyright The MediaPipe Authors", "Apache-2.0", "Changed by Rimlight"):
        assert word in told


@BOTH
def test_its_masks_are_those_of_the_network_it_is_made_of(model: SelfieModel) -> None:
    """OpenCV reads the original; a picture in which little is symmetric, so that exchanged pixels would show."""
    bgr = cv2.imread(str(asset("backgrounds", "studio.jpg")))
    sitter = cv2.imread(str(asset("sitters", "astronaut.png")))
    assert bgr is not None
    assert sitter is not None
    bgr[-sitter.shape[0] :, 300 : 300 + sitter.shape[1]] = sitter[-bgr.shape[0] :]
    rgb = cv2.cvtColor(cv2.resize(bgr, tuple(model.size), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
    with open_selfie_onnx(model) as ours, open_opencv(model) as reference:
        mask, expected = ours.segment(rgb), reference.segment(rgb)
    assert expected.max() > 0.9
    assert expected.min() < 0.1
    assert np.abs(mask - expected).max() < 1e-3
