"""What the columns of recorded losses are, by their names: totals, terms, noise levels, players."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

TOTAL, GRADIENT, RATE, VALIDATION, LEVEL = (
    "total",
    "gradient norm",
    "learning rate",
    "validation",
    "level ",
)
TOTALS, LEVELS, TERMS, GRADIENTS, RATES = (
    "Total",
    "By noise level",
    "Terms",
    "Gradient norm",
    "Learning rate",
)
VIEWS = (TOTALS, LEVELS, TERMS, GRADIENTS, RATES)


@dataclass(frozen=True)
class Columns:
    """The columns of a run. Where several players train, each name begins with its player's.

    elsewhere: names, or beginnings of names, that another panel draws."""

    names: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @cached_property
    def players(self) -> tuple[str, ...]:
        """Who trains, where there are several."""
        return tuple(name.removesuffix(f" {TOTAL}") for name in self.names if name.endswith(f" {TOTAL}"))

    def player(self, name: str) -> str:
        """Whose a column is; '' where it is nobody's."""
        return next((player for player in self.players if name.startswith(f"{player} ")), "")

    def bare(self, name: str) -> str:
        """A column's name without its player."""
        player = self.player(name)
        return name[len(player) + 1 :] if player else name

    def kind(self, name: str) -> str:
        """The view in which a column is at home."""
        bare = self.bare(name)
        if bare.startswith(LEVEL):
            return LEVELS
        return {TOTAL: TOTALS, VALIDATION: TOTALS, GRADIENT: GRADIENTS, RATE: RATES}.get(bare, TERMS)

    def of(self, view: str) -> tuple[str, ...]:
        """The columns that a view draws, the total last, on top. Levels and the terms of a single player
        stand beside their total."""
        return self._views[view]

    @cached_property
    def _views(self) -> dict[str, tuple[str, ...]]:
        return {view: self._drawn(view) for view in VIEWS}

    def _drawn(self, view: str) -> tuple[str, ...]:
        mine = [name for name in self.names if self.kind(name) == view and not chosen(name, self.elsewhere)]
        totals = [
            name for name in self.names if self.bare(name) == TOTAL and not chosen(name, self.elsewhere)
        ]
        if view == TOTALS:
            return (*(name for name in mine if name not in totals), *reversed(totals))
        if not mine:
            return ()
        beside = totals if view == LEVELS or (view == TERMS and not self.players) else []
        return (*mine, *beside)

    def views(self) -> tuple[str, ...]:
        """The views that have something to draw."""
        return tuple(view for view in VIEWS if self.of(view))

    def default(self) -> str:
        """The view that tells most: noise levels where they are recorded."""
        return LEVELS if self.of(LEVELS) else TOTALS

    def title(self, name: str, view: str) -> str:
        """A column as the legend calls it: in a view of one quantity, the player alone."""
        player = self.player(name)
        if player and view in (TOTALS, GRADIENTS):
            return player
        return self.bare(name).replace(LEVEL, "noise level ") if self.kind(name) == LEVELS else name


def losses(beginnings: Sequence[str]) -> bool:
    """Whether named columns are losses or gradients, which fluctuate, and not what a check measured."""
    return any(beginning.endswith((TOTAL, GRADIENT)) for beginning in beginnings)


def chosen(name: str, beginnings: Sequence[str]) -> bool:
    """Whether a column is one of those named by their names or their beginnings."""
    return any(name == beginning or name.startswith(beginning) for beginning in beginnings)
