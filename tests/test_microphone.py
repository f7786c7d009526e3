"""Microphones through PortAudio: found, opened, timed, lost."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

import rimlight.sources.microphone as room
from rimlight.errors import MicrophoneError
from rimlight.sources.microphone import chosen
from rimlight.sources.portaudio import Device, open_portaudio, why
from sounds import FakePortAudio

TWO = (("HDA Intel: ALC295 (hw:0,0)", 2), ("Speakers", 0), ("USB Audio Device: - (hw:1,0)", 1))


@pytest.mark.parametrize(
    ("wanted", "name"),
    [("default", TWO[0][0]), ("usb", TWO[2][0]), ("USB Audio Device: - (hw:1,0)", TWO[2][0]), ("alc", TWO[0][0])],
)
def test_a_microphone_is_found_by_its_name_or_a_part_of_it(wanted: str, name: str) -> None:
    with FakePortAudio(TWO).open(wanted) as microphone:
        assert microphone.name == name


@pytest.mark.parametrize("name", ["usb", "default", "USB Audio Device"])
def test_one_that_is_had_back_has_exactly_its_name(name: str) -> None:
    known = [Device(number, *two, 48000, number == 0) for number, two in enumerate(TWO) if two[1]]
    with pytest.raises(MicrophoneError, match="there is no microphone"):
        chosen(known, name, exactly=True)
    assert chosen(known, TWO[2][0], exactly=True).name == TWO[2][0]


def test_one_that_does_not_start_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    portaudio = FakePortAudio()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the driver is gone")

    monkeypatch.setattr(room.SoundCard, "_compare", fail)
    closed: list[bool] = []
    monkeypatch.setattr(room.SoundCard, "close", lambda _: closed.append(True))
    with pytest.raises(RuntimeError, match="is gone"):
        portaudio.open()
    assert closed


def test_one_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(MicrophoneError) as caught:
        FakePortAudio(TWO).open("Rode")
    assert str(caught.value) == (
        "there is no microphone 'Rode'\n"
        "Give default, none, or one of: HDA Intel: ALC295 (hw:0,0), USB Audio Device: - (hw:1,0)"
    )
    with pytest.raises(MicrophoneError, match="there is no microphone\nConnect one"):
        FakePortAudio((("Speakers", 0),)).open()


@pytest.mark.parametrize(("rates", "rate"), [((48000, 16000), 48000), ((16000,), 16000)])
def test_it_is_opened_at_48_khz_where_it_can_be_and_with_two_channels_at_most(rates: Any, rate: int) -> None:
    portaudio = FakePortAudio((("Array", 8),), rates)
    with portaudio.open() as microphone:
        assert microphone.read().rate == rate
    assert {key: portaudio.opened[0][key] for key in ("samplerate", "blocksize", "channels", "device")} == {
        "samplerate": rate,
        "blocksize": rate // 50,
        "channels": 2,
        "device": 0,
    }


@pytest.mark.parametrize("early", [0.0, -0.02, 5.0, -1e9])
def test_pieces_have_the_monotonic_time_of_their_first_sample(early: float) -> None:
    """Whatever clock PortAudio has, and where it tells nonsense, or no time at all."""
    portaudio = FakePortAudio()
    portaudio.early = early
    begun = time.monotonic()
    with portaudio.open() as microphone:
        sounds = [microphone.read() for _ in range(10)]
    for number, sound in enumerate(sounds):
        assert sound.at - begun == pytest.approx(number * 0.02, abs=0.015), number
        assert sound.samples[0] == pytest.approx(0.5)


def test_one_that_gives_no_more_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_PATIENCE", 0.1)
    portaudio = FakePortAudio()
    portaudio.blocks = 2
    with portaudio.open() as microphone:
        microphone.read()
        microphone.read()
        with pytest.raises(MicrophoneError, match=r"Built-in Audio has given no sound for 0\.1 s"):
            microphone.read()


def test_who_reads_too_slowly_gets_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_QUEUE", 3)
    with FakePortAudio().open() as microphone:
        begun = microphone.read().at
        time.sleep(0.2)
        assert microphone.read().at - begun > 0.08


def test_without_portaudio_one_line_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MicrophoneError, match="pip install sounddevice"):
        open_portaudio()

    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(MicrophoneError, match="not installed\nDebian, Ubuntu: sudo apt install libportaudio2"):
        open_portaudio()


def test_what_portaudio_says_is_told_without_its_numbers() -> None:
    error = FakePortAudio.PortAudioError(
        "Error opening RawInputStream: Device unavailable [PaErrorCode -9985]", -9985
    )
    assert why(error) == "Error opening RawInputStream: Device unavailable"
