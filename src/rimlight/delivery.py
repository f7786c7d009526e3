"""Hands outputs to the sinks: leaves out those that fail, repeats the last output, starts and ends recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rimlight.courier import Courier
from rimlight.errors import RimlightError, SinkError, translated
from rimlight.journal import Journal
from rimlight.meter import Meter
from rimlight.pending import Pending
from rimlight.protocols import Answer, Records, Replays, Sink, Window
from rimlight.types import Output

_LATE = 1.5
"""Intervals without an output after which the last one is sent again."""
_CARD_EVERY = 1.0
"""Seconds between two cards: it stands still, and programs that watch a camera only want to know that it is
there."""


class Delivery:
    """Used by one thread. `interval` is the nominal time between two outputs in seconds.

    What happens to sinks on the way is told to `journal`.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        meter: Meter,
        interval: float,
        clock: Callable[[], float],
        journal: Journal,
    ) -> None:
        self._meter = meter
        self._interval = interval
        self._clock = clock
        self._journal = journal
        self._couriers = [self._courier(sink) for sink in sinks]
        self._recording: Sink | None = None
        self._opening: Pending[Sink] | None = None
        self._begins_paused = False
        self._saving: Pending[Sink] | None = None
        self._last: Output | None = None
        self._shows_card = False
        self._counted: Output | None = None
        self._first_at = 0.0
        self._repeat_at = 0.0
        self._closing: list[Pending[Sink]] = []
        self.lost: list[SinkError] = []
        """Why sinks were left out."""

    @property
    def windows(self) -> list[Window]:
        """The sinks that listen."""
        return [courier.sink for courier in self._couriers if isinstance(courier.sink, Window)]

    @property
    def dropped(self) -> int:
        """Outputs that the first sink was too slow for."""
        if not self._couriers:
            return 0
        first = self._couriers[0]
        return first.dropped + (first.sink.dropped if isinstance(first.sink, Records) else 0)

    @property
    def recording(self) -> bool:
        """Whether one runs; one that pauses does."""
        return self._recording is not None or bool(self._recorders)

    @property
    def forgetting(self) -> bool:
        """Whether a sink waits for the pipeline to forget."""
        return any(courier.sink.forgetting for courier in self._couriers)

    @property
    def paused(self) -> bool:
        """Whether all recordings pause."""
        return bool(self._recorders) and all(recorder.paused for recorder in self._recorders)

    def send(self, output: Output, *, card: bool = False) -> None:
        """To every sink. Raises SinkError when the last of them was lost; a card does not count as delivered."""
        if self._last is None:
            self._first_at = output.at
        self._last, self._shows_card = output, card
        self._repeat_at = self._clock() + (_CARD_EVERY if card else _LATE * self._interval)
        if card:
            self._counted = output
            self._meter.held()
        for courier in list(self._couriers):
            courier.send(output)
        self.tend()

    def tend(self) -> None:
        """Leaves out what was lost. Raises SinkError when it was the last."""
        now = self._clock()
        if self._opening is not None and self._opening.wait(0):
            self._begin(self._opening)
        for courier in list(self._couriers):
            courier.tend(now)
            if courier.error is not None:
                self._leave_out(courier, courier.error)

    def patience(self, most: float) -> float:
        """Seconds, at most `most`, until a sink will miss an output."""
        return max(0.0, min(most, self._repeat_at - self._clock())) if self._last else most

    def repeat(self) -> None:
        """Sends the last output to the sinks that want repetition, if they miss one.

        A card goes to recordings too, at its new time: with sound alone, a file would not grow as time goes on.
        """
        self.tend()
        now = self._clock()
        if self._last is None or now < self._repeat_at:
            return
        every = _CARD_EVERY if self._shows_card else self._interval
        following = self._repeat_at + every
        self._repeat_at = following if following > now else now + every
        if self._shows_card:
            self._last = self._counted = replace(self._last, at=now)
        repeating = [courier for courier in self._couriers if self._misses(courier.sink)]
        for courier in repeating:
            courier.send(self._last)
        if repeating:
            self._meter.held()

    def lasted(self, output: Output | None) -> float:
        """Seconds from the first output to this one; if there is none, to when one is overdue."""
        if self._last is None:
            return 0.0
        return (output.at if output else self._clock() - _LATE * self._interval) - self._first_at

    def begin_recording(self, open_recording: Callable[[], Sink]) -> Answer:
        """Begins one if none was begun here; it is opened meanwhile."""
        if self._recording is not None or self._opening is not None:
            return Answer("it records already", done=False)
        self._begins_paused = False
        self._opening = Pending(open_recording, "recording")
        return Answer("the recording begins")

    def end_recording(self) -> Answer:
        """Closes the recording if there is one, on a thread of its own: a slow disk does not hold up the call."""
        opening, self._opening = self._opening, None
        if opening is not None:
            self._close_later(opening.close)
            return Answer("no recording was begun")
        recording, self._recording = self._recording, None
        if recording is None:
            lasting = ", ".join(
                courier.sink.name for courier in self._couriers if isinstance(courier.sink, Records)
            )
            return Answer(f"{lasting} ends with the run" if lasting else "nothing records", done=False)
        self._couriers = [courier for courier in self._couriers if courier.sink is not recording]

        def close() -> None:
            if self._close(recording):
                self._journal.say(_recorded(recording))

        self._close_later(close)
        return Answer("the recording ends")

    def toggle_recording(self, open_recording: Callable[[], Sink]) -> Answer:
        """Ends the recording, or begins one. That it cannot begin or end well is told, not raised."""
        if self._recording is None and self._opening is None:
            return self.begin_recording(open_recording)
        return self.end_recording()

    def pause(self, *, on: bool | None = None) -> Answer:
        """Lets all recordings pause, or go on; None: whichever they do not."""
        if not self.recording and self._opening is None:
            return Answer("nothing records", done=False)
        on = not (self.paused or self._begins_paused) if on is None else on
        self._begins_paused = on and self._opening is not None
        now = self._clock()
        for recorder in self._recorders:
            (recorder.pause if on else recorder.resume)(now)
        return Answer("the recording pauses" if on else "the recording goes on")

    def save_replay(self) -> Answer:
        """Saves the last moments, if they are remembered, on a thread of its own."""
        replays = [courier.sink for courier in self._couriers if isinstance(courier.sink, Replays)]
        if not replays:
            answer = Answer("nothing is remembered: start Rimlight with --replay 30", done=False)
        elif self._saving is not None and not self._saving.wait(0):
            answer = Answer("the last moments are being saved already", done=False)
        else:
            answer = Answer("saving the last moments")
        self._journal.say(answer.line)
        if answer.done:
            self._save(replays)
        return answer

    def _save(self, replays: Sequence[Replays]) -> None:
        def save() -> None:
            for replay in replays:
                try:
                    self._journal.say(replay.save())
                except Exception as error:  # noqa: BLE001  whatever it is, the call goes on
                    self._journal.say(str(translated(error, RimlightError, replay.name)))

        self._saving = self._close_later(save)

    def stop(self, limit: float) -> list[str]:
        """Ends the couriers' threads, until `limit` on the monotonic clock; names those that do not end.

        Waits until the last recording is closed, as long as it takes.
        """
        if self._opening is not None or self._recording is not None:
            self.end_recording()
        for closing in self._closing:
            closing.wait()
        for recorder in self._recorders:
            if recorder.dropped:
                self._journal.say(f"{recorder.name}: {_left_out(recorder)}")
        return [name for courier in self._couriers for name in courier.close(limit)]

    @property
    def _recorders(self) -> list[Records]:
        return [courier.sink for courier in self._couriers if isinstance(courier.sink, Records)]

    def _misses(self, sink: Sink) -> bool:
        return sink.repeats or (self._shows_card and isinstance(sink, Records | Replays))

    def _close_later(self, close: Callable[[], None]) -> Pending[Sink]:
        closing: Pending[Sink] = Pending(close, "closing")
        self._closing = [*(one for one in self._closing if not one.wait(0)), closing]
        return closing

    def _begin(self, opening: Pending[Sink]) -> None:
        """Puts the recording to use that was being opened."""
        self._opening = None
        try:
            self._recording = opening.taken()
        except Exception as error:  # noqa: BLE001  whatever it is, the call goes on
            self._journal.say(str(translated(error, RimlightError, "the recording")))
        if self._recording is not None:
            if self._begins_paused and isinstance(self._recording, Records):
                self._recording.pause(self._clock())
            self._couriers.append(self._courier(self._recording))
            self._journal.say(f"recording into {self._recording.name}")

    def _close(self, sink: Sink) -> bool:
        """Whether it went well; else that is told."""
        try:
            sink.close()
        except RimlightError as error:
            self._journal.say(str(error))
            return False
        return True

    def _courier(self, sink: Sink) -> Courier:
        return Courier(sink, self._delivered, self._journal, self._clock)

    def _delivered(self, courier: Courier, output: Output) -> None:
        """Counts what the first sink has taken, once; on whatever thread."""
        if self._couriers and courier is self._couriers[0] and output is not self._counted:
            self._counted = output
            now = self._clock()
            self._meter.delivered(now, now - output.at)

    def _leave_out(self, courier: Courier, error: SinkError) -> None:
        self._couriers.remove(courier)
        self.lost.append(error)
        if all(courier.sink.beside for courier in self._couriers):
            raise error
        self._journal.say(f"{courier.sink.name} is off, the rest goes on: {error.what}")
        if courier.sink is self._recording:
            self.end_recording()
        else:
            # At once: what hangs in it may be freed, and a window that shows nothing new should not stay.
            self._close(courier.sink)


def _recorded(sink: Sink) -> str:
    """What a recording that was closed came to."""
    if not isinstance(sink, Records):
        return f"recorded {sink.name}"
    if not sink.written:
        return f"{sink.name}: nothing was shown meanwhile, so there is no such file"
    return f"recorded {sink.name}" + (f", {_left_out(sink)}" if sink.dropped else "")


def _left_out(recorder: Records) -> str:
    return f"{recorder.dropped} pictures dropped"
