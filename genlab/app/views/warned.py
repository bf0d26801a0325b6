"""What goes wrong in training that still runs: one card, as long as it lasts and nobody has closed it."""

from __future__ import annotations

from genlab.app.views.cards import Cards
from genlab.engine.same_warning import without_numbers


class Warnings:
    """The warnings of a run. A sentence that a person has closed stays away for the rest of the run, even
    when its numbers change."""

    KEY = "warning"

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._closed: set[str] = set()
        self._shown: tuple[str, ...] = ()
        self._since = 0

    def forget(self) -> None:
        """Another run is in view."""
        self._closed.clear()
        self._shown = ()
        self._cards.dismiss(self.KEY)

    def show(self, step: int, warnings: tuple[str, ...]) -> None:
        """Show what stands now, in place of what stood before; nothing stands: take the card away."""
        wanted = tuple(text for text in warnings if without_numbers(text) not in self._closed)
        same = {without_numbers(text) for text in wanted} & {without_numbers(text) for text in self._shown}
        self._since = self._since if same else step
        self._shown = wanted
        if not wanted:
            self._cards.dismiss(self.KEY)
            return
        title, wanted = titled(wanted)
        title += f", since step {self._since:,}" if self._since else ""
        card = self._cards.card(self.KEY)
        if card is not None:
            card.show_text(title, wanted)
        else:
            made = self._cards.show_card(self.KEY, title, wanted, "warn")
            made.closed.connect(self._close)

    def _close(self) -> None:
        self._closed |= {without_numbers(text) for text in self._shown}
        self._shown = ()


def titled(warnings: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A title, and what stands under it: what a first sentence names before its colon, such as 'Mode
    collapse', is the title."""
    name, colon, rest = warnings[0].partition(": ")
    if not colon or len(name) > 40:
        return "Something goes wrong", warnings
    return name, (rest[:1].upper() + rest[1:], *warnings[1:])
