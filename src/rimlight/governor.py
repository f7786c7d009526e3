"""How much work frames get: less at once when a limit is exceeded, more only with proof that there is room.

Pure: what frames cost is told, time is an argument. The next rung of the ladder is tried when its forecast has kept
well within the limits for seconds; what it then costs against the forecast is remembered, so that a rung that is
too dear is not tried over and over. Every retreat soon after another doubles the wait until the next advance:
nothing hunts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rimlight.effort import Effort
from rimlight.forecast import Spent, forecast

HOLD = 0.9
"""Part of the time between two frames that their work may take: beyond, frames are dropped."""
SPARE_TIME, SPARE_CPU = 0.6, 0.3
"""What more than the standard effort may take where no budget is given: of the time between two frames, so that the
call program has its own; and of a core, the most that a run at 720p30 is to cost."""
ROOM = 0.85
"""Part of each limit that the next rung may be forecast to take: a forecast may be off by a sixth."""
PROOF = 3.0
"""Seconds that the forecast has to keep within that."""
SETTLING = 0.3
"""Seconds after a change that tell nothing: frames of both efforts are under way."""
LEARNING = 2.0
"""Seconds after an advance when its true cost is known."""
OVER = 3
"""Tellings in a row over a limit that mean a retreat: one may be a hiccup, two chance."""
PLAIN = 1.15
"""Times a limit from where two are enough."""
WAIT, LONGEST_WAIT = 4.0, 600.0
"""Seconds from a retreat to the next advance: the first time, and at most."""
CALM = 60.0
"""Seconds after that wait until a retreat counts as the first again."""
HALF_LIFE = 120.0
"""Seconds in which half of what was learned about a rung is forgotten: the machine may have changed."""
LOOKS = {"fast": 0.6, "standard": 1.0, "best": 8.0}
"""How long a look takes by model, until it is measured: in terms of the standard model's (docs/design.md, 5)."""
_NEW = 0.2
"""Share of the newest telling in what is forecast from."""
_ODDS = (0.7, 2.0)
"""Least and most that a rung is believed to cost against its forecast."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may cost; None: what `HOLD`, `SPARE_TIME` and `SPARE_CPU` say."""

    cpu: float | None = None
    """Cores: 0.5 is half of one."""
    latency: float | None = None
    """Seconds from capture to sink."""


class Figure(NamedTuple):
    """One of a run's costs, and its limit."""

    value: float
    limit: float
    unit: str
    """'ms' or 'ms late', with values in seconds, or '% CPU', in cores."""

    @property
    def load(self) -> float:
        """1 is at the limit."""
        return self.value / self.limit

    @property
    def told(self) -> str:
        """'12 of 30 ms'."""
        return f"{self.amount(self.value)} of {self.amount(self.limit)} {self.unit}"

    def amount(self, value: float) -> str:
        """A value in the unit, without it."""
        return f"{value * (100 if 'CPU' in self.unit else 1000):.0f}"


class Governor:
    """Picks a rung of the ladder for one run. Used by one thread.

    The standard effort is held unless frames would be dropped or a given budget exceeded; more than it is given
    within the budget or, where there is none, within `SPARE_TIME` and `SPARE_CPU`.
    """

    def __init__(self, ladder: Sequence[Effort], standard: Effort, budget: Budget, interval: float) -> None:
        """`ladder` from least to most work; `standard` is on it, and given first. `interval`: seconds a frame."""
        self.looks = {standard.model: LOOKS.get(standard.model, 1.0)}
        """How long a look takes by model, as in `LOOKS`. Only rungs with these models are used; more may come."""
        self._ladder = tuple(ladder)
        self._standard = self._rung = self._ladder.index(standard)
        self._budget = budget
        self._interval = interval
        self._seen: Spent | None = None
        self._told = 0
        self._over = 0.0
        self._changed_at = -math.inf
        self._room_since: float | None = None
        self._hoped: float | None = None
        self._odds: dict[int, tuple[float, float]] = {}
        self._retreats, self._retreated_at = 0, -math.inf

    @property
    def effort(self) -> Effort:
        """What frames are to be given."""
        return self._ladder[self._rung]

    def wanted(self, now: float) -> str | None:
        """A model that `looks` has not, and a rung that is due at the time `now` needs; None: no such."""
        due = [rung for rung in (self._rung - 1, self._rung + 1) if rung < self._rung or self._proven(now)]
        missing = [self._ladder[rung].model for rung in due if rung >= 0 and not self._usable(rung)]
        return missing[0] if missing else None

    def tell(self, spent: Spent, now: float) -> bool:
        """Takes what frames cost since the last telling, at the time `now` in seconds; True: the effort changed.

        To be told about five times a second.
        """
        if now < self._changed_at + SETTLING:
            return False
        if self._seen is not None and not spent.calls:
            spent = spent._replace(call=self._seen.call, reading=self._seen.reading)
        self._seen = self._seen.mixed(spent, max(_NEW, 1 / (self._told + 1))) if self._seen else spent
        self._told += 1
        if now >= self._changed_at + LEARNING:
            self._learn(self._seen, now)
        rung = self._rung
        # A budget of CPU is meant over a second or so: a telling has but a few frames.
        load = self._load(spent._replace(cpu=self._seen.cpu), rung)
        self._over = self._over + (OVER / 2 if load > PLAIN else 1) if load > 1 else 0
        if self._over >= OVER:
            self._retreat(spent, now)
        elif self._over or not self._has_room(self._seen, now):
            self._room_since = None
        else:
            self._room_since = now if self._room_since is None else self._room_since
            if self._proven(now) and self._usable(rung + 1):
                self._climb(self._seen, now)
        return self._rung != rung

    def explain(self, now: float) -> str:
        """'1 view, guide 384, model every frame (12 of 30 ms; next step needs 4 ms more)'."""
        if self._seen is None:
            return str(self.effort)
        here = self._figures(self._seen, self._rung)
        most = max(here, key=_load_of)
        if self._rung + 1 == len(self._ladder):
            return f"{self.effort} ({most.told}; there is no more)"
        if self._rung == 0 and most.load > 1:
            return f"{self.effort} ({most.told}; there is no less)"
        there = max(self._figures(self._above(self._seen, now), self._rung + 1), key=_load_of)
        most = next((figure for figure in here if figure.unit == there.unit), most)
        lacking = there.value - ROOM * there.limit
        if lacking > 0:
            return f"{self.effort} ({most.told}; next step needs {there.amount(lacking)} {there.unit} more)"
        return f"{self.effort} ({most.told}; next step in {self._due(now):.0f} s)"

    def _figures(self, spent: Spent, rung: int) -> list[Figure]:
        """What counts on this rung."""
        more = rung > self._standard
        figures = [Figure(spent.work, (SPARE_TIME if more else HOLD) * self._interval, "ms")]
        cpu = self._budget.cpu or (SPARE_CPU if more else None)
        if cpu is not None:
            figures.append(Figure(spent.cpu, cpu, "% CPU"))
        if self._budget.latency is not None:
            figures.append(Figure(spent.latency, self._budget.latency, "ms late"))
        return figures

    def _load(self, spent: Spent, rung: int) -> float:
        return max(map(_load_of, self._figures(spent, rung)))

    def _usable(self, rung: int) -> bool:
        return self._ladder[rung].model in self.looks

    def _forecast(self, spent: Spent, rung: int) -> Spent:
        return forecast(spent, self.effort, self._ladder[rung], self._interval, LOOKS | self.looks)

    def _above(self, spent: Spent, now: float) -> Spent:
        """The forecast for the next rung, with what was learned of it."""
        above = self._rung + 1
        return self._forecast(spent, above).dearer(self._odds_of(above, now), self._interval)

    def _has_room(self, spent: Spent, now: float) -> bool:
        above = self._rung + 1
        return above < len(self._ladder) and self._load(self._above(spent, now), above) <= ROOM

    def _proven(self, now: float) -> bool:
        """Whether there has been room for long enough, and the last retreat is long enough ago."""
        return self._room_since is not None and self._due(now) <= 0

    def _due(self, now: float) -> float:
        """Seconds until then, if there is room all the time."""
        since = now if self._room_since is None else self._room_since
        return max(since + PROOF, self._retreated_at + self._wait) - now

    def _climb(self, spent: Spent, now: float) -> None:
        hoped = self._above(spent, now)
        self._to(self._rung + 1, now)
        self._seen, self._hoped = hoped, hoped.own

    def _retreat(self, spent: Spent, now: float) -> None:
        """To the highest rung that is forecast to keep the limits, and not at once back."""
        self._learn(spent, now)
        below = [rung for rung in range(self._rung) if self._usable(rung)]
        if not below:
            return
        self._retreats = self._retreats + 1 if now < self._retreated_at + self._wait + CALM else 1
        self._retreated_at = now
        fitting = [rung for rung in below if self._load(self._forecast(spent, rung), rung) <= 1]
        rung = max(fitting, default=below[0])
        self._seen = self._forecast(spent, rung)
        self._to(rung, now)

    @property
    def _wait(self) -> float:
        return min(LONGEST_WAIT, WAIT * 2.0 ** (self._retreats - 1))

    def _to(self, rung: int, now: float) -> None:
        self._rung = rung
        self._changed_at = now
        self._told, self._over = 0, 0.0
        self._room_since = self._hoped = None

    def _learn(self, spent: Spent, now: float) -> None:
        """Once after an advance: what the rung costs against its forecast."""
        if self._hoped is None:
            return
        cost = self._forecast(spent, self._rung).own
        odds = self._odds_of(self._rung, now) * cost / self._hoped
        self._odds[self._rung] = min(max(odds, _ODDS[0]), _ODDS[1]), now
        self._hoped = None

    def _odds_of(self, rung: int, now: float) -> float:
        odds, at = self._odds.get(rung, (1.0, now))
        return float(odds ** (0.5 ** ((now - at) / HALF_LIFE)))


def _load_of(figure: Figure) -> float:
    return figure.load
