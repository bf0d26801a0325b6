"""What a training run shows of itself unasked, and what that may cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from genlab.engine import protocol as p

SHARE = 0.025
CREDIT = 0.25
"""Seconds of previews that training begins with, before its share of the time adds more."""
DENSITY_SHARE = 0.01
"""Of the training time, the share within that of all previews for densities by more than a histogram."""
MOST_DRAWS, FEWEST_DRAWS = 1000, 16
MOST_SECONDS = 0.2
"""That one preview of samples should take; beyond it fewer are drawn."""


@dataclass
class Watched:
    """A repeated request. spent: seconds on it so far; cost: of its last preview, begun after `begun_at`
    seconds of training. halvings: of its draws, since they took long. shown: the step it last showed."""

    what: p.Request
    spent: float = 0.0
    cost: float = 0.1
    begun_at: float = -1.0
    halvings: int = 0
    shown: int = -1

    def lighter(self) -> p.Request:
        """The request as a preview can afford it."""
        match self.what:
            case p.Sample(n=n):
                few = min(n, MOST_DRAWS) >> self.halvings
                return replace(self.what, n=max(min(n, FEWEST_DRAWS), few))
            case p.DrawDensity(resolutions=resolutions):
                return replace(self.what, resolutions=resolutions[:1])
        return self.what

    def pay(self, seconds: float, whole: float | None) -> None:
        """Book a slice, and with its last one what the whole preview cost."""
        self.spent += seconds
        if whole is not None:
            self.cost = whole
            if isinstance(self.what, p.Sample):
                change = (whole > MOST_SECONDS) - (whole < MOST_SECONDS / 4)
                self.halvings = max(0, self.halvings + change)


class Previews:
    """Watches of every run, and the budget of the one that trains."""

    def __init__(self) -> None:
        self._watches: dict[tuple[str, str], Watched] = {}
        self.trained = 0.0
        self.spent = 0.0

    def begin(self) -> None:
        """Training begins: a new budget."""
        self.trained = self.spent = 0.0
        for watched in self._watches.values():
            watched.begun_at = -1.0

    def set(self, run: str, channel: str, what: p.Request | None) -> None:
        """Watch something, or nothing any more."""
        self._watches.pop((run, channel), None)
        if what is not None:
            self._watches[run, channel] = Watched(what)

    def forget(self, run: str) -> None:
        """Drop every watch of a run."""
        for key in [key for key in self._watches if key[0] == run]:
            del self._watches[key]

    def get(self, run: str, channel: str) -> Watched | None:
        """The watch of a channel."""
        return self._watches.get((run, channel))

    def of(self, run: str) -> Iterator[Watched]:
        """The watches of a run."""
        return (watched for (id, _), watched in self._watches.items() if id == run)

    @property
    def affordable(self) -> bool:
        """Whether the budget has anything left."""
        return self.spent <= CREDIT + SHARE * self.trained

    def next(self, run: str, step: int) -> Watched | None:
        """The watch that had least time so far, of those that are behind the weights and affordable."""
        due = (watched for watched in self.of(run) if watched.shown < step and self._may(run, watched))
        return min(due, key=lambda watched: watched.spent, default=None)

    def begun(self, watched: Watched, step: int) -> None:
        """A preview of these weights begins."""
        watched.shown = step
        watched.begun_at = self.trained

    def _may(self, run: str, watched: Watched) -> bool:
        """Watched samples serve a density's histogram by the way; by itself it comes more rarely."""
        if not isinstance(watched.what, p.DrawDensity):
            return True
        if watched.begun_at < 0 and not any(isinstance(other.what, p.Sample) for other in self.of(run)):
            return True
        return (self.trained - max(0.0, watched.begun_at)) * DENSITY_SHARE > watched.cost
