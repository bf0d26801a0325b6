"""What a training run shows of itself unasked, and what that may cost.

Each watch has an account that training fills. A picture that is dear is drawn coarser, so that the account
pays for the next one soon: in a second while training is young, in seven at most."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from genlab.engine import protocol as p
from genlab.engine.coarser import coarser, takes_steps
from genlab.settings.paradigm import Capabilities

LEAST, MOST, OLD = 0.011, 0.022, 0.028
"""Shares of the training time for pictures: what they have in any case, where they are dear, and where one
would grow too old."""
REFERENCE = 0.001
"""Share of the training time for the loss reference."""
CREDIT = 1.0
"""Seconds that the first pictures of a training may take beyond that."""
SOONEST, OLDEST = 1.0, 7.0
"""Seconds between two pictures of a watch: while training is young, and later."""
FIRST_AFTER = 0.2
"""Seconds of training before the first pictures."""
FIRST, COARSEST = 1 / 16, 1 / 128
"""Details of a first picture of unknown or great cost, and of any."""
FIRST_COST = 0.2
"""Seconds that a first picture may take without being coarser still."""
DEARER = 8
"""How much dearer one is held to be that takes longer, until its cost is known."""
LEAST_COST = 1e-4
LOOK = 0.03
"""Seconds of training between two looks at what is due."""
ROUNDING = 0.3
WEIGHTS: dict[type, float] = {p.Sample: 3.0, p.DrawDensity: 0.5}
"""Of watches in the budget; any other has 1."""


@dataclass
class Watched:
    """A repeated request. cost: seconds of it in full, 0 where unknown. account: seconds it may spend now.
    shown: the step it last showed. since: when that was asked for, or the watch set. first: nothing of this
    training was shown. whole: not coarser than asked for. detail: of the picture under way; taken: its
    seconds so far; credited: it is a first one, which the account does not pay. exact: a density of it costs
    a pass, not many. stepped: its samples take steps."""

    what: p.Request
    since: float
    cost: float = 0.0
    account: float = 0.0
    shown: int = -1
    first: bool = True
    whole: bool = True
    detail: float = 1.0
    taken: float = 0.0
    credited: bool = False
    exact: bool = False
    stepped: bool = True

    @property
    def histogram(self) -> bool:
        """Whether a histogram of samples stands for it while training."""
        return isinstance(self.what, p.DrawDensity) and not (self.exact and self.what.resolutions)

    @property
    def weight(self) -> float:
        """Of this watch in the budget."""
        return WEIGHTS.get(type(self.what), 1.0)


class Previews:
    """Watches of every run, and the budget of the one that trains."""

    def __init__(self) -> None:
        self._watches: dict[tuple[str, str], Watched] = {}
        self._costs: dict[tuple[str, str], float] = {}  # of channels, by what the run is of
        self._kinds: dict[str, str] = {}
        self.trained = self.spent = self.reference = 0.0
        self._credited = self._looked = 0.0

    def begin(self, run: str, now: float) -> None:
        """Training begins: a new budget, and every watch of the run is due."""
        self.trained = self.spent = self.reference = 0.0
        self._credited = self._looked = 0.0
        for watched in self.of(run):
            watched.first, watched.since, watched.account = True, now, 0.0

    def set(
        self, run: str, kind: str, channel: str, what: p.Request | None, now: float, able: Capabilities
    ) -> None:
        """Watch something, or nothing any more. kind: runs of one kind have pictures of like cost. able: what
        the run can do with the sampler that is asked for."""
        self.drop(run, channel)
        self._kinds[run] = kind
        if what is not None:
            cost = self._costs.get((kind, channel), 0.0)
            exact, stepped = able.density == "exact", takes_steps(able)
            self._watches[run, channel] = Watched(what, now, cost, exact=exact, stepped=stepped)

    def drop(self, run: str, channel: str) -> None:
        """Watch this no more."""
        self._watches.pop((run, channel), None)

    def forget(self, run: str) -> None:
        """Drop every watch of a run."""
        self._kinds.pop(run, None)
        for key in [key for key in self._watches if key[0] == run]:
            del self._watches[key]

    def get(self, run: str, channel: str) -> Watched | None:
        """The watch of a channel."""
        return self._watches.get((run, channel))

    def of(self, run: str) -> Iterator[Watched]:
        """The watches of a run."""
        return (watched for (id, _), watched in self._watches.items() if id == run)

    def train(self, seconds: float) -> None:
        """Training took so long."""
        self.trained += seconds

    def _rates(self, watches: list[Watched]) -> list[float]:
        """What each watch earns, seconds a second: half by its weight, half by what it costs."""
        weights = math.fsum(w.weight for w in watches)
        costs = math.fsum(w.weight * w.cost for w in watches)
        share = min(max(math.fsum(w.cost for w in watches) / OLDEST, LEAST), MOST)
        return [
            share * (w.weight / weights + (w.weight * w.cost / costs if costs else w.weight / weights)) / 2
            for w in watches
        ]

    def next(self, run: str, step: int, now: float, idle: bool = False) -> tuple[p.Request, str] | None:
        """What to draw now, if anything is due: a request as it can be afforded, and how much coarser that
        is, in words. idle: there is time."""
        earned = self.trained - self._looked
        if earned < LOOK and not idle:
            return None
        self._looked = self.trained
        watches = list(self.of(run))
        sampled = any(isinstance(watched.what, p.Sample) for watched in watches)
        wait = min(max(self.trained / 4, SOONEST), OLDEST)
        due = []
        for watched, rate in zip(watches, self._rates(watches), strict=True):
            # No more is saved than a picture in full costs: it is drawn as soon as it can be paid.
            watched.account = min(watched.account + rate * earned, max(watched.cost, LEAST_COST))
            if watched.shown >= step or (sampled and watched.histogram):  # samples tell the histogram, too
                continue
            detail = 1.0 if idle and not watched.first else self._detail(watched, rate * wait)
            if idle or self._due(watched, detail, now):
                due.append((watched, detail))
        if not due:
            return None
        watched, detail = min(due, key=lambda found: (not found[0].first, found[0].since))
        request, words = coarser(watched.what, detail, watched.stepped, watched.histogram)
        whole = not (words or watched.histogram)
        watched.shown, watched.whole, watched.detail, watched.since = step, whole, detail, now
        watched.credited, watched.first, watched.taken = watched.first, False, 0.0
        return request, words

    def _detail(self, watched: Watched, affordable: float) -> float:
        """A power of two, so that the pictures of a watch differ by what is learned alone."""
        if not watched.cost:
            return FIRST
        if watched.first:
            affordable = max(affordable, min(watched.cost * FIRST, FIRST_COST))
        power = math.floor(math.log2(affordable / watched.cost) + ROUNDING)
        return min(max(2.0**power, COARSEST), 1.0)

    def _due(self, watched: Watched, detail: float, now: float) -> bool:
        repeated = self.spent - self._credited
        if now - watched.since >= OLDEST and repeated <= OLD * self.trained:
            return True
        if watched.first:
            return self.trained >= FIRST_AFTER and self._credited <= CREDIT + MOST * self.trained
        return watched.account >= detail * watched.cost and repeated <= MOST * self.trained

    def pay(self, run: str, channel: str, seconds: float, whole: float | None) -> bool:
        """Book a slice of a watch, and with its last one what the whole picture cost.

        Gives whether to leave a first picture off, which proves too dear, and to begin it again, coarser."""
        self.spent += seconds
        watched = self.get(run, channel)
        if watched is None:
            return False
        watched.taken += seconds
        if watched.credited:
            self._credited += seconds
        else:
            watched.account -= seconds
        if whole is not None:
            watched.cost = max(whole, LEAST_COST) / watched.detail
            self._costs[self._kinds[run], channel] = watched.cost
        elif watched.credited and watched.taken > max(FIRST_COST, DEARER * watched.detail * watched.cost):
            watched.cost = DEARER * watched.taken / watched.detail
            watched.first, watched.shown = True, -1
            return True
        return False

    def refuse(self, run: str, channel: str) -> None:
        """It was refused: its cost is not known, and it is not asked again sooner than if it were paid."""
        if (watched := self.get(run, channel)) is not None:
            watched.cost, watched.account = watched.cost or FIRST_COST, 0.0

    def learn(self, kind: str, request: p.Request, seconds: float) -> None:
        """A person's own question took so long: so will a picture of it."""
        if isinstance(request, p.Sample | p.Probe):
            self._costs.setdefault((kind, request.channel), max(seconds, LEAST_COST))
