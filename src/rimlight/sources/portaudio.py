"""PortAudio, loaded through its Python package sounddevice: quietly, and with the devices that are there by now."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from rimlight.errors import MicrophoneError

if TYPE_CHECKING:
    from types import ModuleType

_GET_IT = (
    "Debian, Ubuntu: sudo apt install libportaudio2; Fedora: sudo dnf install portaudio; Arch: pacman -S portaudio"
)

_AlsaHandler = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)
_JackHandler = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
_hear_nothing = (_AlsaHandler(lambda *_: None), _JackHandler(lambda _: None))
"""Kept as long as the program runs: the libraries keep their addresses."""


class Device(NamedTuple):
    """A device that hears."""

    number: int
    name: str
    channels: int
    rate: int
    """Samples a second that it prefers."""
    is_default: bool


def open_portaudio() -> ModuleType:
    """The package. Called again when no stream is open, PortAudio looks anew which devices there are.

    Raises MicrophoneError.
    """
    # On Linux PortAudio also looks for a JACK server, which its library would start.
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    known = "sounddevice" in sys.modules
    _hush()
    try:
        import sounddevice

        if known:
            # Its maintainer's advice where devices come and go: there is no public way.
            sounddevice._terminate()  # noqa: SLF001
            sounddevice._initialize()  # noqa: SLF001
    except ImportError as error:
        raise MicrophoneError(f"sound needs sounddevice: {error}", "pip install sounddevice") from error
    except OSError as error:
        raise MicrophoneError("sound needs PortAudio, which is not installed", _GET_IT) from error
    except Exception as error:
        raise MicrophoneError(f"PortAudio does not work: {why(error)}") from error
    portaudio: ModuleType = sounddevice
    return portaudio


def devices(portaudio: ModuleType) -> list[Device]:
    """Those that hear, the systems' usual way to them first: Windows has several."""
    default = portaudio.default.device[0]
    known: list[dict[str, Any]] = list(portaudio.query_devices())
    usual = known[default]["hostapi"] if 0 <= default < len(known) else 0
    hearing = [one for one in known if one["max_input_channels"] > 0]
    return [
        Device(
            one["index"],
            one["name"],
            one["max_input_channels"],
            round(one["default_samplerate"]),
            one["index"] == default,
        )
        for one in sorted(hearing, key=lambda one: one["hostapi"] != usual)
    ]


def why(error: Exception) -> str:
    """What PortAudio says, in its words alone."""
    words = error.args[0] if error.args else error
    return str(words).partition(" [PaErrorCode")[0]


def _hush() -> None:
    """Keeps ALSA and JACK from writing to the terminal what they tried; what goes wrong is told by PortAudio."""
    if sys.platform != "linux":
        return
    for library, words in (
        ("libasound.so.2", ("snd_lib_error_set_handler",)),
        ("libjack.so.0", ("jack_set_error_function", "jack_set_info_function")),
    ):
        try:
            loaded = ctypes.CDLL(library)
            for word in words:
                getattr(loaded, word)(_hear_nothing[library.startswith("libjack")])
        except (OSError, AttributeError):  # not there, so that it says nothing
            continue
