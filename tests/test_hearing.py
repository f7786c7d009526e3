"""One microphone for all recordings: open while one of them runs, lost and had back, never waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

import rimlight.hearing
from rimlight.errors import MicrophoneError
from rimlight.hearing import Hearing
from rimlight.protocols import Ears, Microphone
from rimlight.types import Sound
from sounds import ScriptedMicrophone, pieces, tone
from standins import WAIT


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rimlight.hearing, "_RETRY", 0.01)


def until(true: Callable[[], object], what: str) -> None:
    limit = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < limit, what
        time.sleep(0.002)


class Shop:
    """Opens these microphones, one after another; then there is none."""

    def __init__(self, *microphones: ScriptedMicrophone) -> None:
        self._left = list(microphones)
        self.asked: list[str] = []
        self.exactly: list[bool] = []

    def open(self, name: str, exactly: bool) -> Microphone:
        self.asked.append(name)
        self.exactly.append(exactly)
        if not self._left:
            raise MicrophoneError("there is no microphone", "Connect one.")
        return self._left.pop(0)


def said(hearing: Hearing) -> Iterator[str]:
    return iter(hearing.line, None)


def opened(hearing: Hearing) -> Ears:
    ears = hearing.ears()
    assert ears is not None
    return ears


class Listener(list[Sound]):
    """Keeps what is not empty."""

    def take(self, sound: Sound) -> None:
        if len(sound.samples):
            self.append(sound)


SOUNDS = pieces(tone(1.0), 5.0)


def test_nothing_is_open_until_somebody_records_and_after_the_last_one_does() -> None:
    microphone = ScriptedMicrophone(SOUNDS)
    shop = Shop(microphone)
    with Hearing("default", shop.open) as hearing:
        assert (shop.asked, hearing.note) == ([], "")
        one, two = opened(hearing), opened(hearing)
        assert shop.asked == ["default"], "one microphone for both"
        heard_by_one, heard_by_two = Listener(), Listener()
        one.tell(heard_by_one.take)
        two.tell(heard_by_two.take)
        microphone.allow(3)
        until(lambda: len(heard_by_two) == 3, "the sound does not come")
        one.close()
        one.close()
        microphone.allow(2)
        until(lambda: len(heard_by_two) == 5, "it is closed for both")
        assert [sound.at for sound in heard_by_one] == [sound.at for sound in SOUNDS[:3]]
        assert not microphone.closed.is_set()
        two.close()
        assert microphone.closed.wait(WAIT)
        assert hearing.note == ""
        assert list(said(hearing)) == ["microphone: Built-in Audio"]


def test_another_recording_opens_it_anew() -> None:
    shop = Shop(ScriptedMicrophone([]), ScriptedMicrophone([]))
    with Hearing("default", shop.open) as hearing:
        opened(hearing).close()
        opened(hearing).close()
    assert shop.asked == ["default"] * 2


def test_without_a_microphone_one_line_says_so() -> None:
    with Hearing("default", Shop().open) as hearing:
        assert hearing.ears() is None
        assert list(said(hearing)) == ["recording without sound: there is no microphone\nConnect one."]
        assert hearing.note == ""


def test_one_that_was_lost_is_had_back_by_its_name_and_its_absence_is_told_once() -> None:
    first, second = ScriptedMicrophone(SOUNDS[:1], "USB Audio"), ScriptedMicrophone(SOUNDS[1:2], "USB Audio")
    shop = Shop(first)
    heard = Listener()
    with Hearing("default", shop.open) as hearing:
        opened(hearing).tell(heard.take)
        first.allow(2)
        until(lambda: hearing.note == "mic USB Audio lost", "its loss is not told")
        until(lambda: len(shop.asked) > 3, "it is not asked for again")
        assert first.closed.is_set()
        shop._left.append(second)
        second.allow()
        until(lambda: len(heard) == 2, "it is not had back")
        assert shop.exactly[0] is False
        assert all(shop.exactly[1:]), "no other one takes its place"
        assert hearing.note.startswith("mic USB Audio ")
        assert set(shop.asked[1:]) == {"USB Audio"}
        assert list(said(hearing))[1:3] == [
            "USB Audio was unplugged; recording silence until it is back",
            "USB Audio is back",
        ]


def test_one_that_does_not_answer_is_not_waited_for_and_no_other_is_opened_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rimlight.hearing, "_PATIENCE", 0.05)
    monkeypatch.setattr(rimlight.hearing, "_END_LIMIT", 0.05)
    answers, opening = threading.Event(), []
    microphone = ScriptedMicrophone([])

    def open_it(_: str, __: bool) -> Microphone:
        opening.append(1)
        assert answers.wait(WAIT)
        return microphone

    with Hearing("default", open_it) as hearing:
        assert hearing.ears() is None
        assert hearing.ears() is None
        assert len(opening) == 1
        assert set(said(hearing)) == {"the microphone does not answer; there will be no sound"}
    answers.set()
    assert microphone.closed.wait(WAIT), "what opens too late is closed"


def test_a_bug_in_a_driver_is_a_microphone_that_was_lost() -> None:
    class Broken(ScriptedMicrophone):
        def read(self) -> Sound:
            raise ZeroDivisionError("a bug")

    with Hearing("default", Shop(Broken([])).open) as hearing:
        opened(hearing)
        until(lambda: hearing.note.endswith("lost"), "it is not told")
        why = "Built-in Audio failed: ZeroDivisionError: a bug"
        assert f"{why}; recording silence until it is back" in said(hearing)


def test_the_note_says_how_loud_it_is() -> None:
    microphone = ScriptedMicrophone(SOUNDS, "HD Pro Webcam C920: USB Audio (hw:1,0)")
    with Hearing("C920", Shop(microphone).open) as hearing:
        opened(hearing)
        microphone.allow(14)
        until(lambda: hearing.note.endswith("-6 dB"), "the level does not show")
        assert hearing.note == "mic HD Pro Webcam C920: U... ▁▁█ -6 dB"
