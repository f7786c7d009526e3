"""High dynamic range as standard dynamic range: a table from one's colours to the other's.

Light is what the standards' reference display would give. What is brighter than paper in it is rolled off, so that
windows and lamps keep their drawing, and the hue stays.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Transfer = Literal["pq", "hlg"]
"""ITU-R BT.2100's two kinds: absolute, as of films; and relative, as of iPhones and broadcasts."""

_Floats = NDArray[np.float64]

_PEAK = 1000.0
"""Nits, candela a square metre: BT.2100's reference display, and what most is graded for. Brighter is cut."""
_WHITE = 203.0
"""Nits: paper white in HDR by ITU-R BT.2408; becomes the brightest there is, but for the roll-off."""
_GAMMA = 2.4
"""Of SDR's reference display, ITU-R BT.1886."""
_HLG_GAMMA = 1.2
"""Of HLG's, at `_PEAK`, BT.2100."""
_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""Linear BT.2020 colours as BT.709's, ITU-R BT.2407."""
_LUMA = np.array([0.2627, 0.6780, 0.0593])
"""Of BT.2020."""


def table(transfer: Transfer, steps: int) -> NDArray[np.float32]:
    """SDR's BT.709 colours for HDR's BT.2020 ones: (steps, steps, steps, 3) by blue, green and red; all of 0..1."""
    level = np.linspace(0, 1, steps)
    blue, green, red = np.meshgrid(level, level, level, indexing="ij")
    codes = np.stack([red, green, blue], axis=-1)
    nits = _pq_light(codes) if transfer == "pq" else _hlg_light(codes)
    linear = np.maximum(np.minimum(nits, _PEAK) @ _TO_709.T, 0)
    brightest = np.maximum(linear.max(axis=-1, keepdims=True), 1e-6)
    shown = linear * (rolled_off(brightest) / brightest) / _WHITE
    return np.asarray(np.clip(shown, 0, 1) ** (1 / _GAMMA), np.float32)


def rolled_off(nits: _Floats) -> _Floats:
    """Light of up to 1000 nits within 203: the lower half as it is, then ever less (ITU-R BT.2390, 5.4.1)."""
    most = float(_pq_code(np.array(_WHITE)) / _pq_code(np.array(_PEAK)))
    knee = 1.5 * most - 0.5
    code = np.minimum(_pq_code(nits) / _pq_code(np.array(_PEAK)), 1)
    t = np.clip((code - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return _pq_light(np.where(code < knee, code, spline) * _pq_code(np.array(_PEAK)))


# SMPTE ST 2084, as in BT.2100's table 4.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_light(code: _Floats) -> _Floats:
    power = np.maximum(code, 0) ** (1 / _M2)
    light = 10000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)
    return np.asarray(light)


def _pq_code(nits: _Floats) -> _Floats:
    power = (np.maximum(nits, 0) / 10000) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def _hlg_light(code: _Floats) -> _Floats:
    """BT.2100's table 5: the scene's light, and the reference display's of it."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    luma = np.maximum(scene @ _LUMA, 1e-9)[..., None]
    return np.asarray(_PEAK * luma ** (_HLG_GAMMA - 1) * scene)
