"""What a training run shows of itself unasked, and what that may cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from genlab.engine import protocol as p

PreviewKind = Literal["samples", "probes", "density", "reference"]

SHARES: dict[PreviewKind, float] = {"samples": 0.011, "probes": 0.004, "density": 0.002, "reference": 0.001}
"""Of the training time: samples; extra panels; densities by more than a histogram; the loss reference.
Each has its own, so that a costly preview never keeps a cheap one waiting."""
CREDIT = 0.1
"""Seconds that samples have when training begins; probes have half."""
MOST_DRAWS, FEWEST_DRAWS = 1000, 16
MOST_SECONDS = 0.2
"""That one preview of samples should take; beyond it fewer are drawn."""


@dataclass
class Watched:
    """A repeated request. spent: seconds on it so far. halvings: of its draws, since they took long.
    shown: the step it last showed. whole: not lighter than it was asked for."""

    what: p.Request
    spent: float = 0.0
    halvings: int = 0
    shown: int = -1
    whole: bool = True

    @property
    def kind(self) -> PreviewKind:
        """Whose budget it uses."""
        match self.what:
            case p.DrawDensity():
                return "density"
            case p.Probe():
                return "probes"
        return "samples"

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
        if whole is not None and isinstance(self.what, p.Sample):
            change = (whole > MOST_SECONDS) - (whole < MOST_SECONDS / 4)
            self.halvings = max(0, self.halvings + change)


class Previews:
    """Watches of every run, and the budget of the one that trains."""

    def __init__(self) -> None:
        self._watches: dict[tuple[str, str], Watched] = {}
        self.begin()

    def begin(self) -> None:
        """Training begins: a new budget."""
        self.trained = 0.0
        self.spent: dict[PreviewKind, float] = dict.fromkeys(SHARES, 0.0)

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

    def affordable(self, kind: PreviewKind) -> bool:
        """Whether the budget of a kind has anything left."""
        credit = {"samples": CREDIT, "probes": CREDIT / 2}.get(kind, 0.0)
        return self.spent[kind] <= credit + SHARES[kind] * self.trained

    def next(self, run: str, kind: PreviewKind, step: int) -> Watched | None:
        """The watch of a kind that had least time so far, of those that are behind the weights."""
        due = (watched for watched in self.of(run) if watched.kind == kind and watched.shown < step)
        return min(due, key=lambda watched: watched.spent, default=None)
