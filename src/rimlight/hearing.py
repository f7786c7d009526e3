"""One microphone for all who record: open while one of them does, had back when it was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from rimlight.errors import MicrophoneError, RimlightError, translated
from rimlight.loudness import Loudness
from rimlight.protocols import Closes, Ears, Microphone, Take
from rimlight.types import Sound

OpenMicrophone = Callable[[str, bool], Microphone]
"""Opens the microphone of that name or, if it need not be exactly that, one like it. Raises MicrophoneError."""

_PATIENCE = 3.0
"""Seconds that a microphone has to open in; a sound server that starts takes one."""
_RETRY, _RETRY_MOST = 1.0, 8.0
"""Seconds until the next attempt to have a microphone back: twice as long after each, up to the second."""
_END_LIMIT = 1.5
"""Seconds that its thread has to end in; then it is left behind."""
_NAME = 24
"""Characters of a microphone's name in the status line."""


class Hearing(Closes):
    """`ears` and `close` are for any one thread, what is told for another."""

    def __init__(self, name: str, open_microphone: OpenMicrophone) -> None:
        """Opens nothing yet. `name` is as `open_microphone` takes it."""
        self._name = name
        self._open = open_microphone
        self._lock = threading.Lock()
        self._round: _Round | None = None
        self._lines: SimpleQueue[str] = SimpleQueue()

    def ears(self) -> Ears | None:
        """A part in the microphone, which is opened if need be: waits until it is open, a few seconds at most.

        None where there is none, which is said in a line.
        """
        with self._lock:
            before = self._round
            if before is None or not before.join():
                self._round = before = _Round(self._name, self._open, self._lines.put, before)
            part = _Part(before)
        if part.opened():
            return part
        part.close()
        return None

    @property
    def note(self) -> str:
        """Which microphone is open, and how loud it is: 'mic Built-in Audio ▂▅▇ -12 dB'; empty if none is."""
        current = self._round
        return current.note if current is not None else ""

    @property
    def missing(self) -> MicrophoneError | None:
        """Why the microphone that was wanted last could not be opened; None if it could, or none was wanted."""
        current = self._round
        return current.missing if current is not None else None

    def line(self) -> str | None:
        """The next line that a user should be told."""
        try:
            return self._lines.get_nowait()
        except Empty:
            return None

    def close(self) -> None:
        """Closes the microphone, whoever still hears it; what hangs in it is left behind."""
        with self._lock:
            if self._round is not None:
                self._round.leave()
                self._round.wait(_END_LIMIT)


class _Part(Ears):
    def __init__(self, of: _Round) -> None:
        self._of = of
        self._take: Take | None = None
        self._closed = False

    def opened(self) -> bool:
        return self._of.opened()

    def tell(self, take: Take) -> None:
        self._take = take
        self._of.tell(take)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._of.part(self._take)


class _Round:
    """From when the microphone is wanted until nobody does: one thread, which alone hangs where a driver does."""

    def __init__(
        self, name: str, open_it: OpenMicrophone, say: Callable[[str], None], before: _Round | None
    ) -> None:
        self.missing: MicrophoneError | None = None
        self._takes: Sequence[Take] = ()
        self._name = name
        self._open_it = open_it
        self._say = say
        self._before = before
        self._count = 1
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._answered = threading.Event()
        self._there = False
        self._shown = ""
        self._loudness = Loudness()
        self._thread = threading.Thread(target=self._run, name="microphone", daemon=True)
        self._thread.start()

    def join(self) -> bool:
        """Whether there is one more who wants it; False if it is over already."""
        with self._lock:
            if self._over.is_set():
                return False
            self._count += 1
            return True

    def tell(self, take: Take) -> None:
        """One who joined is told from now on."""
        with self._lock:
            self._takes = (*self._takes, take)

    def part(self, take: Take | None) -> None:
        """One less wants it, and is told nothing more."""
        with self._lock:
            self._takes = tuple(one for one in self._takes if one is not take)
            self._count -= 1
            if not self._count:
                self._over.set()

    def leave(self) -> None:
        with self._lock:
            self._over.set()

    def wait(self, seconds: float | None) -> bool:
        """Whether its thread ended within so long; None: as long as it takes."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def opened(self) -> bool:
        """Waits until the microphone is open, or cannot be, which is said."""
        if not self._answered.wait(_PATIENCE):
            self._say("the microphone does not answer; there will be no sound")
            self.leave()
        return bool(self._shown)

    @property
    def note(self) -> str:
        if not self._shown or self._over.is_set():
            return ""
        return f"mic {self._shown} {self._loudness}" if self._there else f"mic {self._shown} lost"

    def _run(self) -> None:
        # One at a time: PortAudio forgets its devices when it looks for others.
        if self._before is not None:
            self._before.wait(None)
            self._before = None
        if self._over.is_set():
            return
        try:
            microphone = self._opened(self._name, exactly=False)
        except MicrophoneError as error:
            self.missing = error
            self._say(f"recording without sound: {error}")
            self.leave()
            self._answered.set()
            return
        if self._over.is_set():
            microphone.close()
            return
        self._there, self._shown = True, _short(microphone.name)
        self._say(f"microphone: {microphone.name}")
        self._answered.set()
        self._hear(microphone)
        self._there = False

    def _opened(self, name: str, exactly: bool) -> Microphone:
        try:
            return self._open_it(name, exactly)
        except Exception as error:
            raise translated(error, MicrophoneError, "the microphone") from error

    def _hear(self, microphone: Microphone) -> None:
        now: Microphone | None = microphone
        while now is not None:
            with now:
                try:
                    self._pass_on(now)
                    return
                except RimlightError as error:
                    self._there = False
                    self._say(f"{error.what}; recording silence until it is back")
            now = self._again(microphone.name)

    def _pass_on(self, microphone: Microphone) -> None:
        while not self._over.is_set():
            try:
                sound: Sound = microphone.read()
            except Exception as error:
                raise translated(error, MicrophoneError, microphone.name) from error
            self._loudness.tell(sound)
            for take in self._takes:
                take(sound)

    def _again(self, name: str) -> Microphone | None:
        """The one that was lost, and no other: whoever unplugs a microphone has not asked for the next."""
        wait = _RETRY
        while not self._over.wait(wait):
            try:
                again = self._opened(name, exactly=True)
            except MicrophoneError:
                wait = min(_RETRY_MOST, 2 * wait)
                continue
            self._there = True
            self._say(f"{name} is back")
            return again
        return None


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 3].rstrip()}..."
