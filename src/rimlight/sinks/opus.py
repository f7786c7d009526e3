"""Sound for WebM, which holds Opus and Vorbis alone: what is either is carried as it is, the rest becomes Opus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rimlight.sinks.carried import Carried

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.stream import Stream

_HELD = ("opus", "vorbis")


class Opus(Carried):
    """Carries a clip's rest into WebM."""

    def _added(self, output: OutputContainer, stream: Stream) -> Stream:
        codec = stream.codec_context
        if stream.type != "audio" or codec is None or codec.name.removeprefix("lib") in _HELD:
            return super()._added(output, stream)
        return self._opus(output, stream, "WebM holds no other")
