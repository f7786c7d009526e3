"""One input of `rimlight process`: opened, made into its output, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction

from rimlight.assemble import open_pipeline
from rimlight.chunks import Hands
from rimlight.errors import UsageError
from rimlight.joined import process_in_chunks
from rimlight.kept import is_kept, kept_beside
from rimlight.offline import Progress, Report, process_clip
from rimlight.order import Order
from rimlight.photo import kind_of, process_photo
from rimlight.pipeline import Pipeline
from rimlight.plan import Job
from rimlight.progress import Watched
from rimlight.protocols import Closes
from rimlight.recompose import open_recomposition
from rimlight.sharing import parts_for
from rimlight.sources.clip import open_clip
from rimlight.sources.kept import open_kept
from rimlight.sources.rest import STDIN
from rimlight.types import Size, StreamFormat
from rimlight.wanted import Wanted

_PHOTO_SIZE = StreamFormat(Size(2, 2), Fraction(1))
"""Photos tell their size when they are read; only video backgrounds ask for it before."""


class Processing(Closes):
    """Does one job after the other as ordered."""

    def __init__(self, order: Order, watched: Watched, hands: Hands | None, check: Callable[[], None]) -> None:
        """`hands` share the work on long clips; None: nobody.

        `check` is called after each frame: whatever it raises ends all.
        """
        self.order = order
        self.watched = watched
        self.check = check
        self._hands = hands
        self._for_photos: Pipeline | None = None

    def close(self) -> None:
        if self._for_photos is not None:
            self._for_photos.close()
            self._for_photos = None

    def process(self, job: Job, *, force: bool) -> Report:
        """Makes the job's output and matte. Raises RimlightError in its several kinds, and what `check` raises."""
        if kind_of(job.source) == "photo":
            return self._photo(job, force=force)
        if is_kept(job.source):
            return self._recomposed(job, force=force)
        return self._clip(job, force=force)

    def _photo(self, job: Job, *, force: bool) -> Report:
        # Loading the model anew for each photo took as long as two thirds of all the rest, for two megapixels.
        if self._for_photos is None:
            self._for_photos = open_pipeline(self.order.settings, _PHOTO_SIZE, say=self.watched.say)
        try:
            return process_photo(job.source, self._for_photos, job.output, matte=job.matte, force=force)
        except BaseException:
            self.close()  # who knows what it was left in
            raise

    def _clip(self, job: Job, *, force: bool) -> Report:
        order, hands, say = self.order, self._hands, self.watched.say
        encoding, keep = order.encoding(job.output), None
        if order.keep:
            keep = kept_beside(job.output)
            say(
                f"{keep} will show the room: it keeps the camera's pictures as they are, beside their mattes. "
                "Only you can read it (mode 0600)"
            )
        with open_clip(job.source, wanted=order.wanted) as clip, self._shown(job) as progress:
            if hands is not None and (parts := parts_for(clip, job.output, order, hands, say)):
                return process_in_chunks(
                    clip, parts, order.settings, job.output, hands, matte=job.matte, force=force, progress=progress
                )
            with open_pipeline(order.settings, clip.format, say=say, ahead=not order.settings.quick) as pipeline:
                return process_clip(
                    clip,
                    pipeline,
                    job.output,
                    encoding=encoding,
                    matte=job.matte,
                    keep=keep,
                    force=force,
                    progress=progress,
                )

    def _recomposed(self, job: Job, *, force: bool) -> Report:
        """Composes what was kept anew."""
        order, encoding = self.order, self.order.encoding(job.output)
        if order.wanted != Wanted(sound=order.wanted.sound):
            raise UsageError(
                f"{job.source.name} is composed as it was kept: whole, at its own size, rate and times",
                "Leave --from, --until, --size and --fps out.",
            )
        with (
            open_kept(job.source, sound=order.wanted.sound) as kept,
            self._shown(job) as progress,
            open_recomposition(order.settings, kept, self.watched.say) as pipeline,
        ):
            return process_clip(
                kept, pipeline, job.output, encoding=encoding, matte=job.matte, force=force, progress=progress
            )

    @contextmanager
    def _shown(self, job: Job) -> Iterator[Progress]:
        name = "standard input" if job.source == STDIN else job.source.name
        with self.watched.file(name) as show:

            def progress(done: int, of: int | None) -> None:
                self.check()
                show(done, of)

            yield progress
