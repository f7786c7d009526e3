"""Hands outputs to the sinks: leaves out those that fail, repeats the last output, starts and ends recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rimlight.errors import RimlightError, SinkError
from rimlight.meter import Meter
from rimlight.protocols import Sink, Window
from rimlight.types import Output

_LATE = 1.5
"""Intervals without an output after which the last one is sent again."""


class Delivery:
    """Used by one thread. `interval` is the nominal time between two outputs in seconds.

    What happens to sinks on the way is told to `say`, a line or two at a time.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        meter: Meter,
        interval: float,
        clock: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._sinks = list(sinks)
        self._meter = meter
        self._interval = interval
        self._clock = clock
        self._say = say
        self._recording: Sink | None = None
        self._last: Output | None = None
        self._first_at = 0.0
        self._repeat_at = 0.0
        self.lost: list[SinkError] = []
        """Why sinks were left out."""

    @property
    def windows(self) -> list[Window]:
        """The sinks that listen."""
        return [sink for sink in self._sinks if isinstance(sink, Window)]

    @property
    def recording(self) -> bool:
        return self._recording is not None

    def send(self, output: Output) -> None:
        """To every sink. Raises SinkError when the last of them failed."""
        self._send(output, self._sinks)
        now = self._clock()
        if self._last is None:
            self._first_at = output.at
        self._last = output
        self._repeat_at = now + _LATE * self._interval
        self._meter.delivered(now, now - output.at)

    def patience(self, most: float) -> float:
        """Seconds, at most `most`, until a sink will miss an output."""
        return max(0.0, min(most, self._repeat_at - self._clock())) if self._last else most

    def repeat(self) -> None:
        """Sends the last output to the sinks that want repetition, if they miss one."""
        now = self._clock()
        if self._last is None or now < self._repeat_at:
            return
        following = self._repeat_at + self._interval
        self._repeat_at = following if following > now else now + self._interval
        repeating = [sink for sink in self._sinks if getattr(sink, "repeats", False)]
        self._send(self._last, repeating)
        if repeating:
            self._meter.held()

    def lasted(self, output: Output | None) -> float:
        """Seconds from the first output to this one; if there is none, to when one is overdue."""
        if self._last is None:
            return 0.0
        return (output.at if output else self._clock() - _LATE * self._interval) - self._first_at

    def toggle_recording(self, open_recording: Callable[[], Sink]) -> None:
        """Ends the recording, or begins one. That it cannot begin or end well is told, not raised."""
        if self._recording is not None:
            self.end_recording()
            return
        try:
            self._recording = open_recording()
        except RimlightError as error:
            self._say(str(error))
            return
        self._sinks.append(self._recording)
        self._say(f"recording into {self._recording.name}")

    def end_recording(self) -> None:
        """Closes the recording if there is one."""
        recording, self._recording = self._recording, None
        if recording is None:
            return
        self._sinks = [sink for sink in self._sinks if sink is not recording]
        try:
            recording.close()
        except RimlightError as error:
            self._say(str(error))
        else:
            self._say(f"recorded {recording.name}")

    def _send(self, output: Output, sinks: Sequence[Sink]) -> None:
        for sink in list(sinks):
            try:
                sink.send(output)
            except SinkError as error:
                self._leave_out(sink, error)

    def _leave_out(self, sink: Sink, error: SinkError) -> None:
        self._sinks.remove(sink)
        self.lost.append(error)
        if not self._sinks:
            raise error
        self._say(f"{sink.name} is off, the rest goes on: {error.what}")
        if sink is self._recording:
            self.end_recording()
